"""Titles and bodies of our own pull requests that people may edit: what they wrote stays, what is ours is kept up.

A body of ours begins with a mark (`<!-- argofix:fix:... -->`) and ends with one that holds digests of the title and
of the text as we wrote them last. Text before and after that is a person's and is never touched. While the text
between is as we wrote it, it is replaced as a whole; once somebody has edited it, it stays for good, and only the
hidden marks in it are renewed. The title is ours for as long as it is the one that we wrote last.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass

MOST = 65_000  # characters; GitHub takes 65,536
_MARK = re.compile(r"[ \t]*<!-- argofix:[^>]*-->[ \t]*")
_WROTE = re.compile(r"<!-- argofix:wrote:(?P<title>[0-9a-f]{12}):(?P<text>[0-9a-f]{12}) -->")
_NOBODY = "0" * 12  # the digest of nothing that we wrote


@dataclass(frozen=True, slots=True)
class Described:
    """A title and body as they should be. `left` tells that a person's words stand where ours would, and that ours
    have changed since."""

    title: str
    body: str
    left: bool = False


def written(title: str, text: str) -> Described:
    """Of a new pull request. `text` begins with the line of its mark."""
    return Described(title, f"{text}\n{_wrote(_digest(title), _digest(text))}")


def merged(title: str, text: str, *, shown_title: str, shown_body: str) -> Described:
    """What becomes of a pull request that shows this title and body now, when we would write `title` and `text`."""
    marks = list(_WROTE.finditer(shown_body))
    last = marks[-1] if marks else None
    opening = text.partition("\n")[0]
    start = shown_body.find(opening, 0, last.start()) if last is not None else -1
    by = _title_by(title, shown_title, last["title"] if last is not None else "")
    new_title = shown_title if by == _NOBODY else title
    if last is None or start < 0:
        # Rewritten as a whole: all of it is theirs.
        theirs = visible(shown_body)
        body = "\n\n".join(part for part in (theirs, _marks(text), _wrote(by, _NOBODY)) if part)
        return Described(new_title, body, left=True)
    before, inside, after = shown_body[:start], shown_body[start : last.start()], shown_body[last.end() :]
    if _digest(inside) == last["text"]:
        body = f"{before}{text}\n{_wrote(by, _digest(text))}{after}"
        if len(body) <= MOST:
            return Described(new_title, body)
    kept = visible(inside)
    body = f"{before}{opening}\n{kept}\n\n{_marks(text, without=opening)}\n{_wrote(by, last['text'])}{after}"
    return Described(new_title, body, left=_digest(text) != last["text"])


def visible(text: str) -> str:
    """A text without our marks."""
    return "\n".join(line for line in text.split("\n") if not _MARK.fullmatch(line.rstrip("\r"))).strip("\r\n")


def same(one: str, other: str) -> bool:
    """Whether two titles or bodies say the same: GitHub changes line ends and trims."""
    return _plain(one) == _plain(other)


def _title_by(title: str, shown: str, recorded: str) -> str:
    """The digest to record: that of our title, or of nothing where the title is a person's."""
    ours = _digest(shown) == recorded or same(shown, title)
    return _digest(title) if ours else _NOBODY


def _wrote(title: str, text: str) -> str:
    return f"<!-- argofix:wrote:{title}:{text} -->"


def _digest(text: str) -> str:
    return hashlib.sha256(_plain(text).encode("utf-8", "replace")).hexdigest()[:12]


def _plain(text: str) -> str:
    return "\n".join(line.rstrip() for line in text.split("\n")).strip()


def _marks(text: str, *, without: str = "") -> str:
    lines = (line for line in text.split("\n") if _MARK.fullmatch(line) and line != without)
    return "\n".join(line for line in lines if not _WROTE.search(line))
