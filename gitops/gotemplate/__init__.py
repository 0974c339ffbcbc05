"""Go's text/template with sprig, as Argo CD's ApplicationSet controller offers it.

Written after the Go documentation of text/template and fmt and sprig's function documentation; a template can do no
I/O, and ends within the bounds of `budget.py`.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import Any

from gitops.gotemplate.budget import Allowance
from gitops.gotemplate.errors import TemplateError, TooCostly
from gitops.gotemplate.evaluator import Evaluator
from gitops.gotemplate.functions import LIBRARY, check_function
from gitops.gotemplate.nodes import Template
from gitops.gotemplate.parser import parse

__all__ = ["Allowance", "TemplateError", "TooCostly", "missing_key", "render"]

MAX_SOURCE = 200_000
_REMEMBERED = 4_000


@lru_cache(maxsize=1024)
def _remembered(source: str) -> Template:
    return parse(source, check_function)


def _parsed(source: str) -> Template:
    # One template fills many Applications; a long one is not worth the memory it would hold for ever.
    return _remembered(source) if len(source) <= _REMEMBERED else parse(source, check_function)


def missing_key(options: Iterable[str]) -> str:
    """Go's `missingkey` of `goTemplateOptions`: "default", "zero" or "error".

    Raises `TemplateError` for an option that Go refuses (template.Option panics).
    """
    chosen = "default"
    for option in options:
        match option:
            case "missingkey=default" | "missingkey=invalid":
                chosen = "default"
            case "missingkey=zero" | "missingkey=error":
                chosen = option.removeprefix("missingkey=")
            case _:
                raise TemplateError(f"unrecognized goTemplateOptions entry {option!r}")
    return chosen


def render(source: str, data: Any, missing: str = "default", allowance: Allowance | None = None) -> str:
    """The text of template `source` for `data` (as `values.from_json` gives it).

    Raises `TemplateError`, whatever the template and the data are.
    """
    if "{{" not in source:
        return source
    if len(source) > MAX_SOURCE:
        raise TooCostly(f"the template is longer than {MAX_SOURCE:,} characters")
    try:
        return Evaluator(_parsed(source), LIBRARY, missing, allowance).run(data)
    except RecursionError:
        raise TooCostly("the template is nested too deeply") from None
