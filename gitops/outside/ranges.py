"""Which version Helm and Argo CD take for a range.

Source: Argo CD's `util/versions/tags.go`; Helm's `pkg/repo/index.go`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from gitops.gotemplate.masterminds import NoRange, Range, Version


def is_range(revision: str) -> bool:
    """Whether Argo CD holds tags against it; an exact version is none."""
    if Version.parse(revision) is not None:
        return False
    try:
        Range.parse(revision)
    except NoRange:
        return False
    return True


def is_exact(text: str) -> bool:
    """Whether it is one version with all of its numbers: Helm takes `1.2` for a range."""
    return Version.parse(text) is not None and re.split(r"[-+]", text, maxsplit=1)[0].count(".") == 2


def newest(versions: Iterable[str], within: str) -> str | None:
    """The newest of the versions in the range, as it is written there; None when there is none. What is no version
    is passed over. Raises `NoRange`."""
    wanted = Range.parse(within)
    held = [found for text in versions if (found := Version.parse(text)) is not None and wanted.holds(found)]
    return max(held).text if held else None


def chosen(versions: Sequence[str], asked: str) -> str | None:
    """Which of the versions in an index or of a registry's tags Helm takes for what is asked: the one that is written
    so, else the newest in that range ('': the newest that is no pre-release). Raises `NoRange`.

    Source: Helm's `pkg/repo/index.go`, `IndexFile.Get`, and `pkg/registry/util.go`.
    """
    return asked if asked in versions else newest(versions, asked or "*")
