"""Small repositories with one namespace of interest, and what the two rules say about them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from bot.rendering.driver import Engine
from bot.rendering.evaluation import evaluate
from checks.judgement.evaluation import Evaluation
from checks.model import Finding, Severity
from checks.policy.file import Policy, parse_policy
from gitops.applications.live import Keys, Live, LiveCluster
from tests.scenarios import MATCHER, Files, application, documents, manifest, tree

CHECK = "argofix / secret-keys"
RULES = frozenset({"secret-missing", "secret-key-missing", "dns-solver-secret-missing"})
APP = {"apps.yaml": application("a", "a")}


async def judged(
    engine: Engine,
    files: Files,
    *,
    base: Files | None = None,
    policy: str | None = None,
    live: Live | None = None,
    only: frozenset[str] = RULES,
) -> Evaluation:
    chosen = parse_policy(policy.encode()) if policy is not None else Policy()
    assert not chosen.problems, chosen.problems
    before = tree(base) if base is not None else None
    return await evaluate(engine, tree(files), before, MATCHER, chosen, only=only, live=live)


def deployment(*env: tuple[str, str], name: str = "web", namespace: str = "shop", **spec: Any) -> str:
    """A Deployment whose container `app` reads these (secret, key)."""
    variables = [
        {"name": f"V{index}", "valueFrom": {"secretKeyRef": {"name": secret, "key": key}}}
        for index, (secret, key) in enumerate(env)
    ]
    container = {"name": "app", "image": "i", "env": variables}
    pod = {"containers": [container], **spec}
    return manifest("Deployment", name, namespace, "apps/v1", spec={"template": {"spec": pod}})


def secret(name: str, *keys: str, namespace: str = "shop") -> str:
    return manifest("Secret", name, namespace, stringData=dict.fromkeys(keys, "v"))


def cluster(
    secrets: Mapping[str, Iterable[str] | None] | None = None,
    *,
    complete: Iterable[str] = ("shop",),
    config_maps: Mapping[str, Iterable[str] | None] | None = None,
    name: str = "in-cluster",
    problems: tuple[str, ...] = (),
) -> Live:
    def keys(objects: Mapping[str, Iterable[str] | None] | None) -> Keys:
        return {
            ("shop", object_name): None if found is None else frozenset(found)
            for object_name, found in (objects or {}).items()
        }

    held = LiveCluster(name, keys(secrets), keys(config_maps), frozenset(complete), problems=problems)
    return Live({name: held})


def said(evaluation: Evaluation) -> list[tuple[str, Severity, str]]:
    return [(finding.rule, finding.severity, f"{finding.resource}") for finding in evaluation.findings]


def keys_missing(evaluation: Evaluation) -> set[str]:
    return {finding.message.split("`")[3] for finding in evaluation.findings if finding.rule == "secret-key-missing"}


def only_finding(evaluation: Evaluation) -> Finding:
    (finding,) = evaluation.findings
    return finding


__all__ = ["APP", "CHECK", "application", "cluster", "deployment", "documents", "judged", "secret"]
