"""What a chart is rendered with that is not in its own source: other sources, values files by URL, charts."""

from __future__ import annotations

import posixpath
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from gitops.applications.application import Application, Source
from gitops.applications.placeholders import holds_placeholder
from gitops.applications.repositories import RepositoryMatcher
from gitops.charts.dependencies import Dependency, missing_dependencies
from gitops.charts.environment import substitute
from gitops.files.spans import Span
from gitops.files.tree import Tree
from gitops.outside.answers import Answers
from gitops.outside.borrowed import Borrowed
from gitops.outside.found import Missing
from gitops.outside.mounts import MountedTree, mount_point
from gitops.outside.wanted import ChartWanted, RepositoryWanted
from gitops.resources.rendering import NotAnalysed

_HERE = mount_point("this repository")


@dataclass(slots=True)
class Lent:
    """`refs` has the directory of each other source by `$name`, `remote` the file of each URL. `waiting` tells that
    something was asked for and nobody has answered yet."""

    refs: dict[str, str] = field(default_factory=dict)
    remote: dict[str, str] = field(default_factory=dict)
    waiting: bool = False


@dataclass(frozen=True, slots=True)
class Lender:
    """Puts into `tree`, which holds a source of an Application, what others lend. `here` is this repository as it is
    looked at."""

    tree: MountedTree
    here: Tree
    application: Application
    source: Source
    matcher: RepositoryMatcher
    answers: Answers | None
    at: Span

    def lend(self, names: Sequence[str], environment: Mapping[str, str]) -> Lent | NotAnalysed:
        """What the values files `names` need."""
        lent = Lent()
        several = len(self.application.sources) > 1
        refs = {f"${each.ref}": each for each in self.application.sources if each.ref} if several else {}
        used = {raw.partition("/")[0]: raw for raw in reversed(names)}
        for name, other in refs.items():
            where = self._source(other, name in used)
            if isinstance(where, Missing):
                if name not in used:
                    continue
                why = f": {where.reason}" if where.reason else ""
                return NotAnalysed(f"its values file `{used[name]}` lies {self._elsewhere(other)}{why}")
            if where is None:
                lent.waiting = True
            else:
                lent.refs[name] = where
        for raw in names:
            url = "" if raw.partition("/")[0] in refs else substitute(raw, environment)
            if url.lower().startswith(("https://", "http://")) and self.answers is not None:
                found = Borrowed(self.tree, self.answers).file(url, "", self.at)
                if isinstance(found, Missing):
                    return NotAnalysed(f"its values file {raw} has to be fetched: {found.reason}")
                if found is None:
                    lent.waiting = True
                else:
                    lent.remote[url] = found
        return lent

    def _source(self, other: Source, is_used: bool) -> str | Missing | None:
        """The directory that holds another source. What no values file names is not asked for."""
        if self._is_this_commit(other):
            if self.tree.place is None:
                return ""
            self.tree.mount(_HERE, self.here, None)
            return _HERE
        placeholders = map(holds_placeholder, (other.repo_url, other.target_revision))
        if not is_used or self.answers is None or other.chart or any(placeholders):
            return Missing("")
        own = self.source
        if not own.chart and (own.repo_url, own.target_revision) == (other.repo_url, other.target_revision):
            return ""
        wanted = RepositoryWanted(other.repo_url, other.target_revision, True, self.at)
        return Borrowed(self.tree, self.answers).repository(wanted)

    def _is_this_commit(self, source: Source) -> bool:
        """Whether it is this repository, at what is looked at."""
        exists = bool(source.path)
        return self.matcher.matches(source.repo_url, exists) and self.matcher.revisions.includes(
            source.target_revision
        )

    def _elsewhere(self, source: Source) -> str:
        if not self.matcher.matches(source.repo_url, False):
            return f"in another repository, {source.repo_url}"
        return f"in another revision, {source.target_revision}"

    def dependencies(self, chart: str) -> NotAnalysed | bool:
        """Put the charts that a chart needs and does not hold into its charts/; whether all of them are there."""
        whole = True
        for wanted in missing_dependencies(self.tree, chart):
            at = posixpath.join(chart, "charts", mount_point(wanted.name, wanted.version, wanted.repository)[-16:])
            found = self._dependency(wanted, at)
            if isinstance(found, Missing):
                if not found.reason:
                    continue  # the engine says which one it needs
                return NotAnalysed(f"it needs the chart {f'{wanted.name} {wanted.version}'.strip()}: {found.reason}")
            whole &= found is not None
        return whole

    def _dependency(self, wanted: Dependency, at: str) -> str | Missing | None:
        if self.answers is None:
            return Missing("")
        if wanted.repository.startswith(("@", "alias:")):
            return Missing(f"its repository `{wanted.repository}` is a name in somebody's own settings of Helm")
        if holds_placeholder(wanted.repository):
            return Missing(f"its repository `{wanted.repository}` has to be filled in first")
        return Borrowed(self.tree, self.answers).chart(
            ChartWanted(wanted.repository, wanted.name, wanted.version, self.at), at
        )
