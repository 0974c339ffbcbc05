"""The checklist as an issue: what stands in it, and the boxes that people tick.

A box is a request and its hidden comment is its key; what is done is computed and has no box. Nothing in the body
mentions anybody, and nothing depends on the time, so that the body changes only when the repository does.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import quote, unquote

from bot.formats.github.proposal import title as title_of
from bot.formats.writing.grouping import by_topic
from bot.formats.writing.markdown import code, plain, safe
from bot.github.model import PullRequest
from checks.judgement.checklist import Entry, State
from checks.judgement.evaluation import Evaluation
from checks.model import Finding, Severity
from checks.planning.ownership.plan import FixPlan
from checks.wording import listed, plural
from gitops.files.spans import Span

MARK = "<!-- argofix:dashboard -->"
CLOSED = "<!-- argofix:dashboard-closed -->"
TITLE = "Argo CD: the checklist"
RESCAN = "rescan"
MOST_BYTES = 60_000  # GitHub takes 65,536 characters
_MOST_FIXES = 20
_MOST_FINDINGS = 10
_MOST_PLACES = 3
_BOX = re.compile(r"^- \[(?P<tick>[ xX])\] <!-- (?P<key>(?:fix|again):[^\s<>]+|rescan) -->", re.MULTILINE)

Link = Callable[[Span], str]


@dataclass(frozen=True, slots=True)
class Shown:
    """What the issue is about: the default branch at a commit, its checklist, our pull requests there by their
    branches. `branches` has each plan's branch; `answers` what became of ticks, by key."""

    evaluation: Evaluation
    entries: Sequence[Entry]
    branch: str
    commit: str
    plans: Mapping[str, FixPlan]
    opened: Mapping[str, PullRequest]
    declined: Mapping[str, PullRequest]
    answers: Mapping[str, str] = field(default_factory=dict)


def box(key: str) -> str:
    """The beginning of a line with a box."""
    return f"- [ ] <!-- {key} -->"


def fix_key(plan_key: str) -> str:
    return f"fix:{quote(plan_key, safe='')}"


def again_key(branch: str) -> str:
    return f"again:{quote(branch, safe='')}"


def subject_of(key: str) -> str:
    """What the key of a box names, behind its kind."""
    return unquote(key.partition(":")[2])


def boxes_of(body: str) -> dict[str, bool]:
    """Every box of a body by its key, and whether it is ticked. Of a key that stands twice any tick counts."""
    found: dict[str, bool] = {}
    for match in _BOX.finditer(body.replace("\r\n", "\n")):
        found[match["key"]] = found.get(match["key"], False) or match["tick"] != " "
    return found


def ticked_in(body: str, former: str = "") -> list[str]:
    """The boxes that are ticked, and were not before, in order."""
    before = boxes_of(former)
    return [key for key, ticked in boxes_of(body).items() if ticked and not before.get(key, False)]


def body_of(shown: Shown, link: Link) -> str:
    """The body, in no more bytes than GitHub takes; what does not fit is left out from the end, and that is said."""
    sections = [
        section
        for section in (
            _answers(shown),
            _needs_you(shown, link),
            _fixes(shown),
            _open(shown),
            _declined(shown),
            _checklist(shown, link),
        )
        if section
    ]
    head, foot = [MARK, _state(shown), ""], ["", *_footer(shown)]
    room = MOST_BYTES - _bytes([*head, *foot]) - 200
    lines: list[str] = []
    left = 0
    for line in (line for section in sections for line in (*section, "")):
        room -= _bytes([line])
        if room >= 0:
            lines.append(line)
        elif line:
            left += 1
    if left:
        lines.append(f"{plural('more line', left)} left out for want of room: `argofix doctor` shows all of them.")
    return "\n".join([*head, *lines, *foot]).rstrip() + "\n"


def closed_body(body: str, why: str) -> str:
    """The body of an issue that we close ourselves, with the reason as its last line."""
    return f"{body.rstrip()}\n\n{CLOSED}\n{safe(why)}\n"


def _bytes(lines: Iterable[str]) -> int:
    return sum(len(line.encode()) + 1 for line in lines)


def _state(shown: Shown) -> str:
    counts = {
        severity: sum(1 for f in shown.evaluation.findings if f.severity is severity and f.suppressed is None)
        for severity in (Severity.ERROR, Severity.WARNING)
    }
    text = f"{plural('error', counts[Severity.ERROR])}, {plural('warning', counts[Severity.WARNING])}"
    return f"{text} on {code(shown.branch)} at {code(shown.commit[:7])}."


def _answers(shown: Shown) -> list[str]:
    if not shown.answers:
        return []
    return ["### Answers", "", *(f"- {_named(key)}: {text}" for key, text in shown.answers.items())]


def _named(key: str) -> str:
    return "Look again" if key == RESCAN else code(subject_of(key))


def _needs_you(shown: Shown, link: Link) -> list[str]:
    """Errors that no fix settles."""
    found = [
        f
        for f in shown.evaluation.findings
        if f.severity is Severity.ERROR and f.suppressed is None and shown.evaluation.plan_for(f) is None
    ]
    groups = by_topic(found)
    if not groups:
        return []
    lines = [f"- {safe(group[0].topic.title)} ({_places(group, link)})" for group in groups[:_MOST_FINDINGS]]
    if len(groups) > _MOST_FINDINGS:
        lines.append(f"- and {len(groups) - _MOST_FINDINGS} more: `argofix check` lists them")
    return ["### Needs you", "", *lines]


def _places(findings: Sequence[Finding], link: Link) -> str:
    spans = list(dict.fromkeys(finding.span for finding in findings))
    return listed([f"[{code(str(span))}]({link(span)})" for span in spans], _MOST_PLACES)


def _fixes(shown: Shown) -> list[str]:
    """One box for each fix that is not open, and that nobody closed."""
    plans = {
        branch: plan
        for branch, plan in shown.plans.items()
        if branch not in shown.opened and branch not in shown.declined
    }
    if not plans:
        return []
    lines = [
        f"{box(fix_key(plan.key))} {safe(title_of(plan))} ({plural('file', len({e.span.path for e in plan.edits}))}, "
        "proven by rendering)"
        for plan in list(plans.values())[:_MOST_FIXES]
    ]
    if len(plans) > _MOST_FIXES:
        lines.append(f"- and {len(plans) - _MOST_FIXES} more: `argofix fix` shows them")
    return ["### Can be fixed", "", "Tick a box, and argofix opens the pull request.", "", *lines]


def _open(shown: Shown) -> list[str]:
    if not shown.opened:
        return []
    return [
        "### Open pull requests",
        "",
        *(f"- #{pull.number} {plain(pull.title)}" for pull in _sorted(shown.opened)),
    ]


def _declined(shown: Shown) -> list[str]:
    """Those that somebody closed: none is opened again without the tick."""
    declined = {b: pull for b, pull in shown.declined.items() if b in shown.plans and b not in shown.opened}
    if not declined:
        return []
    lines = [f"{box(again_key(branch))} #{pull.number} {plain(pull.title)}" for branch, pull in declined.items()]
    return ["### Declined", "", "Somebody closed these. Tick a box to have one opened again.", "", *lines]


def _sorted(pulls: Mapping[str, PullRequest]) -> list[PullRequest]:
    return sorted(pulls.values(), key=lambda pull: pull.number)


def _checklist(shown: Shown, link: Link) -> list[str]:
    return ["### Checklist", "", *(_item(entry, link) for entry in shown.entries)]


def _item(entry: Entry, link: Link) -> str:
    title = safe(entry.title)
    match entry.state:
        case State.DONE:
            return f"- **Done**: {title}" + (f". {safe(entry.why)}" if entry.why else "")
        case State.NOT_WANTED:
            return f"- ~~{title}~~ (not wanted: {safe(entry.why)})"
        case State.UNKNOWN:
            return f"- **Not known**: {title}. {safe(entry.why)}"
        case State.OPEN:
            groups = by_topic(entry.findings)
            more = f", and {len(groups) - 1} more" if len(groups) > 1 else ""
            return f"- **To do**: {title}: {safe(groups[0][0].topic.title)} ({_places(groups[0], link)}){more}"


def _footer(shown: Shown) -> list[str]:
    return [
        f"{box(RESCAN)} Look again",
        "",
        "---",
        "argofix writes this text anew whenever it changes, and what is written into it by hand is lost. Whoever may "
        "push may tick boxes. An item that nobody wants is named in `checklist` of `.github/argofix.yaml`. Closing "
        "this issue switches it off; `/argofix dashboard` in a comment switches it on again.",
    ]
