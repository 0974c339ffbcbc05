"""Brings `gitops/installation/data/releases.json` up to the releases that a checkout of Argo CD has.

    python -m docs.argocd_releases CHECKOUT

CHECKOUT is a clone (bare or not, with its tags) of github.com/argoproj/argo-cd. Each minor version from the oldest
in the file on is one column, taken from its newest tag; only columns whose newest tag is another one than in the
file are read. What is not in the sources in a form that can be read (upgrade notes, the wires that are known to be
dead for another reason than that nobody names the variable) stays as it is in the file: read the upgrade guide of a
new minor, and write what can be seen in manifests into `upgrade_notes`; a note with an `id` needs its predicate in
`checks/argocd/upgrades/`.

What it takes from a tag, and how sure that is: `docs/argocd_sources.py`.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from packaging.version import Version

from docs.argocd_sources import OURS, Column, column_of, crd_fields, program_of

PATH = Path(__file__).parents[1] / "gitops" / "installation" / "data" / "releases.json"
_TAG = re.compile(r"v\d+\.\d+\.\d+")
Record = dict[str, Any]


def refreshed(data: Record, checkout: str) -> Record:
    """The data with every column that the checkout has a newer tag of. Changes `data`."""
    known: dict[str, str] = data["newest_patch"]
    tags = _tags(checkout)
    oldest = Version(f"{data['minors'][0]}.0")
    for minor, patches in tags.items():
        newest = patches[-1]
        if Version(newest) < oldest or known.get(minor) == newest:
            continue
        _name_the_column(data, minor)
        before = known.get(minor, patches[0])
        known[minor] = newest
        _merge(data, checkout, minor, newest, patches[patches.index(before) : -1] if before in patches else [])
        _crd_fields(data, checkout, minor, patches[0], known)
    released = [Version(tag) for tag in known.values()]
    data["generated_from"]["newest_release"] = f"v{max(released)}"
    newest = f"v{max(released)}^{{commit}}"
    data["generated_from"]["argo-cd"] = _git(checkout, "rev-parse", newest).strip()
    data["generated_from"]["date"] = _git(checkout, "show", "--no-patch", "--format=%cs", newest).strip()
    data["newest_patch"] = dict(sorted(known.items(), key=lambda item: Version(item[0])))
    return data


def _tags(checkout: str) -> dict[str, list[str]]:
    """The release tags of each minor, lowest first."""
    found: dict[str, list[str]] = {}
    for tag in sorted(filter(_TAG.fullmatch, _git(checkout, "tag").split()), key=Version):
        found.setdefault(".".join(tag[1:].split(".")[:2]), []).append(tag)
    return found


def _name_the_column(data: Record, minor: str) -> None:
    """Make room for a minor: the column of its development becomes its own."""
    minors: list[str] = data["minors"]
    if minor in minors:
        return
    developed = f"{minor}-dev"
    if developed in minors:
        text = json.dumps(data).replace(f'"{developed}"', f'"{minor}"')
        data.clear()
        data.update(json.loads(text))
        return
    released = sorted([*(one for one in minors if not one.endswith("-dev")), minor], key=Version)
    data["minors"] = [*released, *(one for one in minors if one.endswith("-dev"))]


def _merge(data: Record, checkout: str, minor: str, tag: str, earlier: list[str]) -> None:
    """Write what a tag has into every record of the file. `earlier` are the tags of the minor from the last known one
    on, by which it is told from which patch on there is something new."""
    read = cache(lambda one: column_of(checkout, one, data))
    now: Column = read(tag)
    first = _first_patch(read, earlier, tag)
    components: dict[str, Record] = data["components"]
    for component, told in now.components.items():
        record = components.setdefault(component, {"since": minor, "flags": {}, "env": {}})
        _names(data, record["flags"], minor, set(told.flags), first(_flags_of(component)))
        for name, flag in told.flags.items():
            kept = record["flags"][name]
            kept.update({key: value for key, value in flag.items() if key not in kept or key == "type"})
        ours = {name: known for name, known in record["env"].items() if name.startswith(OURS)}
        _names(data, ours, minor, set(told.env), None)
        others = {name: known for name, known in record["env"].items() if not name.startswith(OURS)}
        record["env"] = dict(sorted({**ours, **others}.items()))
    _names(data, data["params"], minor, set(now.params), first(lambda c: set(c.params)))
    for key, wires in now.params.items():
        record = data["params"][key]
        record.setdefault("read_by", [])
        for workload, name in wires:
            if not any(one["workload"] == workload and one["env"] == name for one in record["read_by"]):
                record["read_by"].append({"workload": workload, "env": name, "since": minor})
    _names(data, data["metrics"], minor, set(now.metrics), None)
    data["crd_json_bytes"][minor] = now.crd_bytes
    _dead(data, minor, now)


_MARKS = 4  # fields of one CRD by which a minor is known


def _crd_fields(data: Record, checkout: str, minor: str, first: str, newest: Mapping[str, str]) -> None:
    """The fields that the CRDs of a minor have from its first patch on, and those of the one before have not; the
    nearest ones to the top, by which the CRDs of a version are known. `newest` is the newest patch of each minor."""
    minors: list[str] = data["minors"]
    before = newest.get(minors[minors.index(minor) - 1]) if minors.index(minor) else None
    if before is None:
        return
    old, new, now = (crd_fields(checkout, tag) for tag in (before, first, newest[minor]))
    for crd, fields in now.items():
        known = data["crd_fields"].setdefault(crd, {})
        for name in [name for name, told in known.items() if told["since"] == minor]:
            del known[name]
        fresh = (fields & new.get(crd, frozenset())) - old.get(crd, fields)
        tops = [one for one in fresh if one.rpartition(".")[0] not in fresh]
        tops.sort(key=lambda one: (not one.startswith("spec."), one.count("."), one))
        known.update((name, {"since": minor}) for name in tops[:_MARKS])


def _flags_of(component: str) -> Callable[[Column], set[str]]:
    return lambda column: column.flags_of(component)


def _first_patch(
    read: Callable[[str], Column], earlier: list[str], tag: str
) -> Callable[[Callable[[Column], set[str]]], Callable[[str], str | None]]:
    """For a part of a column: from which tag on a name is there, None where the first of `earlier` has it."""

    def of(part: Callable[[Column], set[str]]) -> Callable[[str], str | None]:
        def look(name: str) -> str | None:
            if not earlier or name in part(read(earlier[0])):
                return None
            return next((one for one in earlier[1:] if name in part(read(one))), tag)

        return look

    return of


def _names(
    data: Record, records: dict[str, Record], minor: str, present: set[str], first: Callable[[str], str | None] | None
) -> None:
    minors: list[str] = data["minors"]
    place = minors.index(minor)
    for name in sorted(present | set(records)):
        record = records.get(name)
        if name in present:
            if record is None:
                record = records[name] = {"since": minor}
            if minors.index(record["since"].removeprefix("<=")) > place:
                record["since"] = minor
            if "last" in record and minors.index(record["last"]) < place:
                del record["last"]
            patch = first(name) if first is not None and minor not in record.get("first_patch", {}) else None
            if patch is not None:
                record.setdefault("first_patch", {})[minor] = patch
        elif record is not None and _spans(record, minors, place):
            if minors.index(record["since"].removeprefix("<=")) == place:
                del records[name]  # it never came
            else:
                record["last"] = minors[place - 1]


def _spans(record: Mapping[str, Any], minors: list[str], place: int) -> bool:
    since = minors.index(record["since"].removeprefix("<="))
    last = minors.index(record["last"]) if "last" in record else len(minors) - 1
    return since <= place <= last


def _dead(data: Record, minor: str, now: Column) -> None:
    """Keys that the manifests hand to a program that does not name the variable."""
    for key, wires in now.params.items():
        for workload, name in wires:
            component = program_of(workload)
            own = now.components.get(component)
            if (
                own is None
                or not name.startswith(OURS)
                or (name in own.env and not _stays(data, minor, key, name, component))
            ):
                continue
            listed = data["dead_wires"].setdefault(key, [])
            wire = next((one for one in listed if (one["workload"], one["env"]) == (workload, name)), None)
            if wire is None:
                listed.append(wire := {"workload": workload, "env": name, "versions": []})
            if minor not in wire["versions"]:
                wire["versions"].append(minor)


def _stays(data: Record, minor: str, key: str, name: str, component: str) -> bool:
    """Whether a wire was dead in the column before although the program names the variable, and still does."""
    place = data["minors"].index(minor)
    before = data["minors"][place - 1] if place else ""
    dead = any(one["env"] == name and before in one["versions"] for one in data["dead_wires"].get(key, ()))
    return dead and data["components"][component]["env"].get(name, {}).get("since") != minor


def written(value: Any, depth: int = 0) -> str:
    """JSON with one line for each name, so that differences can be read."""
    pad = " " * (depth + 1)
    leaf = json.dumps(value)
    if isinstance(value, dict) and value and len(leaf) >= 100 and depth < 4:
        rows = (f"{pad}{json.dumps(key)}: {written(inner, depth + 1)}" for key, inner in value.items())
    elif isinstance(value, list) and len(leaf) >= 110 and depth < 4:
        rows = (f"{pad}{written(inner, 4)}" for inner in value)
    else:
        return leaf
    opening, closing = ("{", "}") if isinstance(value, dict) else ("[", "]")
    return "".join((opening, "\n", ",\n".join(rows), "\n", " " * depth, closing))


def _git(checkout: str, *arguments: str) -> str:
    return subprocess.run(["git", "-C", checkout, *arguments], check=True, capture_output=True, text=True).stdout


def main() -> None:
    if len(sys.argv) != 2:
        raise SystemExit(__doc__)
    data = refreshed(json.loads(PATH.read_text(encoding="utf-8")), sys.argv[1])
    PATH.write_text(written(data) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
