"""Go's string, character and number constants (strconv.Unquote, text/template/parse/node.go newNumber)."""

from __future__ import annotations

import re

from gitops.gotemplate.errors import TemplateError
from gitops.gotemplate.nodes import Number

_ESCAPE = re.compile(
    r"\\(?:([abfnrtv\\\"'])|x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-7]{3})|(.?))", re.S
)
_SIMPLE = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}


def unquote(text: str) -> str:
    """The text of a quoted string or character constant, quotes included."""
    quote = text[0]

    def replace(found: re.Match[str]) -> str:
        simple, byte, short, long, octal, bad = found.groups()
        if simple:
            if simple in "\"'" and simple != quote:
                raise TemplateError(f"invalid escape in {text}")
            return _SIMPLE.get(simple, simple)
        if bad is not None:
            raise TemplateError(f"invalid escape in {text}")
        code = int(octal, 8) if octal else int(byte or short or long, 16)
        if code > 0x10FFFF or 0xD800 <= code < 0xE000:
            raise TemplateError(f"invalid escape in {text}")
        return chr(code)

    return _ESCAPE.sub(replace, text[1:-1])


def number(text: str) -> Number:
    """Raises `TemplateError` for a complex constant and for one that overflows int64."""
    plain = text.replace("_", "")
    try:
        if re.fullmatch(r"[+-]?0[0-7]+", plain):
            value: int | float = int(plain, 8)
        elif re.fullmatch(r"[+-]?(0[xXoObB][0-9a-fA-F]+|[0-9]+)", plain):
            value = int(plain, 0)
        else:
            value = float(plain)
    except ValueError:
        raise TemplateError(f"bad number syntax: {text}") from None
    if isinstance(value, int):
        if not -(2**63) <= value < 2**63:
            raise TemplateError(f"integer overflow in {text}")
        return Number(text, value, value)
    return Number(text, value, int(value) if value.is_integer() and abs(value) < 2**63 else None)


def character(text: str) -> Number:
    """A character constant is the number of its code point."""
    inner = unquote(text)
    if len(inner) != 1:
        raise TemplateError(f"malformed character constant: {text}")
    return Number(text, ord(inner), ord(inner))
