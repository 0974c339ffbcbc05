"""Whether what an item of the checklist is about is there at all: seen in what is rendered, with its place.

Rules find what is wrong with something; of what is not there they find nothing, and a list that called that done
would lie.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from checks.argocd.argocd_upgrade_note import notes_about
from checks.argocd.cluster_issuer_missing import issuers_of
from checks.argocd.exposure import label_of, ways_of
from checks.argocd.hooks import hooks_of
from checks.argocd.redis_persistence_without_effect import claims_of, is_redis
from checks.argocd.view import judged_version, written
from checks.model import Finding
from checks.planning.additions.spread import replicated
from checks.policy.file import Policy
from checks.wording import listed, plural
from gitops.discovery.snapshot import Snapshot
from gitops.files.spans import Span
from gitops.installation.alerts import rule_sets_of
from gitops.installation.blackbox import probed
from gitops.installation.find import installations_of, member_of
from gitops.installation.loading import is_loaded
from gitops.installation.model import Installation
from gitops.installation.releases import releases
from gitops.resources.resource import Resource
from gitops.versions.overlay import STAGING

_MOST: Final = 3
_NOTHING_RUNS: Final = "No program of Argo CD is rendered here."
# Metrics by which a certificate's end is seen coming. Sources: cert-manager.io (metrics), blackbox_exporter
# (prober/http.go, prober/tcp.go).
_EXPIRY: Final = (b"certmanager_certificate_expiration_timestamp_seconds", b"probe_ssl_earliest_cert_expiry")
_RULES: Final = frozenset({"PrometheusRule", "VMRule", "ConfigMap"})
_CERTIFIED: Final = frozenset({("cert-manager.io", "Certificate"), ("networking.k8s.io", "Ingress")})


@dataclass(frozen=True, slots=True)
class Seen:
    """`done` is None where git does not tell; `why` are sentences, `places` where what they tell of is written."""

    done: bool | None
    why: str
    places: tuple[Span, ...] = ()


def server(snapshot: Snapshot, _policy: Policy) -> Seen:
    """Whether something leads to the server."""
    ways = [way for one in _deployed(snapshot) for way in ways_of(snapshot, one)]
    if not ways:
        return Seen(None, "Nothing in git leads to `argocd-server` from outside, so who ends TLS git does not tell.")
    labels = list(dict.fromkeys(label_of(route) for route, _ in ways))
    verb = "leads" if len(labels) == 1 else "lead"
    return Seen(True, f"{_upper(listed(labels, _MOST))} {verb} to it.", _places(route.member for route, _ in ways))


def starts(snapshot: Snapshot, _policy: Policy) -> Seen:
    """Whether any program's version is known, and what that version takes."""
    judged = [
        (process, version)
        for one in _deployed(snapshot)
        for process in one.processes
        if not process.initial and (version := judged_version(process)) is not None
    ]
    if not _runs(snapshot):
        return Seen(None, _NOTHING_RUNS)
    if not judged:
        return Seen(None, "No program of Argo CD here is a build of a version that argofix knows the flags of.")
    versions = sorted({version for _, version in judged})
    said = listed([written(version) for version in versions], _MOST)
    return Seen(
        True, f"{plural('program', len(judged))} of {said}.", _places(process.member for process, _ in judged)
    )


def scheduling(_snapshot: Snapshot, policy: Policy) -> Seen:
    """Whether anybody says which nodes there are."""
    if not policy.nodes:
        return Seen(None, "Git does not hold nodes: `argocd.nodes` of `.github/argofix.yaml` tells what they have.")
    return Seen(True, f"On {plural('node', len(policy.nodes))} that `argocd.nodes` names.")


def components(snapshot: Snapshot, _policy: Policy) -> Seen:
    found = [process for one in _deployed(snapshot) for process in one.processes if not process.initial]
    if not found:
        return Seen(None, _NOTHING_RUNS)
    names = sorted({process.component for process in found})
    return Seen(True, f"{_upper(plural('component', len(names)))} seen.", _places(one.member for one in found))


def redis(snapshot: Snapshot, _policy: Policy) -> Seen:
    """Whether it has a volume. Upstream: docs/operator-manual/high_availability.md ("disposable")."""
    found = [(one, each) for one in _deployed(snapshot) for each in one.members if is_redis(each)]
    if not found:
        return Seen(None, "No redis of Argo CD is rendered here.")
    bare = [each for one, each in found if not list(claims_of(one, each))]
    if bare:
        why = "It has no volume. Upstream holds it disposable: it is a cache, and filled again after a restart."
        return Seen(False, why, _places(bare))
    return Seen(True, "It has a volume.", _places(each for _, each in found))


def alerts(snapshot: Snapshot, _policy: Policy) -> Seen:
    """Whether there are any, and who reads them. A rule tells of those that nobody can read."""
    found = [one for one in snapshot.once(rule_sets_of) if one.deployed]
    if not found:
        return _absent(snapshot, "No alert rule about Argo CD is rendered here.")
    adrift = [one.member for one in found if not is_loaded(snapshot, one)]
    if adrift:
        names = list(dict.fromkeys(f"`{one.id.name}`" for one in adrift))
        return Seen(None, f"Which Prometheus reads {listed(names, _MOST)} git does not tell.", _places(adrift))
    return Seen(True, "", _places(one.member for one in found))


def probes(snapshot: Snapshot, _policy: Policy) -> Seen:
    """Whether a blackbox exporter is pointed at the server: at an address of its, or at its Service."""
    installed = _deployed(snapshot)
    hosts = {host for one in installed for route, _ in ways_of(snapshot, one) for host in route.hosts}
    aims = [one for one in snapshot.once(probed) if "argocd" in one.target or _host(one.target) in hosts]
    if not aims:
        return _absent(snapshot, "No probe of the blackbox exporter is pointed at Argo CD here.")
    targets = list(dict.fromkeys(f"`{one.target}`" for one in aims))
    return Seen(True, f"{_upper(listed(targets, _MOST))}.", _places(one.asking for one in aims))


def issuers(snapshot: Snapshot, _policy: Policy) -> Seen:
    found = list(issuers_of(snapshot))
    if not found:
        return Seen(None, "No issuer of cert-manager is rendered here, so who issues certificates git does not tell.")
    return Seen(True, f"{_upper(plural('issuer', len(found)))}.", _places(found))


def expiry(snapshot: Snapshot, _policy: Policy) -> Seen:
    found = [member_of(snapshot, copy) for copy in snapshot.copies(having=_reads_expiry)]
    if found:
        return Seen(True, "", _places(found))
    if next(snapshot.copies(having=_asks_for_certificate), None) is None:
        return Seen(None, "No certificate is asked for in what is rendered here.")
    return Seen(False, "No alert rule here reads when a certificate expires.")


def _reads_expiry(resource: Resource) -> bool:
    return resource.id.kind in _RULES and any(metric in resource.text for metric in _EXPIRY)


def _asks_for_certificate(resource: Resource) -> bool:
    rid = resource.id
    return (rid.group, rid.kind) in _CERTIFIED and (rid.kind != "Ingress" or b"tls:" in resource.text)


def spread(snapshot: Snapshot, _policy: Policy) -> Seen:
    several = [pair for one in _deployed(snapshot) for pair in replicated(one)]
    undecided = [member for member, decided in several if not decided]
    if undecided:
        different = list(dict.fromkeys(f"`{one.id.name}`" for one in undecided))
        names, verb = listed(different, _MOST), "says" if len(different) == 1 else "say"
        return Seen(False, f"{names} {verb} nothing about where the replicas go.", _places(undecided))
    if several:
        return Seen(True, "", _places(member for member, _ in several))
    return _absent(
        snapshot, "Each program has one replica: when its node goes, it is away until it has started on another one."
    )


def staging(snapshot: Snapshot, policy: Policy) -> Seen:
    if policy.argocd_overlay is not None:
        return Seen(True, f"`argocd.overlay` names `{policy.argocd_overlay}`.")
    for one in _deployed(snapshot):
        for process in one.processes:
            closure = process.member.owned.part.closure if process.member.owned is not None else None
            for file in closure.kustomizations if closure is not None else ():
                if STAGING in file.lower().split("/")[:-1]:
                    return Seen(True, "", (Span(file, 1, 1),))
    return _absent(
        snapshot,
        "No kustomization that renders Argo CD lies below a directory `staging`; where it is called otherwise, "
        "`argocd.overlay` of `.github/argofix.yaml` names it.",
    )


def smoke_test(snapshot: Snapshot, _policy: Policy) -> Seen:
    """Whether a hook runs pods after a sync of an Application that brings Argo CD."""
    bringing = {owner for one in _deployed(snapshot) for owner in one.owners}
    found = [
        member_of(snapshot, hook.owned)
        for hook in hooks_of(snapshot)
        if hook.phase == "PostSync" and hook.owned.application.key in bringing
    ]
    if found:
        return Seen(True, "", _places(found))
    return _absent(snapshot, "No PostSync hook runs a test after a sync of Argo CD.")


def version_path(snapshot: Snapshot, _policy: Policy) -> Seen:
    """Whether it is known what the next minor version changes for what is there."""
    versions = sorted({one.version for one in _deployed(snapshot) if one.version is not None and one.processes})
    steps = [(version, releases().after(version)) for version in versions if releases().knows(version)]
    if not _runs(snapshot):
        return Seen(None, _NOTHING_RUNS)
    if not steps:
        return Seen(None, "Which version of Argo CD runs git does not tell, or argofix does not know that version.")
    said = [
        f"From {written(old)} to {written(new)} no note of the upgrade guide is about what is here."
        if new is not None
        else f"Version {written(old)} is of the newest minor that argofix knows."
        for old, new in steps
    ]
    return Seen(True, " ".join(said))


def in_the_way(snapshot: Snapshot) -> tuple[Finding, ...]:
    """What the next minor version changes for what is there. For `snapshot.once`."""
    return tuple(
        finding
        for one in _deployed(snapshot)
        if one.version is not None and (following := releases().after(one.version)) is not None
        for finding in notes_about(snapshot, one, one.version, following)
    )


def _absent(snapshot: Snapshot, why: str) -> Seen:
    """It is not there, as far as any Argo CD is rendered here."""
    return Seen(False, why) if _runs(snapshot) else Seen(None, _NOTHING_RUNS)


def _runs(snapshot: Snapshot) -> bool:
    return any(one.processes for one in _deployed(snapshot))


def _deployed(snapshot: Snapshot) -> list[Installation]:
    return [one for one in snapshot.once(installations_of) if one.deployed]


def _host(target: str) -> str:
    return target.partition("://")[2].partition("/")[0].partition(":")[0] or target.partition("/")[0]


def _places(members: Any) -> tuple[Span, ...]:
    return tuple(dict.fromkeys(member.written for member in members))


def _upper(text: str) -> str:
    return text[:1].upper() + text[1:]
