"""Which values files an Application names."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Mapping

from gitops.charts.environment import substitute
from gitops.files.collected import GLOB, ReadFiles
from gitops.files.errors import GitopsError
from gitops.files.tree import normalise


def value_files(
    found: ReadFiles, base: str, names: Iterable[str], refs: Mapping[str, str], env: Mapping[str, str]
) -> None:
    """What `valueFiles` and the paths of `fileParameters` name: below `base`, from the root with a leading slash,
    from the root of another source, which `refs` has, as `$name/...` (engine/internal/helm, paths.go)."""
    for raw in names:
        first, _, rest = raw.partition("/")
        name = substitute(rest if first in refs else raw, env)
        if "://" in name:
            continue
        if first in refs:
            joined = posixpath.join(refs[first], name.lstrip("/"))
        else:
            joined = name.lstrip("/") if name.startswith("/") else posixpath.join(base, name)
        try:
            path = normalise(joined)
        except GitopsError:
            continue  # the engine says that it leads out of the repository
        if GLOB.search(path):
            found.matching(path)
        found.file(path)
