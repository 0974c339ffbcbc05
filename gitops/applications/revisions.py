"""Which `targetRevision`s mean the commit that is looked at.

An Application that follows another branch, a tag or a commit is rendered by Argo CD from there: what is looked at
says nothing about it, and merging it changes nothing there.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

from gitops.applications.placeholders import holds_placeholder

HEAD = "HEAD"
HERE = "this repository"  # stands for the repository and the commit that are looked at, where nobody writes either
_TRUNKS = ("main", "master")
_SHA = re.compile(r"[0-9a-f]{40}|[0-9a-f]{7,12}")
_TAG = re.compile(r"v?[0-9]+(\.[0-9]+)+([-+].*)?")


def is_pinned(revision: str) -> bool:
    """Whether a revision looks like a commit or a version tag, which do not move."""
    return bool(_SHA.fullmatch(revision) or _TAG.fullmatch(revision)) or revision.startswith("refs/tags/")


def branch_of(revision: str) -> str:
    """A revision without what git puts in front of branches; `HEAD` for an empty one (Argo CD's default)."""
    return revision.strip().removeprefix("refs/heads/") or HEAD


@dataclass(frozen=True, slots=True)
class Revisions:
    """The branches that a commit stands for.

    `current` is the branch that is checked out, or that a change will be merged into; `default` the one that `HEAD`
    means. Both are empty when nobody knows. `certain` tells that `current` alone counts where Applications follow it
    (a pull request's base); without it `settled` weighs what the Applications name. `names` is what counts then.
    """

    current: str = ""
    default: str = ""
    certain: bool = False
    names: frozenset[str] | None = None

    def includes(self, revision: str) -> bool:
        """Whether an Application with this `targetRevision` is rendered from what is looked at.

        A placeholder counts as this branch: whoever fills in the rest fills in the branch that is rolled out.
        """
        if revision == HERE:
            return True
        if is_pinned(revision):
            return False
        return self.names is None or branch_of(revision) in self.names or holds_placeholder(revision)

    def settled(self, votes: Mapping[str, int]) -> Revisions:
        """With `names` worked out. `votes` counts the Applications of this repository by `branch_of`.

        A topic branch, checked out or as the base of a stacked pull request, shows what the default branch will be.
        A checkout of a branch that more Applications follow than follow the default branch is that branch and nothing
        else. Where nobody tells any branch (an unpacked archive), nothing can be called another one.
        """
        if self.names is not None or not (self.certain or self.current or self.default):
            return self
        if self.certain and (self.current == self.default or votes.get(self.current)):
            head = {HEAD} if self.current == self.default else set()
            return replace(self, names=frozenset({self.current} | head))
        default = self.default or self._likely(votes)
        if self.current and self.current != default:
            own = votes.get(self.current, 0)
            if own and own >= votes.get(default, 0) + votes.get(HEAD, 0):
                return replace(self, names=frozenset({self.current}))
        return replace(self, names=frozenset({self.current, default, HEAD} - {""}))

    def _likely(self, votes: Mapping[str, int]) -> str:
        """The default branch's name, where no remote tells it (a shallow clone)."""
        if self.current in _TRUNKS:
            return self.current
        branches = {name: count for name, count in votes.items() if name not in (HEAD, self.current)}
        trunk = next((name for name in _TRUNKS if name in branches), None)
        if trunk is not None or not branches:
            return trunk or self.current
        return max(branches, key=lambda name: (branches[name], name))


UNTOLD = Revisions()  # nobody said which branch it is
