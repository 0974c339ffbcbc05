"""Which handler does which event, GitHub's and (`argofix_...`) our own, and what shows that one waits. One event,
one file."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from bot.github.events import COMMANDS, Event
from bot.server.context import Handlers
from handlers.comments import answering as answers
from handlers.events import check_run, check_suite, installation, issue_comment, merge_group, pull_request, push
from handlers.judging import base_moved, late_order, waiting
from handlers.schedule import poll, reconcile

HANDLERS: Handlers = {
    "pull_request": pull_request.handle,
    "push": push.handle,
    "check_run": check_run.handle,
    "check_suite": check_suite.handle,
    "issue_comment": issue_comment.handle,
    "merge_group": merge_group.handle,
    COMMANDS: answers.handle,
    "argofix_base": base_moved.handle,
    "argofix_order": late_order.handle,
    "argofix_poll": poll.handle,
    "argofix_reconcile": reconcile.handle,
    "installation": installation.handle,
    "installation_repositories": installation.handle,
}

# Of GitHub's events, which deliveries the handler does anything about, given our App's id. The handlers ask the same.
_TAKES: Mapping[str, Callable[[Event, int], bool]] = {
    "pull_request": pull_request.takes,
    "push": push.takes,
    "check_run": check_run.takes,
    "check_suite": check_suite.takes,
    "issue_comment": issue_comment.takes,
    "merge_group": merge_group.takes,
    "installation": installation.takes,
    "installation_repositories": installation.takes,
}

SHOW_QUEUED = waiting.show_queued


def taken(event: Event, app: int) -> bool:
    """Whether a delivery from GitHub is anything to us; what is not need not be stored. `app` is our App's id."""
    takes = _TAKES.get(event.name)
    return takes is not None and takes(event, app)
