"""Whatever is written where a URL should be: an answer comes, and nobody hears of it who should not."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given, settings
from hypothesis import strategies as st

from bot.fetching.fetcher import Fetcher
from bot.fetching.guard import Guard
from gitops.outside.found import Missing
from gitops.outside.wanted import ChartWanted, FileWanted, RepositoryWanted
from tests.bot.clocks import JumpingClock

SCHEMES = st.sampled_from(
    ["http://", "https://", "oci://", "ssh://", "git@", "file://", "ext::", "//", "", "HTTP://", "git::"]
)
HOSTS = st.one_of(
    st.sampled_from(["h", "[::1]", "[", "h:99999", "h:x", "a@h", "a:b@h", "h\n", "ü.example", "xn--", "-u", ""]),
    st.text(max_size=8),
)
URLS = st.builds(lambda scheme, host, rest: f"{scheme}{host}{rest}", SCHEMES, HOSTS, st.text(max_size=12))


async def nobody(_host: str, _port: int) -> Sequence[str]:
    raise OSError("there is no name server")


async def answered(url: str, word: str) -> None:
    with TemporaryDirectory() as directory:
        fetcher = Fetcher.open(Path(directory), Guard(resolve=nobody), clock=JumpingClock())
        async with fetcher.fetching() as fetching:
            for wanted in (FileWanted(url), RepositoryWanted(url, word, True), ChartWanted(url, word, word)):
                answer = await fetching(wanted)
                assert isinstance(answer, Missing)
                assert answer.reason
        await fetcher.close()


@given(URLS, st.text(max_size=10))
@settings(max_examples=25)
def test_every_text_has_an_answer(url: str, word: str) -> None:
    failed: list[str] = []
    handler = logging.Handler(logging.ERROR)
    handler.emit = lambda record: failed.append(record.getMessage())  # type: ignore[method-assign]
    logger = logging.getLogger("bot.fetching")
    logger.addHandler(handler)
    try:
        asyncio.run(answered(url, word))
    finally:
        logger.removeHandler(handler)
    assert failed == [], "a mistake of ours"
