"""The rules that rulesets put on a branch. Source: GitHub REST "Rules", which takes `metadata: read` only."""

from __future__ import annotations

from dataclasses import dataclass

from bot.github.client import GitHub
from bot.http.fields import Fields


@dataclass(frozen=True, slots=True)
class Rule:
    """`kind` is GitHub's `type`; `operator` and `pattern` say what names or messages must be like, where the rule is
    about that. `source` is the repository or organization whose ruleset has it."""

    kind: str
    source: str = ""
    operator: str = ""
    pattern: str = ""
    negated: bool = False


async def active(github: GitHub, repository: str, branch: str) -> list[Rule]:
    """Those in force for a branch of this name, whether it is there or not."""
    path = f"/repos/{repository}/rules/branches/{{branch}}{{?per_page}}"
    found = []
    async for item in github.getiter(path, {"branch": branch, "per_page": 100}):
        fields = Fields(item)
        given = fields.inner_or_none("parameters")
        found.append(
            Rule(
                kind=fields.text("type"),
                source=fields.text_or_none("ruleset_source") or "",
                operator=(given.text_or_none("operator") if given else None) or "",
                pattern=(given.text_or_none("pattern") if given else None) or "",
                negated=given is not None and given.raw("negate") is True,
            )
        )
    return found
