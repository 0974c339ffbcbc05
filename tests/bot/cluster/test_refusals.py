"""Readers that RBAC lets see only a part: that part is used, and the rest is named."""

from __future__ import annotations

from bot.rendering.driver import Engine
from checks.model import Severity
from tests.bot.cluster.conftest import Reading
from tests.bot.cluster.stage import FILES, clauses, judged, seen, spread
from tests.checks.secret_keys.stage import CHECK, keys_missing
from tests.kubernetes import Rule, SimulatedCluster, allow

APPLICATIONS = allow("get", "list", resources=["applications"], groups=["argoproj.io"])


def secrets(*namespaces: str, verbs: tuple[str, ...] = ("get", "list"), names: tuple[str, ...] = ()) -> Rule:
    return allow(*verbs, resources=["secrets"], namespaces=namespaces, names=names)


async def test_one_namespace_is_forbidden(engine: Engine, cluster: SimulatedCluster, reading: Reading) -> None:
    cluster.application("a", path="a")
    reader = reading({"c": cluster.access(cluster.account("r", APPLICATIONS, secrets("shop")))})
    evaluation = await judged(engine, reader, spread("ops", "shop"))
    assert evaluation.live is not None
    live = evaluation.live.clusters["in-cluster"]
    assert live.complete == {"shop"}
    assert clauses(live) == ["Secrets in `ops`: forbidden"]
    severities = {finding.resource.namespace: finding.severity for finding in evaluation.findings if finding.resource}
    assert severities == {"ops": Severity.WARNING, "shop": Severity.ERROR}
    report = evaluation.report(CHECK)
    assert report.gaps == ("cluster `in-cluster`, `c`, could not be seen in full: Secrets in `ops`: forbidden",)


async def test_a_forbidden_namespace_alone_neither_fails_nor_passes(
    engine: Engine, cluster: SimulatedCluster, reading: Reading
) -> None:
    cluster.application("a", path="a")
    reader = reading({"c": cluster.access(cluster.account("r", APPLICATIONS))})
    report = (await judged(engine, reader, FILES, base={})).report(CHECK)
    assert report.conclusion == "neutral"


async def test_everything_is_forbidden(engine: Engine, cluster: SimulatedCluster, reading: Reading) -> None:
    cluster.secret("shop", "db", {"url": "u"})
    reader = reading({"c": cluster.access(cluster.account("r", allow("get", resources=["pods"])))})
    live = await seen(engine, reader, spread("a", "b", "c", "d", "shop"))
    assert (live.secrets, live.applications, live.all_applications) == ({}, {}, False)
    assert not live.complete
    assert not live.absent
    assert clauses(live) == ["Applications: forbidden", "Secrets in `a`, `b`, `c` and 2 more: forbidden"]


async def test_who_may_only_get_is_answered_name_by_name(
    engine: Engine, cluster: SimulatedCluster, reading: Reading
) -> None:
    cluster.application("a", path="a")
    cluster.secret("shop", "db", {"url": "u"})
    cluster.secret("shop", "unrelated", {"url": "u"})
    names = ("db", "gone")
    only = secrets("shop", verbs=("get",), names=names)
    reader = reading({"c": cluster.access(cluster.account("r", APPLICATIONS, only))})
    evaluation = await judged(engine, reader, spread("shop", names=names))
    assert evaluation.live is not None
    live = evaluation.live.clusters["in-cluster"]
    assert live.secrets == {("shop", "db"): frozenset({"url"})}
    assert {rid.name for rid in live.absent} == {"gone"}
    assert live.complete == {"shop"}, "whoever is asked about is answered for"
    assert not live.problems + live.unseen_holders
    assert [(finding.rule, finding.severity) for finding in evaluation.findings] == [
        ("secret-missing", Severity.ERROR)
    ]


async def test_names_that_may_not_be_got_are_named(
    engine: Engine, cluster: SimulatedCluster, reading: Reading
) -> None:
    cluster.application("a", path="a")
    cluster.secret("shop", "db", {"url": "u"})
    cluster.secret("shop", "hidden", {"other": "u"})
    only = secrets("shop", verbs=("get",), names=("db",))
    reader = reading({"c": cluster.access(cluster.account("r", APPLICATIONS, only))})
    evaluation = await judged(engine, reader, spread("shop", names=("db", "hidden")))
    assert evaluation.live is not None
    live = evaluation.live.clusters["in-cluster"]
    assert live.secrets == {("shop", "db"): frozenset({"url"})}
    assert live.complete == frozenset()
    assert clauses(live) == ["Secrets `shop/hidden`: forbidden"]
    assert [finding.severity for finding in evaluation.findings] == [Severity.WARNING]


async def test_who_may_only_list_trusts_managed_fields_as_far_as_they_go(
    engine: Engine, cluster: SimulatedCluster, reading: Reading
) -> None:
    cluster.application("a", path="a")
    reader = reading({"c": cluster.access(cluster.account("r", APPLICATIONS, secrets("shop", verbs=("list",))))})
    cluster.secret("shop", "db", {"url": "u", "password": "p"})
    evaluation = await judged(engine, reader)
    assert not evaluation.findings
    assert evaluation.report(CHECK).gaps == ()
    cluster.secret("shop", "db", {"url": "u"})
    evaluation = await judged(engine, reader)
    assert keys_missing(evaluation) == set(), "that nobody manages a key does not prove that it is missing"
    assert evaluation.report(CHECK).gaps == (
        "cluster `in-cluster`, `c`, could not be seen in full: the keys of Secrets `shop/db`: forbidden",
    )


async def test_applications_of_the_namespaces_that_git_names(
    engine: Engine, cluster: SimulatedCluster, reading: Reading
) -> None:
    """A Role in Argo CD's namespace is enough, but not to say that an Application is nowhere."""
    cluster.application("a", path="a")
    cluster.application("b", path="b", namespace="team")
    role = allow("get", "list", resources=["applications"], groups=["argoproj.io"], namespaces=["argocd"])
    reader = reading({"c": cluster.access(cluster.account("r", role, secrets("shop")))})
    live = await seen(engine, reader)
    assert live.applications.keys() == {("argocd", "a")}
    assert not live.all_applications
    assert not live.problems + live.unseen_holders
    cluster.remove("argoproj.io/v1alpha1", "Application", "argocd", "a")
    live = await seen(engine, reader)
    assert (live.applications, live.all_applications) == ({}, False)
    assert clauses(live) == ["Applications in other namespaces than `argocd`: forbidden"]


async def test_a_cluster_without_argo_cd(engine: Engine, cluster: SimulatedCluster, reading: Reading) -> None:
    """It is no Argo CD's own, so what is there says nothing about `in-cluster`."""
    cluster.kinds = [kind for kind in cluster.kinds if kind.group != "argoproj.io"]
    cluster.secret("shop", "db", {"other": "u"})
    reader = reading({"c": cluster.access(cluster.account())})
    evaluation = await judged(engine, reader)
    assert evaluation.live is not None
    live = evaluation.live.clusters["in-cluster"]
    assert (live.applications, live.all_applications) == ({}, True)
    assert clauses(live) == ["Applications: Argo CD is not installed there"]
    assert {finding.rule for finding in evaluation.findings} == {"secret-missing"}
    assert {finding.severity for finding in evaluation.findings} == {Severity.WARNING}
