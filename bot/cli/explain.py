"""`argofix explain`: a rule's documentation, for a terminal. docs/rules.md is made of the same."""

from __future__ import annotations

import argparse
import difflib
import re
import shutil
import sys

from bot.cli.checkout import CannotRun
from bot.cli.writing import put
from bot.formats.writing.lines import broken, columns
from checks.registry import Rule, rules


async def explain(arguments: argparse.Namespace) -> int:
    """`argofix explain`. Raises `CannotRun` for a rule that there is not."""
    width = columns(shutil.get_terminal_size((100, 40)).columns if sys.stdout.isatty() else 100)
    text = described(rule_named(arguments.rule), width) if arguments.rule else overview(width)
    put(text.encode(), None)
    return 0


def rule_named(name: str) -> Rule:
    """The rule with this id. Raises `CannotRun` with what may have been meant."""
    known = {rule.id: rule for rule in rules()}
    if name not in known:
        near = difflib.get_close_matches(name, known, 1)
        hint = f"did you mean {near[0]}? The" if near else "the"
        raise CannotRun(f"there is no rule {name}; {hint} rules are {', '.join(known)}")
    return known[name]


def described(rule: Rule, width: int) -> str:
    """The rule's id and check run, what it declares, and its documentation paragraph by paragraph."""
    paragraphs = re.split(r"\n\s*\n", rule.documentation)
    lines = [f"{rule.id} ({rule.check_name})", *_paragraph(paragraphs[0], width), rule.declared.summary]
    for paragraph in paragraphs[1:]:
        lines += ["", *_paragraph(paragraph, width)]
    ignore = (
        f"Leave one alone: `ignore: [{{rule: {rule.id}, resource: PATTERN, reason: ...}}]` in `.github/argofix.yaml`."
    )
    return "".join(f"{line}\n" for line in [*lines, "", *broken(ignore, width)])


def overview(width: int) -> str:
    """Every rule in a line."""
    known = rules()
    room = max(len(rule.id) for rule in known)
    lines = [f"{rule.id:<{room}}  {rule.summary}" for rule in known]
    return "".join(f"{line}\n" for line in lines)


def _paragraph(text: str, width: int) -> list[str]:
    """Filled anew; what is indented (an example) stays as it is."""
    lines = text.split("\n")
    if any(line.startswith("  ") for line in lines):
        return lines
    return broken(" ".join(lines), width)
