"""Argo CD's annotations on what is rendered, and findings about them: one for each place where they are written."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from checks.declaration import Declaration
from checks.model import Finding, Severity, Topic
from gitops.applications.application import GROUP
from gitops.applications.options import PREFIX
from gitops.discovery.snapshot import Owned, Snapshot
from gitops.facts.secrets.pods import at, mapping, read_manifest
from gitops.files.fields import nearest_field
from gitops.resources.manifests import text_of
from gitops.resources.resource import Resource

_PREFIX = PREFIX.encode()


@dataclass(frozen=True)
class Annotated:
    """A rendered resource with at least one annotation of Argo CD's, and those by their keys."""

    copy: Owned
    values: dict[str, str]

    @property
    def is_application(self) -> bool:
        rid = self.copy.resource.id
        return (rid.group, rid.kind) == (GROUP, "Application")


def annotated_in(snapshot: Snapshot) -> tuple[Annotated, ...]:
    """Every such resource, in the order of the Applications. Ask with `snapshot.once`."""
    return tuple(_annotated(snapshot))


def _names_argo_cd(resource: Resource) -> bool:
    return _PREFIX in resource.text


def _annotated(snapshot: Snapshot) -> Iterator[Annotated]:
    for copy in snapshot.copies(having=_names_argo_cd):
        annotations = mapping(at(read_manifest(copy.resource.text), ("metadata", "annotations")))
        values = {key: text_of(value) for key, value in annotations.items() if key.startswith(PREFIX)}
        if values:
            yield Annotated(copy, values)


@dataclass(frozen=True, slots=True)
class Said:
    """What is to be said of one annotation: `word` is the part of its value that it is about ('' for all of it),
    `message` goes on after `the annotation KEY`, `effect` and `advice` are sentences."""

    key: str
    word: str
    message: str
    effect: str
    advice: str


def findings_about(
    rule: Declaration, snapshot: Snapshot, found: Iterable[tuple[Annotated, Said]]
) -> Iterator[Finding]:
    """One finding for each place, with all Applications that bring it."""
    places: dict[tuple[object, ...], list[tuple[Annotated, Said]]] = {}
    for annotated, said in found:
        origin, rid = annotated.copy.origin, annotated.copy.resource.id
        places.setdefault((origin.span, rid.group, rid.kind, said), []).append((annotated, said))
    for alike in places.values():
        annotated, said = alike[0]
        copy, rid = annotated.copy, annotated.copy.resource.id
        span = nearest_field(snapshot.tree, copy.origin.span, ("metadata", "annotations", said.key))
        names = tuple(dict.fromkeys(one.copy.application.label for one, _ in alike))
        who = f"{rid.kind} `{rid.name}`"
        title = said.message[:1].upper() + said.message[1:]
        yield rule.finding(
            span,
            f"{who}: {said.message}",
            topic=Topic(f"{rule}|{said.key}|{said.message}", title, said.effect, said.advice),
            about=(copy.origin.path, rid.kind, rid.name, said.key, said.word, said.message),
            severity=Severity.WARNING,
            resource=rid,
            applications=names,
        )


def quoted(word: str) -> str:
    """A word of somebody else's in backticks, unless it would be misread."""
    plain = word.isprintable() and len(word) <= 80 and "`" not in word
    return f"`{word}`" if plain else "a value that cannot be shown"
