"""Broken streams into the engine; `python -m benchmarks.fuzz --frames 500` tries more."""

from __future__ import annotations

from random import Random

import pytest

from benchmarks.frames import LIARS, beside_liar, broken, into_engine
from tests.rendered import needs_engine


def test_a_broken_stream_ends_the_engine_and_no_more() -> None:
    needs_engine()
    assert [fault for number in range(8) if (fault := into_engine(broken(Random(f"kept/{number}"))))] == []


@pytest.mark.parametrize("name", ["a cut answer", "a gigabyte", "deep JSON", "another id"])
def test_an_engine_that_writes_no_answer_is_not_believed(name: str) -> None:
    assert beside_liar(LIARS[name])
