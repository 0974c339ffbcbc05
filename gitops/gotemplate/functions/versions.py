"""Sprig: semver and semverCompare (Masterminds/semver v3), without prerelease ranges' finer points."""

from __future__ import annotations

import re
from typing import Final

from gitops.gotemplate.errors import TemplateError
from gitops.gotemplate.functions.registry import Library
from gitops.gotemplate.values import Int64, Version

LIBRARY: Final = Library()
_VERSION: Final = re.compile(
    r"v?(\d{1,18})(?:\.(\d{1,18}))?(?:\.(\d{1,18}))?(?:-([0-9A-Za-z.-]+))?(?:\+([0-9A-Za-z.-]+))?"
)
_TERM: Final = re.compile(r"\s*(=|!=|>=|=>|<=|=<|>|<|~>|~|\^)?\s*(v?[0-9xX*][0-9A-Za-z.*+-]*)")
_Key = tuple[int, int, int, tuple[tuple[int, int, str], ...]]


def _parse(text: str) -> tuple[int, int, int, str, str]:
    found = _VERSION.fullmatch(text)
    if not found:
        raise TemplateError(f"{text[:60]!r} is not a semantic version")
    major, minor, patch, pre, build = found.groups()
    return int(major), int(minor or 0), int(patch or 0), pre or "", build or ""


def _key(version: tuple[int, int, int, str, str]) -> _Key:
    major, minor, patch, pre, _ = version
    # A release is above its prereleases: the marker (1, ...) sorts behind every prerelease part.
    parts = tuple((0, int(p), "") if p.isdigit() else (1, 0, p) for p in pre.split(".")) if pre else ((2, 0, ""),)
    return major, minor, patch, parts


@LIBRARY.add("semver", "s")
def _semver(text: str) -> Version:
    major, minor, patch, pre, build = _parse(text)
    shown = f"{major}.{minor}.{patch}" + (f"-{pre}" if pre else "") + (f"+{build}" if build else "")
    fields = {
        "Major": Int64(major),
        "Minor": Int64(minor),
        "Patch": Int64(patch),
        "Prerelease": pre,
        "Metadata": build,
        "Original": text,
    }
    return Version(shown, fields)


@LIBRARY.add("semverCompare", "ss")
def _semver_compare(constraint: str, text: str) -> bool:
    version = _parse(text)
    return any(_all_hold(part, version) for part in constraint.split("||"))


def _all_hold(part: str, version: tuple[int, int, int, str, str]) -> bool:
    part = re.sub(r"(?<!\S)(\S+)\s+-\s+(\S+)", r">=\1 <=\2", part).replace(",", " ").rstrip()
    at, terms = 0, []
    while at < len(part):
        found = _TERM.match(part, at)
        if not found:
            raise TemplateError(f"{part.strip()[:60]!r} is not a version constraint")
        terms.append((found.group(1) or "=", found.group(2)))
        at = found.end()
    if not terms:
        raise TemplateError("empty version constraint")
    if version[3] and not any("-" in wanted for _, wanted in terms):
        return False
    return all(_holds(sign, wanted, version) for sign, wanted in terms)


def _holds(sign: str, wanted: str, version: tuple[int, int, int, str, str]) -> bool:
    numbers = re.split(r"[-+]", wanted.removeprefix("v"), maxsplit=1)[0].split(".")
    given = next((i for i, part in enumerate(numbers) if part in ("x", "X", "*")), len(numbers))
    if given == 0:
        return True
    low = _parse(wanted if given == len(numbers) else ".".join(numbers[:given]))
    here, least = _key(version), _key(low)
    match sign:
        case ">":
            return here > least if given >= 3 else here[:given] > least[:given]
        case "<":
            return here < least
        case ">=" | "=>":
            return here >= least
        case "<=" | "=<":
            return here <= least if given >= 3 else here[:given] <= least[:given]
        case "!=":
            return here != least if given >= 3 else here[:given] != least[:given]
        case "~" | "~>":
            fixed = min(given, 2)
        case "^":
            fixed = next((i + 1 for i, n in enumerate(low[:3]) if n and i < given), given)
        case _:
            fixed = given
            if given >= 3:
                return here == least
    return here >= least and here[:fixed] == least[:fixed]
