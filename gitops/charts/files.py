"""Which values files an Application names."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Iterator, Mapping

from gitops.applications.application import Source
from gitops.charts.environment import substitute
from gitops.files.collected import GLOB, ReadFiles
from gitops.files.errors import GitopsError
from gitops.files.tree import normalise
from gitops.resources.manifests import text_of


def values_files_of(source: Source) -> Iterator[str]:
    """The files that `valueFiles` of a source name and that may be in this repository, in their order. Which
    repository `$name` is, is not asked, nor whether there is such a file."""
    listed = (source.helm or {}).get("valueFiles")
    for name in filter(None, map(text_of, listed if isinstance(listed, list) else ())):
        if name.startswith("$"):
            yield posixpath.normpath(name.partition("/")[2])
        elif not source.chart and "://" not in name:
            base = "" if name.startswith("/") else source.path
            yield posixpath.normpath(posixpath.join(base, name.lstrip("/")))


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
