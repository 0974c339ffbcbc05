"""What a check run shows: title, summary, annotations, button."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from bot.formats import titles
from bot.formats.places import InDiff
from bot.formats.reports.verbose import danger
from bot.formats.titles import Seen
from bot.formats.writing.grouping import by_topic
from bot.formats.writing.markdown import block, bullets, code, details, plain, safe
from bot.formats.writing.sentences import QUOTED, split
from bot.formats.writing.unanalysed import by_cause
from bot.formats.writing.visible import visible_lines
from bot.github.endpoints.checks import Action, Annotation, Report
from checks.judgement.evaluation import Evaluation
from checks.model import CheckReport, Finding, Severity
from checks.policy.file import PATH, Policy
from checks.wording import plural
from gitops.files.spans import Span

FIX = Action("Fix", "Open the pull request that fixes this", "fix")

_LEVELS = {Severity.ERROR: "failure", Severity.WARNING: "warning", Severity.NOTICE: "notice"}
_SHOWN_RESOURCES = 30
_GLANCES = 6  # lines that are read before anything is unfolded
_PLACES = 3  # beside the finding's own; more fold away
_MORE_PLACES = 30
_SUBJECTS = 20  # that one cause names
_SECTIONS_BYTES = 50_000  # of GitHub's 65,535; the rest is for what stands below them
MOST_ANNOTATIONS = 500  # ten requests; nobody reads on
_MOST_BEYOND = 30  # that are named in the summary

Link = Callable[[Span], str]


def in_progress() -> Report:
    """What is shown while the work goes on."""
    return Report(
        "Looking at what this change renders", "argofix renders every Application that the change can reach."
    )


def queued() -> Report:
    """What is shown while other work comes first."""
    return Report("Waiting for its turn", "argofix looks at this change after the work before it.", waiting=True)


def could_not_run(reason: str) -> Report:
    """What is shown when the work could not be done. GitHub lets `neutral` pass where the check is required, and
    nobody has looked at this change, so it is a failure."""
    what = f"argofix could not look at this change: {safe(reason.rstrip('.'))}."
    return Report("Could not look at this change", f"{what} *Re-run* tries again.", conclusion="failure")


def refused(reason: str) -> Report:
    """What is shown for a change that may not be rendered here. It passes no required check."""
    what = f"argofix has not rendered this change: {safe(reason)}. Nothing is said about what it does."
    return Report("Not judged: the renderer is not shut in", what, conclusion="failure")


def overtaken(reason: str) -> Report:
    """What is shown when nobody wants the answer any more. It passes no required check either."""
    return Report("Not looked at", f"argofix stopped looking at this change: {safe(reason)}.", conclusion="cancelled")


def completed(
    evaluation: Evaluation,
    report: CheckReport,
    policy: Policy,
    link: Link,
    notes: Sequence[str] = (),
    *,
    here: bool = True,
) -> Report:
    """The result of one check. `link` gives the address of a place on GitHub; `notes` are said first. Where its
    places are not `here` but in another repository, nothing is shown at them, and no button mends them."""
    topics = by_topic(report.findings)
    new = [group for group in topics if group[0].introduced is not False and group[0].suppressed is None]
    old = [group for group in topics if group[0].introduced is False and group[0].suppressed is None]
    suppressed = sum(finding.suppressed is not None for finding in report.findings)
    parts = [f"> {safe(note)}" for note in notes]
    if len(new) > 1:
        parts.append(bullets((_glance(evaluation, group, link) for group in new), most=_GLANCES))
    sections, left_out = _sections(evaluation, new, link, sum(len(part.encode()) for part in parts))
    if len(new) > 1 and sections:
        parts.append(details(f"Each in full: {len(sections)}", "\n\n".join(sections)))
    else:
        parts.extend(sections)
    beyond = new[MOST_ANNOTATIONS:] if here else []
    if left_out:
        what = "1 more problem is" if left_out == 1 else f"{left_out} more problems are"
        at = "" if beyond else "see the annotations; "  # which do not show all of them
        parts.append(f"**{what} left out here**: {at}`argofix check --verbose` shows everything.")
    if beyond:
        parts.append(_without_annotation(beyond, link))
    if not new:
        seen = " in what could be analysed" if report.gaps else ""
        parts.append(f"This change brings no new problem{seen}.")
    # The button opens what a pull request is made of; what takes a single field out is only shown.
    fixable = here and any(f.fix is not None and f.drop is None for group in topics for f in group)
    if fixable:
        parts.append(
            "**Fix** above opens a pull request with the proven edits; `argofix fix` shows them on a checkout."
        )
    if old:
        lines = [f"{_place(group[0].span, link)}: {safe(group[0].topic.title)}" for group in old]
        parts.append(details(f"Known before this change: {len(old)}", bullets(lines)))
    if report.gaps:
        causes = by_cause(report.gaps, evaluation.snapshot)
        lines = [safe(cause.told(_SUBJECTS)) for cause in causes]
        parts.append(details(f"Not analysed: {len(report.gaps)}", bullets(lines)))
    if report.unused:
        entries = (f"line {entry.line}: {code(f'{entry.rule} {entry.resource}')}" for entry in report.unused)
        parts.append(
            f"Entries of `ignore` in {code(PATH)} that hide nothing any more:\n\n{bullets(entries, most=20)}"
        )
    parts.extend(f"{safe(problem.message)}." for problem in policy.problems if problem.path != PATH)
    lines = [f"line {problem.line}: {safe(problem.message)}" for problem in policy.problems if problem.path == PATH]
    if lines:
        parts.append(f"{code(PATH)} has mistakes; the defaults are used in their place:\n\n{bullets(lines)}")
    parts.append(_footer(report, suppressed))
    where = InDiff(evaluation.base.tree if evaluation.base is not None else None, evaluation.snapshot.tree)
    return Report(
        title=_title(new, old, report, suppressed),
        summary="\n\n".join(parts),
        conclusion=report.conclusion,
        annotations=[_annotation(group, where) for group in new[:MOST_ANNOTATIONS]] if here else [],
        beyond=len(beyond),
        actions=[FIX] if fixable else [],
    )


def _without_annotation(groups: Sequence[list[Finding]], link: Link) -> str:
    """The problems that no annotation shows, so that nobody takes the annotated lines for all there is."""
    lines = [f"{_place(group[0].span, link)}: {safe(group[0].topic.title)}" for group in groups[:_MOST_BEYOND]]
    if len(groups) > len(lines):
        lines.append(f"… and {len(groups) - len(lines)} more; `argofix check` shows them")
    head = f"{plural('more problem', len(groups))} without an annotation: a check run shows {MOST_ANNOTATIONS}"
    return details(head, bullets(lines))


def _title(new: list[list[Finding]], old: list[list[Finding]], report: CheckReport, ignored: int) -> str:
    if report.failed:
        return titles.failing(new)
    nothing = bool(report.gaps and report.counts.get("applications") and not report.counts.get("rendered"))
    return titles.passing(new, old, Seen(bool(report.gaps), nothing, ignored))


def _sections(
    evaluation: Evaluation, groups: Sequence[list[Finding]], link: Link, taken: int
) -> tuple[list[str], int]:
    """What is to be read about each topic, and how many there is no room for."""
    said: set[str] = set()
    sections: list[str] = []
    for number, group in enumerate(groups):
        section = _section(evaluation, group, link, said)
        taken += len(section.encode())
        # Whole sections: half a table or an open block would swallow the pointer behind it.
        if taken > _SECTIONS_BYTES:
            return sections, len(groups) - number
        sections.append(section)
    return sections, 0


def _glance(evaluation: Evaluation, group: Sequence[Finding], link: Link) -> str:
    """One line: how grave, what, where, what to do, and what may be lost by doing it."""
    first = group[0]
    doing = [text for text in split(first.topic.advice) if not text.startswith(QUOTED)][:1]
    if first.fix is not None:
        doing = [f"{first.fix.title}."]
    elif not doing:
        doing = [text.removeprefix(f"At {first.span}: ") for text in split(first.topic.message)[:1]]
    text = " ".join([*doing, danger(evaluation, group)]).strip()
    return f"**{first.severity.value}** {_place(first.span, link)}: {safe(first.topic.title)}. {safe(text)}".rstrip()


def _section(evaluation: Evaluation, group: list[Finding], link: Link, said: set[str]) -> str:
    """What is to be read about one topic; `said` are messages that stand above it already."""
    first = group[0]
    parts = [f"### {safe(first.topic.title)}"]
    if first.topic.message not in said:
        parts.append(safe(first.topic.message))
        said.add(first.topic.message)
    if first.topic.advice:
        parts.append(safe(first.topic.advice))
    if first.topic.commands:
        parts.append(block(first.topic.commands))
    places = {first.span: ""} | {related.span: f": {safe(related.message)}" for related in reversed(first.related)}
    ordered = dict.fromkeys([first.span, *(related.span for related in first.related)])
    lines = [f"{_place(span, link)}{places[span]}" for span in ordered]
    parts.append(bullets(lines[: _PLACES + 1]))
    if len(lines) > _PLACES + 1:
        more = lines[_PLACES + 1 :]
        parts.append(details(f"{plural('more place', len(more))}", bullets(more, most=_MORE_PLACES)))
    resources = list(dict.fromkeys(code(str(f.resource)) for f in group if f.resource is not None))
    if len(resources) > 1:
        parts.append(details(f"The {len(resources)} resources", bullets(resources, most=_SHOWN_RESOURCES)))
    if lost := danger(evaluation, group):
        parts.append(safe(lost))
    return "\n\n".join(parts)


def _place(span: Span, link: Link) -> str:
    return f"[{code(str(span))}]({link(span)})"


def _annotation(group: list[Finding], where: InDiff) -> Annotation:
    """At the place of the finding that is in the diff, if there is one: GitHub hides the others."""
    first = group[0]
    at = where.best(dict.fromkeys([*(f.span for f in group), *(r.span for f in group for r in f.related)]))
    advice = f"\n\n{first.topic.advice}" if first.topic.advice else ""
    resources = list(dict.fromkeys(str(finding.resource) for finding in group if finding.resource is not None))
    details_ = first.topic.commands or ("\n".join(resources) if len(resources) > 1 else "")
    return Annotation(
        path=at.path,
        start_line=at.line,
        end_line=at.end_line,
        level=_LEVELS[first.severity],
        title=plain(first.topic.title),
        message=visible_lines(f"{first.topic.message}{advice}{_from_here(group, at)}"),
        raw_details=visible_lines(details_),
    )


def _from_here(group: Sequence[Finding], at: Span) -> str:
    """What is at this place, and where the finding itself is, when that is another one."""
    first = group[0]
    if at in {finding.span for finding in group}:
        return ""
    here = next(related.message for finding in group for related in finding.related if related.span == at)
    return f"\n\nHere: {here}. The finding itself is at {first.span}."


def _footer(report: CheckReport, suppressed: int) -> str:
    counts = report.counts
    parts = [
        f"{counts.get('applications', 0)} Applications: {counts.get('rendered', 0)} rendered, "
        f"{counts.get('failed', 0)} failed, {counts.get('not-analysed', 0)} not analysed."
    ]
    if suppressed:
        parts.append(f"{suppressed} {'finding is' if suppressed == 1 else 'findings are'} ignored by {code(PATH)}.")
    return " ".join(parts)
