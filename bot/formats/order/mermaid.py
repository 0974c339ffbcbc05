"""The order as a Mermaid flowchart. Whatever stands in a label is escaped: it can neither end it nor give orders."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from bot.formats.reports.picture import labels_of
from checks.sync_order.words import main
from gitops.discovery.snapshot import ApplicationKey
from gitops.facts.order.model import Edge, Strength

MOST_EDGES = 150  # GitHub stops drawing at 500, people long before

_ARROWS = {Strength.HARD: "-->", Strength.SOFT: "-.->", Strength.HINT: "-.->"}
_LONGEST = 60
_UNSAFE = re.compile(r"[^A-Za-z0-9 ._/:-]")
_SHORT_KINDS = {"CustomResourceDefinition": "CRD", "PersistentVolumeClaim": "PVC"}


def render(keys: Iterable[ApplicationKey], edges: Sequence[Edge], cut: Iterable[Edge] = ()) -> str:
    """The lines of the chart: an arrow for each edge (dotted when it is only waited for), red ones for `cut`."""
    shown = _most_telling(edges)
    cuts = list(cut)
    nodes = list(dict.fromkeys([*keys, *(key for edge in (*shown, *cuts) for key in edge.ends)]))
    labels = labels_of(nodes)
    ids = {key: f"a{number}" for number, key in enumerate(nodes)}
    lines = ["flowchart LR", *(f'  {ids[key]}["{_label(labels[key])}"]' for key in nodes)]
    for edge in (*shown, *cuts):
        arrow = _ARROWS[edge.strength]
        lines.append(f'  {ids[edge.before]} {arrow}|"{_label(_what(edge))}"| {ids[edge.after]}')
    for number in range(len(shown), len(shown) + len(cuts)):
        lines.append(f"  linkStyle {number} stroke:#c5282f,stroke-width:2px")
    left_out = len(edges) - len(shown)
    if left_out:
        lines.append(f"  %% {left_out} weaker edges are left out")
    return "\n".join(lines) + "\n"


def _most_telling(edges: Sequence[Edge]) -> list[Edge]:
    if len(edges) <= MOST_EDGES:
        return list(edges)
    chosen = {edge.ends for edge in sorted(edges, key=lambda edge: (-edge.strength, edge.ends))[:MOST_EDGES]}
    return [edge for edge in edges if edge.ends in chosen]


def _what(edge: Edge) -> str:
    rid = main(edge).provided
    more = f" and {len(edge.reasons) - 1} more" if len(edge.reasons) > 1 else ""
    return f"{_SHORT_KINDS.get(rid.kind, rid.kind)} {rid.name}{more}"


def _label(text: str) -> str:
    text = " ".join(text.split())
    text = text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
    # Mermaid's own way to write any character: its number.
    return _UNSAFE.sub(lambda match: f"#{ord(match[0])};", text) or " "
