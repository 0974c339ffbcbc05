"""Which handler does which event, GitHub's and (`argofix_...`) our own, and what shows that one waits. One event,
one file."""

from __future__ import annotations

from bot.context import Handlers
from bot.events import COMMANDS
from handlers import (
    answers,
    check_run,
    check_suite,
    installation,
    issue_comment,
    late_order,
    merge_group,
    poll,
    pull_request,
    push,
    reconcile,
    waiting,
)

HANDLERS: Handlers = {
    "pull_request": pull_request.handle,
    "push": push.handle,
    "check_run": check_run.handle,
    "check_suite": check_suite.handle,
    "issue_comment": issue_comment.handle,
    "merge_group": merge_group.handle,
    COMMANDS: answers.handle,
    "argofix_order": late_order.handle,
    "argofix_poll": poll.handle,
    "argofix_reconcile": reconcile.handle,
    "installation": installation.handle,
    "installation_repositories": installation.handle,
}

SHOW_QUEUED = waiting.show_queued
