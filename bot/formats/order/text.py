"""`argofix order`: the stages, and why, for a terminal."""

from __future__ import annotations

from collections.abc import Sequence

from bot.formats.reports.picture import labels_of
from bot.formats.writing.lines import plain
from checks.coverage import Coverage
from checks.judgement.evaluation import Evaluation
from checks.sync_order.words import main, why
from gitops.discovery.snapshot import ApplicationKey
from gitops.facts.order.model import Edge
from gitops.facts.order.stages import Cycle, Order

_SHOWN_EDGES = 4  # of one Application; the JSON has them all


def render(evaluation: Evaluation) -> str:
    """Stages with a line of reason for each edge; Applications that nothing ties to others come last."""
    order = evaluation.order.order
    if not evaluation.snapshot.states:
        return "No Argo CD Application is declared here.\n"
    labels = labels_of([state.application.key for state in evaluation.snapshot.states])
    tied = {key for edge in order.edges for key in edge.ends} | {
        key for waves in evaluation.order.waves for _, keys in waves.groups for key in keys
    }
    waves = {key: wave for group in evaluation.order.waves for wave, keys in group.groups for key in keys}
    lines: list[str] = []
    for cycle in order.cycles:
        lines.extend(_cycle(cycle, labels))
    for number, stage in enumerate(order.stages, 1):
        members = [key for key in stage if key in tied]
        if members:
            lines.append(f"Stage {number}")
        for key in members:
            wave = f"  (wave {waves[key]})" if key in waves else ""
            lines.append(f"  {labels[key]}{wave}")
            lines.extend(_reasons(key, order))
    loose = [labels[key] for stage in order.stages for key in stage if key not in tied]
    if loose:
        lines.append(f"In any order: {len(loose)}" if tied else f"Nothing asks for an order: {len(loose)}")
        lines.extend(f"  {name}" for name in loose)
    coverage = Coverage.of(evaluation.snapshot)
    if not coverage.whole:
        lines.append(
            f"More may be needed, since not all was seen: {'; '.join(coverage.unseen)} (argofix check tells)"
        )
    return "".join(plain(line).rstrip() + "\n" for line in lines)


def _reasons(key: ApplicationKey, order: Order) -> list[str]:
    own: Sequence[Edge] = sorted(
        (edge for edge in order.edges if edge.after == key), key=lambda edge: (-edge.strength, edge.before)
    )
    lines: list[str] = []
    for edge in own[:_SHOWN_EDGES]:
        reason = main(edge)
        more = f", and {len(edge.reasons) - 1} more" if len(edge.reasons) > 1 else ""
        lines.append(f"      {why(reason)}{more}  ({reason.needed_at})")
    if len(own) > _SHOWN_EDGES:
        names = ", ".join(edge.before[2] for edge in own[_SHOWN_EDGES:])
        lines.append(f"      and after {names}")
    return lines


def _cycle(cycle: Cycle, labels: dict[ApplicationKey, str]) -> list[str]:
    names = [labels[key] for key in (*cycle.applications, cycle.applications[0])]
    cut = main(cycle.cut)
    return [
        f"Cycle: {' -> '.join(names)}",
        *(f"      {why(main(edge))}  ({main(edge).provided_at})" for edge in cycle.edges),
        f"      cut it at {labels[cycle.cut.before]} -> {labels[cycle.cut.after]}: move {cut.provided} "
        f"({cut.provided_at}) out of {labels[cycle.cut.before]}",
        "",
    ]
