"""`argofix doctor`: the checklist of a checkout."""

from __future__ import annotations

import argparse
import asyncio
import os
import shutil
import sys
from collections.abc import Sequence
from datetime import UTC, datetime

from bot.cli.checkout import Checkout
from bot.cli.writing import put
from bot.formats.doctor.words import sources
from checks.judgement.checklist import checklist_of
from checks.judgement.evaluation import Evaluation
from checks.judgement.upgrade import Path, paths_of
from checks.model import Severity
from gitops.versions.components import ARGO_CD

_PIPE_WIDTH = 120  # columns where there is no terminal
_PATIENCE = 20.0  # seconds for what is published: it is the smaller part of the answer


async def doctor(checkout: Checkout, evaluation: Evaluation, arguments: argparse.Namespace) -> int:
    """Print it; status 1 when an error stands in the way of an item. Raises `CannotRun`."""
    entries = checklist_of(evaluation, checkout.policy)
    paths, told = await _versions(checkout, evaluation, arguments.offline)
    if arguments.format == "json":
        from bot.formats.doctor import json

        text = json.render(evaluation, entries, checkout.commit, paths, told)
    elif arguments.format == "html":
        from bot.formats.doctor import html

        text = html.render(evaluation, entries, checkout.commit, paths, told)
    else:
        from bot.formats.doctor.text import render

        terminal = arguments.output is None and sys.stdout.isatty()
        colour = terminal and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
        width = shutil.get_terminal_size((100, 40)).columns if terminal else _PIPE_WIDTH
        text = render(evaluation, entries, paths, told, colour=colour, width=width)
    put(text.encode("utf-8", "replace"), arguments.output)
    return 1 if any(f.severity is Severity.ERROR for entry in entries for f in entry.findings) else 0


async def _versions(checkout: Checkout, evaluation: Evaluation, offline: bool) -> tuple[Sequence[Path], str]:
    """The way of each installation, and where its versions come from; nobody is asked about none."""
    now = datetime.now(UTC)
    shipped = paths_of(evaluation, checkout.policy, None, now)
    if not shipped:
        return (), ""
    if offline:
        return shipped, sources(published=False, why="--offline asks nobody")
    from bot.cli.published import NotSeen, published

    try:
        async with asyncio.timeout(_PATIENCE):
            known = await published(ARGO_CD)
    except NotSeen as error:
        return shipped, sources(published=False, why=error.fault)
    except TimeoutError:
        return shipped, sources(published=False, why=f"nobody answered within {_PATIENCE:.0f} seconds")
    return paths_of(evaluation, checkout.policy, known.available, now), sources(published=True)
