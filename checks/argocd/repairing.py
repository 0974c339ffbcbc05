"""What the rules about Argo CD's own installation may want of a member."""

from __future__ import annotations

from checks.model import Wanted
from gitops.facts.secrets.pods import POD_SPECS, at, mapping, sequence
from gitops.files.editing import Operation, Route, append
from gitops.installation.model import Member, Process
from gitops.resources.manifests import text_of


def wanted_of(member: Member, *operations: Operation, values: tuple[Operation, ...] = ()) -> Wanted:
    """The member with these operations."""
    rid = member.owned.resource.id if member.owned is not None else member.id
    return Wanted(rid, member.written, operations, member.manifest, member.owner, values)


def container_route(process: Process) -> Route | None:
    """Where the container of a process stands in its manifest; None where it has no name of its own there."""
    route = POD_SPECS[process.member.id.group, process.member.id.kind]
    field = "initContainers" if process.initial else "containers"
    listed = sequence(at(process.member.manifest, (*route, field)))
    places = [i for i, one in enumerate(listed) if text_of(mapping(one).get("name")) == process.container]
    return (*route, field, places[0]) if len(places) == 1 else None


def words_route(process: Process) -> Route | None:
    """The list that holds its arguments: `args`, or `command` where there are none."""
    route = container_route(process)
    if route is None:
        return None
    told = [text_of(word) for field in ("command", "args") for word in sequence(process.manifest.get(field))]
    if process.program not in told:
        return None  # a script holds all of them in one word
    return next(((*route, field) for field in ("args", "command") if sequence(process.manifest.get(field))), None)


def argument_of(process: Process, argument: str, *, values: tuple[Operation, ...] = ()) -> Wanted | None:
    """The process with one more argument at its end."""
    route = words_route(process)
    return None if route is None else wanted_of(process.member, append(route, argument), values=values)


def places_of(process: Process, flag: str) -> list[tuple[Route, int]]:
    """Where a flag (`--name`) stands in the command and the arguments: the route of its word, and how many words it
    takes with its value."""
    container = container_route(process)
    if container is None:
        return []
    found: list[tuple[Route, int]] = []
    for field in ("command", "args"):
        words = [text_of(word) for word in sequence(process.manifest.get(field))]
        for place, word in enumerate(words):
            if word.partition("=")[0] == flag:
                follows = "=" not in word and place + 1 < len(words) and not words[place + 1].startswith("-")
                found.append(((*container, field, place), 2 if follows else 1))
    return found


def variable_route(process: Process, name: str) -> Route | None:
    """Where an entry of `env` stands."""
    container = container_route(process)
    listed = sequence(process.manifest.get("env"))
    places = [i for i, one in enumerate(listed) if text_of(mapping(one).get("name")) == name]
    return (*container, "env", places[0]) if container is not None and len(places) == 1 else None
