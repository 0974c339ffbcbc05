"""`--format text`: what a person reads in a terminal."""

from __future__ import annotations

import io
from collections.abc import Iterable

from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from bot.evaluation import Evaluation, gaps_of, status_of
from bot.formats.grouping import by_topic
from checks.model import Finding, Severity
from checks.ownership.prune import summary_line
from checks.wording import listed
from gitops.kinds import is_data_bearing

_STYLES = {Severity.ERROR: "bold red", Severity.WARNING: "bold yellow", Severity.NOTICE: "bold cyan"}
_SHOWN_RESOURCES = 12
_SHOWN_GAPS = 15


def render(evaluation: Evaluation, *, colour: bool, width: int = 100) -> str:
    """The report; ends with one summary line."""
    out = io.StringIO()
    console = Console(
        file=out,
        width=max(width, 60),
        force_terminal=colour,
        no_color=not colour,
        color_system="standard" if colour else None,
        highlight=False,
        soft_wrap=False,
        emoji=False,
        markup=False,
    )
    active = [f for f in evaluation.findings if f.suppressed is None]
    new = by_topic(f for f in active if f.introduced is not False)
    old = by_topic(f for f in active if f.introduced is False)
    _files(console, evaluation, new)
    if old:
        console.print(Text(f"Known before this change: {len(old)}", style="bold"))
        for group in old:
            console.print(_line(f"  {group[0].span}", _plain(group[0].topic.title)), soft_wrap=True)
        console.print()
    _gaps(console, gaps_of(evaluation.snapshot))
    console.print(_summary(evaluation, active), soft_wrap=True)
    return "".join(line.rstrip() + "\n" for line in out.getvalue().splitlines())


def _files(console: Console, evaluation: Evaluation, groups: list[list[Finding]]) -> None:
    by_file: dict[str, list[list[Finding]]] = {}
    for group in groups:
        by_file.setdefault(group[0].span.path, []).append(group)
    for path, members in by_file.items():
        console.print(Text(path, style="bold underline"), soft_wrap=True)
        for group in members:
            _group(console, evaluation, group)
        console.print()


def _group(console: Console, evaluation: Evaluation, group: list[Finding]) -> None:
    first = group[0]
    head = Text(f"  {first.span.line:>4}  ")
    head.append(first.severity.value, style=_STYLES[first.severity])
    head.append(f"  {_plain(first.topic.title)}", style="bold")
    head.append(f"  [{first.rule}]", style="dim")
    console.print(head, soft_wrap=True)
    for paragraph in (first.topic.message, first.topic.advice):
        if paragraph:
            console.print(Padding(Text(_plain(paragraph)), (0, 0, 0, 8)))
    for line in first.topic.commands.splitlines():
        console.print(Text(f"        {_plain(line)}", style="green"), soft_wrap=True)  # unbroken, to be pasted
    if len({finding.resource for finding in group if finding.resource is not None}) > 1:
        for line in _resources(group):
            console.print(Padding(Text(_plain(line), style="dim"), (0, 0, 0, 8)))
    for related in dict.fromkeys((r.span, r.message) for r in first.related):
        console.print(_line(f"        {related[0]}", _plain(related[1])), soft_wrap=True)
    if first.fix is not None:
        console.print(Padding(Text(f"fix: {_plain(first.fix.title)} (`argofix fix`)", style="green"), (0, 0, 0, 8)))
        plan = evaluation.plan_for(first)
        if plan is not None and any(f.resource and is_data_bearing(f.resource.group, f.resource.kind) for f in group):
            console.print(
                Padding(Text(summary_line(evaluation.snapshot, plan, evaluation.base), style="yellow"), (0, 0, 0, 8))
            )


def _resources(group: list[Finding]) -> list[str]:
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


def _gaps(console: Console, gaps: Iterable[str]) -> None:
    everything = list(gaps)
    if not everything:
        return
    console.print(Text(f"Not analysed: {len(everything)}", style="bold"))
    for gap in everything[:_SHOWN_GAPS]:
        console.print(Padding(Text(_plain(gap)), (0, 0, 0, 2)))
    if len(everything) > _SHOWN_GAPS:
        console.print(f"  and {len(everything) - _SHOWN_GAPS} more (--format json lists them)")
    console.print()


def _line(place: str, text: str) -> Text:
    line = Text(place, style="cyan")
    line.append(f"  {text}", style="default")
    return line


def _plain(text: str) -> str:
    """Without the control characters by which a hostile name could drive the terminal."""
    return "".join(char for char in text if char.isprintable() or char == "\n")


def _summary(evaluation: Evaluation, active: list[Finding]) -> Text:
    counts = {severity: sum(f.severity is severity for f in active) for severity in Severity}
    words = [f"{count} {severity.value}{'' if count == 1 else 's'}" for severity, count in counts.items()]
    states = evaluation.snapshot.states
    status = {"rendered": 0, "failed": 0, "not-analysed": 0}
    for state in states:
        status[status_of(state.rendering)] += 1
    suppressed = len(evaluation.findings) - len(active)
    text = (
        f"{', '.join(words)} in {len(states)} Application{'' if len(states) == 1 else 's'} "
        f"({status['rendered']} rendered, {status['failed']} failed, {status['not-analysed']} not analysed)"
    )
    if suppressed:
        text += f"; {suppressed} ignored"
    introduced = sum(f.introduced is True and f.severity is Severity.ERROR for f in active)
    if evaluation.base is not None:
        text += f"; {introduced} error{'' if introduced == 1 else 's'} new in this change"
    return Text(text, style="bold red" if counts[Severity.ERROR] else "bold green")
