"""What all pull requests that propose a change have in common: title, digest of the edits, and proof."""

from __future__ import annotations

import hashlib

from bot.formats.writing.diff import diff_of_edits
from bot.formats.writing.markdown import bullets, plain, safe, table
from checks.planning.proof import Proof
from checks.planning.proposal import Proposal
from gitops.files.tree import Tree

_LONGEST_TITLE = 120
# What a fix says of people who act on its pull request.
FIX_LEFT_ALONE = (
    "<sub>Closing this pull request is remembered: it is not opened again by itself, but by `/argofix fix` in a "
    "comment on it. Commits of yours on this branch are left alone.</sub>"
)


def title(proposal: Proposal) -> str:
    """At most 120 characters."""
    text = plain(proposal.title)
    return text if len(text) <= _LONGEST_TITLE else text[: _LONGEST_TITLE - 1] + "…"


def digest(tree: Tree, proposal: Proposal) -> str:
    """Identifies what is changed: equal digests need no new commit."""
    return hashlib.sha256(diff_of_edits(tree, proposal.edits)).hexdigest()[:12]


def proof(seen: str, proven: Proof, more: str = "") -> str:
    """The section about the proof. `seen` says what was rendered for it, `more` (Markdown) comes behind the rows."""
    rows = [("✅" if row.holds else "❌", safe(row.statement), safe(row.detail)) for row in proven.rows]
    parts = ["### Proof", seen, table(("", "Checked", "Seen"), rows), more]
    parts.append(bullets(safe(caution) for caution in proven.cautions) if proven.cautions else "")
    return "\n\n".join(part for part in parts if part)
