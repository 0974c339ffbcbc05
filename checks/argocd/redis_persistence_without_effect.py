"""Argo CD's redis has a volume that stays empty, or two of it share one Service.

What it finds: a redis of Argo CD with a volume claim whose arguments switch writing off (`--save ""`, `--appendonly
no`); a Deployment of it that rolls over while its claim can be mounted once; a StatefulSet of redis beside the
Deployment, with the labels of one Service.

Why it matters: the volume costs and keeps nothing, a rollout hangs in Multi-Attach, and with two of them the Service
gives sessions and caches now to the one, now to the other.

Example: a StatefulSet `argocd-redis` with `volumeClaimTemplates` and upstream's arguments.

How the fix is safe: none is applied.

How sure it is: a notice. That redis keeps nothing is upstream's own way (a cache that may go at any time), and no
finding. Silent for redis with Sentinel.

Sources: argo-cd manifests/base/redis and docs/operator-manual/high_availability.md; redis.io (persistence);
kubernetes.io (access modes).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Any, Final

from checks.argocd.view import applications, installations, owners, stands
from checks.declaration import declare
from checks.model import Finding, Severity
from checks.policy.file import Policy
from gitops.discovery.snapshot import Change
from gitops.facts.secrets.pods import POD_SPECS, at, mapping, sequence
from gitops.installation.model import Installation, Member
from gitops.installation.places import place_of
from gitops.installation.routes.model import mappings
from gitops.resources.manifests import text_of

RULE = declare("redis-persistence-without-effect", Severity.NOTICE)

_NAME: Final = "argocd-redis"


def check(change: Change, policy: Policy) -> Iterator[Finding]:
    """One finding for each volume, each rollout, each pair."""
    for installation in installations(change):
        workloads = [one for one in installation.members if is_redis(one)]
        for one in workloads:
            claims = list(claims_of(installation, one))
            words = _words(one)
            if claims and _writes_nothing(words):
                yield _finding(
                    change,
                    installation,
                    one,
                    ("--appendonly", "--save"),
                    f"{one.id} has a volume, and its arguments switch writing off",
                    "The volume stays empty: after a restart nothing is read from it.",
                    'Write `--appendonly yes` in place of `--save ""` and `--appendonly no`, or use no volume.',
                    "empty",
                )
            if one.id.kind == "Deployment" and _rolls(one) and "ReadWriteOnce" in claims:
                yield _finding(
                    change,
                    installation,
                    one,
                    ("persistentVolumeClaim", "claimName"),
                    f"{one.id} rolls over while its volume can be mounted on one node at a time",
                    "A new pod on another node waits in Multi-Attach until the old one is gone, which waits for the "
                    "new one.",
                    "Set `strategy: {type: Recreate}`.",
                    "rolls",
                )
        yield from _two(change, installation, workloads)


def _two(change: Change, installation: Installation, workloads: list[Member]) -> Iterator[Finding]:
    for service in installation.named("Service", _NAME):
        selector = mapping(mapping(service.manifest.get("spec")).get("selector"))
        behind = [one for one in workloads if selector and _labelled(one, selector)]
        if len({one.id.kind for one in behind}) > 1:
            names = " and ".join(str(one.id) for one in behind)
            yield _finding(
                change,
                installation,
                behind[-1],
                (f"kind: {behind[-1].id.kind}",),
                f"{service.id} leads to both {names}",
                "Sessions and caches are now in the one, now in the other: people are logged out, and states are "
                "worked out anew.",
                "Let one of them have no replicas, or other labels.",
                "two",
            )


def is_redis(member: Member) -> bool:
    """Whether this workload is the redis of Argo CD, and has a pod."""
    route = POD_SPECS.get((member.id.group, member.id.kind))
    if route is None or member.id.kind not in ("Deployment", "StatefulSet") or not member.id.name.startswith(_NAME):
        return False
    if mapping(member.manifest.get("spec")).get("replicas") == 0 or "sentinel" in " ".join(_words(member)):
        return False
    return any("redis" in text_of(one.get("image")) for one in _containers(member))


def _containers(member: Member) -> list[Mapping[str, Any]]:
    return mappings(mapping(at(member.manifest, POD_SPECS[member.id.group, member.id.kind])).get("containers"))


def _words(member: Member) -> list[str]:
    return [
        text_of(word)
        for one in _containers(member)
        for word in (*sequence(one.get("command")), *sequence(one.get("args")))
    ]


def _writes_nothing(words: list[str]) -> bool:
    pairs = list(pairwise(words))
    return ("--appendonly", "no") in pairs and ("--save", "") in pairs


def claims_of(installation: Installation, member: Member) -> Iterator[str]:
    """The access mode of each claim ('' where it is not in git)."""
    spec = mapping(member.manifest.get("spec"))
    for template in mappings(spec.get("volumeClaimTemplates")):
        yield _mode(mapping(template.get("spec")))
    pods = mapping(at(member.manifest, POD_SPECS[member.id.group, member.id.kind]))
    for volume in mappings(pods.get("volumes")):
        name = text_of(mapping(volume.get("persistentVolumeClaim")).get("claimName"))
        if name:
            held = installation.named("PersistentVolumeClaim", name)
            yield _mode(mapping(held[0].manifest.get("spec"))) if held else ""


def _mode(spec: Mapping[str, Any]) -> str:
    modes = [text_of(one) for one in sequence(spec.get("accessModes"))]
    return modes[0] if len(modes) == 1 else ""


def _rolls(member: Member) -> bool:
    strategy = mapping(mapping(member.manifest.get("spec")).get("strategy"))
    surge = mapping(strategy.get("rollingUpdate")).get("maxSurge")
    return text_of(strategy.get("type")) in ("", "RollingUpdate") and surge not in (0, "0", "0%")


def _labelled(member: Member, selector: Mapping[str, Any]) -> bool:
    labels = mapping(at(member.manifest, ("spec", "template", "metadata", "labels")))
    return all(labels.get(key) == value for key, value in selector.items())


def _finding(
    change: Change,
    installation: Installation,
    member: Member,
    words: tuple[str, ...],
    message: str,
    effect: str,
    advice: str,
    about: str,
) -> Finding:
    return RULE.finding(
        place_of(change.head, member, *words),
        message,
        message,
        stands(installation, effect),
        advice,
        about=(*installation.key, str(member.id), about),
        resource=member.id,
        applications=applications([member]),
        owners=owners([member]),
    )
