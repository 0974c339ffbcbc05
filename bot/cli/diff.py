"""`argofix diff`: what merging a change does."""

from __future__ import annotations

import argparse
import asyncio
import difflib
import os
from pathlib import Path

from bot.cli.checkout import CannotRun, Checkout, applications_of, to_fetch
from bot.cli.clusters import clusters_of_environment
from bot.cli.engine import started
from bot.cli.progress import Progress
from bot.cli.writing import put
from bot.rendering.driver import Engine
from bot.rendering.evaluation import asked_between
from bot.repositories.git import GitError, git_now
from checks.changes.block import Block
from checks.changes.firewall import firewall_of
from checks.changes.live import questions, with_live
from checks.changes.remedies import Remedy, remedies_of
from checks.changes.view import Changes, changes_of
from checks.policy.file import Policy
from gitops.discovery.snapshot import Change
from gitops.discovery.sources import Analysis


def default_base(path: Path, rev: str | None) -> str:
    """Where the branch began: the branch that a CI system merges into, else what `HEAD` and the remote's default
    branch have in common; for work on that branch itself what was committed last, or the commit before it when
    everything is committed. Raises `CannotRun` when there is nothing to compare with."""
    head = rev or "HEAD"
    try:
        tip = _commit(path, head)
        if not tip:
            raise CannotRun(f"{path} has no commit {head}; name one with --base")
        for name in _targets():
            if _commit(path, name):
                begun = git_now(["merge-base", name, head], path, check=False).decode().strip()
                if begun and begun != tip:
                    return begun
        if rev is None and git_now(["status", "--porcelain"], path, check=False).strip():
            return tip
        parent = _commit(path, f"{head}~1")
    except (GitError, OSError) as error:
        raise CannotRun(f"{path} cannot be read: {error}") from None
    if not parent:
        before = f"{head}~1"
        way = to_fetch(path, before)
        if way:
            raise CannotRun(f"there is no commit {before} in {path}{way}")
        raise CannotRun(f"{head} has no commit before it; name one to compare with: --base REV")
    return parent


def _targets() -> list[str]:
    asked = [os.environ.get(name, "") for name in ("GITHUB_BASE_REF", "CI_MERGE_REQUEST_TARGET_BRANCH_NAME")]
    named = [f"refs/remotes/origin/{name}" for name in asked if name]
    return [*named, "refs/remotes/origin/HEAD", "refs/remotes/upstream/HEAD"]


def _commit(path: Path, rev: str) -> str:
    said = git_now(["rev-parse", "--verify", "--quiet", f"{rev}^{{commit}}"], path, check=False)
    return said.decode().strip()


async def diff(checkout: Checkout, base: str, arguments: argparse.Namespace) -> int:
    """Print the difference; status 1 when something blocks. Raises `CannotRun`."""
    if checkout.base is None:
        raise CannotRun(f"{checkout.directory} is not a git checkout, so there is nothing to compare with")
    progress = Progress()
    made = applications_of(arguments.applications)
    reader = clusters_of_environment()
    try:
        async with started(checkout.directory, arguments.offline) as engine:
            analysis, change = await asked_between(
                engine, checkout.tree, checkout.base, checkout.matcher, checkout.policy, made=made, clusters=reader
            )
            changes, remedies = await _looked_at(engine, analysis, change, checkout.policy, arguments.application)
            if reader is not None:
                changes = with_live(changes, await reader.differing(questions(changes)))
    except GitError as error:
        raise CannotRun(f"{checkout.directory} cannot be read: {error}") from None
    finally:
        progress.close()
        if reader is not None:
            await reader.close()
    text = _rendered(changes, remedies, checkout, base, arguments.format)
    put(text.encode("utf-8", "replace"), arguments.output)
    return 1 if changes.block is Block.YES else 0


async def _looked_at(
    engine: Engine, analysis: Analysis, change: Change, policy: Policy, names: list[str]
) -> tuple[Changes, tuple[Remedy, ...]]:
    """What the change does, and what could be merged first so that it deletes less."""
    if change.base is None:
        raise CannotRun("there is nothing to compare with")
    if names:
        _require(names, change)
    changes = await asyncio.to_thread(changes_of, change.base, change.head, policy)
    if names:
        changes = changes.only(names)
    wall = firewall_of(changes, policy)
    if not wall.held:
        return changes, ()
    return changes, await engine.drive(remedies_of(changes, wall, analysis, policy))


def _require(names: list[str], change: Change) -> None:
    snapshots = [each for each in (change.base, change.head) if each is not None]
    known = {state.application.name for each in snapshots for state in each.states}
    for name in names:
        if name not in known:
            near = difflib.get_close_matches(name, known, 1)
            hint = f"; did you mean {near[0]}?" if near else ""
            raise CannotRun(f"there is no Application {name} before or after the change{hint}")


def _rendered(changes: Changes, remedies: tuple[Remedy, ...], checkout: Checkout, base: str, style: str) -> str:
    if style == "json":
        from bot.formats.changes import json

        begun = _commit(checkout.directory, base) or None
        return json.render(changes, checkout.policy, checkout.commit, begun, remedies)
    if style == "markdown":
        from bot.formats.changes import markdown

        return markdown.render(changes, lambda span: f"{span.path}#L{span.line}", remedies=remedies) + "\n"
    if style == "html":
        from bot.formats.changes import html

        return html.render(changes, checkout.commit, _commit(checkout.directory, base) or None, remedies)
    from bot.formats.changes import text

    return text.render(changes, remedies=remedies)
