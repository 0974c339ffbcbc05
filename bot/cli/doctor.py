"""`argofix doctor`: the checklist of a checkout."""

from __future__ import annotations

import argparse
import os
import shutil
import sys

from bot.cli.checkout import Checkout
from bot.cli.writing import put
from checks.judgement.checklist import checklist_of
from checks.judgement.evaluation import Evaluation
from checks.model import Severity

_PIPE_WIDTH = 120  # columns where there is no terminal


def doctor(checkout: Checkout, evaluation: Evaluation, arguments: argparse.Namespace) -> int:
    """Print it; status 1 when an error stands in the way of an item. Raises `CannotRun`."""
    entries = checklist_of(evaluation, checkout.policy)
    if arguments.format == "json":
        from bot.formats.doctor import json

        text = json.render(evaluation, entries, checkout.commit)
    elif arguments.format == "html":
        from bot.formats.doctor import html

        text = html.render(evaluation, entries, checkout.commit)
    else:
        from bot.formats.doctor.text import render

        terminal = arguments.output is None and sys.stdout.isatty()
        colour = terminal and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
        width = shutil.get_terminal_size((100, 40)).columns if terminal else _PIPE_WIDTH
        text = render(evaluation, entries, colour=colour, width=width)
    put(text.encode("utf-8", "replace"), arguments.output)
    return 1 if any(f.severity is Severity.ERROR for entry in entries for f in entry.findings) else 0
