"""`--format text`: what a person reads in a terminal.

Everything that is an error is there, in about a screen: the worst first, at most four lines a finding, what is the
same for many told once. Where that takes more than `SCREEN` lines, each finding gets fewer. The rest is there for
those who ask: `--verbose`, `--notices`, `argofix explain RULE`, the html page.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain

from bot.formats.reports import verbose
from bot.formats.reports.brief import DENSITIES, Brief, elsewhere, head
from bot.formats.writing import unanalysed
from bot.formats.writing.borrowed import floating
from bot.formats.writing.grouping import by_topic
from bot.formats.writing.lines import STYLES, Line, columns, line, printed, wrapped
from bot.formats.writing.undeployed import not_deployed
from checks.judgement.evaluation import Evaluation
from checks.judgement.gaps import status_of
from checks.model import Finding, Severity
from checks.policy.file import PATH
from checks.wording import plural

SCREEN = 60  # lines that a report should not exceed
_KNOWN = 5  # warnings from before the change that are named
_UNUSED = 5
_NOTICES = 3  # that are told unasked where there is nothing else
_UNDEPLOYED_LINES = 3
_BORROWED = 3  # branches of others that are named

Groups = Sequence[Sequence[Finding]]


def render(
    evaluation: Evaluation, *, colour: bool, width: int = 100, notices: bool = False, whole: bool = False
) -> str:
    """The report; ends with one summary line. Paths and commands are never broken, so that they can be copied.

    `notices` shows those too; `whole` (`--verbose`) shows everything, whatever its length.
    """
    width = columns(width)
    active = [f for f in evaluation.findings if f.suppressed is None]
    graver = [f for f in active if f.severity is not Severity.NOTICE]
    # Few notices that are all there is to say are said at once.
    alone = not graver and len(by_topic(active)) <= _NOTICES
    shown = active if notices or whole or alone else graver
    new = by_topic(f for f in shown if f.introduced is not False)
    known = by_topic(f for f in shown if f.introduced is False)
    below = [*_known(known, whole), *_rest(evaluation, width, whole)]
    hidden = len(by_topic(active)) - len(new) - len(known)
    hints = _hints(hidden, bool(new) and not whole, any(f.fix is not None for f in shown) and not whole, width)
    if whole:
        lines = list(verbose.by_file(evaluation, new, width))
    else:
        lines = _fitting(Brief(evaluation, new, width), new, SCREEN - len(below) - len(hints) - 1)
    return printed([*lines, *below, *hints, summary_line(evaluation)], colour=colour)


def _fitting(brief: Brief, groups: Groups, room: int) -> list[Line]:
    """The findings as fully as there is room for. What is graver than a warning is never left out."""
    after = list(brief.shared())
    after = [line(), *after, line()] if after else [line()] if groups else []
    room -= len(after)
    for level, density in enumerate(DENSITIES):
        told = [list(brief.finding(group, density)) for group in groups]
        left = room - sum(map(len, told))
        if left < 0:
            continue
        for at, group in enumerate(groups if level else ()):  # what is left goes to the worst
            fuller = list(brief.finding(group, DENSITIES[level - 1]))
            if len(fuller) - len(told[at]) <= left:
                left -= len(fuller) - len(told[at])
                told[at] = fuller
        return [*chain.from_iterable(told), *after]
    return [*_folded(brief, groups, room), *after]


def _folded(brief: Brief, groups: Groups, room: int) -> list[Line]:
    """All errors, as many others as there is room for, and how many are left."""
    density = DENSITIES[-1]
    errors = [group for group in groups if group[0].severity is Severity.ERROR]
    others = [group for group in groups if group[0].severity is not Severity.ERROR]
    lines = list(chain.from_iterable(brief.finding(group, density) for group in errors))
    left = max(room - len(lines) - 1, 0)
    lines.extend(chain.from_iterable(brief.finding(group, density) for group in others[:left]))
    return [*lines, _more(others[left:])] if others[left:] else lines


def _more(groups: Groups) -> Line:
    """How many are not named, by rule."""
    counts: dict[str, int] = {}
    for group in groups:
        counts[group[0].rule] = counts.get(group[0].rule, 0) + 1
    rules = ", ".join(f"{count} {rule}" for rule, count in sorted(counts.items(), key=lambda item: -item[1]))
    return line((f"  and {len(groups)} more ({rules}): --verbose tells each", ""))


def _known(groups: Groups, whole: bool) -> Iterator[Line]:
    if not groups:
        return
    yield line((f"Known before this change: {len(groups)}", "bold"))
    errors = [group for group in groups if group[0].severity is Severity.ERROR]
    others = [group for group in groups if group[0].severity is not Severity.ERROR]
    named = others if whole or len(others) <= _KNOWN else others[: _KNOWN - 1]
    for group in [*errors, *named]:
        yield head(group[0])
        yield from elsewhere(group)
    if len(others) > len(named):
        yield _more(others[len(named) :])
    yield line()


def _rest(evaluation: Evaluation, width: int, whole: bool) -> Iterator[Line]:
    """What is not about a finding: what was not looked at, and the configuration."""
    gaps = list(unanalysed.told(evaluation, width, whole=whole))
    yield from [*gaps, line()] if gaps else ()
    snapshot = evaluation.snapshot
    if snapshot.not_deployed:
        told = wrapped(not_deployed(snapshot), width, 0)
        yield from told if whole else told[:_UNDEPLOYED_LINES]
        yield line()
    if snapshot.outside:
        told = wrapped(floating(snapshot, most=1_000 if whole else _BORROWED), width, 0)
        yield from [*told, line()] if told else ()
    unused = [entry for report in evaluation.reports for entry in report.unused]
    for entry in unused if whole else unused[:_UNUSED]:
        yield line(
            ("notice", STYLES[Severity.NOTICE]),
            (f"  {PATH}:{entry.line}", "cyan"),
            (f"  this `ignore` entry hides nothing: {entry.rule} {entry.resource}", ""),
        )
    if len(unused) > _UNUSED and not whole:
        yield line((f"  and {len(unused) - _UNUSED} more entries that hide nothing (--verbose names them)", ""))
    if not (snapshot.states or snapshot.unknown or snapshot.not_deployed):
        yield line(("No Argo CD Application or ApplicationSet is declared here.", ""))


def _hints(notices: int, brief: bool, fixable: bool, width: int) -> list[Line]:
    """How to see what is not here, and what to do about what is."""
    left_out = [f"{plural('notice', notices)} (--notices)"] if notices else []
    if brief:
        left_out.append("the rest of each finding (--verbose; argofix explain RULE)")
    told = f"Not shown: {' and '.join(left_out)}." if left_out else ""
    if fixable:
        told += " `argofix fix` prints an edit for what is fixable."
    return wrapped(told.strip(), width, 0, "dim")


def summary_line(evaluation: Evaluation) -> Line:
    """The last line, in the colour of the worst that is in it."""
    active = [f for f in evaluation.findings if f.suppressed is None]
    return line((summary(evaluation), _summary_style(active)))


def summary(evaluation: Evaluation) -> str:
    """Everything counted, in one line."""
    active = [f for f in evaluation.findings if f.suppressed is None]
    counts = {severity: sum(f.severity is severity for f in active) for severity in Severity}
    words = [plural(severity.value, count) for severity, count in counts.items()]
    states = evaluation.snapshot.states
    status = {"rendered": 0, "failed": 0, "not-analysed": 0}
    for state in states:
        status[status_of(state.rendering)] += 1
    text = (
        f"{', '.join(words)} in {plural('Application', len(states))} "
        f"({status['rendered']} rendered, {status['failed']} failed, {status['not-analysed']} not analysed)"
    )
    sets = sum(unknown.is_set for unknown in evaluation.snapshot.unknown)
    if sets:
        text += f"; {plural('ApplicationSet', sets)} unknown"
    suppressed = len(evaluation.findings) - len(active)
    if suppressed:
        text += f"; {suppressed} ignored"
    if evaluation.base is not None:
        introduced = sum(f.introduced is True and f.severity is Severity.ERROR for f in active)
        text += f"; {plural('error', introduced)} new in this change"
    return text


def _summary_style(active: Sequence[Finding]) -> str:
    if any(f.severity is Severity.ERROR and f.introduced is not False for f in active):
        return "bold red"
    return "bold yellow" if active else "bold green"
