"""Comments on the checklist's issue about errors that are new on the default branch: where the configuration asks for
them (`dashboard.comment: errors`), and one a day at most. What comes later on that day is told on the next."""

from __future__ import annotations

import hashlib
import logging
from dataclasses import replace

from bot.formats.doctor.memory import Memory
from bot.formats.writing.grouping import by_topic
from bot.formats.writing.markdown import bullets, code, safe
from bot.process.errors import PermanentError
from checks.judgement.evaluation import Evaluation
from checks.model import Finding, Severity
from checks.policy.file import Policy
from checks.wording import listed, plural
from handlers.proposals.pacing import day_of
from handlers.repository import RepositoryContext

log = logging.getLogger(__name__)

_MOST_KNOWN = 500  # errors; with more than that nobody reads what one more is
_MOST_TOLD = 5


async def tell_new_errors(
    repo: RepositoryContext, number: int, evaluation: Evaluation, policy: Policy, tip: str, memory: Memory
) -> Memory:
    """What is to be remembered, once what is new was told. The first look tells nothing: nobody knows what is new."""
    if not policy.dashboard.comment_errors:
        return replace(memory, errors=None)
    present = errors_of(evaluation)
    if memory.errors is None or len(present) >= _MOST_KNOWN:
        return replace(memory, errors=present)
    known = set(memory.errors)
    fresh = [one for one in _errors(evaluation) if _digest(one) not in known]
    today = day_of(repo.context.services.clock.now())
    if not fresh or memory.commented == today:
        return replace(memory, errors=tuple(one for one in present if one in known))
    topics = by_topic(fresh)
    lines = [f"{safe(group[0].topic.title)} ({listed([code(str(f.span)) for f in group], 3)})" for group in topics]
    branch = code(repo.details.default_branch)
    text = f"{plural('new error', len(fresh))} on {branch} at {code(tip[:7])}:\n\n{bullets(lines, most=_MOST_TOLD)}"
    try:
        await repo.sticky(number, mark=f"<!-- argofix:new-errors:{today} -->", body=text, github=repo.on_issues())
    except PermanentError as error:  # the issue is locked: they are new until somebody could be told
        log.warning("new errors could not be told", extra={"reason": str(error)})
        return replace(memory, errors=tuple(one for one in present if one in known), commented=today)
    return replace(memory, errors=present, commented=today)


def errors_of(evaluation: Evaluation) -> tuple[str, ...]:
    """A short digest of each error's identity."""
    return tuple(sorted({_digest(one) for one in _errors(evaluation)}))[:_MOST_KNOWN]


def _errors(evaluation: Evaluation) -> list[Finding]:
    return [one for one in evaluation.findings if one.severity is Severity.ERROR and one.suppressed is None]


def _digest(finding: Finding) -> str:
    return hashlib.sha256("\0".join(finding.identity).encode("utf-8", "replace")).hexdigest()[:10]
