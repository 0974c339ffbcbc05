"""Broken repositories are judged, whatever is broken, and what is said of them can be written in every format.

`python -m benchmarks.fuzz` does the same ten thousand times.
"""

from hypothesis import HealthCheck, given, settings

from bot.engine import Engine
from gitops.tree import Tree
from tests.mangled import judged, repositories


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(tree=repositories())
async def test_no_repository_breaks_the_engine_or_a_format(engine: Engine, tree: Tree) -> None:
    await judged(engine, tree)
