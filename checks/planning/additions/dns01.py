"""DNS-01 issuers for hosts that have TLS and no issuer: an Ingress or Gateway is told the issuer, and where none of
git proves its zone, one comes with it.

Sources: cert-manager.io, configuration/acme/dns01 (Cloudflare, Azure DNS and the rights that they need) and
usage/ingress; pkg/controller/certificates/trigger (a Secret of another issuer is replaced once there is a
certificate).
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from checks.planning.additions.certificates import controller_of
from checks.planning.additions.charted import Charted
from checks.planning.additions.cluster import in_cluster, unseen
from checks.planning.additions.place import Place, at_first, place_beside, project_notes
from checks.planning.additions.plan import AdditionPlan, Named, NotPossible, named, reads
from checks.planning.additions.tls_hosts import TRAEFIK, Unissued, unissued
from checks.policy.certificates import AZURE, CLOUDFLARE, Solver
from checks.policy.file import Policy
from checks.wording import listed, plural
from gitops.discovery.snapshot import Snapshot
from gitops.facts.secrets.cert_manager import controllers_of
from gitops.facts.secrets.pods import POD_SPECS, at, mapping, sequence
from gitops.facts.secrets.providers.provided import SECRET
from gitops.facts.secrets.survey import ObjectId, survey
from gitops.files.annotate import annotate
from gitops.files.editing import Operation, put
from gitops.files.errors import GitopsError
from gitops.files.spans import Edit
from gitops.installation.model import Member
from gitops.installation.routes.model import mappings, texts
from gitops.resources.manifests import text_of
from gitops.resources.resource import Resource

ITEM: Final = "dns01-issuers"
HELP: Final = "DNS-01 issuers (Cloudflare, Azure DNS) for hosts that have TLS and no issuer"
_GROUP: Final = "cert-manager.io"
_ANNOTATION: Final = "cert-manager.io/cluster-issuer"
_FILE: Final = "dns01-issuer.yaml"
_LETS_ENCRYPT: Final = "https://acme-v02.api.letsencrypt.org/directory"
_SECRETS: Final[Mapping[str, tuple[str, str, str]]] = {
    CLOUDFLARE: (
        "cloudflare-api-token",
        "api-token",
        "make the Secret with an API token of Cloudflare that has the permissions Zone DNS Edit and Zone Zone Read:",
    ),
    AZURE: (
        "azuredns-client-secret",
        "client-secret",
        "make the Secret with the secret of the client, which needs the role DNS Zone Contributor for the zone:",
    ),
}


@dataclass(frozen=True, eq=False, slots=True)
class _Given:
    """An Ingress or Gateway, the ClusterIssuer that it is to name, and the edits that do that, or the `values` of the
    `chart` that renders it."""

    asked: Unissued
    issuer: str
    edits: tuple[Edit, ...] = ()
    chart: Charted | None = None
    values: tuple[Operation, ...] = ()


@dataclass(slots=True)
class _Chosen:
    """`left` are clauses about what cannot be annotated, `uncovered` hosts whose provider nobody says, `used` the
    zones that each solver of the configuration is needed for."""

    given: list[_Given] = field(default_factory=list)
    left: list[str] = field(default_factory=list)
    uncovered: list[str] = field(default_factory=list)
    used: dict[Solver, set[str]] = field(default_factory=dict)


def plan(snapshot: Snapshot, policy: Policy) -> AdditionPlan:
    """An annotation for each Ingress and Gateway, and a new file with a ClusterIssuer. Raises `NotPossible` (with the
    lines of the configuration that git does not tell) and `GitopsError`."""
    return at_first(snapshot, lambda place: _plan(snapshot, policy, place))


def _plan(snapshot: Snapshot, policy: Policy, place: Place) -> AdditionPlan:
    waiting = unissued(snapshot, place)
    if not waiting:
        raise NotPossible("each host with TLS in git has an issuer, or a Secret that something in git brings")
    issuers = list(in_cluster(snapshot, place, _is_cluster_issuer))
    controller = controller_of(snapshot, place)
    if controller is None and not issuers:
        blind = unseen(snapshot, place, "cert-manager")
        raise NotPossible(f"cert-manager is not rendered for Argo CD's cluster{blind}, and without it nobody issues")
    new = "letsencrypt-dns01" if policy.certificates.server in ("", _LETS_ENCRYPT) else "acme-dns01"
    chosen = _choose(snapshot, policy, place, waiting, issuers, controller, new)
    given, used = chosen.given, chosen.used
    if not given:
        lines = _lines(chosen.uncovered) if chosen.uncovered else ""
        hosts = listed(_quoted(chosen.uncovered), 4)
        why = f"git does not say which DNS provider has {hosts}" if chosen.uncovered else ""
        raise NotPossible("; ".join(filter(None, (why, *chosen.left))), lines)
    where = place if controller is None else place_beside(snapshot, place, controller)
    edits = tuple(dict.fromkeys(edit for one in given for edit in one.edits))
    values: dict[Charted, list[Operation]] = {}
    for one in given:
        if one.chart is not None:
            values.setdefault(one.chart, []).extend(one.values)
    if used:
        if any(issuer.id.name == new for issuer in issuers):
            raise NotPossible(f"ClusterIssuer {new} is there already, and proves other zones")
        issuer = _issuer(policy, new, used)
        if where.by_chart is None:
            edits += where.adding(snapshot.tree, _FILE, issuer)
        else:
            values.setdefault(where.by_chart, []).extend(where.by_chart.bringing(snapshot.tree, [issuer]))
    parents: set[tuple[Named, str]] = set()
    for chart, operations in values.items():
        made = chart.edits(snapshot.tree, operations)
        edits += made
        parents |= {(key, path) for key, path, _ in chart.changed(snapshot, made)}
    notes = [*project_notes(snapshot, where), *chosen.left]
    if chosen.uncovered:
        notes.append(
            f"Left out, since nothing says which DNS provider has them: {listed(_quoted(chosen.uncovered), 4)} "
            "(`certificates.dns01` in the configuration)"
        )
    files = tuple(dict.fromkeys(edit.span.path for edit in edits))
    names = _quoted([host for one in given for host in one.asked.hosts])
    return AdditionPlan(
        ITEM,
        where.path if used else files[0],
        f"Have certificates issued by DNS-01 for {plural('host', len(names))}",
        f"{listed(names, 4)} {'is' if len(names) == 1 else 'are'} served by TLS from Secrets that nothing in git "
        f"brings. With the annotation cert-manager asks {listed(_quoted([one.issuer for one in given]), 2)} for the "
        "certificates and renews them; DNS-01 needs no way in from outside.",
        edits,
        comes=frozenset({(_GROUP, "ClusterIssuer", new)}) if used else frozenset(),
        changes=frozenset((named(one.asked.member.id), "metadata.annotations") for one in given) | parents,
        also=files,
        home=where.by_chart.owner if used and where.by_chart is not None else None,
        told=frozenset(chart.owner for chart in values),
        notes=tuple(notes),
        unsafe="Where somebody made one of the Secrets by hand, cert-manager replaces what it holds as soon as it "
        "has a certificate of its own; until then it stays.",
        first=(*_kept(given), *_brought(snapshot, policy, place, controller, used)),
        expected=frozenset({"dns-solver-secret-missing"}),
    )


def _is_cluster_issuer(resource: Resource) -> bool:
    return resource.id.kind == "ClusterIssuer"


def _choose(
    snapshot: Snapshot,
    policy: Policy,
    place: Place,
    waiting: Sequence[Unissued],
    issuers: Sequence[Member],
    controller: Member | None,
    new: str,
) -> _Chosen:
    chosen = _Chosen()
    for one in waiting:
        if one.member.id.kind in TRAEFIK:
            names = listed(_quoted(one.secrets), 2)
            chosen.left.append(f"{one.member.id} takes no annotation: a Certificate has to make its Secret {names}")
            continue
        known = next((each.id.name for each in issuers if all(_proves(each, host) for host in one.hosts)), None)
        solvers = {host: _solver(policy, host) for host in one.hosts} if known is None else {}
        if None in solvers.values():
            chosen.uncovered += [host for host, solver in solvers.items() if solver is None]
            continue
        if one.member.id.kind == "Gateway" and controller is not None and not _takes_gateways(controller):
            chosen.left.append(f"{one.member.id} is not looked at by a cert-manager without `--enable-gateway-api`")
            continue
        edits = _edits(snapshot, one.member, known or new)
        key = _ingress_of(place, one.member)
        if key is not None and place.chart is not None:
            told = put((*key, "annotations", _ANNOTATION), known or new)
            chosen.given.append(_Given(one, known or new, (), place.chart, (told,)))
        elif isinstance(edits, str):
            chosen.left.append(edits)
            continue
        else:
            chosen.given.append(_Given(one, known or new, edits))
        for host, solver in solvers.items():
            if solver is not None:
                chosen.used.setdefault(solver, set()).add(text_of(solver.zone_of(host)))
    return chosen


def _ingress_of(place: Place, member: Member) -> tuple[str, ...] | None:
    """What the values of Argo CD's chart call an Ingress of its; None for any other. They are called as the
    server."""
    if place.chart is None or member.owner != place.chart.owner or member.id.kind != "Ingress":
        return None
    for process in place.installation.of("argocd-server"):
        name = process.member.id.name
        if member.id.name in (name, f"{name}-grpc"):
            return ("server", "ingress" if member.id.name == name else "ingressGrpc")
    return None


def _quoted(names: Sequence[str]) -> list[str]:
    return [f"`{one}`" for one in dict.fromkeys(names)]


def _proves(issuer: Member, host: str) -> bool:
    """Whether a DNS-01 solver of an issuer is for a host."""
    for solver in mappings(at(issuer.manifest, ("spec", "acme", "solvers"))):
        if not isinstance(solver.get("dns01"), dict):
            continue
        selector = mapping(solver.get("selector"))
        zones, names = texts(selector.get("dnsZones")), texts(selector.get("dnsNames"))
        if selector.get("matchLabels"):
            continue
        if (not zones and not names) or host in names or Solver(zones, "").zone_of(host) is not None:
            return True
    return False


def _solver(policy: Policy, host: str) -> Solver | None:
    fitting = [one for one in policy.certificates.dns01 if one.zone_of(host) is not None]
    return max(fitting, key=lambda one: len(text_of(one.zone_of(host))), default=None)


def _edits(snapshot: Snapshot, member: Member, issuer: str) -> tuple[Edit, ...] | str:
    """The edits, or a clause that says why there are none."""
    owned, written = member.owned, member.written
    unwritten = f"{member.id} is not written in this repository as lines that argofix annotates"
    if owned is None or owned.part.elsewhere or owned.resource.template or owned.resource.elsewhere is not None:
        return unwritten
    here = (owned.application.root, owned.application.destination.cluster)
    for state in snapshot.states:
        there = (state.application.root, state.application.destination.cluster)
        if there != here and reads(state, written.path):
            return (
                f"{written} is also for another cluster (Application {state.application.label}), without that issuer"
            )
    try:
        return annotate(written.path, snapshot.tree.read(written.path), written.line, {_ANNOTATION: issuer})
    except GitopsError:
        return unwritten


def _issuer(policy: Policy, name: str, used: Mapping[Solver, set[str]]) -> Mapping[str, Any]:
    told = policy.certificates
    acme: dict[str, Any] = {"server": told.server or _LETS_ENCRYPT}
    acme |= {"email": told.email} if told.email else {}
    acme |= {
        "privateKeySecretRef": {"name": f"{name}-account"},
        "solvers": [each for solver, zones in used.items() for each in _solvers(solver, sorted(zones))],
    }
    return {
        "apiVersion": f"{_GROUP}/v1",
        "kind": "ClusterIssuer",
        "metadata": {
            "name": name,
            # A new cluster has the kind only once cert-manager is there.
            "annotations": {"argocd.argoproj.io/sync-options": "SkipDryRunOnMissingResource=true"},
        },
        "spec": {"acme": acme},
    }


def _solvers(solver: Solver, zones: Sequence[str]) -> Iterator[Mapping[str, Any]]:
    name, key, _ = _SECRETS[solver.provider]
    reference = {"name": name, "key": key}
    if solver.provider == CLOUDFLARE:
        yield {"selector": {"dnsZones": list(zones)}, "dns01": {CLOUDFLARE: {"apiTokenSecretRef": reference}}}
        return
    secret = {"clientSecretSecretRef": reference} if _needs_secret(solver) else {}
    for zone in zones:
        azure = {**solver.settings, **secret, "hostedZoneName": zone}
        yield {"selector": {"dnsZones": [zone]}, "dns01": {AZURE: azure}}


def _needs_secret(solver: Solver) -> bool:
    return solver.provider == CLOUDFLARE or "clientID" in solver.settings


def _kept(given: Sequence[_Given]) -> Iterator[tuple[str, str]]:
    commands = [
        f"kubectl --namespace {shlex.quote(one.asked.member.id.namespace)} get secret {shlex.quote(name)} "
        f"--output yaml > {shlex.quote(f'{name}.yaml')}"
        for one in given
        for name in one.asked.secrets
    ]
    if commands:
        yield "keep what the Secrets hold, where they are there (the files hold private keys):", "\n".join(commands)


def _brought(
    snapshot: Snapshot, policy: Policy, place: Place, controller: Member | None, used: Mapping[Solver, set[str]]
) -> Iterator[tuple[str, str]]:
    """What has to be made by hand for the solvers, where nothing brings it."""
    known = snapshot.once(survey)
    namespace = _resources_in(snapshot, place, controller)
    for provider in dict.fromkeys(solver.provider for solver in used if _needs_secret(solver)):
        name, key, sentence = _SECRETS[provider]
        wanted = ObjectId(place.installation.cluster, SECRET, namespace, name)
        declared = any(one.matches(SECRET, namespace, name) for one in policy.secrets_provided or ())
        if declared or next(known.of(wanted), None) is not None:
            continue
        yield (
            sentence,
            f"kubectl --namespace {namespace} create secret generic {name} --from-literal='{key}=<value>'",
        )


def _resources_in(snapshot: Snapshot, place: Place, controller: Member | None) -> str:
    """The namespace in which cert-manager looks for the Secrets of a ClusterIssuer."""
    told = snapshot.once(controllers_of).get((place.installation.root, place.installation.cluster))
    return told or (controller.id.namespace if controller is not None else "cert-manager")


def _takes_gateways(controller: Member) -> bool:
    """Whether it looks at Gateways, or may be told to by a file."""
    on = ("--enable-gateway-api", "--enable-gateway-api=true", "--config")
    return any(
        word in on or word.startswith("--config=") or "ExperimentalGatewayAPISupport=true" in word
        for word in _words(controller)
    )


def _words(controller: Member) -> Iterator[str]:
    route = POD_SPECS[controller.id.group, controller.id.kind]
    for container in mappings(mapping(at(controller.manifest, route)).get("containers")):
        yield from map(text_of, sequence(container.get("args")))


def _lines(hosts: Sequence[str]) -> str:
    zones = dict.fromkeys(".".join(host.split(".")[-2:]) for host in hosts)
    return (
        "certificates:\n"
        "  dns01:\n"
        f"    - zones: [{', '.join(zones)}]\n"
        "      cloudflare: {}\n"
        "      # or, in place of that line, for Azure DNS:\n"
        "      # azureDNS: {subscriptionID: ID, resourceGroupName: NAME, tenantID: ID, clientID: ID}"
    )
