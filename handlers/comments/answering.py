"""`argofix_commands`, our own event: obey the commands of a comment, once, and answer them in one comment.

The answer carries a hidden mark that names the comment and the commands. It is looked for first, so whatever was
answered is not done again, however often it is delivered and wherever the last run broke off. A run that broke off
before its answer is done again as a whole; commands are made for that (`handlers.commands`).
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import re
from dataclasses import replace

from bot.formats.refusal import in_words
from bot.formats.writing.markdown import code, safe
from bot.github.endpoints import comments, pulls, repos
from bot.github.endpoints.installations import AppIdentity
from bot.github.errors import NotFound
from bot.github.events import COMMANDS, IssueCommentEvent
from bot.github.made_once import made_once
from bot.process.errors import PermanentError, TemporaryError
from bot.queue.allowance import ALL, PERIOD
from bot.queue.deliveries import Delivery
from bot.server.context import Context
from checks.wording import plural
from handlers.comments.command import Asked, Permission, Reply
from handlers.comments.registry import NotUnderstood, Understood, commands, understand
from handlers.comments.usage import Arguments
from handlers.comments.written import PREFIX, written
from handlers.judging.allowed import MARK as WORD
from handlers.judging.pulls import evaluate_pull
from handlers.proposals.refusals import why_not
from handlers.repository import RepositoryContext, talking
from handlers.routing import on

log = logging.getLogger(__name__)

_AGAIN = "ask again"
MOST = 10  # commands obeyed in one comment
_LONGEST = 60_000  # of the 65,536 characters that GitHub takes
_SHARE = 0.8  # of the time that a run may take; the rest is for the answer
_MARK = re.compile(r"<!-- argofix:answer:(?P<comment>\d+):(?P<digest>[0-9a-f]{16}):(?P<outcome>ok|no) -->")


def wished(event: IssueCommentEvent, identity: AppIdentity) -> tuple[str, ...]:
    """The commands that a delivery is about: those of a new comment, or those that an edit adds. None of a bot's."""
    if by_bot(event, identity.id) or event.action not in ("created", "edited"):
        return ()
    if event.action == "created":
        return written(event.comment.body)
    if event.former is None:  # something else was edited
        return ()
    known = written(event.former)
    return tuple(line for line in written(event.comment.body) if line not in known)


def by_bot(event: IssueCommentEvent, app: int) -> bool:
    """Whether a bot, ours (of the App `app`) or another, wrote or edited the comment: none of them is obeyed."""
    return event.sender_is_bot or event.comment.author_is_bot or event.comment.app_id == app


def is_about_a_word(event: IssueCommentEvent, app: int) -> bool:
    """Whether an answer of ours that lets deletions pass was deleted or edited: then it may let nothing pass."""
    ours = event.comment.app_id == app or event.comment.author_is_bot
    changed = event.on_pull_request and event.action in ("edited", "deleted")
    return ours and changed and WORD in f"{event.comment.body}{event.former or ''}"


@on(COMMANDS, payload=IssueCommentEvent)
async def answer(event: IssueCommentEvent, delivery: Delivery, context: Context) -> None:
    if is_about_a_word(event, context.services.identity.id):
        repo = await RepositoryContext.open(event, context, talking(event.on_pull_request))
        await evaluate_pull(repo, event.number, again=hashlib.sha256(delivery.id.encode()).hexdigest()[:16])
        return
    wishes = await asyncio.to_thread(wished, event, context.services.identity)
    if not wishes:
        return
    repo = await RepositoryContext.open(event, context, talking(event.on_pull_request))
    digest = _digest(event, wishes)
    try:
        present = await comments.get(repo.github, repo.name, event.comment.id)
        ok = await _answered(repo, event, digest)
        if ok is None:
            # Whoever takes a command back before its turn has taken it back.
            left = await asyncio.to_thread(written, present.body)
            wishes = tuple(wish for wish in wishes if wish in left)
            if not wishes:
                return
            ok = await _answer(repo, event, digest, wishes)
        await comments.react(repo.github, repo.name, event.comment.id, "rocket" if ok else "confused")
    except NotFound:
        log.info("the comment has gone", extra={"comment": event.comment.id})


async def _answer(repo: RepositoryContext, event: IssueCommentEvent, digest: str, wishes: tuple[str, ...]) -> bool:
    """Do it and say so; gives whether everything went well."""
    replies: list[tuple[str, Reply]] = []
    deadline = repo.context.attempt.part(_SHARE)
    for wish in wishes[:MOST]:
        try:
            async with asyncio.timeout_at(deadline):
                reply = await _obey(repo, event, wish, digest)
        except TimeoutError:
            reply = Reply("This took longer than argofix may work on one comment.", ok=False)
        replies.append((wish, reply))
    outcome = all(reply.ok for _, reply in replies) and len(wishes) <= MOST
    mark = f"<!-- argofix:answer:{event.comment.id}:{digest}:{'ok' if outcome else 'no'} -->"
    text = _text(mark, replies, len(wishes) - MOST)

    async def answer() -> bool:
        await comments.create(repo.github, repo.name, event.number, text)
        return outcome

    return await made_once(answer, lambda: _answered(repo, event, digest))


async def _obey(repo: RepositoryContext, event: IssueCommentEvent, wish: str, digest: str) -> Reply:
    """One command. Raises only what may go better next time."""
    found = understand(wish)
    if isinstance(found, NotUnderstood):
        return _not_understood(found)
    login = event.sender or event.comment.author
    try:
        refusal = await _refusal(repo, found, login)
        if refusal is not None:
            return Reply(refusal, ok=False)
        asked = await _asked(repo, event, wish, login, digest, found.arguments)
        refusal = await _too_often(asked, found, digest)
        if refusal is not None:
            return Reply(refusal, ok=False)
        return await found.command.run(asked)
    except PermanentError as error:
        return Reply(await why_not(repo, error, _AGAIN), ok=False)
    except TemporaryError as error:
        if not repo.context.attempt.is_last(error):
            raise
        after = repo.context.attempt.told
        return Reply(f"This could not be done{after}: {safe(in_words(error))}.", ok=False)
    except Exception as error:
        if not repo.context.attempt.is_last(error):
            raise
        log.exception("a command failed", extra={"command": found.command.name})
        return Reply("This failed by a mistake in argofix; the server's log tells which.", ok=False)


async def _refusal(repo: RepositoryContext, found: Understood, login: str) -> str | None:
    """Why somebody may not use a command, as GitHub sees it now."""
    if found.command.permission is Permission.READ:
        return None
    role = await repos.permission(repo.github, repo.name, login)
    if role in repos.MAY_WRITE:
        return None
    has = "none" if role == "none" else f"{code(role)} access"
    return (
        f"Sorry, {code(found.command.name)} is for people with write access to this repository, and {code(login)} "
        f"has {has}. Somebody who may push can ask for it."
    )


async def _too_often(asked: Asked, found: Understood, digest: str) -> str | None:
    """Why somebody who may not push has to wait: what their commands look at, others wait for meanwhile."""
    if found.command.permission is not Permission.READ or not found.command.evaluates:
        return None
    repo, what = asked.repo, None
    if found.command.anew:
        what = asked.pull.head.sha if asked.pull is not None else repo.details.default_branch
    services, who = repo.context.services, (repo.details.id, asked.login)
    if services.allowance.take(who, what, digest, services.clock.now()):
        return None
    if await repos.permission(repo.github, repo.name, asked.login) in repos.MAY_WRITE:
        return None
    return (
        f"Sorry, for {code(asked.login)}, who has no write access, argofix evaluates a commit anew once in "
        f"{PERIOD / 60:.0f} minutes, and answers {ALL} questions at most. Ask again later."
    )


async def _asked(
    repo: RepositoryContext, event: IssueCommentEvent, wish: str, login: str, digest: str, arguments: Arguments
) -> Asked:
    pull = await pulls.get(repo.github, repo.name, event.number) if event.on_pull_request else None
    closed = pull if pull is not None and pull.state != "open" else None
    if closed is not None:
        pull = None
    key = hashlib.sha256(f"{digest}\0{wish}".encode("utf-8", "replace")).hexdigest()[:16]
    return Asked(repo, event.number, pull, event.comment, login, wish, key, arguments, closed, commands())


async def _answered(repo: RepositoryContext, event: IssueCommentEvent, digest: str) -> bool | None:
    """Whether an answer of ours to these commands said that all went well; None when there is no answer."""
    identity = repo.context.services.identity
    since = event.comment.created_at or None
    for comment in await comments.listed(repo.github, repo.name, event.number, since=since):
        mark = _MARK.match(comment.body) if comments.is_ours(comment, identity.id, identity.slug) else None
        if mark is not None and (int(mark["comment"]), mark["digest"]) == (event.comment.id, digest):
            return mark["outcome"] == "ok"
    return None


def _digest(event: IssueCommentEvent, wishes: tuple[str, ...]) -> str:
    """Names these commands of this comment. Every edit is one more occasion, every delivery of it the same one."""
    occasion = event.comment.updated_at if event.action == "edited" else ""
    text = "\n".join((str(event.comment.id), occasion, *wishes))
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:16]


def _not_understood(found: NotUnderstood) -> Reply:
    text = f"{safe(found.why)}."
    if found.command is None:
        return Reply(f"{text} {code(f'{PREFIX} help')} lists those there are.", ok=False)
    usage = code(f"{PREFIX} {found.command.usage}")
    return Reply(f"{text} It is written {usage}." if found.sure else f"{text} Did you mean {usage}?", ok=False)


def _text(mark: str, replies: list[tuple[str, Reply]], left_out: int) -> str:
    most = _LONGEST // len(replies)
    parts = ["\n".join((mark, *(reply.mark for _, reply in replies if reply.mark)))]
    for wish, reply in replies:
        if len(reply.text) > most:
            reply = replace(reply, text="The answer is longer than a comment may be.")
        parts.append(f"> {code(f'{PREFIX} {wish}')}\n\n{reply.text}")
    if left_out > 0:
        parts.append(f"{plural('more command', left_out)} left out: argofix obeys {MOST} in one comment.")
    return "\n\n".join(parts)
