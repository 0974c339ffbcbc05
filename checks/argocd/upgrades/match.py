"""What the predicates of upgrade notes look at, and what they say."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from gitops.discovery.snapshot import Snapshot
from gitops.facts.secrets.pods import POD_SPECS, at, mapping, sequence
from gitops.files.spans import Span
from gitops.installation.model import Installation, Member, data_of
from gitops.installation.places import place_of


@dataclass(frozen=True, slots=True)
class Match:
    """A place that a note is about: `seen` is a clause that says what stands there; `about` tells it from others,
    whatever becomes of its lines. `lines` are to be pasted; where they are all that is missing, they belong at the
    end of `key` of a ConfigMap."""

    span: Span
    seen: str
    about: str
    member: Member | None = None
    lines: str = ""
    key: str = ""


@dataclass(frozen=True, slots=True)
class Place:
    """An installation and the commit that it is in."""

    snapshot: Snapshot
    installation: Installation

    def maps(self, name: str) -> Iterator[tuple[Member, Mapping[str, Any]]]:
        """The ConfigMaps of a name and their data."""
        for member in self.installation.named("ConfigMap", name):
            yield member, data_of(member)

    def value(self, name: str, key: str) -> str | None:
        """What a key of a ConfigMap is set to, None where it is not set or not in git."""
        return next((str(data[key]) for _, data in self.maps(name) if data.get(key) is not None), None)

    def at(self, member: Member, seen: str, *words: str, about: str = "", lines: str = "") -> Match:
        """A match at the line of the first of `words` that is written."""
        return Match(place_of(self.snapshot, member, *words), seen, f"{member.id}|{about or seen}", member, lines)

    def containers(self) -> Iterator[tuple[Member, Mapping[str, Any], Mapping[str, Any]]]:
        """(workload, pod specification, container) of everything in the namespace, init containers too."""
        for member in self.installation.members:
            route = POD_SPECS.get((member.id.group, member.id.kind))
            pod = mapping(at(member.manifest, route)) if route is not None else {}
            for field in ("initContainers", "containers"):
                for container in sequence(pod.get(field)):
                    yield member, pod, mapping(container)


Predicate = Callable[[Place], Iterator[Match]]


def key_of(name: str, *keys: str) -> Predicate:
    """Keys of a ConfigMap that are set."""

    def look(place: Place) -> Iterator[Match]:
        for member, data in place.maps(name):
            for key in keys:
                if data.get(key) is not None:
                    yield place.at(member, f"`{key}` is set in {name}", key)

    return look


def word_of(*words: str, default: str | None = None) -> Predicate:
    """Arguments, variables of containers and keys of argocd-cmd-params-cm with these names. `default` is a value that
    changes nothing: the chart writes some out."""

    def look(place: Place) -> Iterator[Match]:
        seen: set[tuple[int, str]] = set()
        for member, _, container in place.containers():
            told = dict(_told(container))
            for word in words:
                if word in told and told[word] != default and (id(member), word) not in seen:
                    seen.add((id(member), word))
                    yield place.at(member, f"{member.id} has `{word}`", word)
        for member, data in place.maps("argocd-cmd-params-cm"):
            for word in words:
                if data.get(word) is not None and str(data[word]) != default:
                    yield place.at(member, f"`{word}` is set in argocd-cmd-params-cm", word)

    return look


def _told(container: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """(argument or variable, value). A variable that upstream's manifests wire to a key is set where the key is."""
    arguments = [str(word) for word in (*_texts(container, "command"), *_texts(container, "args"))]
    for word, after in zip(arguments, [*arguments, ""][1:], strict=True):
        name, equals, value = word.partition("=")
        yield name, value if equals else after
    for one in sequence(container.get("env")):
        if mapping(one).get("value") is not None:
            yield str(mapping(one).get("name")), str(mapping(one)["value"])


def _texts(container: Mapping[str, Any], field: str) -> list[Any]:
    return sequence(container.get(field))
