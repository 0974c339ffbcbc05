"""An entry of an AppProject's `orphanedResources.ignore` ignores nothing.

What it finds: entries whose group has a version or is a name for the core group that Kubernetes does not have, whose
kind is no kind as Kubernetes writes it, and entries that say nothing, which ignore all of the core group.

Why it matters: Argo CD goes on reporting the resources that were to be left out, as an OrphanedResourceWarning of
every Application of the project; or it reports none of the core group at all.

Example: `{group: core, kind: configmap}`.

How the fix is safe: none is offered; the message says what to write.

How sure it is: a warning. Group, kind and name are globs, compared letter by letter; a group that is left out is the
core group. Silent where `warn` is not set, since nothing is reported then.

Sources: argo-cd, controller/appcontroller.go (isKnownOrphanedResourceExclusion, getResourceTree), util/glob.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from checks.applications.annotations import quoted
from checks.applications.projects import projects_in
from checks.declaration import declare
from checks.model import Finding, Severity
from checks.policy.file import Policy
from gitops.discovery.snapshot import Change
from gitops.facts.secrets.pods import at, mapping, sequence
from gitops.files.fields import nearest_field
from gitops.resources.manifests import text_of

RULE = declare("orphaned-ignore-without-effect", Severity.WARNING)

_ROUTE = ("spec", "orphanedResources", "ignore")
_REPORTED = "Argo CD goes on reporting what this entry was to leave out."
_PATTERN = "*?[{"


def check(change: Change, policy: Policy) -> Iterator[Finding]:
    """One finding for each entry."""
    for rid, copy in projects_in(change.head):
        if b"orphanedResources" not in copy.resource.text:
            continue
        manifest = copy.resource.manifest()
        if at(manifest, ("spec", "orphanedResources", "warn")) is not True:
            continue
        for index, entry in enumerate(map(mapping, sequence(at(manifest, _ROUTE)))):
            for message, effect, advice in _wrong(entry):
                title = f"AppProject `{rid.name}`: {message}"
                yield RULE.finding(
                    nearest_field(change.head.tree, copy.origin.span, (*_ROUTE, index)),
                    title,
                    title,
                    advice=advice,
                    text=effect,
                    about=(copy.origin.path, rid.name, *_named(entry), message),
                    resource=rid,
                    applications=[copy.application.label],
                )


def _named(entry: Mapping[str, Any]) -> tuple[str, str, str]:
    group, kind, name = (text_of(entry.get(key)) for key in ("group", "kind", "name"))
    return group, kind, name


def _wrong(entry: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    group, kind, name = _named(entry)
    if not (group or kind or name):
        message = "an entry of `orphanedResources.ignore` says nothing"
        yield message, "Argo CD reports no orphaned resource of the core group.", "Name a group, a kind or a name."
        return
    if "/" in group or group in ("core", "v1"):
        message = f"in `orphanedResources.ignore`, there is no group {quoted(group)}"
        advice = "Write the group without its version." if "/" in group else "Leave the group out."
        yield message, _REPORTED, advice
    if kind and kind[0].islower() and not any(sign in kind for sign in _PATTERN):
        message = f"in `orphanedResources.ignore`, there is no kind {quoted(kind)}"
        yield message, _REPORTED, "Write the kind as manifests do, such as `ConfigMap`."
