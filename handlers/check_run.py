"""`check_run`: "Re-run" and the **Fix** button."""

from __future__ import annotations

from dataclasses import replace

from bot.context import Context
from bot.deliveries import Delivery
from bot.events import CheckRunEvent
from bot.formats import check_run
from bot.github import comments, pulls
from bot.github.model import PullRequest
from handlers.desk import Desk, read_policy
from handlers.fixes import Target, settle
from handlers.pulls import evaluate_pull, pulls_of_head, sides_of

_FORK = (
    "argofix cannot push to a fork. On a checkout of this branch `argofix fix --write` makes the edits; or press "
    "**Fix** after it is merged."
)
_NOTHING = "argofix finds nothing here that it can prove a fix for; the check run says what to do by hand."


async def handle(delivery: Delivery, context: Context) -> None:
    event = delivery.parsed()
    if not isinstance(event, CheckRunEvent) or event.app != context.services.identity.id:
        return
    wanted = event.requested_action == check_run.FIX.identifier
    if event.action != "rerequested" and not (event.action == "requested_action" and wanted):
        return
    desk = await Desk.open(event, context)
    for number in await pulls_of_head(desk, event.head_sha):
        if wanted:
            await fix_pull(desk, await pulls.get(desk.github, desk.name, number))
        else:
            await evaluate_pull(desk, number, again=True)


async def fix_pull(desk: Desk, pull: PullRequest) -> list[PullRequest]:
    """Open the fixes for a pull request: against its own branch where it brings the problem in, else against its
    base. Says on the pull request what became of it."""
    sides = await sides_of(desk, pull)
    if sides is None or pull.state != "open":
        return []
    own: list[PullRequest] = []
    base: list[PullRequest] = []
    async with desk.objects(sides.base, pull.head.sha, sides.default) as objects:
        policy = read_policy(objects.tree(sides.default))
        before = objects.tree(sides.base)
        evaluation = await desk.evaluate(objects.tree(pull.head.sha), before, policy)
        introduced = {f.identity for f in evaluation.findings if f.introduced}
        mine = [p for p in evaluation.plans if any(f.identity in introduced for f in p.findings)]
        if mine and pull.from_fork:
            await comments.create(desk.github, desk.name, pull.number, _FORK)
            return []
        if mine:
            target = Target(pull.head.ref, pull.head.sha, f"pr-{pull.number}/")
            own = await settle(desk, replace(evaluation, plans=tuple(mine)), target, on_demand=True)
        if len(mine) < len(evaluation.plans):
            known = await desk.evaluate(before, None, policy)
            base = await settle(desk, known, Target(pull.base.ref, sides.base), on_demand=True)
    opened = [*own, *base]
    body = "\n".join(f"#{fix.number} fixes this on `{fix.base.ref}`." for fix in opened) or _NOTHING
    await comments.sticky(
        desk.github,
        desk.name,
        pull.number,
        mark="<!-- argofix:fixes -->",
        body=f"<!-- argofix:fixes -->\n{body}",
        app_id=desk.context.services.identity.id,
        slug=desk.context.services.identity.slug,
    )
    return opened
