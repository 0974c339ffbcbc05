"""`ARGOFIX_FETCH_HOSTS`: hosts that may be fetched from although they are private."""

from __future__ import annotations

import re

_HOST = re.compile(r"(?:[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?")


class NoHosts(ValueError):
    """The setting names something that is no host. The message quotes it."""


def named_hosts(setting: str) -> frozenset[str]:
    """Of `host` and `host:port`, with commas between them. Raises `NoHosts`."""
    names = [name.strip().lower() for name in setting.split(",") if name.strip()]
    for name in names:
        if not _HOST.fullmatch(name):
            raise NoHosts(f"{name} is neither a host nor host:port")
    return frozenset(name.strip("[]") if name.endswith("]") else name for name in names)
