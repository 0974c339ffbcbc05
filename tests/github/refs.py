"""What GitHub does when a ref moves, whoever moved it: pull requests follow, webhooks go out, suites are made."""

from typing import Any

from tests.github import check_payloads, payloads
from tests.github.git_backend import ZERO
from tests.github.repository import CheckSuite, Repository
from tests.github.state import App, User
from tests.github.webhooks import emit

Json = dict[str, Any]


def move_ref(repository: Repository, ref: str, sha: str | None, pusher: User) -> None:
    """Points `ref` at `sha` (None deletes it) and does what follows."""
    before = repository.git.refs(ref).get(ref)
    repository.git.update_ref(ref, sha)
    if before != sha:
        ref_moved(repository, ref, before, sha, pusher)


def ref_moved(repository: Repository, ref: str, before: str | None, sha: str | None, pusher: User) -> None:
    from tests.github import pulls

    state = repository.state
    emit(state, "push", None, payloads.push(repository, ref, before or ZERO, sha or ZERO, pusher), repository, pusher)
    kind, short = ("branch", ref.removeprefix("refs/heads/")) if ref.startswith("refs/heads/") else ("tag", ref[10:])
    if before is None or sha is None:
        fields: Json = {"ref": short, "ref_type": kind, "pusher_type": "user"}
        if before is None:
            fields |= {"master_branch": repository.default_branch, "description": None}
        emit(state, "create" if before is None else "delete", None, fields, repository, pusher)
    if kind == "branch":
        if sha is not None:
            for installation in state.installations.values():
                known = {(suite.app.id, suite.head_sha) for suite in repository.suites.values()}
                if (installation.app.id, sha) in known:
                    continue
                if installation.active and installation.covers(repository) and "checks" in installation.permissions:
                    suite = check_suite(repository, installation.app, sha, short, before or ZERO)
                    shown = {"check_suite": check_payloads.check_suite(repository, suite)}
                    emit(state, "check_suite", "requested", shown, repository, pusher, only=installation.app)
        pulls.branch_moved(repository, short, before, sha, pusher)
    state.changed()


def check_suite(repository: Repository, app: App, sha: str, branch: str | None, before: str = ZERO) -> CheckSuite:
    """The App's suite for a commit, made when there is none."""
    for suite in repository.suites.values():
        if suite.app == app and suite.head_sha == sha:
            return suite
    state = repository.state
    if branch is None:
        branch = next(
            (ref.removeprefix("refs/heads/") for ref, at in repository.git.refs("refs/heads").items() if at == sha),
            None,
        )
    suite = CheckSuite(next(state.ids), app, branch, sha, before, state.now(), state.now())
    repository.suites[suite.id] = suite
    return suite
