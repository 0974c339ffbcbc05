"""Template text to tokens, after text/template/parse/lex.go (Go 1.24)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final, NamedTuple

from gitops.gotemplate.errors import TemplateError

_SPACES: Final = " \t\r\n"
KEYWORDS: Final = frozenset(
    ["break", "block", "continue", "define", "else", "end", "if", "range", "nil", "template", "with"]
)
_NUMBER: Final = re.compile(
    r"[+-]?(?:0[xX](?:_?[0-9a-fA-F])+|0[oO](?:_?[0-7])+|0[bB](?:_?[01])+"
    r"|(?:[0-9](?:_?[0-9])*(?:\.[0-9_]*)?|\.[0-9][0-9_]*)(?:[eE][+-]?[0-9]+)?)i?"
)
_WORD: Final = re.compile(r"[^\W\d]\w*")
_STRING: Final = re.compile(r'"(?:[^"\\\n]|\\[^\n])*"')
_CHAR: Final = re.compile(r"'(?:[^'\\\n]|\\[^\n])+'")
_RAW: Final = re.compile(r"`[^`]*`")
_ENDS_TOKEN: Final = frozenset(_SPACES + ".,|:)(=}") | {""}


class Token(NamedTuple):
    """`kind` is text, left, right, space, field, variable, word, keyword, string, raw, char, number or the sign."""

    kind: str
    text: str
    at: int


def tokens(source: str) -> Iterator[Token]:
    """Raises `TemplateError` where Go's lexer stops."""
    at = 0
    trim_next = False
    while True:
        start = source.find("{{", at)
        text = source[at:] if start < 0 else source[at:start]
        if trim_next:
            text = text.lstrip(_SPACES)
        if start < 0:
            if text:
                yield Token("text", text, at)
            return
        inside = start + 2
        if source[inside : inside + 1] == "-" and source[inside + 1 : inside + 2] in tuple(_SPACES):
            text = text.rstrip(_SPACES)
            inside += 2
        if text:
            yield Token("text", text, at)
        if source.startswith("/*", inside):
            at, trim_next = _comment(source, inside)
            continue
        yield Token("left", "{{", start)
        at = inside
        for token in _action(source, inside):
            at = token.at + len(token.text)
            if token.kind == "right":
                trim_next = token.text.startswith((*_SPACES, "-"))
                yield Token("right", "}}", token.at)
            else:
                yield token


def _comment(source: str, at: int) -> tuple[int, bool]:
    end = source.find("*/", at + 2)
    if end < 0:
        raise TemplateError("unclosed comment")
    end += 2
    if source.startswith("}}", end):
        return end + 2, False
    if source[end : end + 1] in tuple(_SPACES) and source.startswith("-}}", end + 1):
        return end + 4, True
    raise TemplateError("comment ends before closing delimiter")


def _action(source: str, at: int) -> Iterator[Token]:
    depth = 0
    while True:
        char = source[at : at + 1]
        if source[at : at + 4].lstrip(_SPACES) == "-}}" and char in tuple(_SPACES):
            token = Token("right", source[at : at + 4], at)
        elif source.startswith("}}", at):
            token = Token("right", "}}", at)
        elif not char:
            raise TemplateError("unclosed action")
        else:
            token = _token(source, at, char)
        if token.kind == "right":
            if depth:
                raise TemplateError("unclosed left paren")
            yield token
            return
        depth += {"(": 1, ")": -1}.get(token.kind, 0)
        if depth < 0:
            raise TemplateError("unexpected right paren")
        yield token
        at += len(token.text)


def _token(source: str, at: int, char: str) -> Token:
    if char in _SPACES:
        end = at
        while source[end : end + 1] in tuple(_SPACES):
            if source.startswith("-}}", end + 1):
                break
            end += 1
        return Token("space", source[at:end], at)
    if source.startswith(":=", at):
        return Token(":=", ":=", at)
    if char in "=|,()":
        return Token(char, char, at)
    for kind, pattern, quote in (("string", _STRING, '"'), ("raw", _RAW, "`"), ("char", _CHAR, "'")):
        if char == quote:
            found = pattern.match(source, at)
            if not found:
                raise TemplateError(f"unterminated {'character constant' if kind == 'char' else 'quoted string'}")
            return Token(kind, found.group(), at)
    if char == "$":
        found = _WORD.match(source, at + 1)
        return _bounded(source, "variable", at, found.end() if found else at + 1)
    if char == "." and not source[at + 1 : at + 2].isdigit():
        found = _WORD.match(source, at + 1)
        return _bounded(source, "field", at, found.end()) if found else Token(".", ".", at)
    if char.isdigit() or char in "+-.":
        found = _NUMBER.match(source, at)
        if not found or source[found.end() : found.end() + 1].isalnum():
            raise TemplateError(f"bad number syntax near {source[at : at + 12]!r}")
        return Token("number", found.group(), at)
    found = _WORD.match(source, at)
    if not found:
        raise TemplateError(f"unexpected {char!r} in an action")
    word = found.group()
    return _bounded(source, "keyword" if word in KEYWORDS else "word", at, found.end())


def _bounded(source: str, kind: str, at: int, end: int) -> Token:
    if source[end : end + 1] not in _ENDS_TOKEN:
        raise TemplateError(f"bad character {source[end]!r}")
    return Token(kind, source[at:end], at)
