"""The picture in README.md shows what argofix prints."""

from __future__ import annotations

import re

from bot.rendering.driver import Engine
from docs import picture
from tests.project.repository import read

STALE = "run `make docs` where Chromium is, look at the picture, and commit it"


async def test_the_picture_is_of_what_is_printed(engine: Engine) -> None:
    shown = picture.page(await picture.report(engine))
    assert picture.stamp_of(picture.PICTURE.read_bytes()) == picture.digest(shown), STALE


async def test_the_page_holds_the_words_and_the_button(engine: Engine) -> None:
    report = await picture.report(engine)
    shown = re.sub(r"<[^>]+>", "", picture.page(report))
    assert report.title in shown and "Each in full: 3" in shown
    assert (
        "SharedResourceWarning" in report.summary and "SharedResourceWarning" not in shown.partition("Annotations")[0]
    )
    assert "Applications: 3 rendered" in shown
    assert [action.label for action in report.actions] == ["Fix"]
    assert f"Check failure on line {report.annotations[0].start_line} in {report.annotations[0].path}" in shown


def test_it_is_in_the_readme_and_small() -> None:
    assert f"](docs/{picture.PICTURE.name})" in read("README.md")
    assert picture.PICTURE.stat().st_size < 200_000


def test_another_page_has_another_stamp() -> None:
    bare = picture.PICTURE.read_bytes()
    stamped = picture.stamped(bare[:33] + bare[33:], "another page")
    assert picture.stamp_of(stamped) == picture.digest("another page")
    assert picture.stamp_of(b"\x89PNG\r\n\x1a\n") == ""
