"""What each release of Argo CD knows: flags, environment variables, keys of argocd-cmd-params-cm, metrics.

`data/releases.json` holds one column for each minor version, as its newest patch had it when the file was made
(`docs/argocd_releases.py` makes it anew from a checkout of Argo CD).
`since` of a name is the first minor that has it (`<=2.8`: that one or an earlier one), `last` the last one, and
`first_patch` tells from which patch on a minor has it. A variable that a component does not have is certainly read by
none of its own code; one that it has may be read only by code that another component runs.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from typing import Any, Final, TypeVar

from packaging.version import Version

_OLDEST: Final = "<="
_KEPT: Final = 256
K = TypeVar("K")
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Flag:
    """An argument of a process. `kind` is pflag's type ('' when not known), `env` the variable that its default is
    taken from, `short` its letter; `deprecated` that it is still taken and does nothing."""

    name: str
    kind: str = ""
    env: str = ""
    short: str = ""
    deprecated: bool = False


@dataclass(frozen=True, slots=True)
class Reader:
    """A workload of upstream's manifests that hands a key to its process, as the variable `env`."""

    workload: str
    env: str


@dataclass(frozen=True, slots=True)
class Note:
    """What an upgrade guide says of the minor version `minor` and can be seen in manifests; `change` and `action` are
    clauses."""

    id: str
    minor: str
    change: str
    action: str


@dataclass(frozen=True)
class Releases:
    """The releases that the data tells of."""

    data: Mapping[str, Any]
    _flags: dict[tuple[str, Version], Mapping[str, Flag]] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )
    _env: dict[tuple[str, Version], frozenset[str]] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    @property
    def newest(self) -> str:
        """The newest release, such as `v3.5.1`."""
        return str(self.data["generated_from"]["newest_release"])

    @property
    def dated(self) -> str:
        """The day of that release, such as `2026-08-22`: what came out later is not in the data."""
        return str(self.data["generated_from"]["date"])

    @property
    def versions(self) -> tuple[Version, ...]:
        """The newest patch of each minor version."""
        return tuple(Version(patch) for patch in self.data["newest_patch"].values())

    @property
    def oldest(self) -> str:
        """The oldest minor version."""
        return str(self.data["minors"][0])

    @property
    def components(self) -> frozenset[str]:
        return frozenset(self.data["components"])

    def knows(self, version: Version | None) -> bool:
        """Whether the data tells anything of the minor version."""
        return version is not None and _minor(version) in self.data["newest_patch"]

    def covers(self, version: Version) -> bool:
        """Whether the very patch was there when the data was made. What a later one has, was not looked at."""
        return self.knows(version) and version <= Version(self.data["newest_patch"][_minor(version)])

    def flags(self, component: str, version: Version) -> Mapping[str, Flag]:
        """The arguments of a component by name. A patch that the data does not cover has those of later minors
        too."""
        return _once(self._flags, (component, version), lambda: self._flags_of(component, version))

    def _flags_of(self, component: str, version: Version) -> Mapping[str, Flag]:
        known = self.data["components"].get(component, {}).get("flags", {})
        return {
            name: Flag(
                name,
                told.get("type", "") if told.get("type") != "none" else "",
                self._in(told.get("env"), version),
                told.get("short", ""),
                "deprecated_since" in told and self._index(version) >= self._at(told["deprecated_since"]),
            )
            for name, told in known.items()
            if self._has(told, version)
        }

    def components_with_flag(self, name: str, version: Version) -> tuple[str, ...]:
        return tuple(one for one in sorted(self.components) if name in self.flags(one, version))

    def env(self, component: str, version: Version) -> frozenset[str]:
        """The variables that a component may read."""
        return _once(self._env, (component, version), lambda: self._env_of(component, version))

    def _env_of(self, component: str, version: Version) -> frozenset[str]:
        known = self.data["components"].get(component, {}).get("env", {})
        own = {name for name, told in known.items() if self._has(told, version)}
        return frozenset(own | {flag.env for flag in self.flags(component, version).values() if flag.env})

    def components_with_env(self, name: str, version: Version) -> tuple[str, ...]:
        return tuple(one for one in sorted(self.components) if name in self.env(one, version))

    def has_component(self, component: str, version: Version) -> bool:
        known = self.data["components"].get(component)
        return known is not None and self._has(known, version)

    def params(self, version: Version | None) -> frozenset[str]:
        """The keys of argocd-cmd-params-cm; of every version where it is not known."""
        known: Mapping[str, Any] = self.data["params"]
        return frozenset(name for name, told in known.items() if version is None or self._has(told, version))

    def readers(self, param: str, version: Version | None) -> tuple[Reader, ...]:
        """Who hands a key to a process in upstream's manifests; nothing for one that is read in another way."""
        told = self.data["params"].get(param, {}).get("read_by", ())
        return tuple(
            Reader(one["workload"], one["env"]) for one in told if version is None or self._has(one, version)
        )

    def lifetime(self, param: str) -> tuple[str, str]:
        """The first and the last minor that has a key ('' for an open end)."""
        told = self.data["params"].get(param, {})
        since = str(told.get("since", ""))
        return ("" if since.startswith(_OLDEST) else since, str(told.get("last", "")))

    def dead_wires(self, version: Version) -> Iterator[tuple[str, Reader]]:
        """(key, who is handed it) of keys that upstream's manifests hand on and no process reads."""
        for key, wires in self.data["dead_wires"].items():
            for wire in wires:
                if self.data["minors"][self._index(version)] in wire["versions"]:
                    yield key, Reader(wire["workload"], wire["env"])

    def metrics(self, version: Version | None) -> frozenset[str]:
        """The names of the metrics, without `_bucket`, `_count` and `_sum`; of every version where it is not
        known."""
        known: Mapping[str, Any] = self.data["metrics"]
        return frozenset(name for name, told in known.items() if version is None or self._has(told, version))

    def crd_fields(self, crd: str) -> Mapping[str, str]:
        """The minor that brought each of some fields of a CRD of Argo CD's, oldest first."""
        known: Mapping[str, Any] = self.data["crd_fields"].get(crd, {})
        return {field: str(told["since"]) for field, told in known.items()}

    def notes(self, old: Version, new: Version) -> Iterator[Note]:
        """What changes for manifests between two versions, oldest first; nothing within one minor."""
        for step, told in self.data["upgrade_notes"].items():
            minor = step.partition("-")[2]
            if _pair(_minor(old)) < _pair(minor) <= _pair(_minor(new)):
                yield from (Note(one["id"], minor, one["change"], one["action"]) for one in told if "id" in one)

    def after(self, version: Version) -> Version | None:
        """The newest patch of the next minor; None where no later one is known."""
        later = [one for one in self.data["newest_patch"] if _pair(one) > _pair(_minor(version))]
        return Version(self.data["newest_patch"][min(later, key=_pair)]) if later else None

    def _in(self, told: Any, version: Version) -> str:
        """A value that may have changed from some minor on."""
        if not isinstance(told, list):
            return str(told or "")
        passed = [one["value"] for one in told if self._at(one["from"]) <= self._index(version)]
        return str(passed[-1] or "") if passed else ""

    def _has(self, told: Mapping[str, Any], version: Version) -> bool:
        index = self._index(version)
        later = not self.covers(version)
        if self._at(told["since"]) > index and not later:
            return False
        if "last" in told and self._at(told["last"]) < index:
            return False
        first = told.get("first_patch", {}).get(_minor(version))
        return first is None or Version(first).release <= version.release

    def _index(self, version: Version) -> int:
        minor = _minor(version)
        minors = self.data["minors"]
        return int(minors.index(minor)) if minor in minors else len(minors) - 1

    def _at(self, minor: str) -> int:
        return int(self.data["minors"].index(minor.removeprefix(_OLDEST)))


def _once(known: dict[K, T], key: K, work: Callable[[], T]) -> T:
    """What is worked out for a key, kept while there are few of them: manifests say which versions there are."""
    found = known.get(key)
    if found is None:
        found = work()
        if len(known) >= _KEPT:
            known.clear()
        known[key] = found
    return found


def _minor(version: Version) -> str:
    return f"{version.major}.{version.minor}"


def _pair(minor: str) -> tuple[int, ...]:
    return tuple(int(part) for part in minor.split("."))


@cache
def releases() -> Releases:
    """What ships with argofix."""
    text = resources.files(__package__).joinpath("data", "releases.json").read_text(encoding="utf-8")
    return Releases(json.loads(text))
