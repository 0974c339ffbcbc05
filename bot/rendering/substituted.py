"""A repository as a pull request to it would leave it, for evaluations of others that read it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from bot.rendering.outside import Outside
from gitops.applications.repositories import RepositoryName, parse_repo_url
from gitops.files.tree import Tree
from gitops.outside.found import Found, RepositoryFound
from gitops.outside.wanted import RepositoryWanted, Wanted

_MODULES = ".gitmodules"


@dataclass(slots=True)
class Substituted:
    """An `Outside` in which whoever asks for the repository of these `names`, at one of the `revisions`, is given
    `base` inside `of_the_base` and else `head`; everything else `others` answer."""

    others: Outside
    names: frozenset[RepositoryName]
    revisions: frozenset[str]
    base: RepositoryFound
    head: RepositoryFound
    _of_the_base: bool = False

    async def __call__(self, wanted: Wanted) -> Found:
        found = self.base if self._of_the_base else self.head
        return found if self._is_meant(wanted, found.tree) else await self.others(wanted)

    @contextmanager
    def of_the_base(self) -> Iterator[None]:
        before, self._of_the_base = self._of_the_base, True
        try:
            with self.others.of_the_base():
                yield
        finally:
            self._of_the_base = before

    def _is_meant(self, wanted: Wanted, tree: Tree) -> bool:
        if not isinstance(wanted, RepositoryWanted) or wanted.revision not in self.revisions:
            return False
        if wanted.submodules and _MODULES in tree:
            return False  # what they bring is not at hand
        return parse_repo_url(wanted.url) in self.names
