"""Python's collector does not look again and again at what a discovery keeps."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.__main__ import main
from bot.process.collector import THRESHOLDS, collect_rarely


@pytest.fixture(autouse=True)
def thresholds() -> Iterator[None]:
    before = gc.get_threshold()
    yield
    gc.set_threshold(*before)


def full_collections() -> int:
    """While as many objects come and stay as in a discovery of some hundred Applications."""
    before = gc.get_stats()[2]["collections"]
    kept = [{"n": [number]} for number in range(300_000)]
    assert kept
    return int(gc.get_stats()[2]["collections"] - before)


def test_not_everything_is_looked_at_for_what_stays() -> None:
    gc.collect()
    gc.set_threshold(700, 10, 10)  # Python 3.11's own
    assert full_collections() > 1
    gc.collect()
    collect_rarely()
    assert full_collections() == 0


def test_every_command_collects_rarely(tmp_path: Path) -> None:
    gc.set_threshold(700, 10, 10)
    assert main(["check", str(tmp_path / "nowhere")]) == 2
    assert gc.get_threshold() == THRESHOLDS
