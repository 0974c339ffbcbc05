"""Which roots live in the Argo CD that can be asked, and what that settles."""

from __future__ import annotations

import pytest

from bot.rendering.driver import Engine
from bot.rendering.evaluation import evaluate
from checks.judgement.evaluation import Evaluation
from checks.model import Severity
from checks.ownership.residence import residence
from checks.policy.file import Policy, parse_policy
from gitops.applications.live import Live, LiveApplication, LiveCluster
from tests.checks.story import two
from tests.scenarios import MATCHER, Files, application, documents, of_rule, tree

FILES = two(**{"one/a.yaml": application("a", "a"), "two/b.yaml": application("b", "b")})


def argocd(*names: str, complete: bool = True, namespace: str = "argocd", **paths: str) -> Live:
    """Argo CD with these Applications; `paths` are those whose source paths are known."""
    applications = {(namespace, name): LiveApplication() for name in names}
    applications |= {(namespace, name): LiveApplication(paths=frozenset({path})) for name, path in paths.items()}
    cluster = LiveCluster("in-cluster", applications=applications, all_applications=complete)
    return Live({"in-cluster": cluster})


async def judged(
    engine: Engine,
    live: Live | None,
    files: Files = FILES,
    *,
    base: Files | None = None,
    policy: Policy | None = None,
) -> Evaluation:
    before = tree(base) if base is not None else None
    return await evaluate(engine, tree(files), before, MATCHER, policy or Policy(), live=live)


@pytest.mark.parametrize(
    ("live", "expected"),
    [
        (argocd("a", "b"), {"one": True, "two": True}),
        (argocd("a"), {"one": True, "two": False}),
        (argocd("a", complete=False), {"one": True}),
        (argocd("other"), {"one": False, "two": False}),
        (argocd("other", complete=False), {}),
        (argocd(), {"one": False, "two": False}),  # Argo CD without a single Application, or no Argo CD at all
        (argocd(complete=False), {}),
        (argocd("a", namespace="argocd-2"), {"two": False}),  # of that name, but is it that one?
        (Live({"https://prod.example": LiveCluster("https://prod.example")}), {}),
        (None, {}),
    ],
)
async def test_roots_are_where_their_applications_are(
    engine: Engine, live: Live | None, expected: dict[str, bool]
) -> None:
    snapshot = (await judged(engine, None)).snapshot
    assert residence(snapshot, live, lambda application: application.root) == expected


async def test_namesakes_are_told_apart_by_their_sources(engine: Engine) -> None:
    files = two(
        **{
            "one/apps.yaml": documents(application("same", "a"), application("x", "a")),
            "two/apps.yaml": documents(application("same", "b"), application("y", "b")),
        }
    )
    snapshot = (await judged(engine, None, files)).snapshot
    found = {
        path: residence(snapshot, argocd(same=path), lambda application: application.root) for path in ("a", "b", "c")
    }
    assert found == {
        "a": {"one": True, "two": False},
        "b": {"one": False, "two": True},
        "c": {"one": False, "two": False},
    }
    unseen = residence(snapshot, argocd("same"), lambda application: application.root)
    assert unseen == {}  # it may be either


async def test_roots_that_live_together_fight_for_certain(engine: Engine) -> None:
    (finding,) = of_rule(await judged(engine, argocd("a", "b")), "duplicate-owner")
    assert finding.severity is Severity.ERROR
    assert finding.applications == ("a", "b")


async def test_roots_that_live_apart_do_not_fight(engine: Engine) -> None:
    assert of_rule(await judged(engine, argocd("a")), "duplicate-owner") == []


@pytest.mark.parametrize("live", [argocd("a", complete=False), argocd("other"), argocd(complete=False), None])
async def test_what_the_cluster_leaves_open_stays_a_notice(engine: Engine, live: Live | None) -> None:
    (finding,) = of_rule(await judged(engine, live), "duplicate-owner")
    assert finding.severity is Severity.NOTICE


async def test_a_root_that_the_change_brings_is_not_elsewhere(engine: Engine) -> None:
    """It is not deployed yet: that no cluster has it says nothing about where it will be."""
    base = {path: data for path, data in FILES.items() if not path.startswith("two/")}
    (finding,) = of_rule(await judged(engine, argocd("a"), base=base), "duplicate-owner")
    assert finding.severity is Severity.NOTICE


async def test_the_configuration_outranks_the_cluster(engine: Engine) -> None:
    apart = parse_policy(b"instances: {prod: [one], test: [two]}")
    assert of_rule(await judged(engine, argocd("a", "b"), policy=apart), "duplicate-owner") == []
    joined = parse_policy(b"instances: {prod: [one, two]}")
    (finding,) = of_rule(await judged(engine, argocd("a"), policy=joined), "duplicate-owner")
    assert finding.severity is Severity.ERROR
