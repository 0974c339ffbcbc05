"""Which lines of a comment are commands, as GitHub shows the comment.

A command is a line of a paragraph that begins with `/argofix`. What GitHub shows as something else is not obeyed:
quotes (a line that continues one, too), lists, tables, code blocks and code spans, HTML comments, and whatever stands
inside `<details>` or `<blockquote>`. markdown-it reads the Markdown; what it takes for a new line is one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from markdown_it import MarkdownIt
from markdown_it.rules_inline import StateInline, newline
from markdown_it.token import Token

PREFIX = "/argofix"

_COMMAND = re.compile(rf" {{0,3}}{PREFIX}(?:[ \t]+(?P<rest>.*))?[ \t]*")
_BEGINS = re.compile(rf"^[ \t]*{PREFIX}", re.MULTILINE)
# A comment that is never closed runs to the end, so that nothing is looked at twice.
_HTML = re.compile(r"<!--(?:.*?-->|.*)|<(?P<end>/?)(?P<name>details|blockquote)\b", re.DOTALL | re.IGNORECASE)


def written(body: str) -> tuple[str, ...]:
    """What follows `/argofix` on each line that is a command, in order and without repeats ("" for nothing)."""
    if PREFIX not in body:
        return ()
    return tuple(dict.fromkeys(_commands(body)))


def _commands(body: str) -> Iterator[str]:
    depth = 0
    parser = _parser()
    tokens = parser.parse(body)
    for opening, token in zip([None, *tokens], tokens, strict=False):
        if token.type == "html_block":
            depth = _depth(depth, token.content)
        elif token.type == "inline" and (_BEGINS.search(token.content) or "<" in token.content):
            shown = token.level == 1 and opening is not None and _is_text(opening)
            for line, depth in _lines(parser, token.content, depth):  # noqa: B020 - it goes on from line to line
                command = _COMMAND.fullmatch(line) if shown and depth == 0 else None
                if command is not None:
                    yield (command["rest"] or "").strip()


def _is_text(opening: Token) -> bool:
    """A paragraph, with a line of dashes below, too: a heading to Markdown, and a signature to people."""
    return opening.type == "paragraph_open" or (opening.type == "heading_open" and not opening.markup.startswith("#"))


def _lines(parser: MarkdownIt, content: str, depth: int) -> Iterator[tuple[str, int]]:
    """Each line of a paragraph, with how deep inside HTML it begins."""
    yield content.partition("\n")[0], depth
    for token in parser.inline.parse(content, parser, {}, []):
        if token.type == "html_inline":
            depth = _depth(depth, token.content)
        elif "at" in token.meta:
            yield content[token.meta["at"] :].partition("\n")[0], depth
    yield "", depth


def _depth(depth: int, html: str) -> int:
    for match in _HTML.finditer(html):
        if match["name"]:
            depth = max(0, depth - 1) if match["end"] else depth + 1
    return depth


def _parser() -> MarkdownIt:
    """GitHub's blocks, as far as they decide what a line is; the inside of paragraphs is read on demand."""
    parser = MarkdownIt("commonmark").enable(["table", "strikethrough"])
    parser.core.ruler.enableOnly(["normalize", "block"])
    parser.inline.ruler.at("newline", _newline)
    return parser


def _newline(state: StateInline, silent: bool) -> bool:
    """markdown-it's own rule; the token remembers where the next line begins, as its children do not know places."""
    at = state.pos + 1
    found = newline(state, silent)
    if found and not silent:
        state.tokens[-1].meta = {"at": at}
    return found
