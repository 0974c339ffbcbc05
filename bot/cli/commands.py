"""What the subcommands do."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import difflib
import os
import shutil
import sys
import tempfile
from pathlib import Path

from bot.cli.checkout import CannotRun, Checkout, cache_directory, open_checkout
from bot.cli.progress import Progress
from bot.cli.terminal import say
from bot.engine import Engine
from bot.evaluation import Evaluation, evaluate
from checks.model import Severity
from checks.ownership.plan import edits_for
from checks.policy import PATH
from checks.registry import rules
from gitops.errors import GitopsError
from gitops.spans import Edit, apply_edits, edits_by_path


async def check(arguments: argparse.Namespace) -> int:
    """`argofix check`. Gives the exit status; raises `CannotRun`."""
    only = _rules(arguments.only)
    checkout = open_checkout(arguments.path, arguments.rev, arguments.base)
    _warn(checkout)
    evaluation = await _evaluate(checkout, only)
    _print(_rendered(evaluation, checkout.commit, arguments.format, arguments.output), arguments.output)
    return (
        1
        if any(
            _fails(evaluation, finding.severity, finding.suppressed, finding.introduced)
            for finding in evaluation.findings
        )
        else 0
    )


def _fails(evaluation: Evaluation, severity: Severity, suppressed: str | None, introduced: bool | None) -> bool:
    return severity is Severity.ERROR and suppressed is None and introduced is not False


async def fix(arguments: argparse.Namespace) -> int:
    """`argofix fix`. Prints a diff that `git apply` takes; status 1 when errors are left that it cannot mend."""
    from bot.formats.diff import diff_of_edits

    checkout = open_checkout(arguments.path, None, None)
    _warn(checkout)
    evaluation = await _evaluate(checkout, frozenset())
    references = [reference for plan in evaluation.plans for reference in plan.references]
    try:
        # All at once: two plans may take entries out of one list.
        edits = edits_for(checkout.tree, references)
    except GitopsError as error:
        raise CannotRun(f"the fixes do not fit together: {error}") from None
    _explain(evaluation)
    if arguments.write:
        _write(checkout, edits)
    else:
        sys.stdout.flush()
        sys.stdout.buffer.write(diff_of_edits(checkout.tree, edits))
        sys.stdout.buffer.flush()
    left = [f for f in evaluation.findings if _fails(evaluation, f.severity, f.suppressed, None) and f.fix is None]
    return 1 if left else 0


async def _evaluate(checkout: Checkout, only: frozenset[str]) -> Evaluation:
    engine = await Engine.start(cache_directory(), os.environ.get("ARGOFIX_RENDERER"))
    progress = Progress()
    try:
        return await evaluate(
            engine, checkout.tree, checkout.base, checkout.matcher, checkout.policy, only=only, progress=progress
        )
    finally:
        progress.close()
        await engine.close()


def _rules(wanted: list[str]) -> frozenset[str]:
    known = [rule.id for rule in rules()]
    for name in wanted:
        if name not in known:
            near = difflib.get_close_matches(name, known, 1)
            hint = f"did you mean {near[0]}?" if near else f"the rules are {', '.join(known)}"
            raise CannotRun(f"there is no rule {name}; {hint}")
    return frozenset(wanted)


def _warn(checkout: Checkout) -> None:
    for problem in checkout.policy.problems:
        say(f"{PATH}:{problem.line}: {problem.message}; the default is used")


def _rendered(evaluation: Evaluation, commit: str | None, style: str, output: Path | None) -> str:
    if style == "json":
        from bot.formats import json

        return json.render(evaluation, commit)
    if style == "sarif":
        from bot.formats import sarif

        return sarif.render(evaluation, commit)
    if style == "html":
        from bot.formats import html

        return html.render(evaluation, commit)
    from bot.formats import text

    terminal = output is None and sys.stdout.isatty()
    colour = terminal and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    return text.render(evaluation, colour=colour, width=shutil.get_terminal_size((100, 40)).columns)


def _print(text: str, output: Path | None) -> None:
    data = text.encode("utf-8", "replace")
    if output is None:
        sys.stdout.flush()
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
        return
    try:
        output.write_bytes(data)
    except OSError as error:
        raise CannotRun(f"{output} cannot be written: {error.strerror}") from None


def _explain(evaluation: Evaluation) -> None:
    """What the diff does and what it leaves, on stderr, so that stdout stays a diff."""
    from bot.formats.fix_pull_request import title
    from checks.ownership.prune import summary_line

    for plan in evaluation.plans:
        say(f"{title(plan)}. {summary_line(evaluation.snapshot, plan, evaluation.base)}")
        for caution in plan.cautions:
            say(f"  {caution}")
    for finding in evaluation.findings:
        if finding.severity is Severity.ERROR and finding.fix is None and finding.suppressed is None:
            say(f"left for you: {finding.span}: {finding.message}")
    if not evaluation.plans:
        say("there is nothing that can be proven to be fixed by an edit")


def _write(checkout: Checkout, edits: tuple[Edit, ...]) -> None:
    """Apply the edits file by file, each in one step, so that no file is ever half written."""
    for path, grouped in edits_by_path(edits).items():
        target = checkout.directory / path
        data = apply_edits(checkout.tree.read(path), grouped)
        try:
            mode = target.stat().st_mode
            with tempfile.NamedTemporaryFile(dir=target.parent, prefix=".argofix-", delete=False) as scratch:
                scratch.write(data)
            Path(scratch.name).chmod(mode)
            Path(scratch.name).replace(target)
        except OSError as error:
            with contextlib.suppress(OSError, UnboundLocalError):
                Path(scratch.name).unlink()
            raise CannotRun(f"{target} cannot be written: {error.strerror}") from None
        say(f"wrote {path}")


async def serve(_arguments: argparse.Namespace) -> int:
    """`argofix serve`: until SIGTERM or SIGINT."""
    from bot import app, logs
    from bot.deliveries import StoreUnavailable
    from bot.settings import Settings, SettingsError
    from bot.sqlite_store import StateDirectoryInUse

    try:
        settings = Settings.from_environment(os.environ)
        logs.configure(level=settings.log_level, style=settings.log_format, secrets=settings.secrets)
        await app.serve(settings)
    except (SettingsError, StateDirectoryInUse, StoreUnavailable) as error:
        raise CannotRun(str(error).removesuffix(".")) from None
    except OSError as error:
        raise CannotRun(f"the server cannot start: {error.strerror or error}") from None
    return 0


def run(arguments: argparse.Namespace) -> int:
    """Run a parsed command line. Raises `CannotRun`."""
    commands = {"check": check, "fix": fix, "serve": serve}
    return asyncio.run(commands[arguments.command](arguments))
