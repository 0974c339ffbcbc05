"""Two Applications of which one keeps what both bring, and what a fix for them is called in branches and marks."""

from __future__ import annotations

import hashlib
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from gitops.discovery.snapshot import ApplicationKey

_UNSAFE = re.compile(r"[^A-Za-z0-9_-]+")
_BETWEEN = "--"
_MOST = 80  # characters of both names together
_HASH = re.compile(r"-[0-9a-f]{6}\Z")


@dataclass(frozen=True, slots=True, order=True)
class Pair:
    """`keeper` equals `loser` where one Application brings a resource twice."""

    keeper: ApplicationKey
    loser: ApplicationKey

    @property
    def ends(self) -> tuple[ApplicationKey, ...]:
        return tuple(dict.fromkeys((self.keeper, self.loser)))

    def key(self, names: Mapping[str, int]) -> str:
        """What the pair is called, the same for as long as the two are called so and stay in their root.

        `names` tells how many Applications have each name (`Snapshot.names`)."""
        # The same pair may stand in several roots (one overlay per cluster); then the root belongs to its name.
        repeated = any(names[key[2]] > 1 for key in self.ends)
        return self._with_root if repeated else self._bare

    def is_called(self, key: str) -> bool:
        """Whether `key` names this pair, or did while other Applications had other names."""
        return key in (self._bare, self._with_root)

    @property
    def _bare(self) -> str:
        return _slug(_BETWEEN.join(key[2] for key in self.ends)).strip("-.")[:_MOST]

    @property
    def _with_root(self) -> str:
        return f"{self._bare}-{hashlib.sha256(chr(0).join((*self.keeper, *self.loser)).encode()).hexdigest()[:6]}"


def called(key: str, applications: Iterable[ApplicationKey]) -> tuple[Pair, ...]:
    """The pairs of these Applications that a key may stand for, in order: `a--b--c` are `a` and `b--c`, or `a--b` and
    `c`."""
    by_slug: dict[str, list[ApplicationKey]] = defaultdict(list)
    for each in applications:
        by_slug[_slug(each[2])].append(each)
    found = {pair for text in {key, _HASH.sub("", key)} for pair in _split(by_slug, text) if pair.is_called(key)}
    return tuple(sorted(found))


def _split(by_slug: dict[str, list[ApplicationKey]], text: str) -> Iterator[Pair]:
    """What may be called `text`; where that was cut, what begins with it."""
    cut = len(text) == _MOST
    for slug, keepers in by_slug.items():
        if slug == text or (cut and slug.startswith(text)):
            yield from (Pair(keeper, keeper) for keeper in keepers)
        before = slug + _BETWEEN
        if cut and before[:_MOST] == text[: len(before)]:
            rest = text[len(before) :]
            losers = [loser for other, own in by_slug.items() if other.startswith(rest) for loser in own]
        elif text.startswith(before):
            losers = by_slug.get(text[len(before) :], [])
        else:
            continue
        yield from (Pair(keeper, loser) for keeper in keepers for loser in losers if keeper != loser)


def _slug(name: str) -> str:
    return _UNSAFE.sub("-", name)
