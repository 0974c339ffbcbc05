"""The tokens of a jq expression, as gojq's lexer.go reads them."""

from __future__ import annotations

import re

_TOKEN = re.compile(
    r"(?P<space>(?:[ \t\r\n]|#[^\n\r]*)+)"
    r"|(?P<index>\.[A-Za-z_][A-Za-z0-9_]*)"
    r"|(?P<number>(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?(?![A-Za-z_]))"
    r"|(?P<recurse>\.\.)"
    r"|(?P<variable>\$[A-Za-z_][A-Za-z0-9_]*(?:::[A-Za-z_][A-Za-z0-9_]*)?)"
    r"|(?P<name>[A-Za-z_][A-Za-z0-9_]*(?:::[A-Za-z_][A-Za-z0-9_]*)?)"
    r"|(?P<format>@[A-Za-z0-9_]+)"
    r"|(?P<sign>\?//|//=|\|=|\+=|-=|\*=|/=|%=|//|==|!=|>=|<=|[=<>.\[\](){}|,:;?+*/%$-])"
)
ESCAPE = re.compile(r"\\(?:[\"\\/bfnrt]|u[0-9a-fA-F]{4})")
_RESERVED = (
    "and as break catch def elif else end false foreach if import include label module null or reduce then true try"
)
_KEYWORDS = frozenset(_RESERVED.split())


class BadExpression(ValueError):
    """What is wrong with an expression, as a clause."""


class Tokens:
    """The text, the place behind the token that is looked at, and that token: its kind and its word."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._kind = self._word = ""
        self._advance()

    def _advance(self) -> None:
        while True:
            if self._at >= len(self._text):
                self._kind, self._word = "", ""
                return
            if self._text[self._at] == '"':
                self._kind, self._word = "string", '"'
                return
            found = _TOKEN.match(self._text, self._at)
            if found is None:
                raise BadExpression(f"`{self._text[self._at]}` stands where it means nothing")
            self._at = found.end()
            if found.lastgroup != "space":
                break
        self._kind, self._word = found.lastgroup or "", found.group()
        if self._kind == "name" and self._word in _KEYWORDS:
            self._kind = "keyword"

    def _unexpected(self) -> BadExpression:
        if not self._kind:
            return BadExpression("it ends too early")
        # The bracket that we put around it.
        if self._word == ")" and self._at == len(self._text):
            return BadExpression("it ends too early")
        return BadExpression(f"`{self._word}` stands where it means nothing")

    def _is(self, *words: str) -> bool:
        return self._kind in ("sign", "keyword") and self._word in words

    def _take(self, *words: str) -> bool:
        if not self._is(*words):
            return False
        self._advance()
        return True

    def _need(self, word: str) -> None:
        if not self._take(word):
            raise self._unexpected()

    def _of(self, kind: str) -> str:
        if self._kind != kind:
            raise self._unexpected()
        word = self._word
        self._advance()
        return word
