"""What GitHub refused, in words for the person who asked for it: which rule, and what to do."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum
from urllib.parse import quote

from bot.formats.writing.markdown import bullets, code, safe
from bot.github.errors import Conflict, Forbidden, GitHubError, NotFound, Suspended, Unprocessable
from bot.github.rules import Rule

_VIOLATIONS = "repository rule violations found"
_MOST = 8  # rules, or branches, that are named


class Doing(Enum):
    """What was tried, with the permission that it takes."""

    COMMIT = ("make a commit", "Contents: write")
    CREATE = ("create the branch", "Contents: write")
    MOVE = ("move the branch", "Contents: write")
    OPEN = ("open a pull request from", "Pull requests: write")
    CHANGE = ("change the pull request from", "Pull requests: write")

    @property
    def words(self) -> str:
        return self.value[0]

    @property
    def permission(self) -> str:
        return self.value[1]


@dataclass(frozen=True, slots=True)
class Attempt:
    """What was tried with which branches, all refused alike; they were to be merged into `base`."""

    doing: Doing
    branches: tuple[str, ...]
    base: str

    @property
    def words(self) -> str:
        if not self.branches:
            return "do that"
        if self.doing is Doing.COMMIT:
            return f"make a commit for {code(self.base)}"
        many = "es" if len(self.branches) > 1 else ""
        named = ", ".join(map(code, self.branches[:_MOST]))
        if len(self.branches) > _MOST:
            named += f" and {len(self.branches) - _MOST} more"
        into = f" into {code(self.base)}" if self.doing is Doing.OPEN else ""
        if self.doing in (Doing.CREATE, Doing.MOVE):
            return f"{self.doing.words}{many} {named}"
        return f"{self.doing.words} {named}{into}"


@dataclass(frozen=True, slots=True)
class _Known:
    """A rule by its name in GitHub's settings, what it means here, and by what GitHub's message is known."""

    name: str
    means: str
    said: str
    doing: frozenset[Doing] = frozenset((Doing.CREATE, Doing.MOVE))


_CREATE, _MOVE = frozenset((Doing.CREATE,)), frozenset((Doing.MOVE,))
# By GitHub's `type`. Source: "Available rules for rulesets".
_RULES = {
    "creation": _Known(
        "Restrict creations", "only some may create branches of this name", r"creations being", _CREATE
    ),
    "update": _Known(
        "Restrict updates",
        "only some may push to branches of this name",
        r"updates? being|update this protected",
        _MOVE,
    ),
    "deletion": _Known(
        "Restrict deletions",
        "only some may delete branches of this name",
        r"deletions being|delete this",
        frozenset(),
    ),
    "non_fast_forward": _Known(
        "Block force pushes", "a branch may not be rebuilt on a newer commit", r"force.push", _MOVE
    ),
    "pull_request": _Known(
        "Require a pull request before merging",
        "nobody may push to branches of this name",
        r"through a pull request",
        _MOVE,
    ),
    "required_signatures": _Known("Require signed commits", "every commit must be verified", r"signature|signed"),
    "required_status_checks": _Known(
        "Require status checks to pass", "checks must have passed before a push", r"status check"
    ),
    "required_deployments": _Known(
        "Require deployments to succeed", "deployments must have succeeded before a push", r"deployment"
    ),
    "required_linear_history": _Known(
        "Require linear history", "no merge commits", r"merge commit|linear history", _MOVE
    ),
    "branch_name_pattern": _Known("Restrict branch names", "names of branches", r"branch name", _CREATE),
    "commit_message_pattern": _Known("Restrict commit metadata", "messages of commits", r"commit message"),
    "commit_author_email_pattern": _Known("Restrict commit metadata", "e-mail addresses of authors", r"author"),
    "committer_email_pattern": _Known("Restrict commit metadata", "e-mail addresses of committers", r"committer"),
    "file_path_restriction": _Known(
        "Restrict file paths",
        "some files may not be changed by a push",
        r"file path is restricted|restricted file path",
    ),
    "max_file_path_length": _Known(
        "Restrict file path length", "the path of a file is too long", r"path.*(long|length)"
    ),
    "file_extension_restriction": _Known(
        "Restrict file extensions", "files of some kinds may not be pushed", r"extension"
    ),
    "max_file_size": _Known("Restrict file size", "a file is too large", r"file size|too large"),
    "workflows": _Known(
        "Require workflows to pass before merging", "workflows must have passed before a push", r"workflow"
    ),
    "code_scanning": _Known("Require code scanning results", "results must be there before a push", r"code scanning"),
    "merge_queue": _Known("Require merge queue", "nobody may push to branches of this name", r"merge queue", _MOVE),
}
_OF_PUSHES = frozenset(
    ("file_path_restriction", "max_file_path_length", "file_extension_restriction", "max_file_size")
)
_SECRET = re.compile(r"secret", re.IGNORECASE)


def said_by_github(error: GitHubError) -> str:
    """GitHub's own words as a clause, without the request that they answer."""
    return " ".join(error.reason.split()).rstrip(".")


def in_words(error: BaseException) -> str:
    """An error for people, as a clause: never the request line, never the name of a class."""
    if isinstance(error, GitHubError):
        return f"GitHub says: {said_by_github(error)}"
    return " ".join(str(error).split()).rstrip(".") or "it took too long"


def refusal(
    error: GitHubError, attempt: Attempt, rules: Sequence[Rule], *, site: str, app: str, again: str, by_hand: str = ""
) -> str:
    """Markdown: what GitHub does not allow, why, and who can do what about it. `site` is the repository's address,
    `app` our name on GitHub, `rules` are those in force for the branch, `by_hand` says how to do without."""
    return "\n\n".join(part for part in _parts(error, attempt, rules, site, app, again, by_hand) if part)


def _parts(
    error: GitHubError, attempt: Attempt, rules: Sequence[Rule], site: str, app: str, again: str, by_hand: str
) -> Iterable[str]:
    doing, told = attempt.words, error.reason.lower()
    if isinstance(error, Suspended):
        yield "The installation of argofix is suspended; whoever owns it can lift that."
    elif "archived" in told:
        yield (
            "This repository is archived, so nothing in it can be changed. Somebody who administers it can unarchive "
            f"it in its settings; then {again}."
        )
    elif isinstance(error, Forbidden) and ("integration" in told or "not granted" in told):
        lacking = _needed(error) or attempt.doing.permission
        yield (
            f"GitHub does not let argofix {doing}: its installation needs *{lacking}*. Whoever owns the installation "
            f"can grant that on its page (*Settings*, *GitHub Apps*); then {again}."
        )
        yield by_hand
    elif isinstance(error, NotFound):
        yield (
            f"GitHub does not let argofix {doing}: it shows argofix no such place. The repository may have been "
            "moved or deleted, or taken out of the installation."
        )
    elif attempt.doing is Doing.OPEN and _names(error, "base"):
        yield f"The branch {code(attempt.base)} that this was to be merged into is gone."
    elif attempt.doing in (Doing.CREATE, Doing.MOVE) and isinstance(error, Forbidden | Unprocessable | Conflict):
        yield from _by_rule(error, attempt, rules, site, app, again)
        yield by_hand
    else:
        yield f"GitHub does not let argofix {doing}. It says: {safe(said_by_github(error))}."
        yield by_hand


def _by_rule(
    error: GitHubError, attempt: Attempt, rules: Sequence[Rule], site: str, app: str, again: str
) -> Iterable[str]:
    head = f"GitHub does not let argofix {attempt.words}"
    if _SECRET.search(error.reason):
        yield (
            f"{head}: its push protection takes something in the files that are edited for a secret. Take that out, "
            f"or allow it in GitHub's *Security* tab; then {again}."
        )
        return
    lines = _lines(error)
    kinds = [(line, _kind_of(line)) for line in lines]
    named = [_named(kind, line, rules) for line, kind in kinds]
    if named:
        yield f"{head}. {'A rule forbids' if len(named) == 1 else 'Rules forbid'} it:"
        yield bullets(named, most=_MOST)
    else:
        possible = [rule for rule in rules if _may_refuse(rule, attempt.doing)]
        yield f"{head}. It says only: {safe(said_by_github(error))}."
        if possible:
            yield "One of these rules, which apply to a branch of this name, may be why:"
            yield bullets(dict.fromkeys(_named(rule.kind, "", (rule,)) for rule in possible), most=_MOST)
    concerned = {kind for _, kind in kinds}
    owners = {rule.source for rule in rules if rule.kind in concerned and "/" not in rule.source} - {""}
    who = f"administers {code(min(owners))}" if owners else "administers this repository"
    ruled = error.reason.lower().startswith(_VIOLATIONS) or any(_may_refuse(rule, attempt.doing) for rule in rules)
    address = f"{site}/rules?ref={quote(f'refs/heads/{attempt.branches[0]}', safe='')}"
    if ruled:
        # Push rulesets know no branches.
        exclude = "" if concerned & _OF_PUSHES else ", or exclude `argofix/**/*` from its branches"
        yield (
            f"Somebody who {who} can add the App {code(app)} to the bypass list of the ruleset{exclude} "
            f"([rules for this branch]({address})); then {again}."
        )
    else:
        yield (
            f"Somebody who {who} can let the App {code(app)} past the branch protection rule whose pattern matches "
            f"the branch ([branches]({site}/settings/branches)), or narrow the pattern; then {again}."
        )


def _lines(error: GitHubError) -> list[str]:
    """What GitHub says of each broken rule."""
    text = error.reason.strip()
    if text.lower().startswith(_VIOLATIONS):
        text = text[len(_VIOLATIONS) :]
    elif _kind_of(text) is None:
        return []
    lines = [line.strip().lstrip("-:").strip() for line in text.splitlines()]
    return [line for line in lines if line]


def _kind_of(line: str) -> str | None:
    return next((kind for kind, rule in _RULES.items() if re.search(rule.said, line, re.IGNORECASE)), None)


def _named(kind: str | None, line: str, rules: Iterable[Rule]) -> str:
    """One rule: its name in the settings, what it means, and GitHub's own line where that tells more."""
    known = _RULES.get(kind or "")
    if known is None:
        return safe(line) if line else code(kind or "")
    told = f"*{known.name}*: {known.means}"
    patterns = [_pattern(rule) for rule in rules if rule.kind == kind and rule.pattern]
    if patterns:
        return f"{told} {' and '.join(dict.fromkeys(patterns))}"
    detail = line.rstrip(".")
    return f"{told} (GitHub: {safe(detail)})" if detail else told


def _pattern(rule: Rule) -> str:
    words = {"starts_with": "begin with", "ends_with": "end with", "contains": "contain", "regex": "match"}
    return f"must {'not ' if rule.negated else ''}{words.get(rule.operator, 'match')} {code(rule.pattern)}"


def _may_refuse(rule: Rule, doing: Doing) -> bool:
    known = _RULES.get(rule.kind)
    return known is not None and doing in known.doing


def _needed(error: Forbidden) -> str:
    """`contents=write; contents=write,workflows=write` as people see it in the settings: the first alternative."""
    first = (error.needed or "").partition(";")[0]
    pairs = [pair.partition("=") for pair in first.split(",") if "=" in pair]
    return ", ".join(f"{name.strip().replace('_', ' ').capitalize()}: {level.strip()}" for name, _, level in pairs)


def _names(error: GitHubError, field: str) -> bool:
    errors = error.errors if isinstance(error.errors, list) else []
    return any(isinstance(item, dict) and item.get("field") == field for item in errors)
