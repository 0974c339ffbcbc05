"""An Application brings a CRD of Argo CD's that client-side apply cannot take.

What it finds: an Application that renders a CRD of Argo CD's whose JSON is longer than all annotations of an object
together may be (262,144 bytes), without `ServerSideApply=true`; and a script that applies upstream's manifests of
3.3 or later, or a kustomization with such a CRD, without `--server-side`. The size is counted, not taken from the
version: labels count too.

Why it matters: client-side apply keeps the whole object in an annotation. The API server answers
`metadata.annotations: Too long: must have at most 262144 bytes`, and the sync fails.

Example: an Application of Argo CD 3.3.0, whose ApplicationSet CRD has 340,601 bytes.

How the fix is safe: the sync option is added to the Application where its manifest is written in the repository, and
`ClientSideApplyMigration=false` is taken out there. What is rendered stays as it is.

How sure it is: an error. Silent where the CRD or the Application has `ServerSideApply=true` or `Replace=true`, and
for CRDs that no Application brings. A notice for scripts, and for `ClientSideApplyMigration=false` from 3.3.2 on,
which upstream asks to take out again.

Sources: kubernetes apimachinery pkg/api/validation (TotalAnnotationSizeLimitB); argo-cd
docs/operator-manual/upgrading/3.2-3.3.md; argo-cd issue 26264, argo-helm issue 3704.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from packaging.version import Version

from checks.argocd.view import installations
from checks.declaration import FixAvailability, declare
from checks.model import Finding, Repair, Severity, Wanted
from checks.policy.file import Policy
from gitops.applications.application import Application
from gitops.discovery.snapshot import Change, Owned
from gitops.facts.secrets.pods import at, sequence
from gitops.files.editing import Operation, append, remove
from gitops.files.spans import Applicability, Span
from gitops.installation.find import member_of
from gitops.installation.model import Installation
from gitops.installation.places import line_in
from gitops.installation.routes.model import annotations_of
from gitops.installation.scripts import scripts_of
from gitops.resources.manifests import identify
from gitops.resources.resource import Resource

RULE = declare("argocd-crd-needs-server-side-apply", Severity.ERROR, Severity.NOTICE, fix=FixAvailability.SOMETIMES)

MOST: Final = 262_144  # bytes of all annotations of one object, names and values
_LAST_APPLIED: Final = "kubectl.kubernetes.io/last-applied-configuration"
_OPTIONS: Final = "argocd.argoproj.io/sync-options"
_ENOUGH: Final = frozenset({"ServerSideApply=true", "Replace=true"})
_MIGRATED: Final = Version("3.3.2")
_OFF: Final = "ClientSideApplyMigration=false"
# `stable` and branches are later than 3.3 since 2026-02.
_APPLIED: Final = re.compile(
    r"kubectl[^\n]*\bapply\b[^\n]*argoproj/argo-cd[^\s\"']*?(?:/|ref=)(stable|master|HEAD|v\d+\.\d+\.\d+)[^\s\"']*"
)


def check(change: Change, policy: Policy) -> Iterator[Finding]:
    """One finding for each CRD of each Application, and for each line of a script."""
    for copy in change.head.copies(having=_defines_argo):
        yield from _crd(change, copy)
    for installation in installations(change):
        yield from _stopgap(change, installation)
    yield from _scripts(change)


def _defines_argo(resource: Resource) -> bool:
    return resource.id.kind == "CustomResourceDefinition" and resource.id.name.endswith(".argoproj.io")


def _crd(change: Change, copy: Owned) -> Iterator[Finding]:
    if len(copy.resource.text) < MOST // 2:  # YAML is never twice as long as JSON, nor half
        return
    member = member_of(change.head, copy)
    annotations = annotations_of(member)
    own = {option.strip() for option in annotations.get(_OPTIONS, "").split(",")}
    if own & _ENOUGH or copy.application.sync_policy.options & _ENOUGH:
        return
    size = annotated_size(member.manifest)
    if size <= MOST:
        return
    application = copy.application
    if not application.name:
        yield _by_script(copy, size)
        return
    at = application.origin.span
    line = line_in(change.head.tree, at.path, "syncOptions", "syncPolicy", first=at.line, last=at.end_line) or at.line
    label = application.label
    yield RULE.finding(
        Span(at.path, line, line),
        f"`{label}` cannot apply CRD `{copy.resource.id.name}`: its annotations would have {size:,} bytes, and "
        f"{MOST:,} are allowed",
        f"`{label}` needs server-side apply",
        "Client-side apply keeps the whole CRD in an annotation. The API server refuses it (`metadata.annotations: "
        "Too long`), and the sync fails.",
        f"Add the sync option to the Application `{label}`, or to the CRD as the annotation `{_OPTIONS}`.",
        "syncPolicy:\n  syncOptions:\n    - ServerSideApply=true",
        about=(*application.key, str(copy.resource.id)),
        severity=Severity.ERROR,
        resource=copy.resource.id,
        applications=[label],
        owners=[application.key],
        repair=_repair(
            application, append(_OPTIONS_ROUTE, "ServerSideApply=true"), f"Sync `{label}` by server-side apply"
        ),
    )


def _by_script(copy: Owned, size: int) -> Finding:
    span, rid = copy.application.origin.span, copy.resource.id
    return RULE.finding(
        span,
        f"this applies CRD `{rid.name}` without `--server-side`: its annotations would have {size:,} bytes, and "
        f"{MOST:,} are allowed",
        f"CRD `{rid.name}` is applied without `--server-side`",
        "Client-side apply keeps the whole CRD in an annotation, and the API server refuses it "
        "(`metadata.annotations: Too long`).",
        "Add `--server-side --force-conflicts`, as upstream's upgrade guide says.",
        about=(span.path, copy.application.root, str(rid)),
        severity=Severity.NOTICE,
        resource=rid,
    )


_OPTIONS_ROUTE: Final = ("spec", "syncPolicy", "syncOptions")


def _repair(application: Application, operation: Operation, title: str) -> Repair | None:
    """An edit of the Application's own manifest."""
    if not application.is_written_here or not application.manifest:
        return None
    rid = identify(dict(application.manifest))
    wanted = Wanted(rid, application.origin.span, (operation,), application.manifest)
    return Repair(title, (wanted,), Applicability.SAFE, f"{RULE}|{application.origin.span}|{title}")


def annotated_size(manifest: Mapping[str, Any]) -> int:
    """The bytes of a manifest's annotations once client-side apply has added its own, as Go writes JSON."""
    metadata = manifest.get("metadata")
    metadata = metadata if isinstance(metadata, dict) else {}
    annotations = {**(metadata.get("annotations") or {})}
    annotations.pop(_LAST_APPLIED, None)
    bare = {**manifest, "metadata": {**metadata, "annotations": annotations}}
    text = json.dumps(bare, separators=(",", ":"), ensure_ascii=False) + "\n"
    escaped = text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")
    others = sum(len(str(key).encode()) + len(str(value).encode()) for key, value in annotations.items())
    return others + len(_LAST_APPLIED) + len(escaped.encode("utf-8", "surrogateescape"))


def _stopgap(change: Change, installation: Installation) -> Iterator[Finding]:
    """An Application that installs 3.3.2 or later and still has what helped before."""
    seen: set[object] = set()
    for process in installation.processes:
        owned = process.member.owned
        if owned is None or process.version is None or process.version < _MIGRATED or owned.application.key in seen:
            continue
        seen.add(owned.application.key)
        if _OFF not in owned.application.sync_policy.options:
            continue
        at = owned.application.origin.span
        line = line_in(change.head.tree, at.path, _OFF, first=at.line, last=at.end_line) or at.line
        yield RULE.finding(
            Span(at.path, line, line),
            f"`{owned.application.label}` keeps `{_OFF}`, which upstream asks to take out from 3.3.2 on",
            "A stopgap for 3.3.0 and 3.3.1 is still there",
            "With it the fields that client-side apply has set keep their old manager, and later syncs may run into "
            "conflicts.",
            "Take the option out.",
            about=(*owned.application.key, _OFF),
            severity=Severity.NOTICE,
            applications=[owned.application.label],
            owners=[owned.application.key],
            repair=_without_stopgap(owned.application),
        )


def _without_stopgap(application: Application) -> Repair | None:
    listed = sequence(at(application.manifest, _OPTIONS_ROUTE))
    if _OFF not in listed:
        return None
    gone = remove((*_OPTIONS_ROUTE, listed.index(_OFF)))
    return _repair(application, gone, f"Take `{_OFF}` out of `{application.label}`")


def _scripts(change: Change) -> Iterator[Finding]:
    for script in change.head.once(scripts_of):
        joined = script.text.replace("\\\n", "  ")  # of the same length, so that places stay what they are
        for found in _APPLIED.finditer(joined):
            line_end = joined.find("\n", found.end())
            command = joined[found.start() : line_end if line_end >= 0 else len(joined)]
            if "--server-side" in command or _is_before(found[1]):
                continue
            line = script.text.count("\n", 0, found.start()) + 1
            yield RULE.finding(
                Span(script.path, line, line),
                f"this applies Argo CD's manifests ({found[1]}) without `--server-side`",
                "Argo CD's manifests are applied without `--server-side`",
                "From 3.3 on the ApplicationSet CRD is too long for client-side apply: the API server refuses it.",
                "Add `--server-side --force-conflicts`, as upstream's upgrade guide says.",
                about=(script.path, found[1]),
                severity=Severity.NOTICE,
            )


def _is_before(tag: str) -> bool:
    return tag.startswith("v") and Version(tag) < Version("3.3.0")
