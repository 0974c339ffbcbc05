"""`argofix explain`: what a rule finds, or what a sentence about a change rests on, for a terminal. docs/rules.md and
docs/changes.md are made of the same."""

from __future__ import annotations

import argparse
import difflib
import re
import shutil
import sys

from bot.cli.checkout import CannotRun
from bot.cli.writing import put
from bot.formats.changes.sources import address
from bot.formats.writing.lines import broken, columns
from checks.changes.catalogue import Reason, reasons
from checks.registry import Rule, rules


async def explain(arguments: argparse.Namespace) -> int:
    """`argofix explain`. Raises `CannotRun` for a name that nothing has."""
    width = columns(shutil.get_terminal_size((100, 40)).columns if sys.stdout.isatty() else 100)
    put((_explained(arguments.rule, width) if arguments.rule else overview()).encode(), None)
    return 0


def _explained(name: str, width: int) -> str:
    told = {reason.id: reason for reason in reasons()}
    if name in told:
        return _reasoned(told[name], width)
    known = [rule.id for rule in rules()]
    near = difflib.get_close_matches(name, [*known, *told], 1)
    if name not in known and near and near[0] in told:
        raise CannotRun(f"there is no rule {name}; did you mean {near[0]}? `argofix explain` lists them all")
    return described(rule_named(name), width)


def rule_named(name: str) -> Rule:
    """The rule with this id. Raises `CannotRun` with what may have been meant."""
    known = {rule.id: rule for rule in rules()}
    if name not in known:
        near = difflib.get_close_matches(name, known, 1)
        hint = f"did you mean {near[0]}? The" if near else "the"
        raise CannotRun(f"there is no rule {name}; {hint} rules are {', '.join(known)}")
    return known[name]


def _reasoned(reason: Reason, width: int) -> str:
    """A row of the tables about changes."""
    url = address(reason.source)
    source = [f"Source: {reason.source}"] if reason.source else []
    lines = [f"{reason.id} (argofix / changes)", *broken(reason.summary, width), ""]
    lines += broken(f"What then happens: {reason.effect}", width) if reason.effect else []
    lines += [*broken(reason.asks, width), *source]
    lines += [url] if url and url != reason.source else []
    return "".join(f"{line}\n" for line in lines)


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


def overview() -> str:
    """Every rule in a line, then whatever may be said of a change."""
    known = [(rule.id, rule.summary) for rule in rules()]
    told = [(reason.id, reason.summary) for reason in reasons()]
    room = max(len(name) for name, _ in (*known, *told))
    lines = [f"{name:<{room}}  {summary}" for name, summary in known]
    lines += ["", "What `argofix diff` and the check run `argofix / changes` say of a change:", ""]
    lines += [f"{name:<{room}}  {summary}" for name, summary in told]
    return "".join(f"{line}\n" for line in lines)


def _paragraph(text: str, width: int) -> list[str]:
    """Filled anew; what is indented (an example) stays as it is."""
    lines = text.split("\n")
    if any(line.startswith("  ") for line in lines):
        return lines
    return broken(" ".join(lines), width)
