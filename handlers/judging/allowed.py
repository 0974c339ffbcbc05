"""The word that lets deletions pass: `/argofix allow` gives it, and our answer to that command keeps it.

Whoever may push can edit our comments, and what we print may quote anybody, so the line that counts is sealed: it is
good for one set of deletions on one pull request, and only this App can have written it.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Iterable

from bot.github.endpoints import comments
from bot.github.model import Comment
from bot.github.seals import keyed
from handlers.repository import RepositoryContext

_MARK = re.compile(r"<!-- argofix:allow:(?P<digest>[0-9a-f]{16}):(?P<seal>[0-9a-f]{40}) -->")
DIGEST = re.compile(r"[0-9a-f]{16}")


def allow_mark(repo: RepositoryContext, number: int, digest: str) -> str:
    """The hidden line that lets the set of deletions `digest` pass on a pull request."""
    return f"<!-- argofix:allow:{digest}:{_seal(repo, number, digest)} -->"


def allowed(repo: RepositoryContext, number: int, present: Iterable[Comment]) -> dict[str, str]:
    """The digests that somebody with write access has allowed on a pull request, with the addresses of the answers
    that say so. `present` are its comments."""
    identity = repo.context.services.identity
    found: dict[str, str] = {}
    for comment in present:
        if comments.is_ours(comment, identity.id, identity.slug):
            for mark in _MARK.finditer(comment.body):
                if hmac.compare_digest(mark["seal"], _seal(repo, number, mark["digest"])):
                    found[mark["digest"]] = comment.html_url
    return found


def _seal(repo: RepositoryContext, number: int, digest: str) -> str:
    return keyed("argofix allow", repo.sealing_key, f"{repo.details.id} {number} {digest}")
