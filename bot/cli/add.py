"""`argofix add`: what can be added to Argo CD in a checkout, and the edits that add one thing, proven by
rendering."""

from __future__ import annotations

import argparse
import difflib
from collections.abc import Sequence
from pathlib import Path

from bot.cli.checkout import CannotRun, Checkout
from bot.cli.engine import started
from bot.cli.progress import Progress
from bot.cli.terminal import say
from bot.cli.writing import apply, put, put_diff
from bot.formats.writing.diff import diff_of_edits
from bot.formats.writing.lines import line, printed, wrapped
from bot.rendering.evaluation import analysis_by
from checks.judgement.added import prove_addition
from checks.judgement.checklist import Offer, by_reason, offers_of
from checks.planning.additions.items import ITEMS
from checks.planning.additions.plan import AdditionPlan, NotPossible
from checks.planning.proof import Proof
from checks.policy.file import PATH
from gitops.files.errors import GitopsError

_WIDTH = 100
_INDENT = 4


def settled(arguments: argparse.Namespace) -> tuple[str | None, Path]:
    """The item (None where all are to be listed) and the checkout: alone, a directory is the checkout. Raises
    `CannotRun`."""
    item: str | None = arguments.item
    path: Path | None = arguments.path
    if item is None or item in ITEMS:
        return item, path or Path()
    if path is None and Path(item).is_dir():
        return None, Path(item)
    near = difflib.get_close_matches(item, ITEMS, 1)
    hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(ITEMS)}"
    raise CannotRun(f"there is no item {item}; {hint}")


async def add(checkout: Checkout, item: str | None, arguments: argparse.Namespace) -> int:
    """Gives the exit status: 1 where the item cannot be added, or that cannot be proven. Raises `CannotRun`."""
    progress = Progress()
    async with started(checkout.directory, arguments.offline) as engine:
        try:
            analysis = analysis_by(engine, checkout.matcher, checkout.policy)
            before = await engine.snapshot(checkout.tree, analysis, progress)
            if item is None:
                progress.close()
                _list(offers_of(before, checkout.policy))
                return 0
            try:
                plan = ITEMS[item].plan(before, checkout.policy)
            except (NotPossible, GitopsError) as error:
                progress.close()
                say(f"{item} cannot be added: {error}")
                if isinstance(error, NotPossible) and error.lines:
                    say(f"this in {PATH} would tell:")
                    for line_ in error.lines.splitlines():
                        say(f"  {line_}")
                return 1
            proof = await engine.drive(prove_addition(before, analysis, plan, checkout.policy), progress)
        finally:
            progress.close()
    _explain(plan, proof)
    if not proof.holds:
        return 1
    if arguments.write:
        apply(checkout, plan.edits)
    else:
        put_diff(diff_of_edits(checkout.tree, plan.edits))
    return 0


def _list(offers: Sequence[Offer]) -> None:
    """What can be added first, then what cannot, each reason once."""
    lines = []
    for why, together in by_reason(offers).items():
        for offer in together:
            lines.append(line((offer.name, "bold"), (f"  {'cannot be added' if why else 'can be added'}", "")))
            lines += wrapped(f"{offer.help[:1].upper()}{offer.help[1:]}.", _WIDTH, _INDENT)
        if why:
            whose = f" ({', '.join(offer.name for offer in together)})" if len(together) > 1 else ""
            lines += wrapped(f"Not here{whose}: {why}.", _WIDTH, _INDENT)
    put(printed(lines, colour=False).encode("utf-8", "replace"), None)


def _explain(plan: AdditionPlan, proof: Proof) -> None:
    """What the diff does, on stderr, so that stdout stays a diff."""
    say(f"{plan.title}. {plan.why}")
    if plan.unsafe:
        say(f"read this before it is merged: {plan.unsafe}")
    for when, steps in (("before merging", plan.first), ("after merging", plan.then)):
        for what, commands in steps:
            say(f"{when}: {what}")
            for command in commands.splitlines():
                say(f"  {command}")
    for caution in proof.cautions:
        say(f"mind: {caution}")
    for row in proof.rows:
        say(f"{'proven' if row.holds else 'NOT SO'}: {row.statement} ({row.detail})")
    if not proof.coverage.whole:
        say(proof.coverage.sentence("before and after"))
    if not proof.holds:
        why = "" if proof.rows else ": nothing of it could be rendered"
        say(f"nothing is changed, because that is not proven{why}")
