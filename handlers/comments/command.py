"""What a command is, what it is given and what it gives back."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import StrEnum

from bot.github.model import Comment, PullRequest
from handlers.comments.usage import Arguments
from handlers.repository import RepositoryContext


class Permission(StrEnum):
    """Who may use a command: whoever can comment, or those who may push to the repository."""

    READ = "read"
    WRITE = "write"


@dataclass(frozen=True, slots=True)
class Asked:
    """One command of one comment.

    `number` is the issue's or pull request's; `pull` is None on an issue, and on a pull request that is `closed`.
    `login` is who wrote the command; `text` is it, as written behind `/argofix`. `key` (hexadecimal) names this wish:
    the same when the command is run again after a crash, another one for every other command and comment. `commands`
    are all that there are.
    """

    repo: RepositoryContext
    number: int
    pull: PullRequest | None
    comment: Comment
    login: str
    text: str
    key: str
    arguments: Arguments
    closed: PullRequest | None = None
    commands: tuple[Command, ...] = ()


@dataclass(frozen=True, slots=True)
class Reply:
    """Markdown that says what became of it, in a few lines; whatever comes from a repository or a person passes
    `bot.formats.writing.markdown.code` or `safe`. `ok` is False when the wish was not fulfilled. `mark` is a hidden
    line for the head of the answer, where nothing is quoted."""

    text: str
    ok: bool = True
    mark: str = ""


@dataclass(frozen=True, slots=True)
class Command:
    """`usage` is what follows `/argofix`, in the words of `handlers.comments.usage`; `help` one sentence of
    Markdown."""

    name: str
    usage: str
    help: str
    permission: Permission
    run: Callable[[Asked], Awaitable[Reply]]
    evaluates: bool = True  # it renders what it answers about, or has it rendered already
    anew: bool = False  # and writes what comes of it into check runs, whatever stands there
