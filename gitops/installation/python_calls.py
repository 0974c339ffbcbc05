"""What a Python script says in its calls, as words: of commands that it starts, and of clients' methods.

Source: Python's grammar (`ast`). Only what can be read is followed: names that are given plain text, the environment.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from typing import Final

_STARTS: Final = re.compile(r"#!\s*\S*(?:/env\s+(?:-S\s+)?)?\S*python[\d.]*\b")
_UNKNOWN: Final = "\0"


def is_python(script: str) -> bool:
    return _STARTS.match(script) is not None


def calls_of(script: str, variables: Mapping[str, str]) -> Iterator[tuple[int, str]]:
    """(line from 1, words) of each call: its name and all text in its arguments, NUL for what only the run tells.
    A script that is no Python says nothing, since it does not run."""
    try:
        tree = ast.parse(script)
    except (SyntaxError, ValueError, RecursionError):
        return
    known: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name):
            name = node.targets[0].id
            # One that is given several things may be any of them.
            known[name] = _UNKNOWN if name in known else _text(node.value, known, variables)
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            told = [*node.args, *(one.value for one in node.keywords)]
            words = [_text(one, known, variables) for one in told]
            yield node.lineno, " ".join([_name(node.func), *words])


def _name(node: ast.expr) -> str:
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


def _text(node: ast.expr, known: Mapping[str, str], variables: Mapping[str, str]) -> str:
    match node:
        case ast.Constant(value=str() as text):
            return text
        case ast.Constant(value=value):
            return str(value)
        case ast.Name(id=name):
            return known.get(name, _UNKNOWN)
        case ast.List(elts=parts) | ast.Tuple(elts=parts):
            return " ".join(_text(one, known, variables) for one in parts)
        case ast.Starred(value=inner) | ast.FormattedValue(value=inner):
            return _text(inner, known, variables)
        case ast.JoinedStr(values=parts):
            return "".join(_text(one, known, variables) for one in parts)
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            glue = "" if isinstance(left, ast.Constant | ast.JoinedStr) else " "
            return f"{_text(left, known, variables)}{glue}{_text(right, known, variables)}"
        case ast.Subscript(value=ast.Attribute(attr="environ"), slice=ast.Constant(value=str() as name)):
            return variables.get(name, _UNKNOWN)
        case ast.Call(func=ast.Attribute(attr="getenv" | "get"), args=[ast.Constant(value=str() as name), *_]):
            return variables.get(name, _UNKNOWN)
        case ast.Call(func=ast.Attribute(value=inner, attr="split" | "format" | "strip")):
            return _text(inner, known, variables)
        case _:
            return _UNKNOWN
