"""Sprig: text (sprig strings.go, functions.go; Masterminds/goutils; huandu/xstrings for the case functions)."""

from __future__ import annotations

import re
from typing import Any, Final

from gitops.gotemplate.errors import TemplateError, TooCostly
from gitops.gotemplate.functions.printf import quoted
from gitops.gotemplate.functions.registry import Library
from gitops.gotemplate.values import MAX_TEXT, StringList, StringMap, go_text, replaced

LIBRARY: Final = Library()
_WORD_BOUNDARY: Final = re.compile(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_LETTERS: Final = re.compile(r"[A-Za-z]+(?:[ _-][A-Za-z]+)*")
_LOWER: Final = re.compile(r"[a-z]+(?:[ _-][a-z]+)*")


def bounded(count: int, size: int) -> None:
    """Raises `TooCostly` before `count` pieces of `size` characters are built."""
    if count * size > MAX_TEXT:
        raise TooCostly(f"a function of the template would make more than {MAX_TEXT:,} characters")


def texts(value: Any) -> list[str]:
    """sprig's strslice: the elements as text, nil left out."""
    if value is None:
        return []
    if isinstance(value, list):
        return [go_text(part) for part in value if part is not None]
    return [go_text(value)]


@LIBRARY.add("trim", "s")
def _trim(text: str) -> str:
    return text.strip()


@LIBRARY.add("trimAll trimall", "ss")
def _trim_all(characters: str, text: str) -> str:
    return text.strip(characters) if characters else text


@LIBRARY.add("trimPrefix", "ss")
def _trim_prefix(prefix: str, text: str) -> str:
    return text.removeprefix(prefix)


@LIBRARY.add("trimSuffix", "ss")
def _trim_suffix(suffix: str, text: str) -> str:
    return text.removesuffix(suffix)


@LIBRARY.add("upper", "s")
def _upper(text: str) -> str:
    return text.upper()


@LIBRARY.add("lower", "s")
def _lower(text: str) -> str:
    return text.lower()


@LIBRARY.add("title", "s")
def _title(text: str) -> str:
    return re.sub(r"(?<!\w)[^\W\d_]", lambda m: m.group().upper(), text)


@LIBRARY.add("untitle", "s")
def _untitle(text: str) -> str:
    return re.sub(r"(?<!\S)\w", lambda m: m.group().lower(), text)


@LIBRARY.add("repeat", "is")
def _repeat(count: int, text: str) -> str:
    if count < 0:
        raise TemplateError("strings: negative Repeat count")
    bounded(count, len(text))
    return text * count


@LIBRARY.add("substr", "iis")
def _substr(start: int, end: int, text: str) -> str:
    size = len(text.encode("utf-8", "surrogatepass"))
    first, last = (0, end) if start < 0 else (start, size if end < 0 or end > size else end)
    if not 0 <= first <= last <= size:
        raise TemplateError(f"slice bounds out of range [{first}:{last}] with length {size}")
    return _cut(text, first, last)


@LIBRARY.add("trunc", "is")
def _trunc(count: int, text: str) -> str:
    if count < 0:
        return _cut(text, count, None) if len(text.encode("utf-8", "surrogatepass")) + count > 0 else text
    return _cut(text, None, count)


@LIBRARY.add("abbrev", "is")
def _abbrev(width: int, text: str) -> str:
    data = text.encode("utf-8", "surrogatepass")  # goutils counts bytes, and cuts between them
    return text if width < 4 or len(data) <= width else replaced(data[: width - 3]) + "..."


@LIBRARY.add("initials", "s")
def _initials(text: str) -> str:
    # goutils takes bytes for characters.
    letters = text.encode("utf-8", "surrogatepass").decode("latin-1")
    starts = (i for i, each in enumerate(letters) if not i or _is_space(letters[i - 1]))
    return "".join(letters[i] for i in starts if not _is_space(letters[i]))


@LIBRARY.add("nospace", "s")
def _nospace(text: str) -> str:
    # goutils takes bytes for characters: where it takes any away, what is not ASCII falls to pieces.
    letters = text.encode("utf-8", "surrogatepass").decode("latin-1")
    kept = "".join(each for each in letters if not _is_space(each))
    return kept if len(kept) < len(letters) else text


def _is_space(letter: str) -> bool:
    """unicode.IsSpace within Latin-1."""
    return letter in "\t\n\v\f\r \x85\xa0"


def _cut(text: str, start: int | None, end: int | None) -> str:
    """Go counts bytes; a cut within a character leaves replacement characters."""
    if text.isascii():
        return text[start:end]
    return replaced(text.encode("utf-8", "surrogatepass")[start:end])


@LIBRARY.add("swapcase", "s")
def _swapcase(text: str) -> str:
    return text.swapcase()


@LIBRARY.add("contains", "ss")
def _contains(part: str, text: str) -> bool:
    return part in text


@LIBRARY.add("hasPrefix", "ss")
def _has_prefix(prefix: str, text: str) -> bool:
    return text.startswith(prefix)


@LIBRARY.add("hasSuffix", "ss")
def _has_suffix(suffix: str, text: str) -> bool:
    return text.endswith(suffix)


@LIBRARY.add("quote", "*a")
def _quote(*values: Any) -> str:
    return " ".join(quoted(go_text(v)) for v in values if v is not None)


@LIBRARY.add("squote", "*a")
def _squote(*values: Any) -> str:
    return " ".join(f"'{go_text(v)}'" for v in values if v is not None)


@LIBRARY.add("cat", "*a")
def _cat(*values: Any) -> str:
    return " ".join(go_text(v) for v in values if v is not None)


@LIBRARY.add("indent", "is")
def _indent(spaces: int, text: str) -> str:
    if spaces < 0:
        raise TemplateError("strings: negative Repeat count")
    bounded(text.count("\n") + 1, spaces)
    pad = " " * spaces
    return pad + text.replace("\n", "\n" + pad)


@LIBRARY.add("nindent", "is")
def _nindent(spaces: int, text: str) -> str:
    return "\n" + str(_indent(spaces, text))


@LIBRARY.add("replace", "sss")
def _replace(old: str, new: str, text: str) -> str:
    bounded(text.count(old), len(new))
    return text.replace(old, new)


@LIBRARY.add("plural", "ssi")
def _plural(one: str, many: str, count: int) -> str:
    return one if count == 1 else many


@LIBRARY.add("split", "ss")
def _split(separator: str, text: str) -> StringMap:
    return StringMap({f"_{i}": part for i, part in enumerate(go_split(text, separator, -1))})


@LIBRARY.add("splitn", "sis")
def _splitn(separator: str, count: int, text: str) -> StringMap:
    return StringMap({f"_{i}": part for i, part in enumerate(go_split(text, separator, count))})


@LIBRARY.add("splitList", "ss")
def _split_list(separator: str, text: str) -> StringList:
    return StringList(go_split(text, separator, -1))


def go_split(text: str, separator: str, count: int) -> list[str]:
    """strings.SplitN: an empty separator splits into characters."""
    if count == 0:
        return []
    if separator:
        return text.split(separator, -1 if count < 0 else count - 1)
    if count < 0 or count >= len(text):
        return list(text)
    return [*text[: count - 1], text[count - 1 :]]


@LIBRARY.add("join", "sa")
def _join(separator: str, values: Any) -> str:
    parts = texts(values)
    bounded(len(parts), len(separator))
    return separator.join(parts)


@LIBRARY.add("sortAlpha", "a")
def _sort_alpha(values: Any) -> StringList:
    return StringList(sorted(texts(values)) if values is not None else ["<nil>"])


@LIBRARY.add("toStrings", "a")
def _to_strings(values: Any) -> StringList:
    return StringList(texts(values))


@LIBRARY.add("toString", "a")
def _to_string(value: Any) -> str:
    return go_text(value)


def _words(text: str, form: re.Pattern[str]) -> list[str]:
    if text and not form.fullmatch(text):
        # xstrings' rules for digits, repeated separators and runs of capitals differ between its releases.
        raise TemplateError(f"the case of {text[:60]!r} cannot be converted with certainty")
    return [word for word in re.split(r"[\s_-]", _WORD_BOUNDARY.sub("_", text)) if word]


@LIBRARY.add("snakecase", "s")
def _snakecase(text: str) -> str:
    return "_".join(_words(text, _LETTERS)).lower()


@LIBRARY.add("kebabcase", "s")
def _kebabcase(text: str) -> str:
    return "-".join(_words(text, _LETTERS)).lower()


@LIBRARY.add("camelcase", "s")
def _camelcase(text: str) -> str:
    return "".join(word.capitalize() for word in _words(text, _LOWER))
