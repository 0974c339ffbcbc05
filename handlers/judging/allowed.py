"""The word that lets deletions pass: `/argofix allow` gives it, and our answer to that command keeps it.

Whoever may push can edit our comments, and what we print may quote anybody, even a word of ours that was taken back.
So the line that counts stands in the head of the answer, before anything that is quoted, and is sealed: it is good
for one set of deletions on one pull request into one branch, and only this App can have written it. Like a review, it
counts for as long as whoever gave it may push.
"""

from __future__ import annotations

import hmac
import logging
import re
from collections.abc import Iterable, Iterator

from bot.github.endpoints import comments, repos
from bot.github.model import Comment
from bot.github.seals import keyed
from bot.process.errors import PermanentError
from handlers.repository import RepositoryContext

log = logging.getLogger(__name__)

MARK = "<!-- argofix:allow:"
DIGEST = re.compile(r"[0-9a-f]{16}")
_HEAD = re.compile(rf"<!-- argofix:answer:[^\n]*\n(?P<words>(?:{MARK}[^\n]*\n)*)")
_WORD = re.compile(rf"{MARK}(?P<digest>[0-9a-f]{{16}}):(?P<login>[\w-]+):(?P<seal>[0-9a-f]{{40}}) -->", re.ASCII)


def allow_mark(repo: RepositoryContext, number: int, branch: str, digest: str, login: str) -> str:
    """The hidden line by which `login` lets the set of deletions `digest` pass on a pull request into `branch`."""
    return f"{MARK}{digest}:{login}:{_seal(repo, number, branch, digest, login)} -->"


async def allowed(
    repo: RepositoryContext, number: int, branch: str, digest: str, present: Iterable[Comment]
) -> dict[str, str]:
    """The digest with the address of the answer that lets it pass on a pull request into `branch`; empty where nobody
    who may push now has allowed it. `present` are the pull request's comments."""
    known: dict[str, bool] = {}
    for comment, login in _words(repo, number, branch, digest, present):
        if login not in known:
            known[login] = await _may_push(repo, login)
        if known[login]:
            return {digest: comment.html_url}
    return {}


def _words(
    repo: RepositoryContext, number: int, branch: str, digest: str, present: Iterable[Comment]
) -> Iterator[tuple[Comment, str]]:
    identity = repo.context.services.identity
    for comment in present:
        head = _HEAD.match(comment.body.replace("\r\n", "\n"))
        if head is None or not comments.is_ours(comment, identity.id, identity.slug):
            continue
        for word in _WORD.finditer(head["words"]):
            seal = _seal(repo, number, branch, digest, word["login"])
            if word["digest"] == digest and hmac.compare_digest(word["seal"], seal):
                yield comment, word["login"]


async def _may_push(repo: RepositoryContext, login: str) -> bool:
    try:
        return await repos.permission(repo.github, repo.name, login) in repos.MAY_WRITE
    except PermanentError as error:
        log.warning("who allowed deletions could not be looked up", extra={"reason": str(error)})
        return False


def _seal(repo: RepositoryContext, number: int, branch: str, digest: str, login: str) -> str:
    return keyed(
        "argofix allow", repo.sealing_key, "\0".join((str(repo.details.id), str(number), branch, login, digest))
    )
