"""The picture in README.md: the check run of the demo's pull request, as GitHub shows it.

    python -m docs.picture      makes it anew; needs Chromium or Chrome

Every word in it that argofix writes is what argofix writes; frame, colours and the words above an annotation follow
GitHub's page of a check run. The picture carries the digest of the page that it was taken of, by which a test sees
that it has grown old.
"""

from __future__ import annotations

import asyncio
import hashlib
import html
import re
import shutil
import struct
import tempfile
import zlib
from collections.abc import Iterator
from pathlib import Path

from markdown_it import MarkdownIt
from playwright.async_api import async_playwright

from bot.formats.github.gate import Judged
from bot.github.endpoints.checks import Annotation, Report
from bot.rendering.driver import Engine
from bot.rendering.evaluation import evaluate
from checks.policy.file import Policy
from demo.story import BEFORE, PROPOSED, REPO_URL
from gitops.applications.repositories import RepositoryMatcher
from gitops.files.tree import Tree

PICTURE = Path(__file__).parent / "check-run.png"
CHECK = "argofix / ownership"
_SHOWN = 1  # annotations
_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_KEYWORD = b"argofix-page"

_PAGE = """<!doctype html><meta charset="utf-8"><style>
  * {{ box-sizing: border-box }}
  body {{ margin: 0; padding: 14px; background: #fff; color: #1f2328; width: 880px;
    font: 13px/1.5 "Segoe UI", "Noto Sans", Helvetica, Arial, "DejaVu Sans Condensed",
    sans-serif; font-stretch: 87% }}
  header {{ display: flex; align-items: center; gap: 8px; padding: 12px 16px; border: 1px solid #d0d7de;
    border-radius: 6px 6px 0 0; background: #f6f8fa }}
  header b {{ flex: 1; font-size: 14px }}
  .dot {{ width: 16px; height: 16px; border-radius: 50%; background: #cf222e; color: #fff; text-align: center;
    font: bold 12px/16px sans-serif }}
  .button {{ border: 1px solid #d0d7de; border-radius: 6px; padding: 3px 12px; background: #fff; font-size: 12px }}
  main {{ border: 1px solid #d0d7de; border-top: 0; border-radius: 0 0 6px 6px; padding: 16px }}
  h1 {{ font-size: 19px; margin: 0 0 10px; font-weight: 600 }}
  h2 {{ font-size: 11px; letter-spacing: .4px; color: #59636e; margin: 16px 0 8px; border-bottom: 1px solid #d0d7de;
    padding-bottom: 6px; text-transform: uppercase }}
  a {{ color: #0969da; text-decoration: none }}
  code {{ font: 11.5px "DejaVu Sans Mono", monospace; background: #eff1f3; border-radius: 4px; padding: 1px 4px }}
  ul {{ padding-left: 22px; margin: 0 0 10px }} li {{ margin: 3px 0 }} p {{ margin: 0 0 10px }}
  details {{ margin: 0 0 8px }}
  .annotation {{ border: 1px solid #d0d7de; border-left: 3px solid #cf222e; border-radius: 4px; margin: 8px 0;
    padding: 9px 12px }}
  .annotation small {{ color: #59636e; font-size: 12px }}
  .annotation b {{ display: block; margin: 4px 0 3px }}
  .annotation pre {{ margin: 0; white-space: pre-wrap; font: 11.5px/1.5 "DejaVu Sans Mono", monospace }}
</style>
<header><span class="dot">×</span><b>{check}</b>{buttons}<span class="button">Re-run</span></header>
<main><h1>{title}</h1><h2>Details</h2>{summary}<h2>Annotations</h2>{annotations}</main>
"""


async def report(engine: Engine) -> Report:
    """The check run of the demo's pull request."""
    before = {path: data for path, data in BEFORE.items() if isinstance(data, bytes)}
    after = {**before, **{path: data for path, data in PROPOSED.items() if isinstance(data, bytes)}}
    matcher, policy = RepositoryMatcher.of_urls([REPO_URL]), Policy()
    evaluation = await evaluate(engine, Tree.of(after), Tree.of(before), matcher, policy)
    return Judged("", evaluation, policy, lambda span: f"{REPO_URL}/blob/main/{span.path}#L{span.line}").report(CHECK)


def page(shown: Report) -> str:
    """The check run as a page. The texts are argofix's, from its own Markdown."""
    markdown = MarkdownIt("commonmark", {"html": True}).enable("table")
    return _PAGE.format(
        check=CHECK,
        buttons="".join(f'<span class="button">{html.escape(action.label)}</span>' for action in shown.actions),
        title=html.escape(shown.title),
        summary=_closed(markdown.render(shown.summary)),
        annotations="".join(_annotation(each) for each in shown.annotations[:_SHOWN]),
    )


def _closed(markup: str) -> str:
    """Without what nobody sees before opening it, so that the picture grows old only when something in it does."""
    shown, depth = [], 0
    for piece in re.split(r"(</?details>)", markup):
        opens, closes = piece == "<details>", piece == "</details>"
        summary = re.match(r"\s*<summary>.*?</summary>", piece, re.DOTALL)
        if depth == 0 or (depth == 1 and closes):
            shown.append(piece)
        elif depth == 1 and summary is not None:
            shown.append(summary[0])
        depth += opens - closes
    return "".join(shown)


def _annotation(shown: Annotation) -> str:
    return (
        f'<div class="annotation"><small>Check {shown.level} on line {shown.start_line} in {html.escape(shown.path)}'
        f"</small><b>{html.escape(shown.title)}</b><pre>{html.escape(shown.message)}</pre></div>"
    )


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


async def taken(text: str) -> bytes:
    """A picture of a page. Raises `RuntimeError` without a browser."""
    found = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if found is None:
        raise RuntimeError(f"{PICTURE.name} is made with Chromium or Chrome, and neither is on PATH")
    async with async_playwright() as playwright:
        arguments = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
        browser = await playwright.chromium.launch(executable_path=found, args=arguments)
        shot = await browser.new_page(viewport={"width": 880, "height": 600}, device_scale_factor=1.25)
        await shot.set_content(text)
        picture = await shot.screenshot(full_page=True)
        await browser.close()
    return picture


def stamped(picture: bytes, text: str) -> bytes:
    """The picture with the digest of its page in it, as a text chunk behind the header (PNG, 11.3.4.3)."""
    body = b"tEXt" + _KEYWORD + b"\0" + digest(text).encode()
    chunk = struct.pack(">I", len(body) - 4) + body + struct.pack(">I", zlib.crc32(body))
    behind = len(_SIGNATURE) + 25  # the header's chunk
    return picture[:behind] + chunk + picture[behind:]


def stamp_of(picture: bytes) -> str:
    """The digest that a picture carries; '' without one."""
    return next((data[len(_KEYWORD) + 1 :].decode() for kind, data in _chunks(picture) if kind == b"tEXt"), "")


def _chunks(picture: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = len(_SIGNATURE)
    while at + 8 <= len(picture):
        (size,) = struct.unpack(">I", picture[at : at + 4])
        yield picture[at + 4 : at + 8], picture[at + 8 : at + 8 + size]
        at += 12 + size


async def make() -> None:
    """Make the picture anew, unless it is of this very page. Raises `RuntimeError` without a browser."""
    with tempfile.TemporaryDirectory() as state:
        engine = await Engine.start(Path(state))
        try:
            text = page(await report(engine))
        finally:
            await engine.close()
    if not PICTURE.exists() or stamp_of(PICTURE.read_bytes()) != digest(text):
        PICTURE.write_bytes(stamped(await taken(text), text))


if __name__ == "__main__":
    asyncio.run(make())
