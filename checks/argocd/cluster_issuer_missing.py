"""A certificate is asked of an issuer that nobody brings.

What it finds: a `cert-manager.io/cluster-issuer` or `issuer` annotation, or an `issuerRef` of a Certificate, with the
name of an issuer that is in no Application of the cluster, while other issuers are; and placeholders that nobody has
filled in (`REPLACE_ME`, `<AZURE_CLIENT_ID>`) in an issuer.

Why it matters: the certificate is never issued (`Referenced "ClusterIssuer" not found`). HTTPS is served with another
certificate, or not at all.

Example: `cert-manager.io/cluster-issuer: letsencrypt` beside a ClusterIssuer `letsencrypt-prod`.

How the fix is safe: none is applied; the finding names the issuers that there are.

How sure it is: an error, a warning where an Application of the cluster could not be rendered, and for placeholders.
Silent where no issuer of that kind is in git for the cluster, since they may all be made elsewhere, unless an Issuer
has the name of the ClusterIssuer that is asked for; and for issuers of other groups.

Sources: cert-manager.io (annotations of Ingresses and Gateways, `issuerRef`).
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from checks.declaration import declare
from checks.model import Finding, Severity
from checks.policy.file import Policy
from checks.wording import listed
from gitops.discovery.snapshot import Change, Snapshot
from gitops.facts.rendered import not_rendered
from gitops.facts.secrets.pods import mapping
from gitops.installation.find import member_of
from gitops.installation.model import Member
from gitops.installation.places import place_of
from gitops.installation.routes.model import annotations_of
from gitops.resources.manifests import text_of
from gitops.resources.resource import Resource

RULE = declare("cluster-issuer-missing", Severity.ERROR, Severity.WARNING)

_GROUP: Final = "cert-manager.io"
_KINDS: Final = ("ClusterIssuer", "Issuer")
_ANNOTATIONS: Final = (("cert-manager.io/cluster-issuer", "ClusterIssuer"), ("cert-manager.io/issuer", "Issuer"))
# Whose annotations cert-manager reads (pkg/controller/certificate-shim); anywhere else they do nothing.
_ANNOTATED: Final = frozenset(
    {
        ("networking.k8s.io", "Ingress"),
        ("extensions", "Ingress"),
        ("gateway.networking.k8s.io", "Gateway"),
        ("gateway.networking.k8s.io", "ListenerSet"),
        ("gateway.networking.x-k8s.io", "XListenerSet"),
    }
)
_PLACEHOLDER: Final = re.compile(
    r"<[A-Z][A-Z0-9_ -]{3,}>|\b(?:REPLACE[_-]?(?:ME|THIS|WITH)\w*|CHANGE[_-]?ME|YOUR[_-][A-Z_-]+|your-[a-z-]+-here)\b"
)

Place = tuple[str, str, str, str]
"""Root, cluster, namespace ('' for a ClusterIssuer), name."""


def check(change: Change, policy: Policy) -> Iterator[Finding]:
    """One finding for each reference, one for each placeholder."""
    head = change.head
    issuers = list(issuers_of(head))
    for member in issuers:
        yield from _placeholders(change, member)
    if not issuers:
        return
    there = {_place(member, member.id.kind, member.id.name) for member in issuers}
    blind = {(one.application.root, one.application.destination.cluster) for one in not_rendered(head)}
    for copy in head.copies(having=_names_cert_manager):
        member = member_of(head, copy)
        for kind, name, word in _asked(member):
            place = _place(member, kind, name)
            known = [one for one in there if one[:3] == place[:3]]
            # Where none of the kind is in git they are made elsewhere, unless the other kind has one of that name.
            confused = kind == "ClusterIssuer" and any(one[:2] == place[:2] and one[3] == name for one in there)
            if place not in there and (known or confused):
                yield _missing(change, member, kind, name, word, known, place[:2] in blind)


def issuers_of(snapshot: Snapshot) -> Iterator[Member]:
    """The issuers of cert-manager that are rendered."""
    yield from (member_of(snapshot, copy) for copy in snapshot.copies(having=_is_issuer))


def _is_issuer(resource: Resource) -> bool:
    return resource.id.group == _GROUP and resource.id.kind in _KINDS


def _names_cert_manager(resource: Resource) -> bool:
    return b"cert-manager.io/" in resource.text


def _place(member: Member, kind: str, name: str) -> Place:
    assert member.owned is not None
    application = member.owned.application
    namespace = member.id.namespace if kind == "Issuer" else ""
    return (application.root, application.destination.cluster, namespace, name)


def _asked(member: Member) -> Iterator[tuple[str, str, str]]:
    """(kind, name, the word by which its line is found)."""
    annotations = annotations_of(member) if (member.id.group, member.id.kind) in _ANNOTATED else {}
    if annotations.get("cert-manager.io/issuer-group", _GROUP) == _GROUP:
        for key, kind in _ANNOTATIONS:
            if annotations.get(key):
                yield kind, annotations[key], key
    if (member.id.group, member.id.kind) == (_GROUP, "Certificate"):
        reference: Mapping[str, Any] = mapping(mapping(member.manifest.get("spec")).get("issuerRef"))
        kind = text_of(reference.get("kind")) or "Issuer"
        if text_of(reference.get("group")) in ("", _GROUP) and kind in _KINDS and text_of(reference.get("name")):
            yield kind, text_of(reference.get("name")), "issuerRef"


def _missing(
    change: Change, member: Member, kind: str, name: str, word: str, known: list[Place], blind: bool
) -> Finding:
    names = sorted(one[3] for one in known)
    meant = difflib.get_close_matches(name, names, 2, 0.6)
    there = f"git has {listed([f'`{each}`' for each in names], 4)}" if names else "git has an Issuer of that name"
    label = member.application
    return RULE.finding(
        place_of(change.head, member, word, name),
        f"{member.id} asks for the {kind} `{name}`, which nothing brings; {there}",
        f"No certificate for {member.id}",
        'cert-manager waits for it (`Referenced "' + kind + '" not found`), and no certificate is issued.',
        "Annotate it with `cert-manager.io/issuer`, or bring a ClusterIssuer."
        if not names
        else f"Write `{meant[0]}`, or bring `{name}`."
        if len(meant) == 1
        else f"Bring the {kind} `{name}`, or name another.",
        severity=Severity.WARNING if blind else Severity.ERROR,
        about=(str(member.id), label, kind, name),
        resource=member.id,
        applications=[label],
        owners=[member.owner] if member.owner is not None else [],
    )


def _placeholders(change: Change, member: Member) -> Iterator[Finding]:
    stack: list[tuple[str, Any]] = [("", mapping(member.manifest.get("spec")))]
    while stack:
        route, value = stack.pop()
        if isinstance(value, dict):
            stack.extend((f"{route}.{key}".lstrip("."), inner) for key, inner in reversed(list(value.items())))
        elif isinstance(value, list):
            stack.extend((f"{route}[{at}]", inner) for at, inner in reversed(list(enumerate(value))))
        elif isinstance(value, str) and _PLACEHOLDER.search(value):
            yield RULE.finding(
                place_of(change.head, member, route.rpartition(".")[2]),
                f"`spec.{route}` of {member.id} is a placeholder that nobody has filled in",
                f"{member.id} issues no certificate",
                "The provider refuses the request, and certificates stay as they are until they expire.",
                "Write the value, or have it come from where your secrets do.",
                severity=Severity.WARNING,
                about=(str(member.id), member.application, "placeholder", route),
                resource=member.id,
                applications=[member.application],
                owners=[member.owner] if member.owner is not None else [],
            )
