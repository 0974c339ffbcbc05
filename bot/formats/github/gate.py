"""The check run `argofix`: what all the others say, in one that branch protection can require."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from bot.formats import titles
from bot.formats.github import changes, check_run
from bot.formats.github.changes import Shown
from bot.formats.titles import Seen
from bot.formats.writing.borrowed import floating
from bot.formats.writing.grouping import by_topic
from bot.formats.writing.markdown import bullets, code, details, safe
from bot.formats.writing.unanalysed import by_cause
from bot.formats.writing.undeployed import not_deployed
from bot.github.endpoints.checks import TEXT_BYTES, Annotation, Report
from checks.judgement.evaluation import Evaluation
from checks.policy.file import Policy
from checks.wording import plural
from gitops.discovery.snapshot import Snapshot
from gitops.files.spans import Span
from gitops.resources.rendering import Rendered

NAME = "argofix"
_RANKS = ("failure", "neutral", "success")
_PLACES = 3  # of one failing check
_ROOM = TEXT_BYTES - 2_000


@dataclass(frozen=True, slots=True)
class Judged:
    """One thing that a head commit stands for: a pull request, or a group of a merge queue. `label` is Markdown (`#12
    into main`), `link` gives the address of a place, `notes` are said first. `conflicts_with` is the
    branch that git cannot merge it into, `changes` what merging it does, where there is a base. `elsewhere`: its
    places are in another repository, so that nothing can be shown at them or be fixed here."""

    label: str
    evaluation: Evaluation
    policy: Policy
    link: Callable[[Span], str]
    notes: tuple[str, ...] = ()
    conflicts_with: str = ""
    changes: Shown | None = None
    elsewhere: bool = False

    @property
    def concerns_argo_cd(self) -> bool:
        """Whether there is anything here that Argo CD would read, before the change or after it."""
        return any(s.states or s.unknown for s in (self.evaluation.snapshot, self.evaluation.base) if s is not None)

    @property
    def left_open(self) -> bool:
        """Whether another look at the same commits may see more: time was up, or a cluster did not answer."""
        live = self.evaluation.live
        return bool(self.evaluation.unfinished) or (live is not None and bool(live.all_problems))

    def speaks(self, name: str) -> bool:
        """Whether the check run `name` has anything to say about it. Raises `KeyError` as `report` does."""
        if name == changes.NAME:
            return self.changes is not None and self.changes.speaks
        return self.evaluation.report(name).speaks

    def report(self, name: str) -> Report:
        """What the check run `name` says about it. Raises `KeyError` for a name that no rule belongs to."""
        if name == changes.NAME:
            return changes.nothing(self.notes) if self.changes is None else changes.report(self.changes, self.notes)
        report = self.evaluation.report(name)
        here = not self.elsewhere
        told = check_run.completed(self.evaluation, report, self.policy, self.link, self.notes, here=here)
        explained = changes.explaining(self.changes, report.findings) if self.changes is not None else ""
        return replace(told, summary=f"{told.summary}\n\n{explained}") if explained else told


def together(judged: Sequence[Judged], name: str) -> Report:
    """One check of all that a head stands for: a check run belongs to a commit, so the worst verdict counts."""
    reports = sorted(((each.label, each.report(name)) for each in judged), key=lambda pair: _rank(pair[1]))
    label, worst = reports[0]
    if len(reports) == 1:
        return worst
    parts: list[str] = []
    left_out: list[str] = []
    for where, report in reports:
        part = f"## For {where}: {report.conclusion}\n\n{report.summary}"
        fits = sum(len(p.encode()) for p in parts) + len(part.encode()) <= _ROOM
        (parts if fits else left_out).append(part if fits else where)
    if left_out:
        parts.append(f"Left out here for their length: {', '.join(left_out)}.")
    annotations = {(a.path, a.start_line, a.title): a for _, report in reports for a in report.annotations}
    actions = {action.identifier: action for _, report in reports for action in report.actions}
    return Report(
        title=f"{worst.title} (for {label})" if worst.conclusion != "success" else worst.title,
        summary="\n\n".join(parts),
        conclusion=worst.conclusion,
        text="\n\n".join(f"## For {where}\n\n{report.text}" for where, report in reports if report.text),
        annotations=list(annotations.values()),
        beyond=sum(report.beyond for _, report in reports),
        actions=list(actions.values()),
    )


def summed(judged: Sequence[Judged], shown: Mapping[str, Report], addresses: Mapping[str, str]) -> Report:
    """What `argofix` says. `shown` are the other check runs by name, `addresses` where they can be read.

    It fails when one of them does, when git cannot merge the change, when argofix did not get to the end of it, and
    when the change makes something that could be judged impossible to judge: GitHub lets `neutral` pass, and nobody
    may get past a check by breaking it. It is never `neutral`.
    """
    if not any(each.concerns_argo_cd for each in judged):
        texts = dict.fromkeys(without_argo_cd(each.evaluation.snapshot, each.policy) for each in judged)
        return Report("No Argo CD Application here", "\n\n".join(texts), conclusion="success")
    failed = {name: report for name, report in shown.items() if report.conclusion == "failure"}
    lost = tuple(dict.fromkeys(one for each in judged for one in _lost(each)))
    unfinished = tuple(dict.fromkeys(one for each in judged for one in each.evaluation.unfinished))
    gaps = {gap for each in judged for gap in each.evaluation.gaps}
    conflicts = tuple(dict.fromkeys(each.conflicts_with for each in judged if each.conflicts_with))
    if conflicts:
        title = f"This branch conflicts with {conflicts[0]}, so what merging gives cannot be judged"
    elif failed:
        name, worst = next(iter(failed.items()))
        more = f" ({plural('check', len(failed))} failed)" if len(failed) > 1 else ""
        title = f"{name.rpartition(' / ')[2]}: {worst.title}{more}"
    elif lost:
        title = f"{plural('thing', len(lost))} that could be judged before cannot be judged now"
    elif unfinished:
        title = "argofix did not get to the end of this change"
    else:
        title = _passing(judged, bool(gaps))
    parts: list[str] = []
    if conflicts:
        parts.append(
            f"git cannot merge this branch into {' and '.join(map(code, conflicts))}. What follows is about the "
            f"branch by itself. Merge {code(conflicts[0])} into it and solve the conflict: argofix then judges what "
            "comes of that."
        )
    if lost:
        parts.append(
            "This change takes away what argofix needs to judge it, so it does not pass. If that is meant, "
            "`gate: {not-analysed: pass}` in `.github/argofix.yaml` on the default branch lets it."
        )
        parts.append(bullets((safe(one) for one in lost), most=20))
    if unfinished:
        parts.append("This change asks for more than argofix grants one evaluation, so it does not pass.")
        parts.append(bullets(safe(one) for one in unfinished))
    # The worst first, with the places of what is wrong.
    link = judged[0].link if len(judged) == 1 else None
    worst_first = sorted(shown.items(), key=lambda item: _rank(item[1]))
    parts.append("\n".join(_line(name, report, addresses.get(name), link) for name, report in worst_first))
    if len(judged) > 1:
        parts.append(
            f"This commit is judged for {', '.join(each.label for each in judged)}; the worst verdict counts."
        )
    if gaps and not lost:
        causes = [
            safe(cause.told(10))
            for each in judged
            for cause in by_cause(each.evaluation.gaps, each.evaluation.snapshot)
        ]
        parts.append(details(f"Not analysed: {len(gaps)}", bullets(dict.fromkeys(causes), most=50)))
    parts.extend(_known_elsewhere(judged, shown))
    parts.extend(dict.fromkeys(safe(floating(each.evaluation.snapshot)) for each in judged))
    conclusion = "failure" if conflicts or failed or lost or unfinished else "success"
    return Report(title[:240], "\n\n".join(part for part in parts if part), conclusion=conclusion)


def without_argo_cd(snapshot: Snapshot, policy: Policy) -> str:
    """What is said of a commit that has nothing for Argo CD, in one sentence where nothing keeps it from being so."""
    parts = ["argofix found no Argo CD Application in this repository, so there is nothing to judge."]
    if told := not_deployed(snapshot):
        parts.append(safe(told))
    mistakes = [f"{code(problem.path)} line {problem.line}: {safe(problem.message)}" for problem in policy.problems]
    if mistakes:
        parts.append(f"The configuration has mistakes; the defaults are used in their place:\n\n{bullets(mistakes)}")
    return "\n\n".join(parts)


def _passing(judged: Sequence[Judged], gaps: bool) -> str:
    """The title when nothing fails."""
    groups = [group for each in judged for group in by_topic(each.evaluation.findings)]
    active = [group for group in groups if group[0].suppressed is None]
    new = [group for group in active if group[0].introduced is not False]
    old = [group for group in active if group[0].introduced is False]
    states = [state for each in judged for state in each.evaluation.snapshot.states]
    rendered = any(isinstance(state.rendering, Rendered) for state in states)
    ignored = sum(f.suppressed is not None for each in judged for f in each.evaluation.findings)
    return titles.passing(new, old, Seen(gaps, gaps and not rendered, ignored))


def _known_elsewhere(judged: Sequence[Judged], shown: Mapping[str, Report]) -> Iterator[str]:
    """What was known before of checks that have no run here, since they have nothing new to say."""
    for each in judged:
        for report in each.evaluation.reports:
            topics = by_topic([finding for finding in report.findings if finding.suppressed is None])
            if topics and report.name not in shown:
                spans = [(group[0].span, group[0].topic.title) for group in topics]
                lines = [f"[{code(str(span))}]({each.link(span)}): {safe(title)}" for span, title in spans]
                yield details(f"{report.name}, known before this change: {len(topics)}", bullets(lines, most=50))


def _lost(judged: Judged) -> tuple[str, ...]:
    return () if judged.policy.not_analysed_passes else judged.evaluation.lost


def _line(name: str, report: Report, address: str | None, link: Callable[[Span], str] | None) -> str:
    where = f"[{name}]({address})" if address else name
    line = f"- {where}: **{report.conclusion}**. {safe(report.title)}"
    if report.conclusion != "failure":
        return line
    failing = [each for each in report.annotations if each.level == "failure"]
    places = [_annotated(each, link) for each in failing[:_PLACES]]
    if (more := len(failing) + report.beyond - len(places)) > 0:
        places.append(f"… and {more} more")
    return "\n".join([line, *(f"  - {place}" for place in places)])


def _annotated(annotation: Annotation, link: Callable[[Span], str] | None) -> str:
    span = Span(annotation.path, annotation.start_line, annotation.end_line)
    where = f"[{code(str(span))}]({link(span)})" if link is not None else code(str(span))
    return f"{where}: {safe(annotation.title)}"


def _rank(report: Report) -> int:
    return _RANKS.index(report.conclusion or "success")
