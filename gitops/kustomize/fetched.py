"""What kustomize would fetch for an entry, taken from where somebody has fetched it.

What is put in the place of the entry is a path below the kustomization's own directory for a file, which the load
restriction allows, and any path for a directory, which it does not restrict.
"""

from __future__ import annotations

import posixpath
from dataclasses import dataclass, field

from gitops.files.spans import Span
from gitops.kustomize.charts import InflatedChart
from gitops.kustomize.closure import Closure
from gitops.kustomize.kustomization import ACCUMULATED, PLUGINS, Reference
from gitops.kustomize.remote import is_manifest_url, is_remote, is_url, remote_base
from gitops.outside.borrowed import Borrowed
from gitops.outside.found import Missing
from gitops.outside.wanted import ChartWanted, RepositoryWanted

# Entries that may be repositories, and those of them that may be single files too.
_EITHER = frozenset({*ACCUMULATED, *PLUGINS})
_ONE_FILE = frozenset({"resources", *PLUGINS})

NOBODY = Missing("")  # there is nobody to ask


@dataclass(frozen=True, slots=True)
class Brought:
    """What an entry leads to. It is not there yet when nobody has answered."""

    path: str | None
    is_directory: bool = False


@dataclass(slots=True)
class Fetched:
    """Follows what leads out of the repository of one root, and notes in its closure what is written instead."""

    closure: Closure
    borrowed: Borrowed | None = None
    _waiting: Brought = field(default=Brought(None), init=False)

    def takes(self, reference: Reference) -> bool:
        """Whether kustomize fetches an entry. Of the fields that take files it fetches URLs only."""
        value = reference.value
        return is_url(value) or (reference.field in _EITHER and is_remote(value))

    def entry(self, directory: str, reference: Reference, file: str) -> Brought | Missing:
        """What an entry of the kustomization `file` leads to. Without a `file` nothing can be written instead."""
        value = reference.value
        base = remote_base(value) if reference.field in _EITHER else None
        if not file:
            return NOBODY
        if base is None or (reference.field in _ONE_FILE and is_manifest_url(value)):
            if reference.field in _EITHER - _ONE_FILE:
                return NOBODY
            return self.file(directory, value, reference.span, file)
        if self.borrowed is None:
            return NOBODY
        wanted = RepositoryWanted(base.repository, base.ref, base.submodules, reference.span)
        found = self.borrowed.repository(wanted)
        if isinstance(found, str):
            path = posixpath.join(found, base.path) if base.path else found
            return self._instead(directory, value, path, file, is_directory=True)
        if isinstance(found, Missing) and is_url(value) and reference.field in _ONE_FILE:
            # kustomize loads it as a file first; whoever writes a URL like that means a repository.
            one = self.file(directory, value, reference.span, file)
            return found if isinstance(one, Missing) else one
        return self._answered(found)

    def file(self, directory: str, url: str, span: Span, file: str) -> Brought | Missing:
        """One file by its URL, which stands in the kustomization `file`."""
        found = self.borrowed.file(url, directory, span) if self.borrowed is not None and file else NOBODY
        if not isinstance(found, str):
            return self._answered(found)
        self.closure.files.add(found)
        return self._instead(directory, url, found, file, is_directory=False)

    def chart(self, chart: InflatedChart, at: str, span: Span) -> Brought | Missing:
        """A chart that kustomize would pull, at the path where it would lie then."""
        if self.borrowed is None or not chart.repository:
            return NOBODY
        found = self.borrowed.chart(ChartWanted(chart.repository, chart.name, chart.version, span), at)
        return Brought(found, is_directory=True) if isinstance(found, str) else self._answered(found)

    def _answered(self, found: Missing | None) -> Brought | Missing:
        if found is None:
            self.closure.waiting = True
            return self._waiting
        return found

    def _instead(self, directory: str, value: str, path: str, file: str, *, is_directory: bool) -> Brought:
        self.closure.moved.setdefault(file, {})[value] = posixpath.relpath(path, directory or ".")
        return Brought(path, is_directory)
