"""What is remembered of a commit, of an Application or of a rendering changes nothing of what is found.

A server judges one commit after the other, and each is held against the one before: what is known of that lasts
(`Snapshot.lasting`, `State.once`, `Part.having`). A process that knows nothing finds the same.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from checks.judgement.findings import findings_of
from checks.model import Finding
from checks.policy.file import Policy
from checks.registry import Rule, rules
from checks.sync_order.view import view_of
from gitops.applications.live import Live
from gitops.discovery.rediscovery import rediscover
from gitops.discovery.rounds import discover
from gitops.discovery.snapshot import Change, Snapshot
from gitops.facts.owners import owners_of
from gitops.files.tree import Tree
from gitops.resources.rendering import Rendered
from tests.checks.judgement.stage import commit, finding, rule, state
from tests.growth import steps_of
from tests.instant import Instant
from tests.layouts import many
from tests.rediscovered import a_set, analysis
from tests.scenarios import application, config_map, documents, kustomization, manifest, tree

GONE = ""
NAMES = {"kind": "Backup", "plural": "backups"}


def definition(scope: str, version: str = "v1") -> str:
    spec = {"group": "example.org", "scope": scope, "names": NAMES, "versions": [{"name": version, "served": True}]}
    return manifest("CustomResourceDefinition", "backups.example.org", api="apiextensions.k8s.io/v1", spec=spec)


def pod(secret: str, account: str = "default", **annotations: str) -> str:
    env = [{"name": "X", "valueFrom": {"secretKeyRef": {"name": secret, "key": "password"}}}]
    pods: dict[str, object] = {
        "serviceAccountName": account,
        "containers": [{"name": "web", "image": "x", "env": env}],
    }
    spec = {"replicas": 2, "selector": {"matchLabels": {"a": "b"}}, "template": {"metadata": {}, "spec": pods}}
    return manifest("Deployment", "web", "shop", "apps/v1", spec=spec, metadata={"annotations": annotations})


def secret(name: str, *keys: str, **annotations: str) -> str:
    data = dict.fromkeys(keys, "eA==")
    return manifest("Secret", name, "shop", data=data, metadata={"annotations": annotations})


PROJECT = manifest(
    "AppProject", "default", "argocd", "argoproj.io/v1alpha1",
    spec={"sourceRepos": ["*"], "destinations": [{"server": "*", "namespace": "other"}]},
)  # fmt: skip
SCALER = manifest(
    "HorizontalPodAutoscaler", "web", "shop", "autoscaling/v2",
    spec={"scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}, "maxReplicas": 3},
)  # fmt: skip
WEBHOOK = manifest(
    "ValidatingWebhookConfiguration", "backups", api="admissionregistration.k8s.io/v1",
    webhooks=[{"name": "a.b", "clientConfig": {"service": {"name": "hook", "namespace": "shop"}},
               "rules": [{"operations": ["CREATE"], "apiGroups": ["example.org"], "resources": ["backups"]}]}],
)  # fmt: skip
WAVE, HOOK = "argocd.argoproj.io/sync-wave", "argocd.argoproj.io/hook"
# Each row: a file, and what it may hold. What one Application needs another one brings, or itself, or nobody.
FILES: Mapping[str, tuple[str, ...]] = {
    "apps/a.yaml": (application("a", "one"), application("a", "two"), application("a", "one", wave=2), GONE),
    "apps/b.yaml": (application("b", "two"), application("b", "one", namespace="other"), application("b", "gone")),
    "apps/c.yaml": (application("c", "three"), application("c", "three", wave=-1), GONE),
    "apps/project.yaml": (GONE, PROJECT),
    "root.yaml": (GONE, application("root", "apps")),
    "set.yaml": (GONE, a_set("directories: [{path: made/*}]")),
    "made/x/map.yaml": (config_map("x"), config_map("argocd-cm", "argocd", **{"resource.exclusions": "- {}"})),
    "one/kustomization.yaml": (kustomization("all.yaml", "../shared"), kustomization("all.yaml"), "resources: ["),
    "one/all.yaml": (
        pod("db"),
        pod("db", "runner", **{WAVE: "-1"}),
        documents(pod("db"), secret("db", "password")),
        documents(pod("db"), secret("db", "password", **{WAVE: "5"})),
        documents(pod("db", **{HOOK: "PreSync"}), secret("db", "user"), config_map("x")),
    ),
    "two/kustomization.yaml": (kustomization("all.yaml", "../shared"), kustomization("all.yaml")),
    "two/all.yaml": (
        secret("db", "password"),
        secret("db", "user", **{HOOK: "Skip"}),
        manifest("Backup", "nightly", "shop", "example.org/v1"),
        manifest("Namespace", "shop"),
        config_map("shared"),
        manifest("ServiceAccount", "runner", "shop", metadata={"annotations": {"argocd.argoproj.io/hok": "Sync"}}),
        SCALER,
    ),
    "three/all.yaml": (
        definition("Cluster"),
        definition("Namespaced"),
        definition("Namespaced", "v2"),
        documents(definition("Cluster"), WEBHOOK),
        manifest("Service", "hook", "shop", spec={"ports": [{"port": 443}]}),
        GONE,
    ),
    "three/more.yaml": (GONE, manifest("Backup", "weekly", "", "example.org/v1"), WEBHOOK, "a: ["),
    "shared/kustomization.yaml": (kustomization("map.yaml"),),
    "shared/map.yaml": (config_map("shared"), config_map("shared", b="c"), config_map("renamed")),
}


@st.composite
def histories(draw: st.DrawFn) -> list[Tree]:
    """A repository and later commits, each of which changes a few files of the one before."""
    holds = {path: draw(st.sampled_from(options)) for path, options in FILES.items()}
    found: list[Tree] = []
    for _ in range(3):
        found.append(tree({path: text for path, text in holds.items() if text != GONE}))
        for path in draw(st.lists(st.sampled_from(sorted(FILES)), min_size=1, max_size=2)):
            holds[path] = draw(st.sampled_from(FILES[path]))
    return found


def never(failed: Rule) -> None:
    raise AssertionError(f"{failed.id} failed")


def told(base: Snapshot, head: Snapshot, policy: Policy) -> list[object]:
    """All that is found of a change, and the order of what it leads to."""
    view = view_of(head, policy, None, base)
    edges = [
        (edge.ends, [(one.sort_key, one.others, one.provider.application.key) for one in edge.reasons])
        for edge in view.edges
    ]
    found = findings_of(rules(), Change(base, head), policy, never)
    return [*found, edges, view.order.stages, list(head.once(owners_of))]


@settings(max_examples=12, deadline=None)
@given(histories(), st.booleans())
def test_what_is_remembered_changes_nothing(trees: list[Tree], one_base: bool) -> None:
    """Each commit is judged against the one before, or all against the first one."""
    renderer, known = Instant(), analysis()
    base = renderer.run(discover(trees[0], known))
    for number, head_tree in enumerate(trees[1:]):
        head = renderer.run(rediscover(base, head_tree, known, remember=True))
        anew = [Instant().run(discover(each, analysis())) for each in (trees[0 if one_base else number], head_tree)]
        assert told(base, head, Policy()) == told(anew[0], anew[1], Policy())
        base = base.read_by(trees[0]) if one_base else head.read_by(head_tree)


def test_a_definition_that_changes_places_what_others_bring_anew() -> None:
    """Whoever brings a custom resource is not looked at again, and what it brings is another object then."""
    files = {path: options[0] for path, options in FILES.items() if options[0] != GONE}
    files["two/all.yaml"] = manifest("Backup", "nightly", "shop", "example.org/v1")
    renderer, known, head = Instant(), analysis(), tree(files | {"three/all.yaml": definition("Namespaced")})
    base = renderer.run(discover(tree(files), known))
    later = renderer.run(rediscover(base, head, known, remember=True))
    assert told(base, base, Policy()) != told(base, later, Policy())
    anew = [Instant().run(discover(each, analysis())) for each in (tree(files), head)]
    assert told(base, later, Policy()) == told(anew[0], anew[1], Policy())


class Asked:
    """A rule that notes what it is asked about, and looks at clusters if it is to."""

    def __init__(self, *, live: bool = False) -> None:
        self.about: list[Snapshot] = []
        made = rule("bad", lambda _: ())
        self.rule = replace(made, check=self.check)
        self._live = live

    def check(self, change: Change, policy: Policy) -> Iterator[Finding]:
        self.about.append(change.head)
        if change.base is None and self._live and change.live is not None:
            yield finding("bad", "seen")
        else:
            yield finding("bad", "a")


FINE = Rendered(())


def judge(asked: Asked, base: Snapshot, live: Live | None = None, policy: Policy | None = None) -> list[bool | None]:
    head = commit(state("a", FINE), state("b", FINE))
    return [one.introduced for one in findings_of([asked.rule], Change(base, head, live), policy or Policy(), never)]


def test_a_base_is_judged_once_for_all_that_is_held_against_it() -> None:
    asked, base = Asked(), commit(state("a", FINE))
    for reader in (base, base.read_by(Tree.of({})), base.read_by(Tree.of({})).read_by(Tree.of({}))):
        assert judge(asked, reader) == [False]
    assert sum(len(one.states) == 1 for one in asked.about) == 1


def test_under_another_policy_a_base_is_judged_again() -> None:
    asked, base = Asked(), commit(state("a", FINE))
    for policy in (Policy(), Policy(), Policy(exclude=("x",))):
        judge(asked, base, policy=policy)
    assert sum(len(one.states) == 1 for one in asked.about) == 2


def test_a_rule_that_looks_at_clusters_is_asked_again() -> None:
    """What they hold changes while the commit stays the same."""
    asked, base = Asked(live=True), commit(state("a", FINE))
    assert judge(asked, base) == [False]
    assert judge(asked, base, Live({})) == [True]
    assert judge(asked, base) == [False]
    assert judge(asked, base, Live({})) == [True]
    blind, base = Asked(), commit(state("a", FINE))
    judge(blind, base, Live({}))
    judge(blind, base, Live({}))
    assert sum(len(one.states) == 1 for one in blind.about) == 1


def test_another_commit_knows_nothing_of_it() -> None:
    asked, base = Asked(), commit(state("a", FINE))
    judge(asked, base)
    judge(asked, replace(base, truncated=True))
    assert sum(len(one.states) == 1 for one in asked.about) == 2


def test_judging_a_small_change_hardly_grows_with_the_repository() -> None:
    """Steps for each further Application: a fraction of what everything anew takes."""

    def change(count: int, *, known: bool) -> int:
        files, renderer, asking = many(count, "in one directory"), Instant(), analysis()
        base = renderer.run(discover(Tree.of(files), asking))
        later = [files | {"deploy/app-00007/map.yaml": config_map("x", c=word).encode()} for word in ("d", "e")]
        heads = [renderer.run(rediscover(base, Tree.of(each), asking, remember=True)) for each in later]
        if known:
            findings_of(rules(), Change(base, heads[0]), Policy(), never)
        return steps_of(lambda: findings_of(rules(), Change(base, heads[1]), Policy(), never))

    for known in (False, True):
        change(4, known=known)
    anew = change(40, known=False) - change(20, known=False)
    again = change(40, known=True) - change(20, known=True)
    assert again * 2 < anew
