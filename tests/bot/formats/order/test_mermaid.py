"""Nothing in a name can end a Mermaid label, begin a directive or leave the block."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from bot.formats.order import mermaid
from gitops.facts.order.model import Strength
from tests.gitops.facts.order.test_stages import edge, key

_LINE = re.compile(
    r'  a\d+\["[A-Za-z0-9 ._/:#;-]+"\]|  a\d+ (-->|-\.->)\|"[A-Za-z0-9 ._/:#;-]+"\| a\d+|'
    r"  linkStyle \d+ stroke:#c5282f,stroke-width:2px"
)


@given(st.text(min_size=1), st.text(min_size=1))
def test_any_name(one: str, other: str) -> None:
    if one == other:
        return
    shown = edge(one, other, Strength.SOFT)
    first, *lines = mermaid.render([key(one)], [shown], [edge(other, one)]).splitlines()
    assert first == "flowchart LR"
    assert len(lines) == 5
    assert all(_LINE.fullmatch(line) for line in lines)


def test_names_people_use_stay_readable() -> None:
    assert 'a0["team-a/web_1.2"]' in mermaid.render([key("team-a/web_1.2")], [])
    assert 'a0["#34;#93;#59; end#10;"]' not in mermaid.render([key('"]; end\n')], [])


def test_a_large_graph_shows_the_strongest_edges() -> None:
    edges = [edge(0, n, Strength.HARD if n > 150 else Strength.SOFT) for n in range(1, 301)]
    chart = mermaid.render([], edges)
    assert chart.count("-->|") == 150
    assert chart.count("-.->") == 0
    assert "%% 150 weaker edges are left out" in chart
