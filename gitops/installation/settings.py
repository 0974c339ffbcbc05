"""What a process is set to, in the order in which Argo CD looks: its argument, its variable, the default.

Sources: spf13/pflag (an argument goes before the flag's default, which Argo CD takes from the environment), argo-cd
util/env/env.go, and Kubernetes' order of `env` and `envFrom`. All of them are read once, when the process starts.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from packaging.version import Version

from gitops.installation.arguments import FALSE, TRUE, Arguments, is_filled_in, parse
from gitops.installation.model import Installation, Process, data_of
from gitops.installation.releases import releases

_NEWEST: Final = Version(releases().newest)


class Where(StrEnum):
    """Where a setting comes from."""

    ARGUMENT = "argument"
    VARIABLE = "variable"
    CONFIG_MAP = "ConfigMap"
    DEFAULT = "default"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Setting:
    """A value as the process sees it: None for the default, and where nobody can tell (`Where.UNKNOWN`). `key` is the
    key of the ConfigMap that it comes from, or that would set it."""

    value: str | None
    where: Where
    config_map: str = ""
    key: str = ""

    @property
    def known(self) -> bool:
        return self.where is not Where.UNKNOWN

    @property
    def on(self) -> bool | None:
        """As a switch that is off by default; None where nobody can tell, and for what is no truth value."""
        if not self.known:
            return None
        if self.value is None:
            return False
        return True if self.value in TRUE else False if self.value in FALSE or not self.value else None


def arguments_of(process: Process) -> Arguments:
    """The arguments as its version reads them; as the newest known one does where the version is not known."""
    version = process.version if releases().knows(process.version) else _NEWEST
    assert version is not None
    return parse(process.words, releases().flags(process.component, version))


def setting(installation: Installation, process: Process, flag: str) -> Setting:
    """What `flag` (without dashes) is set to."""
    version = process.version if releases().knows(process.version) else _NEWEST
    assert version is not None
    known = releases().flags(process.component, version).get(flag)
    told = arguments_of(process)
    if flag in told.values:
        value = told.values[flag]
        return Setting(value, Where.ARGUMENT if value is not None else Where.UNKNOWN)
    if not process.certain:
        return Setting(None, Where.UNKNOWN)
    return variable(installation, process, known.env) if known is not None and known.env else _DEFAULT


_DEFAULT: Final = Setting(None, Where.DEFAULT)
_UNKNOWN: Final = Setting(None, Where.UNKNOWN)


def variable(installation: Installation, process: Process, name: str) -> Setting:
    """What a variable of the process is set to."""
    entry = process.variables.get(name)
    if entry is not None:
        if entry.value is not None:
            return _UNKNOWN if is_filled_in(entry.value) else Setting(entry.value, Where.VARIABLE)
        return _from_map(installation, entry.config_map, entry.key) if entry.config_map else _UNKNOWN
    for config_map in reversed(process.sources):  # the last one wins
        found = _from_map(installation, config_map, name) if config_map else _UNKNOWN
        if found.where is not Where.DEFAULT:
            return found
    return _DEFAULT


def _from_map(installation: Installation, name: str, key: str) -> Setting:
    """The value in git. Of a ConfigMap that is not in git, or is there twice, nobody can tell."""
    maps = installation.named("ConfigMap", name)
    if len(maps) != 1:
        return Setting(None, Where.UNKNOWN, name, key)
    data = data_of(maps[0])
    if key not in data:
        return Setting(None, Where.DEFAULT, name, key)
    value = data[key]
    # Only text is a value: the API server takes no object with anything else.
    return Setting(value, Where.CONFIG_MAP, name, key) if isinstance(value, str) else Setting(None, Where.UNKNOWN)
