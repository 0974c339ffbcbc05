"""fmt.Sprintf for the verbs that templates use (fmt/print.go, fmt/format.go)."""

from __future__ import annotations

import json
import re
from typing import Any, Final

from gitops.gotemplate.errors import TooCostly
from gitops.gotemplate.values import MAX_TEXT, format_float, go_text, type_name

_VERB: Final = re.compile(r"%([-+# 0]*)(\*|\d+)?(?:\.(\*|\d+)?)?(.)?", re.S)
_MAX_WIDTH: Final = 1_000_000  # fmt's own bound (tooLarge)


def quoted(text: str) -> str:
    """strconv.Quote for text without control characters beyond the usual escapes."""
    body = json.dumps(text, ensure_ascii=False)[1:-1]
    simple = {"\\u0007": "\\a", "\\b": "\\b", "\\u000b": "\\v"}
    return '"' + re.sub(r"\\u00([01][0-9a-f])", lambda m: simple.get(m.group(), f"\\x{m.group(1)}"), body) + '"'


def sprintf(template: str, *arguments: Any) -> str:
    """Never raises for a wrong verb or operand: Go writes %!d(string=x) and the like into the text."""
    rest = list(arguments)
    size = 0

    def star(text: str | None) -> int | None:
        if text != "*":
            value: Any = int(text[-12:]) if text else None
        else:
            value = rest.pop(0) if rest else None
        if isinstance(value, int) and abs(value) > _MAX_WIDTH:
            raise TooCostly("printf is asked for a very wide field")
        return value if isinstance(value, int) else None

    def replace(found: re.Match[str]) -> str:
        nonlocal size
        flags, width_text, precision_text, verb = found.groups()
        width = star(width_text)
        precision = star(precision_text) if precision_text else (0 if "." in found.group() else None)
        if width is not None and width < 0:
            flags, width = flags + "-", -width
        if verb is None:
            return "%!(NOVERB)"
        if verb == "%":
            return "%"
        if not rest:
            return f"%!{verb}(MISSING)"
        text = _pad(_verb(verb, rest.pop(0), flags, precision), flags, width or 0, verb)
        size += len(text)
        if size > MAX_TEXT:
            raise TooCostly("printf writes too much text")
        return text

    text = _VERB.sub(replace, template)
    if rest:
        text += "%!(EXTRA " + ", ".join("<nil>" if v is None else f"{type_name(v)}={go_text(v)}" for v in rest) + ")"
    return text


def _pad(text: str, flags: str, width: int, verb: str) -> str:
    if len(text) >= width:
        return text
    if "-" in flags:
        return text.ljust(width)
    if "0" in flags and verb not in "sqvT":
        sign = text[:1] if text[:1] in ("+", "-", " ") and text else ""
        return sign + text[len(sign) :].rjust(width - len(sign), "0")
    return text.rjust(width, "0" if "0" in flags and verb != "T" else " ")


def _bad(verb: str, value: Any) -> str:
    return f"%!{verb}(<nil>)" if value is None else f"%!{verb}({type_name(value)}={go_text(value)})"


def _verb(verb: str, value: Any, flags: str, precision: int | None) -> str:
    if verb == "T":
        return type_name(value)
    if verb == "v" and "#" in flags:
        return quoted(value) if isinstance(value, str) else go_text(value)
    if verb == "v" and value is None:
        return "<nil>"
    match value:
        case bool():
            return go_text(value) if verb in "tv" else _bad(verb, value)
        case str():
            return _text(verb, value, flags, precision)
        case int():
            return _integer(verb, value, flags, precision)
        case float():
            return _float(verb, value, flags, precision)
        case list():
            return "[" + " ".join(_verb(verb, part, flags, precision) for part in value) + "]"
        case dict():
            parts = (
                f"{_verb(verb, k, flags, None)}:{_verb(verb, value[k], flags, precision)}" for k in sorted(value)
            )
            return "map[" + " ".join(parts) + "]"
    return _bad(verb, value)


def _text(verb: str, value: str, flags: str, precision: int | None) -> str:
    cut = value if precision is None else value[:precision]
    match verb:
        case "s" | "v":
            return cut
        case "q":
            return f"`{cut}`" if "#" in flags and "`" not in cut else quoted(cut)
        case "x" | "X":
            text = value.encode("utf-8", "surrogatepass").hex()
            return text.upper() if verb == "X" else text
    return _bad(verb, value)


def _integer(verb: str, value: int, flags: str, precision: int | None) -> str:
    formats = {"d": "d", "v": "d", "x": "x", "X": "X", "o": "o", "b": "b", "O": "o"}
    if verb in ("c", "q", "U"):
        if not 0 <= value <= 0x10FFFF or 0xD800 <= value < 0xE000:
            value = 0xFFFD
        return {"c": chr(value), "q": "'" + chr(value) + "'", "U": f"U+{value:04X}"}[verb]
    if verb not in formats:
        return _bad(verb, value)
    prefix = {"x": "0x", "X": "0X", "o": "0", "b": "0b"}.get(verb, "") if "#" in flags else ""
    digits = format(abs(int(value)), formats[verb]).rjust(precision or 0, "0")
    return _sign(value < 0, flags) + ("0o" if verb == "O" else prefix) + digits


def _float(verb: str, value: float, flags: str, precision: int | None) -> str:
    if verb not in "eEfFgGv":
        return _bad(verb, value)
    kind = {"v": "g", "F": "f"}.get(verb, verb)
    default = -1 if kind in "gG" else 6
    text = format_float(abs(value), kind.lower(), default if precision is None else precision)
    return _sign(value < 0, flags) + (text.upper() if kind in "EG" else text)


def _sign(negative: bool, flags: str) -> str:
    return "-" if negative else "+" if "+" in flags else " " if " " in flags else ""
