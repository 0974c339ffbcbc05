"""Nodes to text, after text/template/exec.go."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from gitops.gotemplate.budget import MAX_CALLS, Allowance, Budget
from gitops.gotemplate.errors import TemplateError, TooCostly
from gitops.gotemplate.functions.registry import Function, convert
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
from gitops.gotemplate.values import (
    MISSING,
    StringMap,
    known,
    pairs,
    printed,
    truth,
    type_name,
)

_NO_PIPED: Final = object()


class _Jumped(Exception):
    """`break` or `continue` on its way to its `range`."""

    def __init__(self, keyword: str) -> None:
        self.keyword = keyword


class Evaluator:
    """One execution. `missing_key` is Go's option: "default", "zero" or "error"."""

    def __init__(
        self,
        template: Template,
        functions: dict[str, Function],
        missing_key: str,
        allowance: Allowance | None = None,
    ) -> None:
        self._template = template
        self._functions = functions
        self._missing_key = missing_key
        self._budget = Budget(allowance)
        self._out: list[str] = []
        self._variables: list[tuple[str, Any]] = []

    def run(self, data: Any) -> str:
        """Raises `TemplateError`."""
        self._variables = [("$", data)]
        self._walk(data, self._template.body)
        return "".join(self._out)

    # Statements

    def _write(self, text: str) -> None:
        self._budget.wrote(text)
        self._out.append(text)

    def _walk(self, dot: Any, block: Block) -> None:
        for statement in block:
            self._budget.step()
            self._execute(dot, statement)

    def _execute(self, dot: Any, statement: Statement) -> None:
        match statement:
            case Text(text):
                self._write(text)
            case Action(pipe):
                value = self._pipe(dot, pipe)
                if not pipe.declares:
                    self._write(printed(value))
            case Jump(keyword):
                raise _Jumped(keyword)
            case Call(name, pipe):
                self._call_template(dot, name, pipe)
            case Branch("range"):
                self._range(dot, statement)
            case Branch(keyword, pipe, body, otherwise):
                mark = len(self._variables)
                value = self._pipe(dot, pipe)
                if truth(value):
                    self._walk(value if keyword == "with" else dot, body)
                else:
                    self._walk(dot, otherwise)
                del self._variables[mark:]

    def _call_template(self, dot: Any, name: str, pipe: Pipe | None) -> None:
        if name not in self._template.defined:
            raise TemplateError(f"template {name!r} not defined")
        value = MISSING if pipe is None else self._pipe(dot, pipe)
        self._budget.calls += 1
        if self._budget.calls > MAX_CALLS:
            raise TooCostly(f"templates call each other more than {MAX_CALLS} deep")
        outer, self._variables = self._variables, [("$", value)]
        self._walk(value, self._template.defined[name])
        self._variables = outer
        self._budget.calls -= 1

    def _range(self, dot: Any, loop: Branch) -> None:
        mark = len(self._variables)
        value = known(self._pipe(dot, loop.pipe, in_range=True))
        if isinstance(value, bool) or not isinstance(value, (dict, list, int, type(None))):
            raise TemplateError(f"range can't iterate over {printed(value)[:60]}")
        if isinstance(value, int) and len(loop.pipe.declares) > 1:
            raise TemplateError(f"can't use {value} to iterate over more than one variable")
        if not value or (isinstance(value, int) and value < 0):
            self._walk(dot, loop.otherwise)
            del self._variables[mark:]
            return
        if isinstance(value, int):
            self._budget.step(value)
        else:
            self._budget.step(len(value))
        for key, element in pairs(value):
            inner = len(self._variables)
            self._bind_loop(loop.pipe, key, element)
            try:
                self._walk(element, loop.body)
            except _Jumped as jump:
                if jump.keyword == "break":
                    break
            finally:
                del self._variables[inner:]
        del self._variables[mark:]

    def _bind_loop(self, pipe: Pipe, key: Any, element: Any) -> None:
        bound = (element,) if len(pipe.declares) == 1 else (key, element)
        for name, value in zip(pipe.declares, bound, strict=False):
            if pipe.assigns:
                self._assign(name, value)
            else:
                self._variables.append((name, value))

    def _assign(self, name: str, value: Any) -> None:
        for i in range(len(self._variables) - 1, -1, -1):
            if self._variables[i][0] == name:
                self._variables[i] = (name, value)
                return
        raise TemplateError(f"undefined variable {name}")

    # Values

    def _pipe(self, dot: Any, pipe: Pipe, in_range: bool = False) -> Any:
        value: Any = _NO_PIPED
        for command in pipe.commands:
            value = self._command(dot, command, value)
        if not in_range:
            for name in pipe.declares:
                if pipe.assigns:
                    self._assign(name, value)
                else:
                    self._variables.append((name, value))
        return value

    def _command(self, dot: Any, command: Sequence[Operand], piped: Any) -> Any:
        self._budget.step()
        first = command[0]
        if isinstance(first, Identifier):
            return self._call_function(dot, first.name, command[1:], piped)
        if len(command) > 1 or piped is not _NO_PIPED:
            match first:
                case Field(names) | Variable(_, names) | Chain(_, names) if names:
                    raise TemplateError(f"{names[-1]} has arguments but cannot be invoked as function")
            raise TemplateError("can't give argument to non-function")
        if isinstance(first, Nil):
            raise TemplateError("nil is not a command")
        return self._operand(dot, first)

    def _operand(self, dot: Any, node: Operand) -> Any:
        match node:
            case Dot():
                return dot
            case Nil():
                return None
            case Literal(value):
                return value
            case Number(_, value):
                return value
            case Field(names):
                return self._fields(dot, names)
            case Variable(name, names):
                return self._fields(self._variable(name), names)
            case Chain(inner, names):
                return self._fields(self._operand(dot, inner), names)
            case Pipe():
                mark = len(self._variables)
                value = self._pipe(dot, node)
                del self._variables[mark:]
                return value
            case Identifier(name):
                return self._call_function(dot, name, (), _NO_PIPED)

    def _variable(self, name: str) -> Any:
        for known_name, value in reversed(self._variables):
            if known_name == name:
                return value
        raise TemplateError(f"undefined variable {name}")

    def _fields(self, value: Any, names: Sequence[str]) -> Any:
        for name in names:
            value = self._field(value, name)
        return value

    def _field(self, value: Any, name: str) -> Any:
        self._budget.step()
        if value is MISSING:
            if self._missing_key == "error":
                raise TemplateError(f'nil data; no entry for key "{name}"')
            return MISSING
        if value is None:
            raise TemplateError(f"nil pointer evaluating interface {{}}.{name}")
        if not isinstance(value, dict):
            raise TemplateError(f"can't evaluate field {name} in type {type_name(value)}")
        if name in value:
            return value[name]
        if self._missing_key == "error":
            raise TemplateError(f'map has no entry for key "{name}"')
        if self._missing_key == "zero":
            return "" if isinstance(value, StringMap) else None
        return MISSING

    # Functions

    def _call_function(self, dot: Any, name: str, operands: Sequence[Operand], piped: Any) -> Any:
        if name in ("and", "or"):
            return self._short_circuit(dot, name, operands, piped)
        function = self._functions[name]
        count = len(operands) + (piped is not _NO_PIPED)
        function.check_count(count)
        arguments: list[Any] = []
        for i, operand in enumerate(operands):
            # A constant takes the type that the parameter has, so it is handed over as written.
            value = operand if isinstance(operand, Number) else self._operand(dot, operand)
            # A field that holds nil is a nil of no other type; what a pipeline makes of it is one of any type.
            is_field = isinstance(operand, Field | Variable | Chain) and bool(operand.names)
            arguments.append(convert(function, i, value, typed=value is None and is_field))
        if piped is not _NO_PIPED:
            arguments.append(convert(function, len(operands), piped))
        self._budget.values(arguments)
        if function.cost:
            self._budget.step(function.cost(*arguments))
        result = function.run(*arguments)
        self._budget.result(result)
        return result

    def _short_circuit(self, dot: Any, name: str, operands: Sequence[Operand], piped: Any) -> Any:
        """The first argument that decides, those behind it unevaluated; else the last."""
        if not operands and piped is _NO_PIPED:
            raise TemplateError(f"wrong number of args for {name}: want at least 1 got 0")
        value: Any = MISSING
        for operand in operands:
            value = self._operand(dot, operand)
            if truth(value) == (name == "or"):
                return value
        return value if piped is _NO_PIPED else piped
