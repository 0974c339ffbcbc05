"""Where a sentence is taken from, as an address to follow."""

from __future__ import annotations

import re

_ARGO_CD = "https://github.com/argoproj/argo-cd/blob/v3.5.1/"
_PLACE = re.compile(r"(?P<path>[\w./-]+\.go)(?::(?P<first>\d+)(?:-(?P<last>\d+))?)?")


def address(source: str) -> str:
    """The page of a source: an address as it is, the first file of argo-cd v3.5.1 that it names; '' for neither."""
    if source.startswith("https://"):
        return source
    found = _PLACE.search(source)
    if found is None or "/" not in found["path"]:
        return ""
    line = f"#L{found['first']}" if found["first"] else ""
    last = f"-L{found['last']}" if found["last"] else ""
    return f"{_ARGO_CD}{found['path']}{line}{last}"
