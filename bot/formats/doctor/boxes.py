"""The boxes of the checklist's issue: a box is a request, its hidden comment its key, and its line what we wrote.

**Who asked.** A request is a line that one edit ticked: unticked before it, ticked after it. It belongs to whoever
made that edit, and to nobody else: what was ticked before and still stands when another person edits is not theirs.
And it counts only where the line is one that argofix wrote, since whoever may edit the issue could otherwise put
the key of one box behind the words of another, and have somebody else tick that.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from urllib.parse import quote, unquote

RESCAN = "rescan"
_BOX = re.compile(
    r"^- \[(?P<tick>[ xX])\] (?P<rest><!-- (?P<key>(?:fix|again|add|bump):[^\s<>]+|rescan) -->.*)$", re.MULTILINE
)


@dataclass(frozen=True, slots=True)
class Box:
    """One line with a box; `line` is it as it is unticked."""

    key: str
    line: str
    ticked: bool

    @property
    def digest(self) -> str:
        return hashlib.sha256(self.line.encode("utf-8", "replace")).hexdigest()[:10]


@dataclass(frozen=True, slots=True)
class Requests:
    """The keys of what one edit ticked: `ours` in lines that argofix wrote, `foreign` in others."""

    ours: tuple[str, ...]
    foreign: tuple[str, ...]

    @property
    def keys(self) -> tuple[str, ...]:
        return (*self.ours, *self.foreign)


def box(key: str) -> str:
    """The beginning of a line with a box."""
    return f"- [ ] <!-- {key} -->"


def fix_key(plan_key: str) -> str:
    return f"fix:{quote(plan_key, safe='')}"


def again_key(branch: str) -> str:
    return f"again:{quote(branch, safe='')}"


def add_key(item: str) -> str:
    return f"add:{quote(item, safe='')}"


def bump_key(version: str) -> str:
    return f"bump:{quote(version, safe='')}"


def subject_of(key: str) -> str:
    """What the key of a box names, behind its kind."""
    return unquote(key.partition(":")[2])


def lines_of(body: str) -> Iterator[Box]:
    """Every line with a box, in order."""
    for match in _BOX.finditer(body.replace("\r\n", "\n")):
        yield Box(match["key"], f"- [ ] {match['rest'].rstrip()}", match["tick"] != " ")


def boxes_of(body: str) -> dict[str, bool]:
    """Every box of a body by its key, and whether it is ticked. Of a key that stands twice any tick counts."""
    found: dict[str, bool] = {}
    for one in lines_of(body):
        found[one.key] = found.get(one.key, False) or one.ticked
    return found


def ticked_in(body: str) -> list[str]:
    """The boxes that are ticked, in order."""
    return [key for key, ticked in boxes_of(body).items() if ticked]


def requests_of(body: str, former: str | None, written: Collection[str]) -> Requests:
    """What the edit from `former` to `body` asked for; nothing where it left the text alone. `written` are digests of
    the lines that argofix wrote."""
    if former is None:
        return Requests((), ())
    before = {one.line for one in lines_of(former) if one.ticked}
    asked = [one for one in lines_of(body) if one.ticked and one.line not in before]
    ours = dict.fromkeys(one.key for one in asked if one.digest in written)
    foreign = dict.fromkeys(one.key for one in asked if one.digest not in written and one.key not in ours)
    return Requests(tuple(ours), tuple(foreign))


def with_ticks(body: str, keys: Iterable[str]) -> str:
    """The body with these boxes ticked, where it has them."""
    for key in keys:
        body = body.replace(box(key), f"- [x] <!-- {key} -->", 1)
    return body


def without_ticks(body: str) -> str:
    """The body with every box empty, as it is compared: with one kind of line ends, and no space around it."""
    return _BOX.sub(lambda match: f"- [ ] {match['rest'].rstrip()}", body.replace("\r\n", "\n")).strip()
