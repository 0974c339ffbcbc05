"""The check run `argofix / changes` and the comment of the same content: what merging a pull request does."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from bot.formats.changes import markdown
from bot.formats.changes.entries import summary
from bot.formats.writing.markdown import code, safe
from bot.github.endpoints.checks import TEXT_BYTES, Report
from checks.changes.firewall import Firewall
from checks.changes.remedies import Remedy
from checks.changes.view import Changes
from checks.model import Finding
from checks.policy.file import PATH
from checks.wording import listed, plural
from gitops.facts.deletions.model import Verdict
from gitops.files.spans import Span

NAME = "argofix / changes"
MARK = "<!-- argofix:changes -->"
NOTHING = f"{MARK}\n**What merging changes:** nothing that is deployed, by now."

Link = Callable[[Span], str]
_EVERYTHING = "`argofix diff` shows everything"
_ROOM = TEXT_BYTES - 3_000  # what stands around the difference


@dataclass(frozen=True)
class Shown:
    """What is known of a change: `words` are the digests that somebody allowed, with the addresses of the answers
    that say so; `page` is the address of the whole difference, '' where there is none; `queued` is the pull request
    that a merge queue's commit comes from (0: unknown), None where it is the pull request itself. `remedies` could
    be merged first."""

    changes: Changes
    firewall: Firewall
    link: Link
    words: Mapping[str, str] = field(default_factory=dict)
    page: str = ""
    queued: int | None = None
    remedies: tuple[Remedy, ...] = ()

    @property
    def is_held(self) -> bool:
        return self.firewall.holds(self.words)

    @property
    def speaks(self) -> bool:
        return not self.changes.is_empty


def report(shown: Shown, notes: tuple[str, ...] = ()) -> Report:
    """What the check run says."""
    parts = [f"> {safe(note)}" for note in notes]
    head = _before(shown)
    summary, more = markdown.pages(
        shown.changes, shown.link, (_ROOM - len(head.encode()), TEXT_BYTES), shown.remedies, rest=_EVERYTHING
    )
    return Report(
        title=_title(shown),
        summary="\n\n".join(part for part in (*parts, head, summary) if part),
        conclusion="failure" if shown.is_held else "success",
        text=more,
    )


def explaining(shown: Shown, findings: Iterable[Finding]) -> str:
    """Where to read what merging changes in the Applications that new findings are about; '' where none changes."""
    changed = {one.application.name for one in shown.changes.difference.applications}
    new = (one for one in findings if one.introduced is not False and one.suppressed is None)
    names = [name for name in dict.fromkeys(name for one in new for name in one.applications) if name in changed]
    if not names:
        return ""
    page = f", and [on its page]({shown.page})" if shown.page else ""
    return f"What merging changes in {listed(list(map(code, names)), 4)} stands in `{NAME}`{page}."


def nothing(notes: tuple[str, ...] = ()) -> Report:
    """What the check run says where there is nothing to compare with."""
    text = "There is no commit before this one to compare with."
    return Report(
        "Nothing to compare with", "\n\n".join([*(f"> {safe(note)}" for note in notes), text]), conclusion="success"
    )


def comment(told: Sequence[tuple[str, Shown]]) -> str:
    """The comment, with its mark: about each (`Applications of X`, in Markdown; '' for those of the repository)."""
    room = _ROOM // max(len(told), 1)
    parts = [f"## For {name}\n\n{body(one, room)}" if name else body(one, room) for name, one in told]
    return "\n\n".join([f"{MARK}\n{parts[0]}", *parts[1:]])


def body(shown: Shown, room: int = _ROOM) -> str:
    """What holds the change back and what lets it pass, then the difference, in `room` bytes."""
    head = _before(shown)
    more = f"the check run `{NAME}` has more of them, and {_EVERYTHING}"
    rest = markdown.render(shown.changes, shown.link, room - len(head.encode()), shown.remedies, rest=more)
    return f"{head}\n\n{rest}" if head else rest


def _before(shown: Shown) -> str:
    return "\n\n".join(part for part in (_held(shown), _page(shown)) if part)


def _title(shown: Shown) -> str:
    if shown.is_held:
        return f"{plural('deletion', len(shown.firewall.held))} that somebody has to allow"
    return (summary(shown.changes) or "Nothing that is deployed changes")[:240]


def _held(shown: Shown) -> str:
    wall = shown.firewall
    if not wall.held:
        return ""
    what = plural("deletion", len(wall.held))
    if (said := shown.words.get(wall.digest)) is not None:
        return f"Somebody with write access has [allowed]({said}) exactly the {what} of this change."
    if shown.queued is not None:
        where = f"#{shown.queued}" if shown.queued else "its pull request"
        return (
            f"**Held back: {what}** that nobody has allowed on {where}. Upon what stands before it in the "
            "merge queue it deletes something else than by itself; once that is merged, the check run there names it."
        )
    lines = [
        f"**Held back: {what}** that may lose data, or that nobody can name. When that is meant, somebody with write "
        f"access comments",
        f"```\n/argofix allow {wall.digest} REASON\n```",
        f"{code(wall.digest)} names exactly these; a push that deletes something else needs a new word.",
    ]
    if any(one.verdict is Verdict.UNKNOWN for one in wall.held):
        lines.append(
            "What cannot be judged is held as well, since nobody knows what it deletes. Once that can be analysed, "
            "*Re-run* judges it anew; where that is never to hold, it passes by `gate: {not-analysed: pass}` in "
            f"{code(PATH)}."
        )
    return "\n\n".join(lines)


def _page(shown: Shown) -> str:
    return f"[The whole difference]({shown.page})" if shown.page else ""
