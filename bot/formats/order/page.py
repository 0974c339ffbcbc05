"""The order on the html page: stages as columns, each Application with its reasons."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bot.formats.reports.picture import labels_of
from checks.judgement.evaluation import Evaluation
from checks.sync_order.words import main, why
from gitops.discovery.snapshot import ApplicationKey
from gitops.facts.order.model import Edge

_SHOWN_EDGES = 6


@dataclass(frozen=True, slots=True)
class Member:
    """One Application of a stage; `reasons` are (sentence, place), `rest` names what else it comes after."""

    label: str
    wave: str
    reasons: tuple[tuple[str, str], ...]
    rest: str
    in_cycle: bool


@dataclass(frozen=True, slots=True)
class Stages:
    """`loose` counts the Applications that need no order; `cycles` are sentences."""

    stages: tuple[tuple[Member, ...], ...]
    loose: int
    cycles: tuple[str, ...]


def stages(evaluation: Evaluation) -> Stages:
    """What the page shows; no stages when nothing asks for an order."""
    order = evaluation.order.order
    waves = {key: str(wave) for group in evaluation.order.waves for wave, keys in group.groups for key in keys}
    tied = {key for edge in (*order.edges, *order.given_up) for key in edge.ends} | waves.keys()
    labels = labels_of(sorted(tied))
    cyclic = {key for cycle in order.cycles for key in cycle.applications}
    before: dict[ApplicationKey, list[Edge]] = {}
    for edge in order.edges:
        before.setdefault(edge.after, []).append(edge)
    members = {key: _member(labels[key], waves.get(key, ""), before.get(key, ()), key in cyclic) for key in tied}
    columns = [tuple(members[key] for key in stage if key in tied) for stage in order.stages]
    cycles = tuple(
        " → ".join(f"`{labels[key]}`" for key in (*cycle.applications, cycle.applications[0]))
        + f": {'; '.join(why(main(edge)) for edge in cycle.edges)}"
        for cycle in order.cycles
    )
    loose = sum(len(stage) for stage in order.stages) - len(tied)
    return Stages(tuple(column for column in columns if column), loose, cycles)


def _member(label: str, wave: str, edges: Sequence[Edge], in_cycle: bool) -> Member:
    ordered = sorted(edges, key=lambda edge: (-edge.strength, edge.before))
    reasons: list[tuple[str, str]] = []
    for edge in ordered[:_SHOWN_EDGES]:
        more = f", and {len(edge.reasons) - 1} more" if len(edge.reasons) > 1 else ""
        reasons.append((f"{why(main(edge))}{more}", str(main(edge).needed_at)))
    rest = ", ".join(edge.before[2] for edge in ordered[_SHOWN_EDGES:])
    return Member(label, wave, tuple(reasons), rest, in_cycle)
