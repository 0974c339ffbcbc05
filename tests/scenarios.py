"""Small repositories, written tersely, and what argofix makes of them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from textwrap import dedent
from typing import Any

from bot.rendering.driver import Engine
from bot.rendering.evaluation import evaluate
from checks.judgement.evaluation import Evaluation
from checks.model import Finding
from checks.policy.file import Policy, parse_policy
from gitops.applications.repositories import RepositoryMatcher
from gitops.discovery.rounds import discover
from gitops.discovery.snapshot import Snapshot, State
from gitops.discovery.sources import Analysis
from gitops.files.tree import MODE_SYMLINK, Entry, Tree, blob_oid
from gitops.resources.rendering import Output, RenderFailed
from tests.driven import driven

URL = "https://github.com/acme/platform"
MATCHER = RepositoryMatcher.of_urls([URL])

Files = Mapping[str, str | bytes]


def text(source: str) -> str:
    return dedent(source).lstrip("\n")


def tree(files: Files) -> Tree:
    return Tree.of({path: data.encode() if isinstance(data, str) else data for path, data in files.items()})


def manifest(kind: str, name: str, namespace: str = "", api: str = "v1", **fields: Any) -> str:
    """One manifest, as JSON (which is YAML)."""
    metadata: dict[str, Any] = {"name": name}
    if namespace:
        metadata["namespace"] = namespace
    metadata.update(fields.pop("metadata", {}))
    return json.dumps({"apiVersion": api, "kind": kind, "metadata": metadata, **fields}) + "\n"


def config_map(name: str, namespace: str = "shop", **data: str) -> str:
    return manifest("ConfigMap", name, namespace, data=data or {"a": "b"})


def application(
    name: str,
    path: str,
    *,
    server: str = "https://kubernetes.default.svc",
    cluster: str = "",
    namespace: str = "shop",
    url: str = URL,
    wave: int | None = None,
    source: Mapping[str, Any] | None = None,
    sources: Sequence[Mapping[str, Any]] | None = None,
    sync: Mapping[str, Any] | None = None,
) -> str:
    """An Application document."""
    destination = {"namespace": namespace} | ({"name": cluster} if cluster else {"server": server})
    spec: dict[str, Any] = {"project": "default", "destination": destination}
    if sources is not None:
        spec["sources"] = list(sources)
    else:
        spec["source"] = {"repoURL": url, "targetRevision": "main", "path": path, **(source or {})}
    if sync is not None:
        spec["syncPolicy"] = sync
    metadata: dict[str, Any] = {"name": name, "namespace": "argocd"}
    if wave is not None:
        metadata["annotations"] = {"argocd.argoproj.io/sync-wave": str(wave)}
    return json.dumps(
        {"apiVersion": "argoproj.io/v1alpha1", "kind": "Application", "metadata": metadata, "spec": spec}
    )


def documents(*parts: str) -> str:
    return "---\n".join(part if part.endswith("\n") else part + "\n" for part in parts)


def kustomization(*resources: str, extra: str = "") -> str:
    listed = "".join(f"  - {resource}\n" for resource in resources)
    return f"apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources:\n{listed}{extra}"


async def evaluated(
    engine: Engine,
    files: Files,
    *,
    base: Files | None = None,
    policy: str | None = None,
    known: bool = True,
    only: str = "",
) -> Evaluation:
    """`only` is the one rule to judge by."""
    matcher = MATCHER if known else RepositoryMatcher(frozenset())
    before = tree(base) if base is not None else None
    chosen = parse_policy(policy.encode()) if policy is not None else Policy()
    rules = frozenset([only]) if only else frozenset[str]()
    return await evaluate(engine, tree(files), before, matcher, chosen, only=rules)


async def evaluated_tree(engine: Engine, head: Tree, policy: Policy | None = None) -> Evaluation:
    """As `evaluated`, for a tree that a dictionary of files cannot say."""
    return await evaluate(engine, head, None, MATCHER, policy or Policy())


def discovered(tree: Tree, analysis: Analysis) -> Snapshot:
    """What discovery finds with a renderer that refuses whatever it is asked for."""
    return driven(discover(tree, analysis), lambda _request: Output(error="Error: broken"))


def with_links(plain: Tree, links: Mapping[str, str]) -> Tree:
    """The tree with symbolic links: path -> where it leads."""
    targets = {path: target.encode() for path, target in links.items()}
    entries = {path: entry for path in plain.paths() if (entry := plain.entry(path)) is not None}
    entries |= {path: Entry(MODE_SYMLINK, blob_oid(target), len(target)) for path, target in targets.items()}
    return Tree(entries, lambda path, _entry: targets[path] if path in targets else plain.read(path))


def of_rule(evaluation: Evaluation, rule: str) -> list[Finding]:
    return [finding for finding in evaluation.findings if finding.rule == rule]


def state_of(evaluation: Evaluation, name: str) -> State:
    found = [state for state in evaluation.snapshot.states if state.application.name == name]
    assert len(found) == 1, [state.application.name for state in evaluation.snapshot.states]
    return found[0]


def failure_of(evaluation: Evaluation, name: str) -> RenderFailed:
    rendering = state_of(evaluation, name).rendering
    assert isinstance(rendering, RenderFailed), rendering
    return rendering


def fixed(evaluation: Evaluation, path: str) -> bytes:
    """The file after every proven fix."""
    from gitops.files.spans import apply_edits

    edits = list(dict.fromkeys(edit for plan in evaluation.plans for edit in plan.edits if edit.span.path == path))
    return apply_edits(evaluation.snapshot.tree.read(path), edits)
