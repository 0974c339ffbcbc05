"""`argofix check --verbose`: each finding whole, by file."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from bot.formats.writing.lines import STYLES, Line, line, wrapped
from checks.judgement.evaluation import Evaluation
from checks.model import Finding
from checks.planning.ownership.prune import safety, summary_line
from checks.wording import listed
from gitops.facts.deletions.data import may_lose_data

_SHOWN_RESOURCES = 12
_INDENT = 8


def by_file(evaluation: Evaluation, groups: Sequence[Sequence[Finding]], width: int) -> Iterator[Line]:
    """Every finding with all that is known about it, below the file that it stands in."""
    files: dict[str, list[Sequence[Finding]]] = {}
    for group in groups:
        files.setdefault(group[0].span.path, []).append(group)
    for path, members in files.items():
        yield line((path, "bold underline"))
        for group in members:
            yield from _group(evaluation, group, width)
        yield line()


def _group(evaluation: Evaluation, group: Sequence[Finding], width: int) -> Iterator[Line]:
    first = group[0]
    yield line(
        (f"  {first.span.line:>4}  ", ""),
        (first.severity.value, STYLES[first.severity]),
        (f"  {first.topic.title}", "bold"),
        (f"  [{first.rule}]", "dim"),
    )
    yield from wrapped(first.topic.message, width, _INDENT)
    yield from wrapped(first.topic.advice, width, _INDENT)
    for command in first.topic.commands.splitlines():
        yield line((f"{' ' * _INDENT}{command}", "green"))
    if len({finding.resource for finding in group if finding.resource is not None}) > 1:
        for names in resources(group, _SHOWN_RESOURCES):
            yield from wrapped(names, width, _INDENT, "dim")
    for span, message in dict.fromkeys((r.span, r.message) for r in first.related):
        yield line((f"{' ' * _INDENT}{span}", "cyan"), (f"  {message}", ""))
    if first.fix is not None:
        yield from wrapped(f"fix: {first.fix.title} (`argofix fix`)", width, _INDENT, "green")
        yield from wrapped(danger(evaluation, group), width, _INDENT, "yellow")


def danger(evaluation: Evaluation, group: Sequence[Finding]) -> str:
    """What merging the group's fix may do to data; empty where it may do nothing."""
    plan = evaluation.plan_for(group[0]) if group[0].fix is not None else None
    if plan is None or not any(f.resource and may_lose_data(f.resource.group, f.resource.kind) for f in group):
        return ""
    if not safety(evaluation.snapshot, plan, evaluation.base).dangerous:
        return ""
    return summary_line(evaluation.snapshot, plan, evaluation.base)


def resources(group: Sequence[Finding], most: int) -> list[str]:
    """One line a kind and namespace: the names, shortened."""
    names: dict[str, list[str]] = {}
    for finding in group:
        rid = finding.resource
        if rid is not None:
            where = f"{rid.kind} in {rid.namespace}" if rid.namespace else rid.kind
            known = names.setdefault(where, [])
            if rid.name not in known:
                known.append(rid.name)
    return [f"{where}: {listed(found, most)}" for where, found in names.items()]
