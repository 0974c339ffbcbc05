"""The parts of README.md that are what argofix prints: each stands between `<!-- NAME -->` and `<!-- end -->`."""

from __future__ import annotations

import asyncio
import io
import os
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from pathlib import Path

from bot.cli.arguments import parser
from bot.formats.reports import text
from bot.formats.writing.diff import diff_of_edits
from bot.rendering.driver import Engine
from bot.rendering.evaluation import evaluate
from checks.judgement.evaluation import Evaluation
from checks.policy.file import Policy
from demo.story import BEFORE, PROPOSED, REPO_URL
from gitops.applications.repositories import RepositoryMatcher
from gitops.files.tree import Tree
from gitops.kustomize.steps import edits_for

PAGE = Path(__file__).parent.parent / "README.md"
_FINDING = re.compile(r"(error|warning) +\S+:\d+  ")


def page(current: str) -> str:
    """README.md with its printed parts made anew. Raises `KeyError` for a part that nobody prints."""
    printed = {"check": "", "fix": "", "help": _help()}
    printed["check"], printed["fix"] = asyncio.run(_story())

    def fresh(match: re.Match[str]) -> str:
        name, language = match["name"], match["language"]
        return f"<!-- {name} -->\n```{language}\n{printed[name].strip(chr(10))}\n```\n<!-- end -->"

    pattern = r"<!-- (?P<name>\w+) -->\n```(?P<language>\w*)\n.*?```\n<!-- end -->"
    return re.sub(pattern, fresh, current, flags=re.DOTALL)


async def _story() -> tuple[str, str]:
    files = {path: data for path, data in {**BEFORE, **PROPOSED}.items() if isinstance(data, bytes)}
    with tempfile.TemporaryDirectory() as state:
        engine = await Engine.start(Path(state))
        try:
            matcher = RepositoryMatcher.of_urls([REPO_URL])
            evaluation = await evaluate(engine, Tree.of(files), None, matcher, Policy())
        finally:
            await engine.close()
    return _excerpt(evaluation), _diff(evaluation)


def _excerpt(evaluation: Evaluation) -> str:
    """The first two findings, and the last line."""
    lines = text.render(evaluation, colour=False, width=100).strip("\n").split("\n")
    starts = [index for index, line in enumerate(lines) if _FINDING.match(line)]
    return "\n".join([*lines[: starts[2]], "...", lines[-1]])


def _diff(evaluation: Evaluation) -> str:
    tree = evaluation.snapshot.tree
    edits = edits_for(tree, [step for plan in evaluation.plans for step in plan.steps])
    return diff_of_edits(tree, edits).decode().replace("\r\n", "\n")


def _help() -> str:
    shown = io.StringIO()
    with _columns("100"), redirect_stdout(shown):
        parser().print_help()
    return shown.getvalue()


@contextmanager
def _columns(width: str) -> Iterator[None]:
    """argparse asks the environment how wide the terminal is."""
    before = os.environ.get("COLUMNS")
    os.environ["COLUMNS"] = width
    try:
        yield
    finally:
        if before is None:
            del os.environ["COLUMNS"]
        else:
            os.environ["COLUMNS"] = before
