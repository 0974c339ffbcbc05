"""`argofix_reconcile`, our own event: find what a lost webhook, an outage or a crash left undone, and enqueue it.

A tick looks at the App as a whole and hands on to installations, those to repositories, those to pull requests; each
is a delivery of its own. Failed webhooks are what GitHub itself remembers, so they cover an outage at once. Going
through repositories is the net below that: a few of an installation in a pass, in turn, so that it costs a small part
of the 5,000 requests an hour that GitHub allows an installation.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TypeVar

from bot.formats.github import gate
from bot.github.app import REPORT, lacking
from bot.github.endpoints import checks, comments, contents, installations, pulls
from bot.github.endpoints.installations import HookDelivery
from bot.github.errors import Conflict
from bot.github.events import OWN, Event, NumberedEvent, RepositoryEvent, VisitEvent
from bot.github.model import Installation
from bot.queue.deliveries import Delivery
from bot.queue.schedule import own
from bot.server.context import Context, Services
from handlers.comments.written import written
from handlers.events.issue_comment import commented
from handlers.events.push import base_moved, pushed
from handlers.judging.pulls import evaluate_pull
from handlers.proposals.dashboard import NAME as CHECKLIST
from handlers.proposals.pacing import day_of
from handlers.proposals.requested import keep_up
from handlers.repository import RepositoryContext
from handlers.routing import of_everything, of_installation, on

log = logging.getLogger(__name__)

NAME = "reconcile"
REPOSITORIES = 20  # of an installation in one pass
PULLS = 10  # of a repository in one pass
BASES = 5  # branches of a repository in one pass that pull requests are open into
REDELIVERIES = 100  # in one pass
_ATTEMPTS = 5  # of GitHub to deliver one webhook
_THREE_DAYS = 3 * 24 * 3600.0  # as long as GitHub can redeliver
_ONCE_IN = 6 * 3600.0  # what died is tried anew that often

T = TypeVar("T")


@on(OWN + NAME, payload=NumberedEvent)
async def judge(event: NumberedEvent, delivery: Delivery, context: Context) -> None:
    repo, listed = await RepositoryContext.with_pulls(event, context)
    await evaluate_pull(repo, event.number, listed)
    await keep_up(repo, event.number, listed)


@on(OWN + NAME, payload=VisitEvent)
async def visit(event: VisitEvent, delivery: Delivery, context: Context) -> None:
    await _repository(await RepositoryContext.open(event, context), event.visit)


@on(OWN + NAME, payload=RepositoryEvent)
async def visit_in_passing(event: RepositoryEvent, delivery: Delivery, context: Context) -> None:
    """As earlier releases queued it, which did not number their visits."""
    await _repository(await RepositoryContext.open(event, context), _pass(context.services))


@on(OWN + NAME, payload=Event, when=of_installation)
async def hand_on_installation(event: Event, delivery: Delivery, context: Context) -> None:
    await _installation(event.installation, delivery, context.services)


@on(OWN + NAME, payload=Event, when=of_everything)
async def hand_on(event: Event, delivery: Delivery, context: Context) -> None:
    await _everything(delivery, context.services)


async def _everything(delivery: Delivery, services: Services) -> None:
    app = services.github.as_app()
    lacking: dict[str, str] = {}
    for installation in await installations.listed(app):
        trouble = _trouble(installation)
        if trouble is not None:
            lacking[installation.account] = trouble
            log.error(
                "an installation lacks what the work needs",
                extra={"account": installation.account, "reason": trouble},
            )
        if not installation.suspended:
            name = f"{delivery.id}/{installation.id}"
            await services.enqueue(own(name, NAME, services.clock.now(), installation=installation.id))
    services.operator_faults.replace("installation", lacking)
    since = services.clock.now() - _THREE_DAYS
    for failed in _undelivered(await installations.deliveries(app, since=since))[:REDELIVERIES]:
        log.info("asking GitHub for a webhook that we missed", extra={"guid": failed.guid, "event": failed.event})
        await installations.redeliver(app, failed.id)


def _trouble(installation: Installation) -> str | None:
    if installation.suspended:
        return "it is suspended"
    short = [f"{name}: {level}" for name, level in lacking(installation.permissions).items()]
    return f"permission {', '.join(short)} is not granted" if short else None


def _undelivered(attempts: Sequence[HookDelivery]) -> list[HookDelivery]:
    """The last attempt of each webhook that never got through, oldest first, unless it was tried often enough."""
    by_guid: dict[str, list[HookDelivery]] = {}
    for attempt in attempts:
        by_guid.setdefault(attempt.guid, []).append(attempt)
    failed = [
        tries[0]
        for tries in by_guid.values()
        if len(tries) < _ATTEMPTS and not any(200 <= each.status_code < 300 for each in tries)
    ]
    return sorted(failed, key=lambda each: each.delivered_at)


async def _installation(installation: int, delivery: Delivery, services: Services) -> None:
    github = services.github.installation(installation, None, REPORT)
    found = [each for each in await installations.repositories(github) if not each.archived]
    found.sort(key=lambda each: each.id)
    for repository, visit in in_turn(found, REPOSITORIES, _pass(services)):
        name = f"{delivery.id}/{repository.id}"
        await services.enqueue(
            own(name, NAME, services.clock.now(), installation=installation, repository=repository, visit=visit)
        )


async def _repository(repo: RepositoryContext, visit: int) -> None:
    """Nothing else works on this repository meanwhile, so runs in progress are left-overs."""
    services, repository = repo.context.services, repo.details
    now = services.clock.now()
    try:
        tip = await contents.branch_head(repo.github, repo.name, repository.default_branch)
    except Conflict:
        tip = None  # it is empty
    if tip is None:
        return
    # By the commit: one that was looked at is not looked at again while the store remembers it.
    await services.enqueue(pushed(f"default/{repository.id}/{tip}", repo.installation, repository, tip, now))
    # Once a day, for what nobody tells of: permissions, new versions, the rules of a newer argofix.
    daily = f"{CHECKLIST}/{repository.id}/on/{day_of(now)}"
    await services.enqueue(own(daily, CHECKLIST, now, installation=repo.installation, repository=repository))
    await _commands(repo, now)
    listed = await pulls.listed(repo.github, repo.name)
    await _bases(repo, sorted({pull.base.ref for pull in listed} - {repository.default_branch}), visit)
    for pull, _ in in_turn(listed, PULLS, visit):
        runs = await checks.for_ref(repo.github, repo.name, pull.head.sha, app_id=services.identity.id)
        if any(run.name == gate.NAME and run.status == "completed" for run in runs):
            continue
        name = f"pull/{repository.id}/{pull.number}/{pull.head.sha}/{int(now // _ONCE_IN)}"
        await services.enqueue(
            own(name, NAME, now, installation=repo.installation, repository=repository, number=pull.number)
        )


async def _bases(repo: RepositoryContext, branches: Sequence[str], visit: int) -> None:
    """Branches that moved on when nobody told us. A push to the default branch does this by itself."""
    services, repository = repo.context.services, repo.details
    for branch, _ in in_turn(branches, BASES, visit):
        tip = await contents.branch_head(repo.github, repo.name, branch)
        if tip is not None:
            # By the commit, as for the default branch.
            name = f"base/{repository.id}/{branch}/{tip}"
            await services.enqueue(base_moved(name, repo.installation, repository, branch, services.clock.now()))


async def _commands(repo: RepositoryContext, now: float) -> None:
    """Commands that nobody told us of. Those that were answered are found to be; each is looked at once.

    Only in comments that were never edited: what an edit added, nothing but its webhook tells.
    """
    services, repository = repo.context.services, repo.details
    since = datetime.fromtimestamp(now - _THREE_DAYS, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    for comment in await comments.recent(repo.github, repo.name, since=since):
        if comment.author_is_bot or comment.app_id is not None or comment.created_at != comment.updated_at:
            continue
        commands = await asyncio.to_thread(written, comment.body)
        name = f"comment/{repository.id}/{comment.id}"
        delivery = commented(name, repo.installation, repository, comment, now) if commands else None
        if delivery is not None:
            await services.enqueue(delivery)


def in_turn(items: Sequence[T], count: int, turn: int) -> list[tuple[T, int]]:
    """`count` of the items, each with the number of this visit of it; over successive turns each comes up as often as
    the others, and its visits have successive numbers.

    What is gone through at a visit takes its turn by that number, not by `turn`: a repository that is visited every
    second time would see only every second slice of its pull requests.
    """
    if len(items) <= count:
        return [(item, turn) for item in items]
    return [(items[at % len(items)], at // len(items)) for at in range(turn * count, (turn + 1) * count)]


def _pass(services: Services) -> int:
    """Successive numbers for successive passes, the same in every replica."""
    return int(services.clock.now() // max(1.0, services.settings.reconcile_interval))
