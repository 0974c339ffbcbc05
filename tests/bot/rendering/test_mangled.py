"""Broken repositories are judged, whatever is broken, and what is said of them can be written in every format.

`python -m benchmarks.fuzz` does the same ten thousand times.
"""

from pathlib import Path
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings

from benchmarks.hostile import judge
from bot.rendering.driver import Engine
from gitops.files.effort import Effort
from gitops.files.tree import Tree
from tests.bot.repositories.test_trees import sh
from tests.hostile import commit, pull_request
from tests.mangled import judged, repositories


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(tree=repositories())
async def test_no_repository_breaks_the_engine_or_a_format(engine: Engine, tree: Tree) -> None:
    await judged(engine, tree)


@pytest.mark.parametrize("seed", range(6))
async def test_hostile_pull_requests_end_in_something_to_say(engine: Engine, tmp_path: Path, seed: int) -> None:
    """What `benchmarks.fuzz --hostile` does for longer: nothing is raised but what says that it is too much."""
    random = Random(f"pytest/{seed}")
    sh(tmp_path, "init", "-q", "--bare", ".")
    files, bombs = pull_request(random)
    head = commit(tmp_path, files, [(name, min(levels, 3)) for name, levels in bombs])
    base = commit(tmp_path, {"README.md": ("file", b"x\n")}, [])
    engine.grant = lambda: Effort(steps=2_000_000, seconds=30.0)
    assert await judge(engine, tmp_path, base, head) in ("evaluated", "unfinished", "TooMuchToRead", "HostileTree")
