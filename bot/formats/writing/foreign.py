"""Markdown that others have written (release notes), made harmless to show in a text of ours.

It keeps its formatting and its links, but mentions nobody, refers to no issue, shows no HTML and no image, begins no
mark of ours, and ends where we let it end.
"""

from __future__ import annotations

import html
import re

_GAP = "\u200b"  # zero width space: keeps GitHub from reading on, and people from seeing anything
# As in `bot.formats.writing.markdown`, but lines stay.
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
_ENTITY = re.compile(r"&(?:#[0-9]{1,8}|#[xX][0-9a-fA-F]{1,8}|[A-Za-z][A-Za-z0-9]*);")
_REFERENCE = re.compile(r"(#|\bGH-)(?=\d)", re.IGNORECASE)
_HEADING = re.compile(r"^( {0,3})#{1,6}(?=[ \t])", re.MULTILINE)
# Links to issues, pull requests and commits would show up there as mentions; GitHub's own redirect host prevents it.
_GITHUB = re.compile(r"//(www\.)?github\.com(?=[/?#]|$)", re.IGNORECASE | re.MULTILINE)


def quotation(text: str, most: int) -> tuple[str, bool]:
    """`text` as a block quotation of at most about `most` characters, cut at a line's end, and whether it was cut.

    The quotation is what closes whatever the text leaves open (a code fence, say); what follows must begin after an
    empty line.
    """
    text = _CONTROL.sub("", text.replace("\r\n", "\n").replace("\r", "\n")).strip("\n")
    text = text.encode("utf-8", "replace").decode()
    cut = len(text) > most
    if cut:
        text = text[:most].rpartition("\n")[0] or text[:most]
    return "\n".join(f"> {line}".rstrip() for line in _harmless(text).split("\n")), cut


def _harmless(text: str) -> str:
    # Entities are read after Markdown is: `&#64;all` would mention, `&#35;1` refer. So they are read here, once, and
    # what still looks like one is none any more.
    text = _ENTITY.sub(lambda found: html.unescape(found[0]), text)
    text = _CONTROL.sub("", _ENTITY.sub(lambda found: f"&{_GAP}{found[0][1:]}", text))
    text = _HEADING.sub(r"\1####", text)
    text = _GITHUB.sub("//redirect.github.com", text)
    text = text.replace("![", f"!{_GAP}[").replace("<", f"<{_GAP}").replace("-->", f"--{_GAP}>")
    return _REFERENCE.sub(rf"\1{_GAP}", text.replace("@", f"@{_GAP}"))
