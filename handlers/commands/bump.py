"""`/argofix bump`"""

from __future__ import annotations

from bot.formats.writing.markdown import bullets, code
from gitops.versions.components import ARGO_CD
from handlers.comments.command import Asked, Command, Permission, Reply
from handlers.proposals.bumps import Outcome, settle_bumps
from handlers.proposals.offers import Wish


async def run(asked: Asked) -> Reply:
    version, name = asked.arguments.get("VERSION"), asked.arguments.get("--component")
    if version is not None and name is None:
        name = ARGO_CD.name
    outcomes = await settle_bumps(asked.repo, Wish(name, version))
    if not outcomes:
        what = "The repository is archived." if name is None else f"{code(name)} is not followed here."
        return Reply(what, ok=False)
    return Reply(bullets(_line(each) for each in outcomes), ok=all(each.ok for each in outcomes))


def _line(outcome: Outcome) -> str:
    return f"{code(outcome.component)}: {outcome.text}."


COMMAND = Command(
    "bump",
    "bump [VERSION] [--component NAME]",
    "Opens or updates the pull request that takes Argo CD in the staging overlay to the version, or to the newest "
    "that the policy allows; `--component` is for others that `.github/argofix.yaml` follows.",
    Permission.WRITE,
    run,
)
