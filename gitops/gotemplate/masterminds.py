"""Versions and ranges of them as Helm, Argo CD and sprig read both.

Source: Masterminds/semver v3 (`version.go`, `constraints.go`), which all of them use. A pre-release is within a range
only where a part of the same alternative names one.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import total_ordering

_WORD = r"[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*"
_VERSION = re.compile(rf"v?([0-9]+)(?:\.([0-9]+))?(?:\.([0-9]+))?(?:-({_WORD}))?(?:\+{_WORD})?")
_PATTERN = rf"v?[0-9xX*]+(?:\.[0-9xX*]+)?(?:\.[0-9xX*]+)?(?:-{_WORD})?(?:\+{_WORD})?"
_OPERATOR = r"!=|>=|=>|<=|=<|~>|=|>|<|~|\^|"
_PART = re.compile(
    rf"({_OPERATOR})\s*v?([0-9xX*]+)(?:\.([0-9xX*]+))?(?:\.([0-9xX*]+))?(-{_WORD})?(?:\+{_WORD})?(?=[\s,]|\Z)"
)
_HYPHENS = re.compile(rf"({_PATTERN})\s+-\s+({_PATTERN})")
_LEADING_ZERO = re.compile(r"(?:^|\.)0[0-9]+(?:\.|$)")
_BETWEEN = re.compile(r"\s*,\s*|\s+")
_LONGEST = 256  # characters of a version; a range may have twice as many, in 32 alternatives
_ALTERNATIVES = 32


class NoRange(ValueError):
    """What is written is no range of versions. The message says so."""


@total_ordering
@dataclass(frozen=True, slots=True, eq=False)
class Version:
    """A version in the order of semver; build metadata takes no part in it. `text` is how it was written."""

    numbers: tuple[int, int, int]
    pre: str
    text: str

    @classmethod
    def parse(cls, text: str) -> Version | None:
        """Leading `v` and missing parts are allowed, as Masterminds' `NewVersion` does."""
        match = _VERSION.fullmatch(text) if len(text) <= _LONGEST else None
        if match is None or _LEADING_ZERO.search(match[4] or ""):
            return None
        major, minor, patch = (int(part or 0) for part in match.group(1, 2, 3))
        return cls((major, minor, patch), match[4] or "", text)

    @property
    def _key(self) -> tuple[object, ...]:
        words = [(0, int(word), "") if word.isdigit() else (1, 0, word) for word in self.pre.split(".")]
        return (self.numbers, (0, words) if self.pre else (1, []))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Version) and self._key == other._key

    def __lt__(self, other: Version) -> bool:
        return self._key < other._key

    def __hash__(self) -> int:
        return hash((self.numbers, self.pre))


@dataclass(frozen=True, slots=True)
class _Part:
    """One comparison. `given` is how many of the three numbers are written (3: all of them)."""

    operator: str
    version: Version
    given: int

    def holds(self, version: Version) -> bool:
        return _COMPARISONS[self.operator](version, self)

    @property
    def open(self) -> bool:
        return self.given < 3


def _same(version: Version, part: _Part, numbers: int) -> bool:
    return version.numbers[:numbers] == part.version.numbers[:numbers]


def _equal(version: Version, part: _Part) -> bool:
    return _tilde(version, part) if part.open else version == part.version


def _different(version: Version, part: _Part) -> bool:
    if part.given == 1:
        return not _same(version, part, 1)
    if part.given == 2:
        return not (_same(version, part, 2) and version.pre == part.version.pre)
    return version != part.version


def _greater(version: Version, part: _Part) -> bool:
    if part.given in (1, 2):
        return version.numbers[: part.given] > part.version.numbers[: part.given]
    return version > part.version


def _at_most(version: Version, part: _Part) -> bool:
    if not part.open:
        return version <= part.version
    # `<=*` compares with 0.0.0, of which Masterminds looks at the first two numbers.
    numbers = 1 if part.given == 1 else 2
    return version.numbers[:numbers] <= part.version.numbers[:numbers]


def _tilde(version: Version, part: _Part) -> bool:
    if version < part.version:
        return False
    if part.version.numbers == (0, 0, 0) and part.given in (0, 3):
        return True
    return _same(version, part, 1 if part.given == 1 else 2)


def _caret(version: Version, part: _Part) -> bool:
    if version < part.version:
        return False
    major, minor, _ = part.version.numbers
    if major > 0 or part.given == 1:
        return _same(version, part, 1)
    if minor > 0 or part.given == 2:
        return _same(version, part, 2)
    return _same(version, part, 3)


_COMPARISONS: dict[str, Callable[[Version, _Part], bool]] = {
    "": _equal,
    "=": _equal,
    "!=": _different,
    ">": _greater,
    "<": lambda version, part: version < part.version,
    ">=": lambda version, part: version >= part.version,
    "=>": lambda version, part: version >= part.version,
    "<=": _at_most,
    "=<": _at_most,
    "~": _tilde,
    "~>": _tilde,
    "^": _caret,
}


@dataclass(frozen=True, slots=True)
class Range:
    """Alternatives, of which one must hold with all of its parts."""

    alternatives: tuple[tuple[_Part, ...], ...]

    @classmethod
    def parse(cls, text: str) -> Range:
        """Raises `NoRange`."""
        if len(text) > 2 * _LONGEST:
            raise NoRange("a range of versions is longer than 512 characters")
        alternatives = _HYPHENS.sub(r">=\1, <=\2", text).split("||")
        if len(alternatives) > _ALTERNATIVES:
            raise NoRange(f"{text} has more than {_ALTERNATIVES} alternatives")
        return cls(tuple(_parts(each, text) for each in alternatives))

    def holds(self, version: Version) -> bool:
        return any(
            (not version.pre or any(part.version.pre for part in parts))
            and all(part.holds(version) for part in parts)
            for parts in self.alternatives
        )


def _parts(text: str, whole: str) -> tuple[_Part, ...]:
    found: list[_Part] = []
    at = len(text) - len(text.lstrip())
    end = len(text.rstrip())
    while True:
        match = _PART.match(text, at, end)
        if match is None:
            raise NoRange(f"{whole} is neither a version nor a range of versions")
        found.append(_part(match, whole))
        at = match.end()
        if at == end:
            return tuple(found)
        between = _BETWEEN.match(text, at)
        if between is None:
            raise NoRange(f"{whole} is neither a version nor a range of versions")
        at = between.end()


def _part(match: re.Match[str], whole: str) -> _Part:
    written = match.group(2, 3, 4)
    given = next((i for i, number in enumerate(written) if number in (None, "x", "X", "*")), 3)
    numbers = written[:given] + ("0",) * (3 - given)
    if not all(number.isdigit() for number in numbers):
        raise NoRange(f"{whole} is neither a version nor a range of versions")
    version = Version.parse(".".join(numbers) + (match[5] or ""))
    if version is None:
        raise NoRange(f"{whole} is neither a version nor a range of versions")
    return _Part(match[1], version, given)
