"""What the subcommands do."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import shutil
import signal
import sys
from collections.abc import Coroutine, Iterable, Iterator
from pathlib import Path

from bot.cli.checkout import CannotRun, Checkout, applications_of, open_checkout, outer_checkout
from bot.cli.clusters import clusters_of_environment
from bot.cli.engine import started
from bot.cli.explain import explain, rule_named
from bot.cli.progress import Progress
from bot.cli.terminal import say
from bot.cli.writing import apply, put, put_diff, require_writable
from bot.rendering.evaluation import evaluate
from bot.repositories.git import GitError
from checks.judgement.evaluation import Evaluation
from checks.model import Finding, Severity
from checks.planning.ownership.plan import fitting
from checks.policy.file import PATH
from gitops.files.errors import GitopsError
from gitops.files.spans import Applicability, Edit, Fix
from gitops.files.tree import Tree
from gitops.kustomize.steps import changes_of, edits_for

_PIPE_WIDTH = 120  # columns where there is no terminal: logs of CI are wide
_ORDER_RULES = ("sync-order-cycle", "sync-wave-contradiction")


async def check(arguments: argparse.Namespace) -> int:
    """`argofix check`. Gives the exit status; raises `CannotRun`."""
    only = _rules(arguments.only)
    require_writable(arguments.output)
    checkout = _open(arguments.path, arguments.rev, arguments.base)
    evaluation = await _evaluate(checkout, only, arguments)
    text = _report(evaluation, checkout.commit, arguments)
    put(text.encode("utf-8", "replace"), arguments.output)
    return 1 if any(_is_error(f) and f.introduced is not False for f in evaluation.findings) else 0


async def fix(arguments: argparse.Namespace) -> int:
    """`argofix fix`. Prints a diff that `git apply` takes; status 1 when errors are left that it cannot mend."""
    from bot.formats.github.proposal import title
    from bot.formats.writing.diff import diff_of_edits

    checkout = _open(arguments.path, None, None)
    evaluation = await _evaluate(checkout, frozenset(), arguments)
    plans, waiting = fitting(checkout.tree, evaluation.plans)
    # All at once: two plans may take entries out of one list.
    edits = list(edits_for(checkout.tree, [step for plan in plans for step in plan.steps]))
    edits, later = _others(evaluation, edits, checkout.tree)
    try:
        diff = diff_of_edits(checkout.tree, edits)
    except GitopsError as error:
        raise CannotRun(f"the fixes do not fit together: {error}") from None
    _explain(evaluation)
    for plan in waiting:
        say(f"left for the next run, since it touches the same lines: {title(plan)}")
    if arguments.write:
        apply(checkout, edits)
    else:
        put_diff(diff)
    later |= {finding.identity for plan in waiting for finding in plan.findings}
    return 1 if any(_is_error(f) and (f.fix is None or f.identity in later) for f in evaluation.findings) else 0


async def bump(arguments: argparse.Namespace) -> int:
    """`argofix bump`. Prints a diff that `git apply` takes."""
    from bot.cli import bump as bumping

    return await bumping.bump(_open(arguments.path, None, None), arguments)


async def add(arguments: argparse.Namespace) -> int:
    """`argofix add`. Prints what can be added, or a diff that `git apply` takes."""
    from bot.cli import add as adding

    item, path = adding.settled(arguments)
    return await adding.add(_open(path, None, None), item, arguments)


async def order(arguments: argparse.Namespace) -> int:
    """`argofix order`. Status 1 when the order has a cycle, or waves that contradict it, at error level."""
    checkout = _open(arguments.path, None, None)
    # The conflicts of ownership are part of it: who keeps a resource goes first.
    evaluation = await _evaluate(checkout, frozenset({"duplicate-owner", *_ORDER_RULES}), arguments)
    put(_order(evaluation, arguments.format).encode("utf-8", "replace"), None)
    return 1 if any(_is_error(f) and f.rule in _ORDER_RULES for f in evaluation.findings) else 0


async def diff(arguments: argparse.Namespace) -> int:
    """`argofix diff`. Status 1 when it does what nobody should merge unseen."""
    from bot.cli import diff as differing

    require_writable(arguments.output)
    base = arguments.base or differing.default_base(arguments.path, arguments.rev)
    checkout = _open(arguments.path, arguments.rev, base)
    return await differing.diff(checkout, base, arguments)


async def doctor(arguments: argparse.Namespace) -> int:
    """`argofix doctor`. Status 1 when an error stands in the way of an item."""
    from bot.cli import doctor as examining

    require_writable(arguments.output)
    checkout = _open(arguments.path, arguments.rev, None)
    return await examining.doctor(checkout, await _evaluate(checkout, frozenset(), arguments), arguments)


def _order(evaluation: Evaluation, style: str) -> str:
    from bot.formats.order import json, mermaid, text

    if style == "json":
        return json.render(evaluation)
    if style == "mermaid":
        order = evaluation.order.order
        return mermaid.render((), order.edges, [cycle.cut for cycle in order.cycles])
    return text.render(evaluation)


def _others(evaluation: Evaluation, edits: list[Edit], tree: Tree) -> tuple[list[Edit], set[tuple[str, ...]]]:
    """The edits of all other fixes that go together with these, and what is left for the next run."""
    fixes = list(_fixes(evaluation))
    all_fit = _fit(tree, dict.fromkeys([*edits, *(edit for fix, _, _ in fixes for edit in fix.edits)]))
    together = dict.fromkeys(edits)
    later: set[tuple[str, ...]] = set()
    for fix, settled, says in fixes:
        own = [edit for edit in fix.edits if edit not in together]
        files = {edit.span.path for edit in own}
        if not all_fit and not _fit(tree, [*(edit for edit in together if edit.span.path in files), *own]):
            say(f"left for the next run, since it touches the same lines: {fix.title}")
            later |= settled
            continue
        if own:
            say(f"{fix.title}. {says}".rstrip())
        together |= dict.fromkeys(own)
    return list(together), later


def _fit(tree: Tree, edits: Iterable[Edit]) -> bool:
    try:
        changes_of(tree, list(edits))
    except GitopsError:
        return False
    return True


def _fixes(evaluation: Evaluation) -> Iterator[tuple[Fix, set[tuple[str, ...]], str]]:
    """Each with what it settles and what a person should know of it."""
    for finding in evaluation.findings:
        if finding.fix is not None and finding.drop is not None:
            yield finding.fix, {finding.identity}, finding.drop.caution
    for plan in evaluation.repairs:
        look = "" if plan.applicability is Applicability.SAFE else "Look whether that is what was meant."
        settled = {finding.identity for finding in plan.findings}
        yield Fix(plan.title, plan.edits, plan.applicability), settled, f"{plan.caution} {look}".strip()


def _is_error(finding: Finding) -> bool:
    return finding.severity is Severity.ERROR and finding.suppressed is None


def _open(path: Path, rev: str | None, base: str | None) -> Checkout:
    checkout = open_checkout(path, rev, base)
    for problem in checkout.policy.problems:
        default = "; the default is used" if problem.path == PATH else ""
        say(f"{problem.path}:{problem.line}: {problem.message}{default}")
    return checkout


async def _evaluate(checkout: Checkout, only: frozenset[str], arguments: argparse.Namespace) -> Evaluation:
    made = applications_of(arguments.applications)
    progress = Progress()
    clusters = None
    try:
        clusters = clusters_of_environment()
        async with started(checkout.directory, arguments.offline) as engine:
            evaluation = await evaluate(
                engine,
                checkout.tree,
                checkout.base,
                checkout.matcher,
                checkout.policy,
                only=only,
                progress=progress,
                clusters=clusters,
                made=made,
            )
    except GitError as error:
        raise CannotRun(f"{checkout.directory} cannot be read: {error}") from None
    finally:
        progress.close()
        if clusters is not None:
            await clusters.close()
    if not evaluation.snapshot.states and (top := outer_checkout(checkout.directory)) is not None:
        say(f"no Application is declared in {checkout.directory}; its checkout begins at {top}, so check that")
    return evaluation


def _rules(wanted: list[str]) -> frozenset[str]:
    return frozenset(rule_named(name).id for name in wanted)


def _report(evaluation: Evaluation, commit: str | None, arguments: argparse.Namespace) -> str:
    style = arguments.format
    if style == "json":
        from bot.formats.reports import json

        return json.render(evaluation, commit)
    if style == "sarif":
        from bot.formats.reports import sarif

        return sarif.render(evaluation, commit)
    if style == "html":
        from bot.formats.reports import html

        return html.render(evaluation, commit)
    from bot.formats.reports import text

    if style in ("concise", "github"):
        from bot.formats.reports import concise, workflow

        say(text.summary(evaluation))  # so that a list without lines does not pass for a clean bill
        return concise.render(evaluation) if style == "concise" else workflow.render(evaluation)
    terminal = arguments.output is None and sys.stdout.isatty()
    colour = terminal and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    width = shutil.get_terminal_size((100, 40)).columns if terminal else _PIPE_WIDTH
    return text.render(evaluation, colour=colour, width=width, notices=arguments.notices, whole=arguments.verbose)


def _explain(evaluation: Evaluation) -> None:
    """What the diff does and what it leaves, on stderr, so that stdout stays a diff."""
    from bot.formats.github.proposal import title
    from checks.coverage import Coverage
    from checks.planning.ownership.prune import summary_line

    for plan in evaluation.plans:
        say(f"{title(plan)}. {summary_line(evaluation.snapshot, plan, evaluation.base)}")
        for caution in plan.proof.cautions:
            say(f"  {caution}")
    for finding in evaluation.findings:
        if _is_error(finding) and finding.fix is None:
            say(f"left for you: {finding.span}: {finding.message}")
    coverage = Coverage.of(evaluation.snapshot)
    if not evaluation.plans and not any(finding.fix is not None for finding in evaluation.findings):
        say("there is nothing that can be proven to be fixed by an edit")
        if not coverage.whole:
            say(coverage.sentence())
    for sentence in dict.fromkeys(plan.proof.coverage.sentence("before and after") for plan in evaluation.proven):
        say(sentence)


async def serve(_arguments: argparse.Namespace) -> int:
    """`argofix serve`: until SIGTERM or SIGINT."""
    from bot.process import logs
    from bot.process.exclusive import StateDirectoryInUse
    from bot.process.own_process import keep_to_itself
    from bot.queue.deliveries import StoreUnavailable
    from bot.server import app, registration
    from bot.server.http import CannotListen
    from bot.server.settings import SECRET_VARIABLES, Settings, SettingsError

    running: list[app.Running] = []
    try:
        environ = await registration.environment(os.environ)
        if environ is None:
            return 0  # told to stop before an App was registered
        settings = Settings.from_environment(environ)
        keep_to_itself(SECRET_VARIABLES)
        logs.configure(level=settings.log_level, style=settings.log_format, secrets=settings.secrets)
        await app.serve(settings, started=running.append)
    except (SettingsError, StateDirectoryInUse, StoreUnavailable) as error:
        raise CannotRun(str(error).removesuffix(".")) from None
    except CannotListen as error:
        raise CannotRun(f"the server cannot start: {error}") from None
    except OSError as error:
        about = f"{error.filename}: " if isinstance(error.filename, str | Path) else ""
        doing = "had to end" if running else "cannot start"
        raise CannotRun(f"the server {doing}: {about}{error.strerror or error}") from None
    return 0


async def deliveries(arguments: argparse.Namespace) -> int:
    """`argofix deliveries`: look at the server's queue, retry, move it."""
    from bot.cli import deliveries as command

    return await command.deliveries(arguments)


_COMMANDS = {
    "check": check,
    "fix": fix,
    "bump": bump,
    "add": add,
    "order": order,
    "diff": diff,
    "doctor": doctor,
    "explain": explain,
    "deliveries": deliveries,
}


async def _until_terminated(work: Coroutine[None, None, int]) -> int:
    """SIGTERM ends the work as Ctrl-C does, with the children it started."""
    task = asyncio.ensure_future(work)
    with contextlib.suppress(NotImplementedError):
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    try:
        return await task
    except asyncio.CancelledError:
        current = asyncio.current_task()
        if current is not None and current.cancelling():
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            raise
        return 128 + signal.SIGTERM


def run(arguments: argparse.Namespace) -> int:
    """Run a parsed command line. Raises `CannotRun`."""
    if arguments.command == "serve":
        return asyncio.run(serve(arguments))
    return asyncio.run(_until_terminated(_COMMANDS[arguments.command](arguments)))
