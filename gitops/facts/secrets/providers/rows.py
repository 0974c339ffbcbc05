"""What rows of `PROVIDERS` are made of: functions from a manifest to what its controller makes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from gitops.facts.secrets.pods import Route, at, sequence
from gitops.facts.secrets.providers.provided import SECRET, Provided
from gitops.resources.manifests import text_of

Row = Callable[[Mapping[str, Any]], Iterator[Provided]]

NAME: Route = ("metadata", "name")


def named(
    name: Route = NAME,
    *keys: str,
    pattern: str = "{}",
    namespace: Route | None = None,
    kinds: tuple[str, ...] = (SECRET,),
) -> Row:
    """A row for kinds that make one object named by the field at `name` (within `pattern`), in their own namespace or
    the one at `namespace`; with no `keys` its keys are not known."""

    def row(manifest: Mapping[str, Any]) -> Iterator[Provided]:
        value = text_of(at(manifest, name))
        if value:
            where = text_of(at(manifest, namespace)) if namespace is not None else ""
            for kind in kinds:
                yield Provided(kind, pattern.format(value), frozenset(keys) or None, where or None)

    return row


def every(*rows: Row) -> Row:
    """A row for kinds that make several objects."""

    def row(manifest: Mapping[str, Any]) -> Iterator[Provided]:
        for each in rows:
            yield from each(manifest)

    return row


def each(entries: Route, name: Route, namespace: Route | None = None, kind: str = SECRET) -> Row:
    """A row for kinds that list what they make: one object per entry, named by the field at `name` within it."""

    def row(manifest: Mapping[str, Any]) -> Iterator[Provided]:
        for entry in sequence(at(manifest, entries)):
            if text_of(at(entry, name)):
                where = text_of(at(entry, namespace)) if namespace is not None else ""
                yield Provided(kind, text_of(at(entry, name)), None, where or None)

    return row


def lends(manifest: Mapping[str, Any]) -> Iterator[Provided]:
    """For controllers that may make more than their row tells: whatever has the manifest's name in its own."""
    name = text_of(at(manifest, NAME))
    for pattern in (f"{name}-*", f"*-{name}", f"*-{name}-*", f"*.{name}.*") if name else ():
        yield Provided(SECRET, pattern, None, sure=False)
