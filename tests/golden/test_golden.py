"""Every format is what it was, to the letter."""

from __future__ import annotations

from bot.formats.reports import text
from bot.rendering.driver import Engine
from tests.golden.printing import DIRECTORY, printed

STALE = "see whether the change is meant, then run `python -m tests.golden` and commit what it writes"


async def test_what_is_printed_is_what_was_printed(engine: Engine) -> None:
    fresh = await printed(engine)
    kept = {path.name: path.read_text(encoding="utf-8") for path in DIRECTORY.iterdir()}
    assert sorted(fresh) == sorted(kept), STALE
    for name, content in fresh.items():
        assert content == kept[name], f"{name}: {STALE}"


def test_the_texts_fit_on_a_screen() -> None:
    for name in ("story.txt", "shape.txt"):
        assert len((DIRECTORY / name).read_text(encoding="utf-8").splitlines()) <= text.SCREEN
