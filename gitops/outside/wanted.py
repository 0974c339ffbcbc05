"""Requests for what is outside: a repository's tree at a revision, a chart, a file.

They hold what was written, as it was written: which host that is, whether it may be asked and what a branch or a
range stands for today is decided where things are fetched (`bot.fetching`).
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field

from gitops.files.spans import Span


@dataclass(frozen=True, slots=True)
class RepositoryWanted:
    """The files of another repository, or of this one at another commit.

    `url` is what git would be given (https://, http://, ssh://, git@host:path); `revision` a branch, a tag, a commit,
    `HEAD` or '' for the default branch, or a range of versions that tags are held against. `submodules` tells that
    theirs are wanted too. `because` is the entry that names it, for messages.
    """

    url: str
    revision: str = ""
    submodules: bool = False
    because: Span | None = field(default=None, compare=False)

    @property
    def fingerprint(self) -> str:
        return _digest("repository", self.url, self.revision, self.submodules)


@dataclass(frozen=True, slots=True)
class ChartWanted:
    """A chart of a registry. `repository` is http(s)://... (with an index.yaml) or oci://... (the chart's name comes
    after it); `version` is exact or a range, '' for the newest that is no pre-release."""

    repository: str
    name: str
    version: str = ""
    because: Span | None = field(default=None, compare=False)

    @property
    def fingerprint(self) -> str:
        return _digest("chart", self.repository, self.name, self.version)


@dataclass(frozen=True, slots=True)
class FileWanted:
    """One file by its URL (http or https)."""

    url: str
    because: Span | None = field(default=None, compare=False)

    @property
    def fingerprint(self) -> str:
        return _digest("file", self.url)


Wanted = RepositoryWanted | ChartWanted | FileWanted


def _digest(*parts: str | bool) -> str:
    return f"{parts[0]}:{hashlib.sha256(json.dumps(parts).encode()).hexdigest()}"
