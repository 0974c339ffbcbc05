"""Body and commit message of a pull request that adds something to Argo CD."""

from __future__ import annotations

from bot.formats.github.marks import state_mark
from bot.formats.github.proposal import digest, proof, title
from bot.formats.writing.fitting import fitted
from bot.formats.writing.markdown import block, code, plain, safe
from checks.planning.additions.proposal import AdditionProposal
from checks.wording import listed
from gitops.files.spans import edits_by_path
from gitops.files.tree import Tree

_FILES = 6


def commit_message(proposal: AdditionProposal) -> str:
    """Subject, blank line, why."""
    return f"{title(proposal)}\n\n{plain(proposal.plan.why)}\n"


def body(tree: Tree, proposal: AdditionProposal, commit: str) -> str:
    """The pull request's description."""
    plan = proposal.plan
    seen = proposal.proof.coverage.sentence("before and after this change")
    parts = [
        f"<!-- argofix:add:{plan.item} -->",
        f"> [!WARNING]\n> {safe(plan.unsafe)}" if plan.unsafe else "",
        safe(plan.why),
        *(f"**Before merging:** {safe(sentence)}\n\n{block(commands)}" for sentence, commands in plan.first),
        *(f"**After merging:** {safe(sentence)}\n\n{block(commands)}" for sentence, commands in plan.then),
        f"It was asked for by `/argofix add {plan.item}`, and {_written(tree, proposal)}. "
        "What comes was rendered; what it does in the cluster was not tried.",
        proof(seen, proposal.proof),
        state_mark(digest(tree, proposal), commit),
    ]
    parts = [part for part in parts if part]
    return fitted(parts, "*… left out, since it is too long for GitHub.*", always=(0, 1, len(parts) - 1))


def _written(tree: Tree, proposal: AdditionProposal) -> str:
    """Which files it changes, and which it adds."""
    paths = list(edits_by_path(proposal.edits))
    old, new = [code(path) for path in paths if path in tree], [code(path) for path in paths if path not in tree]
    said = [f"changes {listed(old, _FILES)}"] if old else []
    return " and ".join([*said, *([f"adds {listed(new, _FILES)}"] if new else [])])
