"""`/argofix ignore`: a pull request that adds the entry, for people to merge."""

from __future__ import annotations

import asyncio
import difflib
import hashlib
from collections.abc import Sequence

from bot.formats.github.marks import state_mark
from bot.formats.writing.diff import unified_diff
from bot.formats.writing.markdown import block, bullets, code, details, plain, safe
from bot.github.endpoints.contents import FileChange
from checks.judgement.findings import suppresses
from checks.model import Finding
from checks.policy.edit import CannotEdit, add_ignore
from checks.policy.file import PATH, Ignore
from checks.registry import rules
from gitops.files.errors import GitopsError
from gitops.files.tree import Tree
from handlers.comments.command import Asked, Command, Permission, Reply
from handlers.comments.look import look
from handlers.proposals.branches import ProposedBranch, Taken, history_of, propose

_SHOWN = 10


async def run(asked: Asked) -> Reply:
    entry = Ignore(asked.arguments["RULE"], asked.arguments["RESOURCE"], asked.arguments["REASON"], line=0)
    known = [rule.id for rule in rules()]
    if entry.rule not in (*known, "*"):
        near = difflib.get_close_matches(entry.rule, known, 1)
        hint = f" Did you mean {code(near[0])}?" if near else ""
        return Reply(f"There is no rule {code(entry.rule)}.{hint}", ok=False)
    async with look(asked) as seen:
        hidden = [finding for finding in seen.evaluation.findings if suppresses(entry, finding)]
        if not hidden:
            return Reply(_nothing(entry, seen.evaluation.findings), ok=False)
        if all(finding.suppressed is not None for finding in hidden):
            return Reply(f"That is ignored already: {safe(hidden[0].suppressed or '')}.")
    repo = asked.repo
    tip = await repo.default_tip()
    try:
        async with repo.objects(tip) as objects:
            tree = await objects.read_tree(tip)
            proposal = await asyncio.to_thread(_proposal, asked, entry, hidden, tree, tip)
        github = repo.writing()
        history = await history_of(repo, github, proposal.branch)
        current = next((pull for pull in history if pull.state == "open"), None)
        pull = await propose(repo, github, proposal, current)
    except CannotEdit as error:
        return Reply(f"{safe(str(error))}. Add it by hand.", ok=False)
    except Taken:
        return Reply(
            "The branch for this entry holds commits of others; delete or rename it, then ask again.", ok=False
        )
    one = len(hidden) == 1
    what = "1 finding is" if one else f"{len(hidden)} findings are"
    return Reply(f"#{pull.number} adds the entry to {code(PATH)}; {what} ignored once it is merged.")


def _nothing(entry: Ignore, findings: Sequence[Finding]) -> str:
    text = f"No finding of {code(entry.rule)} is about {code(entry.resource)}, so the entry would hide nothing."
    same = [f for f in findings if f.rule == entry.rule and f.suppressed is None]
    names = dict.fromkeys(_name(finding) for finding in same)
    if not names:
        return text
    return f"{text} What could be named:\n\n{bullets((code(name) for name in names), most=_SHOWN)}"


def _name(finding: Finding) -> str:
    rid = finding.resource
    if rid is None:
        return finding.applications[0] if finding.applications else "*"
    return "/".join(part for part in (rid.kind, rid.namespace, rid.name) if part)


def _proposal(asked: Asked, entry: Ignore, hidden: Sequence[Finding], tree: Tree, tip: str) -> ProposedBranch:
    """Raises `CannotEdit`."""
    before: bytes | None = None
    mode = 0o100644
    try:
        if PATH in tree:
            if tree.resolve(PATH) != PATH:
                raise CannotEdit(f"`{PATH}` is a symlink")
            before = tree.read(PATH)
            found = tree.entry(PATH)
            mode = found.mode if found is not None else mode
    except CannotEdit:
        raise
    except GitopsError as error:
        raise CannotEdit(f"`{PATH}` cannot be read: {error}") from None
    after = add_ignore(before, entry.rule, entry.resource, entry.reason)
    key = hashlib.sha256(f"{entry.rule}\0{entry.resource}".encode("utf-8", "replace")).hexdigest()[:12]
    digest = hashlib.sha256(after).hexdigest()[:12]
    title = plain(f"Ignore {entry.rule} about {entry.resource}")
    diff = unified_diff(PATH, before or b"", after).decode("utf-8", "replace")

    def body(commit: str) -> str:
        listed = bullets((safe(finding.message) for finding in hidden), most=_SHOWN)
        return "\n\n".join(
            (
                f"<!-- argofix:ignore:{key} -->",
                f"{code(asked.login)} asked for this [in #{asked.number}]({asked.comment.html_url}). Reason:",
                f"> {safe(entry.reason)}",
                f"What it hides, as things are now:\n\n{listed}",
                details("The edit", block(diff, "diff")),
                "The findings stay until this is merged, and count as ignored from then on.",
                state_mark(digest, commit),
            )
        )

    return ProposedBranch(
        branch=f"argofix/ignore/{key}",
        base=asked.repo.details.default_branch,
        parent=tip,
        digest=digest,
        title=title if len(title) <= 120 else title[:119] + "…",
        message=f"{title}\n\n{plain(entry.reason)}\n\nAsked for by {plain(asked.login)} in #{asked.number}.\n",
        changes=lambda: {PATH: FileChange(after, mode)},
        body=body,
    )


COMMAND = Command(
    "ignore",
    "ignore RULE RESOURCE REASON...",
    "Opens a pull request that has `.github/argofix.yaml` accept the findings of a rule about a resource.",
    Permission.WRITE,
    run,
)
