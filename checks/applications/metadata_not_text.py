"""An annotation or a label is no text.

What it finds: rendered resources with an annotation or a label whose value is a number, true or false.

Why it matters: Argo CD cannot put its tracking annotation beside an annotation that is no text, and shows
ComparisonError for the whole Application: nothing of it is synced any more. Of a label the API server says the same
when the resource is synced.

Example: `argocd.argoproj.io/sync-wave: 5` without quotes.

How the fix is safe: none is offered; the value has to be quoted, in a template with `quote`.

How sure it is: an error; it is read off what is rendered.

Sources: argo-cd, reposerver/repository/repository.go (GenerateManifests), util/argo/resource_tracking.go
(SetAppInstance), util/kube/kube.go (SetAppInstanceAnnotation).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from checks.declaration import declare
from checks.model import Finding, Severity, Topic
from checks.policy.file import Policy
from gitops.discovery.snapshot import Change, Owned, Snapshot
from gitops.facts.secrets.pods import at, mapping, read_manifest
from gitops.files.fields import nearest_field
from gitops.files.scalars import plain_scalar
from gitops.files.spans import Span
from gitops.resources.resource import Resource

RULE = declare("metadata-not-text", Severity.ERROR)

# The texts of rendered resources are spelt alike, so what need not be parsed is told by line.
_BLOCK = re.compile(rb"^  (annotations|labels):\n((?:    .*\n)*+)", re.MULTILINE)
_LINE = re.compile(rb"^    [^ ].*?: ([^ \"'|>&*!{\[\n][^\n]*)$", re.MULTILINE)


def check(change: Change, policy: Policy) -> Iterator[Finding]:
    """One finding for each annotation and label, at the place where it is written."""
    head = change.head
    told: dict[tuple[Span, str, str, str], list[Owned]] = {}
    for copy in head.copies(having=_may_be_no_text):
        for field, key in _not_text(copy):
            told.setdefault((copy.origin.span, copy.resource.id.kind, field, key), []).append(copy)
    for (_, _, field, key), copies in told.items():
        yield _finding(head, field, key, copies)


def _may_be_no_text(resource: Resource) -> bool:
    return any(
        not isinstance(plain_scalar(value.decode("utf-8", "replace")), str)
        for block in _BLOCK.finditer(resource.text)
        for value in _LINE.findall(block.group(2))
    )


def _not_text(copy: Owned) -> Iterator[tuple[str, str]]:
    metadata = at(read_manifest(copy.resource.text), ("metadata",))
    for field in ("annotations", "labels"):
        for key, value in mapping(mapping(metadata).get(field)).items():
            if isinstance(value, bool | int | float):
                yield field, key


def _finding(snapshot: Snapshot, field: str, key: str, copies: list[Owned]) -> Finding:
    copy = copies[0]
    rid, kind = copy.resource.id, field.removesuffix("s")
    names = tuple(dict.fromkeys(one.application.label for one in copies))
    span = nearest_field(snapshot.tree, copy.origin.span, ("metadata", field, key))
    message = f"the {kind} `{key}` of {rid.kind} `{rid.name}` is no text"
    effect = (
        "Argo CD shows ComparisonError for the whole Application, and syncs nothing of it."
        if field == "annotations" and rid.kind != "CustomResourceDefinition"
        else "The API server refuses the resource, and the sync fails."
    )
    return RULE.finding(
        span,
        message,
        topic=Topic(f"{RULE}|{span}|{message}", message[:1].upper() + message[1:], effect, "Quote the value."),
        about=(copy.origin.path, rid.kind, rid.name, field, key),
        resource=rid,
        applications=names,
    )
