"""The checklist as an issue: what stands in it, and in which order.

What is done is computed and has no box. Nothing in the body mentions anybody, and nothing depends on the time, so
that the body changes only when the repository does. Whatever became of a tick stands in the line of its box.
"""

from __future__ import annotations

from collections.abc import Iterable

from bot.formats.doctor.answering import Answering
from bot.formats.doctor.boxes import RESCAN
from bot.formats.doctor.items import checklist, upgrade_path
from bot.formats.doctor.links import Link, linked_places
from bot.formats.doctor.proposals import declined, fixes, opened
from bot.formats.doctor.shown import Shown
from bot.formats.writing.grouping import by_topic
from bot.formats.writing.markdown import code, safe
from checks.model import Severity
from checks.wording import plural

MARK = "<!-- argofix:dashboard -->"
CLOSED = "<!-- argofix:dashboard-closed -->"
TITLE = "Argo CD: the checklist"
MOST_BYTES = 60_000  # GitHub takes 65,536 characters
_FOR_THE_REST = 6_000  # bytes for what is remembered in it, and for why it is closed
_MOST_FINDINGS = 10
_NO_BOXES = (
    "argofix can keep no issue in this repository, so there are no boxes to tick. On a checkout `argofix fix`, "
    "`argofix add ITEM` and `argofix bump` make the same edits."
)


def body_of(shown: Shown, link: Link) -> str:
    """The body, in no more bytes than GitHub takes; what does not fit is left out from the end, and that is said."""
    told = Answering(shown)
    parts = (
        _needs_you(shown, link),
        fixes(shown, told),
        opened(shown, told),
        declined(shown, told),
        upgrade_path(shown, told, link),
        checklist(shown, told, link),
    )
    sections = [section for section in (told.gone(), *parts) if section]  # last, what no line of theirs has told
    head, foot = [MARK, _state(shown), ""], ["", *_footer(shown, told)]
    room = MOST_BYTES - _FOR_THE_REST - _bytes([*head, *foot]) - 200
    lines: list[str] = []
    left = 0
    for line in (line for section in sections for line in (*section, "")):
        room -= _bytes([line])
        if room >= 0:
            lines.append(line)
        elif line and not line.startswith("#"):
            left += 1
    while left and lines and (not lines[-1] or lines[-1].startswith("#")):
        lines.pop()
    if left:
        rest = f"{plural('more line', left)} left out for want of room: `argofix doctor` shows all of them."
        lines += ["", rest]
    return "\n".join([*head, *lines, *foot]).rstrip() + "\n"


def closed_body(body: str, why: str) -> str:
    """The body of an issue that we close ourselves, with the reason (Markdown) as its last line."""
    return f"{body.rstrip()}\n\n{CLOSED}\n{why}\n"


def _state(shown: Shown) -> str:
    counts = {
        severity: sum(1 for f in shown.evaluation.findings if f.severity is severity and f.suppressed is None)
        for severity in (Severity.ERROR, Severity.WARNING)
    }
    text = f"{plural('error', counts[Severity.ERROR])}, {plural('warning', counts[Severity.WARNING])}"
    offered = len(shown.offered())
    fixes = f"; {plural('fix', offered)} can be opened" if offered else ""
    return f"{text} on {code(shown.branch)} at {code(shown.commit[:7])}{fixes}."


def _needs_you(shown: Shown, link: Link) -> list[str]:
    """What is wrong and no fix settles, the gravest first."""
    found = [
        f
        for f in shown.evaluation.findings
        if f.severity is not Severity.NOTICE
        and f.suppressed is None
        and f.fix is None
        and shown.evaluation.plan_for(f) is None
    ]
    groups = by_topic(found)
    if not groups:
        return []
    lines: list[str] = []
    for group in groups[:_MOST_FINDINGS]:
        topic = group[0].topic
        lines.append(
            f"- **{group[0].severity.value.capitalize()}**: {safe(topic.title)} ({linked_places(group, link)})"
            + (f". {safe(topic.advice)}" if topic.advice else "")
        )
        lines += [f"  {code(line)}" for line in topic.commands.splitlines()[:1] if "\n" not in topic.commands.strip()]
    if len(groups) > _MOST_FINDINGS:
        lines.append(f"- and {len(groups) - _MOST_FINDINGS} more: `argofix check` lists them")
    return ["### Needs you", "", *lines]


def _footer(shown: Shown, told: Answering) -> list[str]:
    if not shown.boxes:
        return [_NO_BOXES]
    return [
        "---",
        "",
        told.box(RESCAN, "Look again"),
        "",
        "argofix writes this text anew whenever it changes, and what is written into it by hand is lost. Whoever "
        "may push may tick boxes. An item that nobody wants is named in `checklist` of `.github/argofix.yaml`. "
        "Closing this issue switches it off; `/argofix dashboard` in a comment switches it on again. What the "
        "rules mean: `argofix explain RULE`.",
    ]


def _bytes(lines: Iterable[str]) -> int:
    return sum(len(line.encode()) + 1 for line in lines)
