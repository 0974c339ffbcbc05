"""Sprig: semver and semverCompare (Masterminds/semver v3)."""

from __future__ import annotations

from typing import Final

from gitops.gotemplate import masterminds
from gitops.gotemplate.errors import TemplateError
from gitops.gotemplate.functions.registry import Library
from gitops.gotemplate.values import Int64, Version

LIBRARY: Final = Library()
_LARGEST: Final = 2**63 - 1  # what fits a field as templates count


def _parse(text: str) -> masterminds.Version:
    found = masterminds.Version.parse(text)
    if found is None or max(found.numbers) > _LARGEST:
        raise TemplateError(f"{text[:60]!r} is not a semantic version")
    return found


@LIBRARY.add("semver", "s")
def _semver(text: str) -> Version:
    version = _parse(text)
    major, minor, patch = version.numbers
    build = text.partition("+")[2]
    shown = f"{major}.{minor}.{patch}" + (f"-{version.pre}" if version.pre else "") + (f"+{build}" if build else "")
    fields = {
        "Major": Int64(major),
        "Minor": Int64(minor),
        "Patch": Int64(patch),
        "Prerelease": version.pre,
        "Metadata": build,
        "Original": text,
    }
    return Version(shown, fields)


@LIBRARY.add("semverCompare", "ss")
def _semver_compare(constraint: str, text: str) -> bool:
    try:
        wanted = masterminds.Range.parse(constraint)
    except masterminds.NoRange:
        raise TemplateError(f"{constraint.strip()[:60]!r} is not a version constraint") from None
    return wanted.holds(_parse(text))
