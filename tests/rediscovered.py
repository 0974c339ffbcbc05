"""What is found of a commit by looking only at what a change reaches, beside what is found of it anew."""

from __future__ import annotations

from dataclasses import fields, replace

from gitops.discovery.rediscovery import rediscover
from gitops.discovery.rounds import discover
from gitops.discovery.snapshot import Snapshot
from gitops.discovery.sources import Analysis
from gitops.facts.owners import owners_of
from gitops.facts.scopes import scopes_in
from gitops.files.tree import Tree
from tests.instant import Instant
from tests.layouts import MATCHER
from tests.scenarios import URL


def a_set(generator: str, name: str = "{{path.basename}}", path: str = "{{path}}") -> str:
    """An ApplicationSet of a git generator."""
    return (
        "apiVersion: argoproj.io/v1alpha1\nkind: ApplicationSet\nmetadata: {name: all, namespace: argocd}\nspec:\n"
        f"  generators:\n  - git: {{repoURL: {URL}, revision: main, {generator}}}\n  template:\n"
        f"    metadata: {{name: '{name}'}}\n    spec:\n      project: default\n"
        f"      source: {{repoURL: {URL}, targetRevision: main, path: '{path}'}}\n"
        "      destination: {server: 'https://kubernetes.default.svc', namespace: shop}\n"
    )


def analysis(**options: object) -> Analysis:
    return replace(Analysis(MATCHER, bytes.hex, "instant"), **options)  # type: ignore[arg-type]


def seen(snapshot: Snapshot) -> dict[str, object]:
    """All that anybody can learn from a snapshot."""
    names = [one.name for one in fields(Snapshot) if one.compare and one.name != "tree"]
    found = {name: getattr(snapshot, name) for name in names}
    owners = {
        key: [(copy.state, copy.part, copy.resource, copy.origin) for copy in copies]
        for key, copies in snapshot.once(owners_of).items()
    }
    return found | {"owners": owners, "by_key": dict(snapshot.by_key), "scopes": dict(snapshot.once(scopes_in))}


def assert_found_again(trees: list[Tree], **options: object) -> list[dict[str, object]]:
    """Each commit is found from the one before as it is found by a process that knows nothing. Gives what is seen."""
    renderer, known = Instant(), analysis(**options)
    before = renderer.run(discover(trees[0], known))
    found = [seen(before)]
    for tree in trees[1:]:
        anew = seen(Instant().run(discover(tree, analysis(**options))))
        tried = renderer.run(rediscover(before, tree, known))
        before = renderer.run(rediscover(before, tree, known, remember=True))
        assert seen(tried) == anew
        assert seen(before) == anew
        found.append(anew)
    return found
