"""`docs/rules.md` out of what the rules declare, their docstrings (a summary line, then paragraphs that begin with a
label), and what is printed of their samples."""

from __future__ import annotations

import asyncio
import re
import tempfile
from collections.abc import Iterable
from itertools import groupby
from pathlib import Path

from bot.formats.reports import text
from bot.rendering.driver import Engine
from checks.registry import Rule, rules
from tests.checks import samples

PAGE = Path(__file__).parent / "rules.md"

_LABEL = re.compile(r"(?P<label>[A-Z][A-Za-z ]{2,30}): (?P<text>.*)", re.DOTALL)
_HEAD = """\
# Rules

<!-- Written by `make docs` from checks/ and tests/checks/samples/; a test holds it fresh. -->

Each rule belongs to a check run. `argofix check --only RULE` runs one alone, and `ignore` in
[`.github/argofix.yaml`](configuration.md#ignore) accepts single findings of it. Of its severities only an error
fails a check, and only where a change introduces it. A fix is offered only where it is proven.
"""


def page(known: Iterable[Rule] | None = None) -> str:
    """The whole page, rules (all by default) sorted by check run and id. Renders their samples."""
    ordered = sorted(rules() if known is None else known, key=lambda rule: (rule.check_name, rule.id))
    printed = asyncio.run(_printed(ordered))
    parts = [_HEAD]
    for name, group in groupby(ordered, key=lambda rule: rule.check_name):
        parts.append(f"\n## {name}\n")
        parts.extend(_section(rule, printed[rule.id]) for rule in group)
    return "".join(parts)


async def _printed(known: list[Rule]) -> dict[str, str]:
    """What `argofix check --verbose --only RULE` prints of each rule's sample, without the last line that counts."""
    shown: dict[str, str] = {}
    with tempfile.TemporaryDirectory() as state:
        engine = await Engine.start(Path(state))
        try:
            for rule in known:
                evaluation = await samples.of(rule)[0].judged(engine, rule.id)
                lines = text.render(evaluation, colour=False, whole=True).strip("\n").split("\n")
                shown[rule.id] = "\n".join(lines[:-1]).strip("\n")
        finally:
            await engine.close()
    return shown


def _section(rule: Rule, printed: str) -> str:
    summary, *paragraphs = re.split(r"\n\s*\n", rule.documentation)
    head = "**Severity:** {}. **Fix:** {}.".format(" or ".join(rule.declared.severities), rule.declared.fix)
    parts = [f"\n### `{rule.id}`\n\n{summary}\n\n{head}\n"]
    parts.extend(f"\n{_labelled(paragraph)}\n" for paragraph in paragraphs)
    sample = f"../tests/checks/samples/{rule.id.replace('-', '_')}.py"
    parts.append(f"\n**What it prints** of [its sample]({sample}):\n\n```text\n{printed}\n```\n")
    return "".join(parts)


def _labelled(paragraph: str) -> str:
    match = _LABEL.fullmatch(paragraph)
    return f"**{match['label']}:** {match['text']}" if match else paragraph
