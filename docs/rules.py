"""`docs/rules.md` out of the rules' docstrings: a summary line, then paragraphs that begin with a label."""

from __future__ import annotations

import re
from itertools import groupby
from pathlib import Path

from checks.registry import Rule, rules

PAGE = Path(__file__).parent / "rules.md"

_LABEL = re.compile(r"(?P<label>[A-Z][A-Za-z ]{2,30}): (?P<text>.*)", re.DOTALL)
_HEAD = """\
# Rules

<!-- Written by `make docs` from the docstrings in checks/; a test holds it fresh. -->

Each rule belongs to a check run. `argofix check --only RULE` runs one alone, and `ignore` in
[`.github/argofix.yaml`](configuration.md#ignore) accepts single findings of it.
"""


def page() -> str:
    """The whole page, rules sorted by check run and id."""
    ordered = sorted(rules(), key=lambda rule: (rule.check_name, rule.id))
    parts = [_HEAD]
    for name, group in groupby(ordered, key=lambda rule: rule.check_name):
        parts.append(f"\n## {name}\n")
        parts.extend(_section(rule) for rule in group)
    return "".join(parts)


def _section(rule: Rule) -> str:
    summary, *paragraphs = re.split(r"\n\s*\n", rule.documentation)
    text = [f"\n### `{rule.id}`\n\n{summary}\n"]
    text.extend(f"\n{_labelled(paragraph)}\n" for paragraph in paragraphs)
    return "".join(text)


def _labelled(paragraph: str) -> str:
    match = _LABEL.fullmatch(paragraph)
    return f"**{match['label']}:** {match['text']}" if match else paragraph
