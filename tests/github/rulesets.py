"""Rulesets, classic branch protection and archiving, as GitHub documents them: what keeps an App from writing.

A ruleset names branches by fnmatch patterns below `refs/heads/` (`~ALL`, `~DEFAULT_BRANCH` too). What it refuses is
answered with 422, `Repository rule violations found` and a line for each rule that is broken. Sources: "Available
rules for rulesets", "Get rules for a branch" (only active ones, without the ruleset's name).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from tests.github.handling import Answer, ApiError, Call, listed, operation
from tests.github.repository import Repository
from tests.github.state import App

Json = dict[str, Any]

_OPERATORS: dict[str, Callable[[str, str], bool]] = {
    "starts_with": lambda pattern, text: text.startswith(pattern),
    "ends_with": lambda pattern, text: text.endswith(pattern),
    "contains": lambda pattern, text: pattern in text,
    "regex": lambda pattern, text: re.search(pattern, text) is not None,
}


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule of a ruleset. `says` replaces the line that GitHub says of it; `quiet` makes GitHub say of the whole
    request no more than `Reference update failed`, as it does now and then."""

    type: str
    parameters: Json = field(default_factory=dict)
    branches: tuple[str, ...] = ("~ALL",)
    ruleset: int = 1
    active: bool = True
    bypass: tuple[App, ...] = ()
    says: str = ""
    quiet: bool = False
    organization: str = ""

    def covers(self, repo: Repository, branch: str) -> bool:
        return any(
            pattern == "~ALL"
            or (pattern == "~DEFAULT_BRANCH" and branch == repo.default_branch)
            or _fnmatch(pattern, branch)
            for pattern in self.branches
        )

    def show(self, repo: Repository) -> Json:
        source = {
            "ruleset_source_type": "Organization" if self.organization else "Repository",
            "ruleset_source": self.organization or repo.full_name,
            "ruleset_id": self.ruleset,
        }
        return {"type": self.type, **({"parameters": self.parameters} if self.parameters else {}), **source}


def _fnmatch(pattern: str, branch: str) -> bool:
    """Ruby's File.fnmatch with FNM_PATHNAME: `*` stops at `/`, `**/` does not."""
    parts = re.split(r"(\*\*/|\*\*|\*)", pattern)
    words = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*"}
    return re.fullmatch("".join(words.get(part, re.escape(part)) for part in parts), branch) is not None


def enforce(call: Call, ref: str, before: str | None, after: str | None, *, force: bool = False) -> None:
    """Raises what GitHub answers when a rule, or a classic protection, keeps the App from this."""
    repo, branch = call.repo, ref.removeprefix("refs/heads/")
    if not ref.startswith("refs/heads/"):
        return
    for pattern, said in repo.protected.items():
        if _fnmatch(pattern, branch) and (before is not None):
            raise ApiError(*said)
    broken = [
        (rule, said)
        for rule in repo.rules
        if rule.active and rule.covers(repo, branch) and call.app not in rule.bypass
        for said in _broken(call, rule, branch, before, after, force)
    ]
    if any(rule.quiet for rule, _ in broken):
        raise ApiError(422, "Reference update failed")
    if broken:
        lines = "\n\n".join(dict.fromkeys(rule.says or said for rule, said in broken))
        raise ApiError(422, f"Repository rule violations found\n\n{lines}\n\n")


def _broken(call: Call, rule: Rule, branch: str, before: str | None, after: str | None, force: bool) -> Iterator[str]:
    repo, kind, given = call.repo, rule.type, rule.parameters
    if after is None:
        if kind == "deletion":
            yield "Cannot delete this branch"
        return
    if kind == "creation" and before is None:
        yield "Cannot create ref due to creations being restricted."
    elif kind == "update" and before is not None:
        yield "Cannot update this protected ref."
    elif kind == "non_fast_forward" and before is not None and force and not repo.git.is_ancestor(before, after):
        yield "Cannot force-push to this branch"
    elif kind == "pull_request" and before is not None:
        yield "Changes must be made through a pull request."
    elif kind == "required_signatures" and after not in repo.by_app | repo.signed:
        yield "Commits must have verified signatures."
    elif kind == "required_status_checks" and not (before is None and given.get("do_not_enforce_on_create")):
        for check in given["required_status_checks"]:
            yield f'Required status check "{check["context"]}" is expected.'
    elif kind == "branch_name_pattern" and before is None and _mismatch(given, branch):
        yield f"Branch name must {'not ' * bool(given.get('negate'))}match: {given['pattern']}"
    elif kind == "commit_message_pattern" and _mismatch(given, repo.git.commit_data(after).message):
        yield f"Commit message must match the pattern: {given['pattern']}"
    elif kind == "file_path_restriction":
        tip = before or repo.branch(repo.default_branch) or after
        changed = repo.git.text("diff", "--name-only", tip, after).split()
        if any(_fnmatch(pattern, path) for pattern in given["restricted_file_paths"] for path in changed):
            yield "File path is restricted"


def _mismatch(given: Json, text: str) -> bool:
    return bool(_OPERATORS[given["operator"]](given["pattern"], text)) is bool(given.get("negate"))


@operation("repos/get-branch-rules", "metadata:read")
def branch_rules(call: Call) -> Answer:
    """The branch need not exist."""
    repo, branch = call.repo, call.path["branch"]
    return listed(call, [r for r in repo.rules if r.active and r.covers(repo, branch)], lambda r: r.show(repo))
