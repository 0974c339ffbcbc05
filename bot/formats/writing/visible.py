"""What nobody sees, or what makes people see something else, is shown by its number: the one door through which text
of a repository comes into anything that people read.

Control characters and escapes drive a terminal; bidirectional ones turn the text around them; a zero-width one,
another blank or a filler makes two different names look alike; separators break a line where nobody wrote one. None
of them is left out either: without it the text would be another one, and a difference would show two equal lines.
"""

from __future__ import annotations

import json
import re
import unicodedata
from typing import Any

# What Python calls printable, and nobody sees (Unicode, DerivedCoreProperties: Default_Ignorable_Code_Point; and the
# empty Braille pattern). What it does not call printable is all of the categories Other and Separator but the blank.
_BLANK = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]"
)
_ODD = re.compile("[^ -~]")
_VARIANTS, _JOINER = "\ufe0e\ufe0f", "\u200d"  # parts of emoji, between or behind symbols
_SPACES = re.compile(r"[ \t\n\r\f\v]+")


def visible(text: str, keep: str = "") -> str:
    """The text with `\\u202e`, `\\x1b` or `\\U000e0041` in place of each character that cannot be seen, and of bytes
    that are no text. Those of `keep` stay (line ends, tabs). What it gives stays as it is."""
    if text.isprintable() and not _BLANK.search(text):
        return text
    return _ODD.sub(lambda found: found[0] if found[0] in keep or _is_seen(found) else _number(found[0]), text)


def one_line(text: str) -> str:
    """The same on one line: ends of lines and tabs are blanks, and several of them one."""
    return visible(_SPACES.sub(" ", text).strip(" "))


def visible_lines(text: str) -> str:
    """The same of a text of several lines, which may end as Windows has it."""
    return visible(text.replace("\r\n", "\n"), keep="\n\t")


def dumped(data: Any) -> str:
    """JSON for programs, which people look at, too: it reads back as it was, and shows nothing else. Ends with a
    newline."""
    text = json.dumps(data, ensure_ascii=False, indent=2)
    text = text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    if not text.replace("\n", "").isprintable() or _BLANK.search(text):
        text = _ODD.sub(lambda found: found[0] if found[0] == "\n" or _is_seen(found) else _unit(found[0]), text)
    return text + "\n"


def _is_seen(found: re.Match[str]) -> bool:
    char, text = found[0], found.string
    before, after = text[found.start() - 1 : found.start()], text[found.end() : found.end() + 1]
    if char in _VARIANTS:
        return _is_symbol(before)
    if char == _JOINER:
        return (_is_symbol(before) or (before in _VARIANTS and before != "")) and _is_symbol(after)
    return char.isprintable() and not _BLANK.match(char)


def _is_symbol(char: str) -> bool:
    return char != "" and not char.isascii() and unicodedata.category(char) in ("So", "Sk") and char != "\u2800"


def _number(char: str) -> str:
    code = ord(char)
    if 0xDC80 <= code <= 0xDCFF:
        return f"\\x{code - 0xDC00:02x}"  # a byte that is no text
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def _unit(char: str) -> str:
    return json.dumps(char)[1:-1] if char != "\x7f" else "\\u007f"
