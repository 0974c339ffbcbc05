"""As much of PromQL as tells which metrics an expression reads, and that it cannot be read at all.

Source: prometheus.io/docs/prometheus/latest/querying/basics (selectors and matchers), promql/parser/lex.go. Nothing
is evaluated; an expression without a mistake that is seen here may still be refused.
"""

from __future__ import annotations

import re
from typing import Final

_STRING: Final = re.compile(r"\"(?:[^\"\\]|\\.)*\"|'(?:[^'\\]|\\.)*'|`[^`]*`", re.DOTALL)
_COMMENT: Final = re.compile(r"#[^\n]*")
_SELECTOR: Final = re.compile(r"\{([^{}]*)\}")
# Strings are already taken out when a selector is looked at, each has become `"0"`, `"1"`...
_MATCHER: Final = re.compile(r"\s*(?:[a-zA-Z_][a-zA-Z0-9_]*|\"\d+\")\s*(?:=~|!~|!=|=)\s*\"\d+\"\s*|\s*\"\d+\"\s*")
_GROUPING: Final = re.compile(r"\b(?:by|without|on|ignoring|group_left|group_right)\s*\([^()]*\)")
_NAME: Final = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*")
_JOB: Final = re.compile(r"\bup\s*\{[^{}]*?\bjob\s*=\s*(\"\d+\")")
_PAIRS: Final = {")": "(", "]": "[", "}": "{"}


def _plain(expression: str) -> tuple[str, list[str]]:
    """The expression with its strings as numbers, and the strings."""
    strings: list[str] = []

    def take(match: re.Match[str]) -> str:
        strings.append(match[0][1:-1])
        return f'"{len(strings) - 1}"'

    return _COMMENT.sub("", _STRING.sub(take, expression)), strings


def metrics_in(expression: str) -> frozenset[str]:
    """Every name that stands where a metric or a function does."""
    text, _ = _plain(expression)
    text = _GROUPING.sub(" ", _SELECTOR.sub(" ", text))
    return frozenset(_NAME.findall(re.sub(r"\"\d+\"", " ", text)))


def jobs_in(expression: str) -> frozenset[str]:
    """The jobs that `up{job="..."}` asks for by their very names."""
    text, strings = _plain(expression)
    return frozenset(strings[int(found.strip('"'))] for found in _JOB.findall(text))


def problem_of(expression: str) -> str | None:
    """Why Prometheus refuses an expression, one clause; None where nothing is seen."""
    text, _ = _plain(expression)
    if not text.strip():
        return "it is empty"
    open_: list[str] = []
    for char in text:
        if char in "([{":
            open_.append(char)
        elif char in _PAIRS and (not open_ or open_.pop() != _PAIRS[char]):
            return f"a `{char}` closes nothing"
    if open_:
        return f"a `{open_[-1]}` is not closed"
    for inside in _SELECTOR.findall(text):
        matchers = inside.split(",")
        if matchers and not matchers[-1].strip():
            matchers.pop()  # a comma may stand at the end
        wrong = next((each for each in matchers if _MATCHER.fullmatch(each) is None), None)
        if wrong is not None:
            name = _NAME.search(wrong)
            return f"`{name[0] if name else '{}'}` in braces is matched by no `=`, `!=`, `=~` or `!~` with a string"
    return None
