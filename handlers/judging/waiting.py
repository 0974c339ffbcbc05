"""A check run `argofix` for a head whose turn has not come: GitHub shows that it is queued, not that it is missing.

The evaluation takes it over (`handlers.judging`). While one works on the head, there is nothing to show.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from bot.formats.github import check_run, gate
from bot.github.app import REPORT
from bot.github.endpoints import checks
from bot.github.events import MergeGroupEvent, PullRequestEvent
from bot.queue.deliveries import Delivery
from bot.server.context import Services
from handlers.judging.runs import OVERTAKEN


async def show_queued(delivery: Delivery, services: Services) -> Callable[[], Awaitable[None]] | None:
    """Create the run where the head has none. Gives what ends it again, for a head that nobody will judge."""
    event = delivery.parsed()
    if isinstance(event, PullRequestEvent):
        sha = event.pull_request.head.sha
    elif isinstance(event, MergeGroupEvent) and event.action == "checks_requested":
        sha = event.head
    else:
        return None
    repository, head = event.repository, (event.repository.id, sha)
    if services.heads.busy(head):
        return None
    github = services.github.installation(event.installation, repository.id, REPORT)
    async with services.heads.held(head):
        app = services.identity.id
        if await checks.for_ref(github, repository.full_name, sha, app_id=app, name=gate.NAME):
            return None
        run = await checks.create(
            github,
            repository.full_name,
            name=gate.NAME,
            head_sha=sha,
            report=check_run.queued(),
            now=services.clock.now(),
            app_id=app,
        )

    async def take_back() -> None:
        async with services.heads.held(head):
            present = await checks.get(github, repository.full_name, run.id)
            if present.status == "queued":
                report, now = check_run.overtaken(OVERTAKEN), services.clock.now()
                await checks.update(github, repository.full_name, run.id, report=report, now=now)

    return take_back
