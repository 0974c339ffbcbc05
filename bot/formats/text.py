"""`--format text`: what a person reads in a terminal."""

from __future__ import annotations

import io
import textwrap
from collections.abc import Sequence

from rich.console import Console
from rich.text import Text

from bot.evaluation import Evaluation, status_of
from bot.formats.grouping import by_topic
from bot.formats.undeployed import not_deployed
from checks.model import Finding, Severity
from checks.ownership.prune import summary_line
from checks.policy import PATH, Ignore
from checks.wording import listed
from gitops.deletions.data import may_lose_data

_STYLES = {Severity.ERROR: "bold red", Severity.WARNING: "bold yellow", Severity.NOTICE: "bold cyan"}
_SHOWN_RESOURCES = 12
_SHOWN_GAPS = 15
_INDENT = 8
_NARROWEST, _WIDEST = 40, 120  # columns: below, words stand alone; above, lines are too long to read


def render(evaluation: Evaluation, *, colour: bool, width: int = 100) -> str:
    """The report; ends with one summary line. Paths and commands are never broken, so that they can be copied."""
    out = io.StringIO()
    console = Console(
        file=out,
        width=1_000_000,  # lines are broken here, by `_Page`: rich would break inside long paths
        force_terminal=colour,
        no_color=not colour,
        color_system="standard" if colour else None,
        highlight=False,
        emoji=False,
        markup=False,
    )
    page = _Page(console, min(max(width, _NARROWEST), _WIDEST))
    active = [f for f in evaluation.findings if f.suppressed is None]
    _files(page, evaluation, by_topic(f for f in active if f.introduced is not False))
    _known(page, by_topic(f for f in active if f.introduced is False))
    _gaps(page, evaluation.gaps)
    if evaluation.snapshot.not_deployed:
        page.paragraph(not_deployed(evaluation.snapshot), indent=0)
        page.blank()
    for report in evaluation.reports:
        for entry in report.unused:
            page.line(("notice", _STYLES[Severity.NOTICE]), (f"  {PATH}:{entry.line}", "cyan"), (_unused(entry), ""))
    snapshot = evaluation.snapshot
    if not (snapshot.states or snapshot.unknown or snapshot.not_deployed):
        page.paragraph("No Argo CD Application or ApplicationSet is declared here.", indent=0)
    page.line((_summary(evaluation, active), _summary_style(active)))
    return "".join(line.rstrip() + "\n" for line in out.getvalue().splitlines())


def _unused(entry: Ignore) -> str:
    return f"  this `ignore` entry hides nothing: {entry.rule} {entry.resource}"


class _Page:
    """Writes lines. Whatever comes from a repository loses the characters that could drive a terminal here."""

    def __init__(self, console: Console, width: int) -> None:
        self._console = console
        self._width = width

    def line(self, *parts: tuple[str, str]) -> None:
        """One unbroken line of (text, style) parts."""
        text = Text()
        for part, style in parts:
            text.append(_plain(part), style=style or None)
        self._console.print(text, soft_wrap=True)

    def paragraph(self, content: str, style: str = "", indent: int = _INDENT) -> None:
        """Text broken between words. Line ends in it stay."""
        for piece in content.splitlines():
            for line in textwrap.wrap(
                _plain(piece), self._width - indent, break_long_words=False, break_on_hyphens=False
            ):
                self.line((" " * indent + line, style))

    def blank(self) -> None:
        self._console.print()


def _files(page: _Page, evaluation: Evaluation, groups: Sequence[list[Finding]]) -> None:
    by_file: dict[str, list[list[Finding]]] = {}
    for group in groups:
        by_file.setdefault(group[0].span.path, []).append(group)
    for path, members in by_file.items():
        page.line((path, "bold underline"))
        for group in members:
            _group(page, evaluation, group)
        page.blank()


def _group(page: _Page, evaluation: Evaluation, group: Sequence[Finding]) -> None:
    first = group[0]
    page.line(
        (f"  {first.span.line:>4}  ", ""),
        (first.severity.value, _STYLES[first.severity]),
        (f"  {first.topic.title}", "bold"),
        (f"  [{first.rule}]", "dim"),
    )
    page.paragraph(first.topic.message)
    page.paragraph(first.topic.advice)
    for line in first.topic.commands.splitlines():
        page.line((f"{' ' * _INDENT}{line}", "green"))
    if len({finding.resource for finding in group if finding.resource is not None}) > 1:
        for line in _resources(group):
            page.paragraph(line, "dim")
    for span, message in dict.fromkeys((r.span, r.message) for r in first.related):
        page.line((f"{' ' * _INDENT}{span}", "cyan"), (f"  {message}", ""))
    if first.fix is not None:
        page.paragraph(f"fix: {first.fix.title} (`argofix fix`)", "green")
        plan = next((p for p in evaluation.plans if any(f.identity == first.identity for f in p.findings)), None)
        if plan is not None and any(f.resource and may_lose_data(f.resource.group, f.resource.kind) for f in group):
            page.paragraph(summary_line(evaluation.snapshot, plan, evaluation.base), "yellow")


def _known(page: _Page, groups: Sequence[list[Finding]]) -> None:
    if not groups:
        return
    page.line((f"Known before this change: {len(groups)}", "bold"))
    for group in groups:
        first = group[0]
        page.line(
            ("  ", ""),
            (f"{first.severity.value:<7}", _STYLES[first.severity]),
            (f"  {first.span}", "cyan"),
            (f"  {first.topic.title}", ""),
            (f"  [{first.rule}]", "dim"),
        )
    page.blank()


def _resources(group: Sequence[Finding]) -> list[str]:
    """One line a kind and namespace: the names, shortened."""
    names: dict[str, list[str]] = {}
    for finding in group:
        rid = finding.resource
        if rid is not None:
            where = f"{rid.kind} in {rid.namespace}" if rid.namespace else rid.kind
            known = names.setdefault(where, [])
            if rid.name not in known:
                known.append(rid.name)
    return [f"{where}: {listed(found, most=_SHOWN_RESOURCES)}" for where, found in names.items()]


def _gaps(page: _Page, gaps: Sequence[str]) -> None:
    if not gaps:
        return
    page.line((f"Not analysed: {len(gaps)}", "bold"))
    for gap in gaps[:_SHOWN_GAPS]:
        page.paragraph(gap, indent=2)
    if len(gaps) > _SHOWN_GAPS:
        page.line((f"  and {len(gaps) - _SHOWN_GAPS} more (--format json lists them)", ""))
    page.blank()


def _plain(text: str) -> str:
    """Without control and direction-changing characters."""
    return "".join(char if char.isprintable() else " " if char.isspace() else "" for char in text)


def _summary(evaluation: Evaluation, active: Sequence[Finding]) -> str:
    counts = {severity: sum(f.severity is severity for f in active) for severity in Severity}
    words = [f"{count} {severity.value}{'' if count == 1 else 's'}" for severity, count in counts.items()]
    states = evaluation.snapshot.states
    status = {"rendered": 0, "failed": 0, "not-analysed": 0}
    for state in states:
        status[status_of(state.rendering)] += 1
    text = (
        f"{', '.join(words)} in {len(states)} Application{'' if len(states) == 1 else 's'} "
        f"({status['rendered']} rendered, {status['failed']} failed, {status['not-analysed']} not analysed)"
    )
    sets = sum(unknown.is_set for unknown in evaluation.snapshot.unknown)
    if sets:
        text += f"; {sets} ApplicationSet{'' if sets == 1 else 's'} unknown"
    suppressed = len(evaluation.findings) - len(active)
    if suppressed:
        text += f"; {suppressed} ignored"
    if evaluation.base is not None:
        introduced = sum(f.introduced is True and f.severity is Severity.ERROR for f in active)
        text += f"; {introduced} error{'' if introduced == 1 else 's'} new in this change"
    return text


def _summary_style(active: Sequence[Finding]) -> str:
    if any(f.severity is Severity.ERROR and f.introduced is not False for f in active):
        return "bold red"
    return "bold yellow" if active else "bold green"
