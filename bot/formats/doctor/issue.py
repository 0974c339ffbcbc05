"""The checklist as an issue: what stands in it, and the boxes that people tick (`bot.formats.doctor.boxes`).

What is done is computed and has no box. Nothing in the body mentions anybody, and nothing depends on the time, so
that the body changes only when the repository does. Whatever became of a tick stands in the line of its box.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from bot.formats.doctor.boxes import RESCAN, add_key, again_key, box, bump_key, fix_key, subject_of
from bot.formats.github.proposal import title as title_of
from bot.formats.writing.grouping import by_topic
from bot.formats.writing.markdown import code, plain, safe
from bot.github.model import PullRequest
from checks.judgement.checklist import Entry, State
from checks.judgement.evaluation import Evaluation
from checks.judgement.upgrade import Path, Step
from checks.model import Finding, Severity
from checks.planning.ownership.plan import FixPlan
from checks.planning.ownership.prune import safety, summary_line
from checks.planning.repairs.plan import RepairPlan
from checks.policy.bumps import Level
from checks.wording import listed, plural
from gitops.files.spans import Span

MARK = "<!-- argofix:dashboard -->"
CLOSED = "<!-- argofix:dashboard-closed -->"
TITLE = "Argo CD: the checklist"
MOST_BYTES = 60_000  # GitHub takes 65,536 characters
_FOR_THE_REST = 6_000  # bytes for what is remembered in it, and for why it is closed
_MOST_FIXES = 20
_MOST_FINDINGS = 10
_MOST_PLACES = 3
_MOST_NOTES = 5
_ADDS = "argofix/add/"
_BUMPS = "argofix/bump/argo-cd-"
_NO_BOXES = (
    "argofix can keep no issue in this repository, so there are no boxes to tick. On a checkout `argofix fix`, "
    "`argofix add ITEM` and `argofix bump` make the same edits."
)
_RANK = (Severity.ERROR, Severity.WARNING, Severity.NOTICE)

Link = Callable[[Span], str]


@dataclass(frozen=True, slots=True)
class Shown:
    """What the issue is about: the default branch at a commit, its checklist, where Argo CD can go, our pull
    requests there by their branches. `plans` are the fixes by their branches; `answers` what became of ticks, by
    key; `waiting` the keys of requests that have no place yet, of `max_open`; without `boxes` it stands where
    nobody can tick any.
    """

    evaluation: Evaluation
    entries: Sequence[Entry]
    branch: str
    commit: str
    plans: Mapping[str, FixPlan | RepairPlan]
    opened: Mapping[str, PullRequest]
    declined: Mapping[str, PullRequest]
    paths: Sequence[Path] = ()
    answers: Mapping[str, str] = field(default_factory=dict)
    waiting: frozenset[str] = frozenset()
    max_open: int = 5
    boxes: bool = True

    @property
    def free(self) -> int:
        """How many fixes and additions may be opened."""
        return places_left(self.max_open, self.opened)

    def offered(self) -> Mapping[str, FixPlan | RepairPlan]:
        """Fixes that are neither open nor were declined, the gravest first."""
        rest = {b: plan for b, plan in self.plans.items() if b not in self.opened and b not in self.declined}
        return dict(sorted(rest.items(), key=lambda item: _gravest(item[1].findings)))


def limited(branch: str) -> bool:
    """Whether a pull request of this branch takes one of the places that `dashboard.maxOpen` gives."""
    return branch.startswith(("argofix/fix/", _ADDS))


def places_left(most: int, opened: Iterable[str]) -> int:
    """How many of these places are free beside pull requests of these branches."""
    return max(0, most - sum(limited(branch) for branch in opened))


def body_of(shown: Shown, link: Link) -> str:
    """The body, in no more bytes than GitHub takes; what does not fit is left out from the end, and that is said."""
    told = _Told(shown)
    parts = (_needs_you(shown, link), told.fixes(), told.open(), told.declined(), told.path(link), told.items(link))
    sections = [section for section in (told.answers(), *parts) if section]
    head, foot = [MARK, _state(shown), ""], ["", *told.footer()]
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


def statuses(shown: Shown) -> Mapping[str, str]:
    """How what each box stands for is now, in words of our own: an answer is kept for as long as that stays so."""
    found = {RESCAN: shown.commit}
    for branch, plan in shown.plans.items():
        at = _stands(shown, branch, ",".join(sorted(str(edit) for edit in plan.edits)))
        found[fix_key(plan.key)] = found[again_key(branch)] = at
    for entry in shown.entries:
        if entry.offer is not None:
            branch = f"{_ADDS}{entry.offer.name}"
            at = _stands(shown, branch, entry.offer.cannot)
            found[add_key(entry.offer.name)] = found[again_key(branch)] = at
    for path in shown.paths:
        for step in path.steps or () if path.moves else ():
            branch = f"{_BUMPS}{step.level.value}"
            found[bump_key(str(step.release.version))] = _stands(shown, branch, str(path.current))
    return found


def gone(commit: str) -> str:
    """The status of a key that stands for nothing any more."""
    return f"gone at {commit}"


def closed_body(body: str, why: str) -> str:
    """The body of an issue that we close ourselves, with the reason as its last line."""
    return f"{body.rstrip()}\n\n{CLOSED}\n{safe(why)}\n"


def _stands(shown: Shown, branch: str, offered: str) -> str:
    pull = shown.opened.get(branch)
    if pull is not None:
        return f"open {pull.number}"
    closed = shown.declined.get(branch)
    return f"declined {closed.number}" if closed is not None else f"offered {offered}"


def _gravest(findings: Iterable[Finding]) -> int:
    return min((_RANK.index(finding.severity) for finding in findings), default=len(_RANK))


def _bytes(lines: Iterable[str]) -> int:
    return sum(len(line.encode()) + 1 for line in lines)


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
    groups = sorted(by_topic(found), key=_gravest)
    if not groups:
        return []
    lines: list[str] = []
    for group in groups[:_MOST_FINDINGS]:
        topic = group[0].topic
        lines.append(
            f"- **{group[0].severity.value.capitalize()}**: {safe(topic.title)} ({_places(group, link)})"
            + (f". {safe(topic.advice)}" if topic.advice else "")
        )
        lines += [f"  {code(line)}" for line in topic.commands.splitlines()[:1] if "\n" not in topic.commands.strip()]
    if len(groups) > _MOST_FINDINGS:
        lines.append(f"- and {len(groups) - _MOST_FINDINGS} more: `argofix check` lists them")
    return ["### Needs you", "", *lines]


def _places(findings: Sequence[Finding], link: Link) -> str:
    return _linked([finding.span for finding in findings], link)


def _linked(spans: Sequence[Span], link: Link) -> str:
    return listed([f"[{code(str(span))}]({link(span)})" for span in dict.fromkeys(spans)], _MOST_PLACES)


class _Told:
    """The sections in which ticks are answered; an answer stands once, behind the first line of its key."""

    def __init__(self, shown: Shown) -> None:
        self._shown = shown
        self._left = dict(shown.answers)
        self._shown_keys = set(statuses(shown))

    def _box(self, key: str, text: str) -> str:
        if not self._shown.boxes:
            return f"- {text}{self._answer(key)}"
        waits = key in self._shown.waiting
        begin = f"- [x] <!-- {key} -->" if waits else box(key)
        said = f". **Waiting for a free place** ({self._taken()})" if waits else ""
        return f"{begin} {text}{said}{self._answer(key)}"

    def _taken(self) -> str:
        most = self._shown.max_open
        return f"all {most} are taken" if most > 1 else "there is one, and it is taken"

    def _answer(self, *keys: str) -> str:
        said = [self._left.pop(key) for key in keys if key in self._left]
        return "".join(f" — {text}" for text in said)

    def answers(self) -> list[str]:
        """What became of ticks whose box is gone."""
        lines = [f"- {code(subject_of(key))}: {text}" for key, text in self._gone()]
        return ["### Answers", "", *lines] if lines else []

    def _gone(self) -> list[tuple[str, str]]:
        found = [(key, text) for key, text in self._left.items() if key not in self._shown_keys]
        for key, _ in found:
            del self._left[key]
        return found

    def fixes(self) -> list[str]:
        """One box for each fix that is not open, and that nobody closed."""
        shown = self._shown
        plans = shown.offered()
        drops = {f.fix.title: f for f in shown.evaluation.findings if f.fix and f.drop and f.suppressed is None}
        if not plans and not drops:
            return []
        lines = []
        for plan in list(plans.values())[:_MOST_FIXES]:
            rules = listed([f"`{rule}`" for rule in dict.fromkeys(f.rule for f in plan.findings)], 2)
            files = plural("file", len({e.span.path for e in plan.edits}))
            key = fix_key(plan.key)
            full = not shown.free and key not in shown.waiting and key not in shown.answers
            rest = f". Waiting for a free place ({self._taken()})" if full else ""
            caution = f". {safe(plan.caution)}" if isinstance(plan, RepairPlan) and plan.caution else ""
            text = f"{safe(title_of(plan))} ({rules}, {files}, proven by rendering){caution}{rest}"
            lines.append(self._box(key, text))
        if len(plans) > _MOST_FIXES:
            lines.append(f"- and {len(plans) - _MOST_FIXES} more: `argofix check` lists them")
        lines += [
            f"- {safe(title)}: `argofix fix --write` does it on a checkout" for title in list(drops)[:_MOST_FIXES]
        ]
        told = ["Tick a box, and argofix opens the pull request.", ""] if plans and shown.boxes else []
        return ["### Can be fixed", "", *told, *lines]

    def open(self) -> list[str]:
        shown = self._shown
        if not shown.opened:
            return []
        lines = []
        for branch, pull in sorted(shown.opened.items(), key=lambda item: item[1].number):
            keys = self._keys_of(branch)
            lines.append(f"- #{pull.number} {plain(pull.title)}{self._gate(branch)}{self._answer(*keys)}")
        return ["### Open pull requests", "", *lines]

    def _gate(self, branch: str) -> str:
        """What has to be done before it is merged."""
        plan, evaluation = self._shown.plans.get(branch), self._shown.evaluation
        if isinstance(plan, RepairPlan):
            return f" (**waits for you**: {safe(plan.caution)})" if plan.caution else ""
        if plan is None or not safety(evaluation.snapshot, plan, evaluation.base).dangerous:
            return ""
        return f" (**waits for you**: {safe(summary_line(evaluation.snapshot, plan, evaluation.base))})"

    def _keys_of(self, branch: str) -> list[str]:
        plan = self._shown.plans.get(branch)
        keys = [again_key(branch)]
        if plan is not None:
            keys.append(fix_key(plan.key))
        if branch.startswith(_ADDS):
            keys.append(add_key(branch.removeprefix(_ADDS)))
        if branch.startswith(_BUMPS):
            keys += [
                bump_key(str(step.release.version))
                for path in self._shown.paths
                for step in path.steps or ()
                if branch == f"{_BUMPS}{step.level.value}"
            ]
        return keys

    def declined(self) -> list[str]:
        """Those that somebody closed: none is opened again without the tick."""
        lines = [
            self._box(again_key(branch), f"#{pull.number} {plain(pull.title)}")
            for branch, pull in self._shown.declined.items()
            if branch not in self._shown.opened and not branch.startswith(_BUMPS)
        ]
        if not lines:
            return []
        told = ["Somebody closed these. Tick a box to have one opened again.", ""] if self._shown.boxes else []
        return ["### Declined", "", *told, *lines]

    def path(self, link: Link) -> list[str]:
        """Where each installation can go."""
        lines: list[str] = []
        for path in self._shown.paths:
            at = f"{code(path.name)} runs v{path.current} ({_linked([path.place], link)})"
            if path.steps is None:
                lines.append(
                    f"- {at}. What is published was not to be seen: the registries do not answer as they should."
                )
            elif not path.steps:
                lines.append(f"- {at}, and there is nothing newer that `.github/argofix.yaml` allows.")
            elif not path.moves:
                best = ", ".join(f"{step.release.tag} ({step.level.value})" for step in path.steps)
                lines.append(f"- {at}; newer: {best}. It moves by hand, once staging has it.")
            else:
                lines.append(f"- {at}")
                lines += [self._step(path, step, link) for step in path.steps]
        return ["### Upgrade path", "", *lines] if lines else []

    def _step(self, path: Path, step: Step, link: Link) -> str:
        key, branch = bump_key(str(step.release.version)), f"{_BUMPS}{step.level.value}"
        what = "the newest patch" if step.level is Level.PATCH else f"the next {step.level.value}"
        pull = self._shown.opened.get(branch)
        text = f"{code(path.name)} to {step.release.tag}, {what}"
        notes = [f"{safe(note.message)} ({_places([note], link)})" for note in step.notes]
        text += f". Before that: {listed(notes, _MOST_NOTES)}" if notes else ""
        if pull is not None:
            return f"- {text}: #{pull.number}{self._answer(key)}"
        closed = self._shown.declined.get(branch)
        return self._box(key, text + (f" (somebody closed #{closed.number})" if closed is not None else ""))

    def items(self, link: Link) -> list[str]:
        return ["### Checklist", "", *(self._item(entry, link) for entry in self._shown.entries)]

    def _item(self, entry: Entry, link: Link) -> str:
        title = safe(entry.title)
        where = f" ({_linked(entry.places, link)})" if entry.places else ""
        why = f". {safe(entry.why)}" if entry.why else ""
        match entry.state:
            case State.DONE:
                return f"- **Done**: {title}{where}{why}"
            case State.NOT_WANTED:
                return f"- ~~{title}~~ (not wanted: {safe(entry.why)})"
            case State.UNKNOWN:
                return f"- **Cannot be told from git**: {title}{where}{why}"
            case State.ABSENT:
                return self._absent(entry, f"**Not there**: {title}{where}{why}")
            case State.OPEN:
                groups = by_topic(entry.findings)
                more = f", and {len(groups) - 1} more" if len(groups) > 1 else ""
                return f"- **To do**: {title}: {safe(groups[0][0].topic.title)} ({_places(groups[0], link)}){more}"

    def _absent(self, entry: Entry, text: str) -> str:
        offer = entry.offer
        if offer is None:
            return f"- {text}"
        branch = f"{_ADDS}{offer.name}"
        pull, closed = self._shown.opened.get(branch), self._shown.declined.get(branch)
        if pull is not None:
            return f"- {text} #{pull.number} adds it.{self._answer(add_key(offer.name))}"
        if closed is not None:
            return f"- {text} #{closed.number} would have added it, and was declined."
        if offer.cannot:
            return f"- {text} argofix cannot add it here: {safe(offer.cannot)}.{self._answer(add_key(offer.name))}"
        what = "A tick" if self._shown.boxes else "`argofix add`"
        return self._box(add_key(offer.name), f"{text} {what} adds {safe(offer.help)}.")

    def footer(self) -> list[str]:
        if not self._shown.boxes:
            return [_NO_BOXES]
        return [
            "---",
            "",
            self._box(RESCAN, "Look again"),
            "",
            "argofix writes this text anew whenever it changes, and what is written into it by hand is lost. Whoever "
            "may push may tick boxes. An item that nobody wants is named in `checklist` of `.github/argofix.yaml`. "
            "Closing this issue switches it off; `/argofix dashboard` in a comment switches it on again. What the "
            "rules mean: `argofix explain RULE`.",
        ]
