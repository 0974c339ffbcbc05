"""Places in files as links, as they stand in the checklist's issue."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from bot.formats.writing.markdown import code
from checks.model import Finding
from checks.wording import listed
from gitops.files.spans import Span

_MOST_PLACES = 3

Link = Callable[[Span], str]


def linked(spans: Sequence[Span], link: Link) -> str:
    return listed([f"[{code(str(span))}]({link(span)})" for span in dict.fromkeys(spans)], _MOST_PLACES)


def linked_places(findings: Sequence[Finding], link: Link) -> str:
    return linked([finding.span for finding in findings], link)
