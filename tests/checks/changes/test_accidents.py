"""Accidents that happened to people, rebuilt small: what must be told, and whether the merge is held back."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from checks.changes.firewall import firewall_of
from checks.policy.file import Policy
from tests.checks.changes.stage import changes
from tests.gitops.facts.changes.stage import one_app
from tests.gitops.facts.deletions.stage import MAP, PVC, app, appset, obj
from tests.scenarios import URL, Files

ROOT = {"root.yaml": app("root", "argocd", namespace="argocd")}
CLAIM = "PersistentVolumeClaim"
TEMPLATES = [{"metadata": {"name": "data"}, "spec": {"resources": {"requests": {"storage": "1Gi"}}}}]


def stateful(name: str, **spec: object) -> str:
    return obj("StatefulSet", name, "apps/v1", spec={"volumeClaimTemplates": TEMPLATES, **spec})


def directories(*names: str, claim: str = PVC) -> Files:
    return {f"apps/{name}/{number}.yaml": text for name in names for number, text in enumerate((MAP, claim))}


def git_set(pattern: str = "apps/*", **given: object) -> str:
    generator = [{"git": {"repoURL": URL, "revision": "main", "directories": [{"path": pattern}]}}]
    return appset(generators=generator, template_name="{{path.basename}}", namespace="prod").replace(
        "apps/{{name}}", "{{path}}"
    )


def matrix_set(pattern: str = "apps/*") -> str:
    """Its Applications depend on which clusters there are."""
    git = {"git": {"repoURL": URL, "revision": "main", "directories": [{"path": pattern}]}}
    clusters = {"clusters": {"selector": {"matchLabels": {"env": "prod"}}}}
    return appset(
        generators=[{"matrix": {"generators": [git, clusters]}}], template_name="{{path.basename}}-{{nameNormalized}}"
    )


def annotated(hook: str) -> dict[str, object]:
    return {"annotations": {"argocd.argoproj.io/hook": hook}}


def job(image: str, metadata: dict[str, object] | None = None) -> str:
    spec = {"template": {"spec": {"containers": [{"name": "a", "image": image}]}}}
    return obj("Job", "migrate", "batch/v1", metadata=metadata or {}, spec=spec)


@dataclass(frozen=True)
class Accident:
    before: Files
    after: Files
    told: tuple[str, ...]
    block: str
    not_told: tuple[str, ...] = field(default=())
    deletes: bool = True  # whether what is asked about is a deletion


def child(*apps: str) -> Files:
    return {**ROOT, **{f"argocd/{number}.yaml": text for number, text in enumerate(apps)}}


ACCIDENTS = {
    "a directory is renamed under a git generator": Accident(
        {**ROOT, "argocd/set.yaml": git_set(), **directories("shop")},
        {**ROOT, "argocd/set.yaml": git_set(), **directories("store")},
        ("application-deleted Application shop", f"handed-over {CLAIM} data"),
        "yes",
    ),
    "two directories are put together under a git generator": Accident(
        {**ROOT, "argocd/set.yaml": git_set(), **directories("one", "two", claim=MAP)},
        {**ROOT, "argocd/set.yaml": git_set(), **directories("one", claim=MAP)},
        ("application-deleted Application two",),
        "yes",
    ),
    "an exclusion takes a directory out of a git generator": Accident(
        {**ROOT, "argocd/set.yaml": git_set(), **directories("shop", "blog")},
        {**ROOT, "argocd/set.yaml": git_set("apps/b*"), **directories("shop", "blog")},
        ("application-deleted Application shop",),
        "yes",
    ),
    "an element is dropped from a list generator": Accident(
        {**ROOT, "argocd/set.yaml": appset("shop", "blog"), **directories("shop", "blog")},
        {**ROOT, "argocd/set.yaml": appset("blog"), **directories("shop", "blog")},
        ("application-deleted Application shop", f"deleted {CLAIM} data"),
        "yes",
        ("application-deleted Application blog",),
    ),
    "an element of a list generator is written otherwise": Accident(
        {**ROOT, "argocd/set.yaml": appset("shop"), **directories("shop", "shop2")},
        {**ROOT, "argocd/set.yaml": appset("shop2"), **directories("shop", "shop2")},
        ("application-deleted Application shop", f"deleted {CLAIM} data", "comes Application shop2"),
        "yes",
    ),
    "a generator matches nothing after a typo": Accident(
        {**ROOT, "argocd/set.yaml": git_set(), **directories("shop", "blog")},
        {**ROOT, "argocd/set.yaml": git_set("app/*"), **directories("shop", "blog")},
        ("application-deleted Application shop", "application-deleted Application blog"),
        "yes",
    ),
    "a list generator is emptied": Accident(
        {**ROOT, "argocd/set.yaml": appset("shop"), **directories("shop")},
        {**ROOT, "argocd/set.yaml": appset(), **directories("shop")},
        ("application-deleted Application shop", f"deleted {CLAIM} data"),
        "yes",
    ),
    "the path of an app of apps moves to a directory without the children": Accident(
        {**child(app("shop", cascades=True)), **directories("shop"), "other/m.yaml": MAP},
        {
            **child(app("shop", cascades=True)),
            "root.yaml": app("root", "other", namespace="argocd"),
            **directories("shop"),
            "other/m.yaml": MAP,
        },
        ("application-deleted Application shop", f"deleted {CLAIM} data"),
        "yes",
    ),
    "the path of an app of apps moves together with its files": Accident(
        {**child(app("shop", cascades=True)), **directories("shop")},
        {
            "root.yaml": app("root", "clusters", namespace="argocd"),
            "clusters/0.yaml": app("shop", cascades=True),
            **directories("shop"),
        },
        (),
        "no",
        ("application-deleted Application shop", f"deleted {CLAIM} data"),
    ),
    "an application moves to another cluster": Accident(
        {**child(app("shop", cascades=True)), **directories("shop")},
        {**child(app("shop", cascades=True, server="https://other.example.com")), **directories("shop")},
        (f"stays {CLAIM} data", f"comes {CLAIM} data", "changed Application shop"),
        "no",
        (f"deleted {CLAIM} data",),
    ),
    "an application moves to another namespace": Accident(
        {**child(app("shop")), **directories("shop")},
        {**child(app("shop", namespace="store")), **directories("shop")},
        (f"deleted {CLAIM} data", f"comes {CLAIM} data"),
        "yes",
    ),
    "an application moves to another project": Accident(
        {**child(app("shop")), **directories("shop")},
        {**child(app("shop", project="team")), **directories("shop")},
        ("changed Application shop",),
        "no",
        (f"deleted {CLAIM} data",),
    ),
    "a bump renames its StatefulSet": Accident(
        one_app(stateful("db")),
        one_app(stateful("db-server")),
        ("deleted StatefulSet db", "comes StatefulSet db-server"),
        "ask",
    ),
    "a bump renames a StatefulSet that takes its claims along": Accident(
        one_app(stateful("db", persistentVolumeClaimRetentionPolicy={"whenDeleted": "Delete"})),
        one_app(stateful("db-server")),
        ("deleted StatefulSet db",),
        "yes",
    ),
    "a manifest moves from one application to another": Accident(
        {**one_app(PVC, name="one", namespace="x"), **one_app(name="two", namespace="x")},
        {**one_app(name="one", namespace="x"), **one_app(PVC, name="two", namespace="x")},
        (f"handed-over {CLAIM} data",),
        "yes",
    ),
    "a manifest moves to an application that had it already": Accident(
        {**one_app(PVC, name="one", namespace="x"), **one_app(PVC, name="two", namespace="x")},
        {**one_app(name="one", namespace="x"), **one_app(PVC, name="two", namespace="x")},
        (f"handed-over {CLAIM} data",),
        "yes",
    ),
    "a manifest moves away from an application that does not prune": Accident(
        {**one_app(PVC, name="one", namespace="x", sync=None), **one_app(name="two", namespace="x")},
        {**one_app(name="one", namespace="x", sync=None), **one_app(PVC, name="two", namespace="x")},
        (f"handed-over {CLAIM} data",),
        "no",
    ),
    "an application set goes that keeps what its applications own": Accident(
        {**child(appset("shop", policy={"preserveResourcesOnDeletion": True}), MAP), **directories("shop")},
        {**child(), "argocd/1.yaml": MAP, **directories("shop")},
        ("deleted ApplicationSet all", "application-deleted Application shop", f"stays {CLAIM} data"),
        "no",
    ),
    "an application set goes that only creates": Accident(
        {**child(appset("shop", policy={"applicationsSync": "create-only"}), MAP), **directories("shop")},
        {**child(), "argocd/1.yaml": MAP, **directories("shop")},
        ("deleted ApplicationSet all", "application-deleted Application shop", f"deleted {CLAIM} data"),
        "yes",
    ),
    "an application moves from one set to another": Accident(
        {**child(appset("shop", "a", name="s1"), appset("b", name="s2")), **directories("shop", "a", "b")},
        {**child(appset("a", name="s1"), appset("b", "shop", name="s2")), **directories("shop", "a", "b")},
        ("application-deleted Application shop", f"deleted {CLAIM} data"),
        "yes",
    ),
    "a set begins to keep resources as it drops an element": Accident(
        {**child(appset("shop", "blog")), **directories("shop", "blog")},
        {**child(appset("blog", policy={"preserveResourcesOnDeletion": True})), **directories("shop", "blog")},
        ("application-deleted Application shop", f"deleted {CLAIM} data"),
        "yes",
    ),
    "a claim is passed over from now on": Accident(
        one_app(PVC),
        one_app(obj(CLAIM, "data", metadata=annotated("Skip"), spec={"accessModes": ["ReadWriteOnce"]})),
        (f"stays {CLAIM} data",),
        "no",
        (f"deleted {CLAIM} data",),
    ),
    "a claim becomes a hook": Accident(
        one_app(PVC),
        one_app(obj(CLAIM, "data", metadata=annotated("PreSync"), spec={"accessModes": ["ReadWriteOnce"]})),
        (f"deleted {CLAIM} data",),
        "yes",
    ),
    "a definition becomes a hook": Accident(
        one_app(obj("CustomResourceDefinition", "ws.example.com", "apiextensions.k8s.io/v1")),
        one_app(
            obj("CustomResourceDefinition", "ws.example.com", "apiextensions.k8s.io/v1", metadata=annotated("Sync"))
        ),
        ("deleted CustomResourceDefinition ws.example.com",),
        "yes",
    ),
    "a claim that is a hook goes with its Application": Accident(
        {
            **ROOT,
            "argocd/a.yaml": app("a", cascades=True),
            "apps/a/0.yaml": obj(CLAIM, "data", metadata=annotated("Sync")),
        },
        {**ROOT, "argocd/there.yaml": MAP, "apps/a/0.yaml": obj(CLAIM, "data", metadata=annotated("Sync"))},
        (f"deleted {CLAIM} data", "application-deleted Application a"),
        "yes",
    ),
    "a hook runs something else": Accident(
        one_app(job("a:1", annotated("PreSync"))),
        one_app(job("a:2", annotated("PreSync"))),
        ("recreated Job migrate",),
        "no",
        ("sync-fails Job migrate",),
    ),
    "a Job that is no hook runs something else": Accident(
        one_app(job("a:1")), one_app(job("a:2")), ("sync-fails Job migrate",), "ask", deletes=False
    ),
    "a directory goes of a set whose clusters nobody knows": Accident(
        {**ROOT, "argocd/set.yaml": matrix_set(), **directories("shop", "blog")},
        {**ROOT, "argocd/set.yaml": matrix_set(), **directories("blog")},
        ("unknown ApplicationSet all",),
        "yes",
    ),
    "a claim goes of a set whose clusters nobody knows": Accident(
        {**ROOT, "argocd/set.yaml": matrix_set(), **directories("shop")},
        {**ROOT, "argocd/set.yaml": matrix_set(), **directories("shop", claim=MAP)},
        ("unknown ApplicationSet all",),
        "ask",
    ),
    "a set whose clusters nobody knows is declared otherwise": Accident(
        {**ROOT, "argocd/set.yaml": matrix_set(), **directories("shop")},
        {**ROOT, "argocd/set.yaml": matrix_set("apps/s*"), **directories("shop")},
        ("unknown ApplicationSet all",),
        "ask",
    ),
    "something else changes beside a set whose clusters nobody knows": Accident(
        {**ROOT, "argocd/set.yaml": matrix_set(), **directories("shop"), "docs/x.md": "a"},
        {**ROOT, "argocd/set.yaml": matrix_set(), **directories("shop"), "docs/x.md": "b"},
        (),
        "no",
        ("unknown ApplicationSet all",),
    ),
}


@pytest.mark.parametrize("accident", ACCIDENTS.values(), ids=list(ACCIDENTS))
def test_an_accident_is_told(accident: Accident) -> None:
    found = changes(accident.before, accident.after)
    told = {f"{one.verdict.value} {one.resource.kind} {one.resource.name}" for one in found.told}
    assert set(accident.told) <= told
    assert not set(accident.not_told) & told
    assert found.block.value == accident.block
    assert firewall_of(found, Policy()).holds(()) == (found.block.value != "no" and accident.deletes)


def test_what_comes_in_another_cluster_is_said_to_be_empty_there() -> None:
    accident = ACCIDENTS["an application moves to another cluster"]
    found = changes(accident.before, accident.after)
    said = {one.verdict.value: one.text for one in found.told if one.resource.kind == CLAIM}
    assert "stays in the former cluster (`in-cluster`)" in said["stays"]
    assert "empty, in the new cluster (`https://other.example.com`)" in said["comes"]


def test_what_is_handed_over_is_told_once() -> None:
    before = {
        "argocd/a.yaml": app("a"),
        "argocd/b.yaml": app("b", namespace="a"),
        "apps/a/0.yaml": PVC,
        "apps/b/m.yaml": MAP,
    }
    after = {path: text for path, text in before.items() if path != "apps/a/0.yaml"} | {
        "apps/b/0.yaml": PVC,
        "apps/a/m.yaml": MAP,
    }
    found = changes(before, after)
    assert [one.verdict.value for one in found.told if one.resource.kind == CLAIM] == ["handed-over"]


@pytest.mark.parametrize(
    ("manifest", "block"),
    [
        (obj("ExternalSecret", "x", "external-secrets.io/v1", spec={"data": []}), "no"),
        (
            obj(
                "ExternalSecret",
                "x",
                "external-secrets.io/v1",
                spec={"dataFrom": [{"sourceRef": {"generatorRef": {}}}]},
            ),
            "ask",
        ),
        (obj("PushSecret", "x", "external-secrets.io/v1alpha1"), "ask"),
        (obj("SecretStore", "x", "external-secrets.io/v1"), "no"),
        (obj("Certificate", "x", "cert-manager.io/v1"), "no"),
        (obj("ClusterPolicy", "x", "kyverno.io/v1", spec={"rules": [{"validate": {}}]}), "no"),
        (obj("ClusterPolicy", "x", "kyverno.io/v1", spec={"rules": [{"generate": {"kind": "Secret"}}]}), "ask"),
        (stateful("x"), "ask"),
        (stateful("x", persistentVolumeClaimRetentionPolicy={"whenDeleted": "Delete"}), "yes"),
    ],
)
def test_a_deletion_asks_for_what_cannot_be_made_again(manifest: str, block: str) -> None:
    found = changes(one_app(MAP, manifest), one_app(MAP))
    assert [(one.verdict.value, one.block.value) for one in found.told] == [("deleted", block)]


@pytest.mark.parametrize(("policy", "block"), [({}, "no"), ({"whenDeleted": "Delete"}, "yes")])
def test_a_stateful_set_that_is_made_again_may_take_its_claims_along(policy: dict[str, str], block: str) -> None:
    def forced(service: str) -> Files:
        options = {"annotations": {"argocd.argoproj.io/sync-options": "Force=true,Replace=true"}}
        spec = {
            "serviceName": service,
            "volumeClaimTemplates": TEMPLATES,
            "persistentVolumeClaimRetentionPolicy": policy,
        }
        return one_app(obj("StatefulSet", "db", "apps/v1", metadata=options, spec=spec))

    found = changes(forced("a"), forced("b"))
    assert [(one.verdict.value, one.block.value) for one in found.told] == [("recreated", block)]
