"""Tokens to nodes, after text/template/parse/parse.go: functions and variables must be known while parsing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from gitops.gotemplate import literals
from gitops.gotemplate.errors import TemplateError, TooCostly
from gitops.gotemplate.lexer import Token, tokens
from gitops.gotemplate.nodes import (
    Action,
    Block,
    Branch,
    Call,
    Chain,
    Dot,
    Field,
    Identifier,
    Jump,
    Literal,
    Nil,
    Number,
    Operand,
    Pipe,
    Statement,
    Template,
    Text,
    Variable,
)

MAX_NESTING: Final = 40  # blocks and parentheses inside one another
_END: Final = Token("end of template", "", 0)


def parse(source: str, check_function: Callable[[str], None]) -> Template:
    """Raises `TemplateError`; `check_function(name)` raises it for a function that cannot be used."""
    return _Parser(source, check_function).template()


class _Parser:
    def __init__(self, source: str, check_function: Callable[[str], None]) -> None:
        self._tokens = list(tokens(source))
        self._at = 0
        self._check_function = check_function
        self._variables = ["$"]
        self._defined: dict[str, Block] = {}
        self._depth = 0
        self._loops = 0

    def template(self) -> Template:
        body, stop = self._block()
        if stop:
            raise TemplateError(f"unexpected {{{{{stop}}}}}")
        return Template(body, self._defined)

    # Tokens

    def _peek(self) -> Token:
        return self._tokens[self._at] if self._at < len(self._tokens) else _END

    def _next(self) -> Token:
        token = self._peek()
        self._at += 1
        return token

    def _skip_spaces(self) -> Token:
        while self._peek().kind == "space":
            self._at += 1
        return self._peek()

    def _take(self, kind: str, context: str) -> Token:
        token = self._skip_spaces()
        if token.kind != kind:
            raise TemplateError(f"unexpected {token.text or token.kind!r} in {context}")
        return self._next()

    def _deeper(self) -> None:
        self._depth += 1
        if self._depth > MAX_NESTING:
            raise TooCostly("the template is nested too deeply")

    # Statements

    def _block(self) -> tuple[Block, str]:
        """Statements up to `end`, `else` or the end of the text, and which of them stopped it."""
        self._deeper()
        statements: list[Statement] = []
        while (token := self._next()) is not _END:
            if token.kind == "text":
                statements.append(Text(token.text))
                continue
            keyword = self._skip_spaces()
            if keyword.kind != "keyword" or keyword.text == "nil":
                statements.append(Action(self._pipeline("command", "right")))
                continue
            self._next()
            if keyword.text in ("end", "else"):
                self._depth -= 1
                if keyword.text == "end":
                    self._take("right", "end")
                return tuple(statements), keyword.text
            statements.extend(self._statement(keyword.text))
        self._depth -= 1
        return tuple(statements), ""

    def _statement(self, keyword: str) -> list[Statement]:
        match keyword:
            case "if" | "with" | "range":
                return [self._branch(keyword)]
            case "define":
                self._define(self._name("define"))
                return []
            case "block":
                name = self._name("block")
                pipe = self._pipeline("block", "right")
                self._define(name, closed=True)
                return [Call(name, pipe)]
            case "template":
                name = self._name("template")
                if self._skip_spaces().kind == "right":
                    self._next()
                    return [Call(name, None)]
                return [Call(name, self._pipeline("template", "right"))]
        if not self._loops:
            raise TemplateError(f"{{{{{keyword}}}}} outside {{{{range}}}}")
        self._take("right", keyword)
        return [Jump(keyword)]

    def _branch(self, keyword: str) -> Branch:
        scope = len(self._variables)
        pipe = self._pipeline(keyword, "right")
        self._loops += keyword == "range"
        body, stop = self._block()
        self._loops -= keyword == "range"
        otherwise: Block = ()
        if stop == "else":
            following = self._skip_spaces()
            if following.kind == "keyword" and following.text == keyword and keyword != "range":
                self._next()
                self._deeper()
                otherwise, stop = (self._branch(keyword),), "end"
                self._depth -= 1
            else:
                self._take("right", "else")
                otherwise, stop = self._block()
        if stop != "end":
            raise TemplateError(f"{{{{{keyword}}}}} is not closed" if not stop else "expected end; found {{else}}")
        del self._variables[scope:]
        return Branch(keyword, pipe, body, otherwise)

    def _name(self, context: str) -> str:
        token = self._skip_spaces()
        if token.kind not in ("string", "raw"):
            raise TemplateError(f"unexpected {token.text or token.kind!r} in {context}")
        self._next()
        return literals.unquote(token.text) if token.kind == "string" else token.text[1:-1]

    def _define(self, name: str, closed: bool = False) -> None:
        if not closed:
            self._take("right", "define")
        outer, loops = self._variables, self._loops
        self._variables, self._loops = ["$"], 0
        body, stop = self._block()
        self._variables, self._loops = outer, loops
        if stop != "end":
            raise TemplateError(f"template {name!r} is not closed")
        # A later empty definition does not replace an earlier one (parse.go, Tree.add).
        if name not in self._defined or any(not isinstance(s, Text) or s.text.strip() for s in body):
            self._defined[name] = body

    # Pipelines

    def _pipeline(self, context: str, end: str) -> Pipe:
        declares, assigns = self._declaration(context)
        commands: list[tuple[Operand, ...]] = []
        while True:
            token = self._skip_spaces()
            if token.kind == end:
                self._next()
                break
            command, more = self._command(context)
            if commands and not isinstance(command[0], (Identifier, Field, Variable, Chain)):
                raise TemplateError(f"non executable command in pipeline stage {len(commands) + 1}")
            commands.append(command)
            if not more:
                self._take(end, context)
                break
            if self._skip_spaces().kind == end:
                raise TemplateError(f"missing value for {context}")
        if not commands:
            raise TemplateError(f"missing value for {context}")
        if not assigns:
            self._variables.extend(declares)
        return Pipe(declares, assigns, tuple(commands))

    def _declaration(self, context: str) -> tuple[tuple[str, ...], bool]:
        start = self._at
        names: list[str] = []
        while self._skip_spaces().kind == "variable":
            names.append(self._next().text)
            sign = self._skip_spaces()
            if sign.kind in (":=", "="):
                self._next()
                for name in names if sign.kind == "=" else ():
                    self._known(name)
                return tuple(names), sign.kind == "="
            if sign.kind != "," or context != "range" or len(names) > 1:
                break
            self._next()
        self._at = start
        return (), False

    def _known(self, name: str) -> None:
        if name not in self._variables:
            raise TemplateError(f"undefined variable {name}")

    def _command(self, context: str) -> tuple[tuple[Operand, ...], bool]:
        """One command, and whether a `|` follows it."""
        operands: list[Operand] = []
        while True:
            self._skip_spaces()
            operand = self._operand(context)
            if operand is not None:
                operands.append(operand)
            token = self._peek()
            if operand is not None and token.kind == "space":
                continue
            if token.kind == "|":
                self._next()
            elif token.kind not in ("right", ")"):
                raise TemplateError(f"unexpected {token.text or token.kind!r} in {context}")
            if not operands:
                raise TemplateError("empty command")
            return tuple(operands), token.kind == "|"

    def _operand(self, context: str) -> Operand | None:
        node = self._term(context)
        names: list[str] = []
        while node is not None and self._peek().kind == "field":
            names.append(self._next().text[1:])
        if not names or node is None:
            return node
        match node:
            case Field(first):
                return Field((*first, *names))
            case Variable(name, first):
                return Variable(name, (*first, *names))
            case Literal() | Number() | Nil() | Dot():
                raise TemplateError(f"unexpected .{names[0]} after a constant")
        return Chain(node, tuple(names))

    def _term(self, context: str) -> Operand | None:
        token = self._peek()
        if token.kind in ("right", ")", "|", "space"):
            return None
        self._next()
        match token.kind:
            case "word" if token.text in ("true", "false"):
                return Literal(token.text == "true")
            case "word":
                self._check_function(token.text)
                return Identifier(token.text)
            case ".":
                return Dot()
            case "keyword" if token.text == "nil":
                return Nil()
            case "variable":
                self._known(token.text)
                return Variable(token.text, ())
            case "field":
                return Field((token.text[1:],))
            case "string":
                return Literal(literals.unquote(token.text))
            case "raw":
                return Literal(token.text[1:-1].replace("\r", ""))
            case "number":
                return literals.number(token.text)
            case "char":
                return literals.character(token.text)
            case "(":
                self._deeper()
                pipe = self._pipeline("parenthesized pipeline", ")")
                self._depth -= 1
                return pipe
        raise TemplateError(f"unexpected {token.text or token.kind!r} in {context}")
