"""Sprig: regular expressions (sprig regex.go).

Go's RE2 runs in linear time; Python's `re` does not. So a pattern is translated only when the number of ways it can
try on the given text, estimated from its quantifiers, is small; otherwise the template is refused with the reason.
"""

from __future__ import annotations

import re
import warnings
from functools import lru_cache
from typing import Final

from gitops.gotemplate.errors import TemplateError, TooCostly
from gitops.gotemplate.functions.registry import Library
from gitops.gotemplate.functions.strings import bounded
from gitops.gotemplate.values import NilStrings, StringList

LIBRARY: Final = Library()


class _NoPattern(TemplateError):
    """Go cannot compile it."""


MAX_PATTERN: Final = 500
MAX_TRIES: Final = 2_000_000
_REPEAT: Final = re.compile(r"[*+?]\??|\{(\d{1,4})(,(\d{0,4}))?\}\??")
_NOT_IN_RE2: Final = re.compile(r"\(\?(?:[=!>(#]|<[=!]|P=)|\\[1-9]")
_POSIX: Final = {
    "alpha": "A-Za-z",
    "digit": "0-9",
    "alnum": "0-9A-Za-z",
    "upper": "A-Z",
    "lower": "a-z",
    "space": r"\t\n\v\f\r ",
    "punct": r"!-/:-@\[-`{-~",
    "xdigit": "0-9A-Fa-f",
    "word": r"0-9A-Za-z_",
}


@lru_cache(maxsize=256)
def _translated(pattern: str) -> re.Pattern[str]:
    if len(pattern) > MAX_PATTERN:
        raise TooCostly(f"a regular expression of the template is longer than {MAX_PATTERN} characters")
    if _NOT_IN_RE2.search(pattern):
        raise _NoPattern("a regular expression uses what Go's RE2 does not have")
    if re.search(r"\\[pPQEC]", pattern):
        raise TemplateError("a regular expression uses a class that argofix cannot evaluate")
    text = re.sub(r"\[:(\w+):\]", lambda m: _POSIX.get(m.group(1), m.group()), pattern)
    text = re.sub(r"(?<!\\)((?:\\\\)*)\$", r"\1\\Z", text) if "(?m" not in text else text
    text = text.replace("\\z", "\\Z").replace("(?<", "(?P<").replace("(?P<=", "(?<=")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Python announces nested sets, which RE2 does not have
            return re.compile(text, re.ASCII)
    except (re.error, OverflowError, RecursionError):
        raise _NoPattern(f"error parsing regexp: {pattern[:60]!r}") from None


def _tries(pattern: str, size: int) -> int:
    """An upper estimate of the paths that backtracking can take over `size` characters."""
    tries, at, groups, in_class = size + 1, 0, [False], False
    while at < len(pattern):
        char = pattern[at]
        if char == "\\":
            at += 2
            continue
        if in_class:
            in_class = char != "]"
        elif char == "[":
            in_class = True
            at += 2 if pattern[at + 1 : at + 2] == "^" else 1
        elif char == "(":
            groups.append(False)
            at += 2 if pattern[at + 1 : at + 2] == "?" else 0
        elif char == "|":
            groups[-1] = True
            tries *= 2
        elif char == ")" and len(groups) > 1:
            varies = groups.pop()
            groups[-1] = groups[-1] or varies
            repeat = _REPEAT.match(pattern, at + 1)
            if varies and repeat and repeat.group()[0] != "?":
                return MAX_TRIES + 1
        elif repeat := _REPEAT.match(pattern, at):
            low, comma, high = repeat.groups()
            choices = 2 if char == "?" else size + 1
            if char == "{":
                choices = 1 if not comma else (int(high) - int(low) + 1 if high else size + 1)
            tries *= max(choices, 1)
            groups[-1] = groups[-1] or choices > 1
            at += len(repeat.group())
            continue
        at += 1
        if tries > MAX_TRIES:
            break
    return tries


def _compiled(pattern: str, text: str) -> re.Pattern[str]:
    compiled = _translated(pattern)
    if _tries(pattern, len(text)) > MAX_TRIES:
        raise TooCostly(f"the regular expression {pattern[:60]!r} may take too long")
    return compiled


def _cost(pattern: str, text: str, *_: object) -> int:
    return min(_tries(pattern, len(text)), MAX_TRIES) // 50


@LIBRARY.add("mustRegexMatch", "ss", cost=_cost)
def _must_match(pattern: str, text: str) -> bool:
    return _compiled(pattern, text).search(text) is not None


@LIBRARY.add("regexMatch", "ss", cost=_cost)
def _match(pattern: str, text: str) -> bool:
    try:
        return _compiled(pattern, text).search(text) is not None
    except _NoPattern:
        return False  # sprig passes over the error here, and panics in the others


@LIBRARY.add("regexFind mustRegexFind", "ss", cost=_cost)
def _find(pattern: str, text: str) -> str:
    found = _compiled(pattern, text).search(text)
    return found.group() if found else ""


@LIBRARY.add("regexFindAll mustRegexFindAll", "ssi", cost=_cost)
def _find_all(pattern: str, text: str, count: int) -> StringList:
    found = [m.group() for m in _compiled(pattern, text).finditer(text)]
    return StringList(found if count < 0 else found[:count]) or NilStrings()


def _expanded(template: str, match: re.Match[str]) -> str:
    """regexp.Expand: $1, ${1}, $name; a reference to nothing is empty, the longest name wins."""

    def group(found: re.Match[str]) -> str:
        if found.group() == "$$":
            return "$"
        name = found.group(1) or found.group(2)
        try:
            return match.group(int(name) if name.isdigit() else name) or ""
        except IndexError:
            return ""

    return re.sub(r"\$\$|\$\{(\w+)\}|\$(\w+)", group, template)


@LIBRARY.add("regexReplaceAll mustRegexReplaceAll", "sss", cost=_cost)
def _replace_all(pattern: str, text: str, replacement: str) -> str:
    bounded(len(text) + 1, len(replacement) // 2 or 1)
    return _compiled(pattern, text).sub(lambda m: _expanded(replacement, m), text)


@LIBRARY.add("regexReplaceAllLiteral mustRegexReplaceAllLiteral", "sss", cost=_cost)
def _replace_all_literal(pattern: str, text: str, replacement: str) -> str:
    bounded(len(text) + 1, len(replacement))
    return _compiled(pattern, text).sub(lambda _: replacement, text)


@LIBRARY.add("regexSplit mustRegexSplit", "ssi", cost=_cost)
def _split(pattern: str, text: str, count: int) -> StringList:
    compiled = _compiled(pattern, text)
    if count == 0:
        return NilStrings()
    parts: list[str] = []
    at = 0
    for found in compiled.finditer(text):
        if 0 < count <= len(parts) + 1:
            break
        if found.end() == 0 or (found.start() == found.end() == len(text)):
            continue
        parts.append(text[at : found.start()])
        at = found.end()
    return StringList([*parts, text[at:]])


@LIBRARY.add("regexQuoteMeta", "s")
def _quote_meta(text: str) -> str:
    return re.sub(r"([\\.+*?()|\[\]{}^$])", r"\\\1", text)
