"""The three glob dialects that git generators meet.

- Directories: Go's path.Match; `*` and `?` stop at `/`, classes negate with `^`.
- Files: `git ls-files -- <pattern>`, so a pathspec: `*` crosses `/`, and a plain path also names all below it
  (util/git/client.go LsFiles; gitglossary "pathspec"; git's wildmatch.c without WM_PATHNAME).
- Files, where the operator sets ARGOCD_APPLICATIONSET_CONTROLLER_ENABLE_NEW_GIT_FILE_GLOBBING: bmatcuk/doublestar
  (docs/operator-manual/applicationset/Generators-Git-File-Globbing.md).
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

MAX_PATTERN: Final = 1_000
_MAX_ALTERNATIVES: Final = 200
_POSIX: Final[dict[str, Callable[[str], bool]]] = {
    "alnum": str.isalnum,
    "alpha": str.isalpha,
    "blank": lambda c: c in " \t",
    "digit": str.isdigit,
    "lower": str.islower,
    "punct": lambda c: c.isprintable() and not c.isalnum() and not c.isspace(),
    "space": str.isspace,
    "upper": str.isupper,
    "xdigit": lambda c: c in "0123456789abcdefABCDEF",
}


class BadPattern(ValueError):
    """The pattern's syntax is wrong (path.ErrBadPattern)."""


@dataclass(frozen=True, slots=True)
class _Char:
    char: str


@dataclass(frozen=True, slots=True)
class _Class:
    negated: bool
    ranges: tuple[tuple[str, str], ...]
    named: tuple[str, ...] = ()

    def holds(self, char: str) -> bool:
        inside = any(low <= char <= high for low, high in self.ranges) or any(_POSIX[n](char) for n in self.named)
        return inside != self.negated


_ANY: Final = "?"
_STAR: Final = "*"
_Step = _Char | _Class | str


@lru_cache(maxsize=1024)
def _compile(pattern: str, git: bool) -> tuple[_Step, ...]:
    if len(pattern) > MAX_PATTERN:
        raise BadPattern(pattern[:60])
    steps: list[_Step] = []
    at = 0
    while at < len(pattern):
        char = pattern[at]
        at += 1
        if char == "*":
            if not steps or steps[-1] is not _STAR:
                steps.append(_STAR)
        elif char == "?":
            steps.append(_ANY)
        elif char == "[":
            found, at = _class(pattern, at, git)
            steps.append(found)
        elif char == "\\":
            if at >= len(pattern):
                raise BadPattern(pattern)
            steps.append(_Char(pattern[at]))
            at += 1
        else:
            steps.append(_Char(char))
    return tuple(steps)


def _class(pattern: str, at: int, git: bool) -> tuple[_Class, int]:
    negated = pattern[at : at + 1] in (("^", "!") if git else ("^",))
    at += negated
    ranges: list[tuple[str, str]] = []
    named: list[str] = []
    start = at
    while True:
        char = pattern[at : at + 1]
        if char == "]" and (at > start or not git):
            if at == start:
                raise BadPattern(pattern)
            return _Class(negated, tuple(ranges), tuple(named)), at + 1
        if git and pattern.startswith("[:", at) and (end := pattern.find(":]", at)) > 0:
            if pattern[at + 2 : end] not in _POSIX:
                raise BadPattern(pattern)
            named.append(pattern[at + 2 : end])
            at = end + 2
            continue
        low, at = _class_char(pattern, at, git)
        high = low
        if pattern[at : at + 1] == "-" and (not git or pattern[at + 1 : at + 2] not in ("]", "")):
            high, at = _class_char(pattern, at + 1, git)
        ranges.append((low, high))


def _class_char(pattern: str, at: int, git: bool) -> tuple[str, int]:
    char = pattern[at : at + 1]
    if not char or (char in "-]" and not git):
        raise BadPattern(pattern)
    if char == "\\":
        at += 1
        char = pattern[at : at + 1]
        if not char:
            raise BadPattern(pattern)
    # Go reads the character and then wants more pattern behind it: the class must still be closed.
    if at + 1 >= len(pattern):
        raise BadPattern(pattern)
    return char, at + 1


def _matches(steps: tuple[_Step, ...], name: str, across: bool) -> bool:
    """Greedy with one way back, to the last star: linear in steps times characters at worst."""
    at = here = 0
    star = resume = -1
    while here < len(name):
        step = steps[at] if at < len(steps) else None
        if step is _STAR:
            star, resume = at, here
            at += 1
            continue
        char = name[here]
        if step is not None and (across or char != "/" or isinstance(step, _Char)):
            fits = char == step.char if isinstance(step, _Char) else not isinstance(step, _Class) or step.holds(char)
            if fits:
                at, here = at + 1, here + 1
                continue
        if star < 0 or (not across and name[resume] == "/"):
            return False
        resume += 1
        at, here = star + 1, resume
    return all(step is _STAR for step in steps[at:])


def literal_prefix(pattern: str) -> str:
    """What every match of `pattern` starts with, in each of the three dialects."""
    special = next((i for i, char in enumerate(pattern) if char in "*?[\\{"), len(pattern))
    literal = pattern[:special]
    return "" if literal.startswith(".") else literal.rstrip("/")


def path_match(pattern: str, name: str) -> bool:
    """Go's path.Match. Raises `BadPattern`."""
    return _matches(_compile(pattern, False), name, across=False)


def pathspec_match(pattern: str, path: str) -> bool:
    """Whether `git ls-files -- pattern`, run at the root, lists the file `path`. Raises `BadPattern`."""
    literal = pattern.removeprefix("./")
    if not literal or literal == "." or path == literal or path.startswith(literal.rstrip("/") + "/"):
        return True
    try:
        return _matches(_compile(literal, True), path, across=True)
    except BadPattern:
        return False  # git takes an unclosed class for no match and says nothing


@lru_cache(maxsize=256)
def _alternatives(pattern: str) -> tuple[str, ...]:
    """doublestar's {a,b}, written out."""
    opened = depth = -1
    parts: list[int] = []
    for i, char in enumerate(pattern):
        if i and pattern[i - 1] == "\\":
            continue
        if char == "{":
            opened, depth = (i, 0) if opened < 0 else (opened, depth + 1)
        elif char == "," and opened >= 0 and depth == 0:
            parts.append(i)
        elif char == "}" and opened >= 0:
            if depth:
                depth -= 1
                continue
            edges = [opened, *parts, i]
            made = [
                whole
                for a, b in itertools.pairwise(edges)
                for whole in _alternatives(pattern[:opened] + pattern[a + 1 : b] + pattern[i + 1 :])
            ]
            if len(made) > _MAX_ALTERNATIVES:
                raise BadPattern(pattern[:60])
            return tuple(made)
    if opened >= 0:
        raise BadPattern(pattern)
    return (pattern,)


def doublestar_match(pattern: str, path: str) -> bool:
    """bmatcuk/doublestar: `**` as a whole component stands for any number of directories. Raises `BadPattern`."""
    names = path.split("/")
    return any(_components(alternative.split("/"), names) for alternative in _alternatives(pattern))


def _components(patterns: list[str], names: list[str]) -> bool:
    reached = {0}  # how many names the patterns so far can have used
    for pattern in patterns:
        if pattern == "**":
            reached = set(range(min(reached), len(names) + 1))
        else:
            steps = _compile(pattern, True)
            reached = {i + 1 for i in reached if i < len(names) and _matches(steps, names[i], across=False)}
        if not reached:
            return False
    return len(names) in reached
