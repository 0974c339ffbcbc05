"""Every function that a template may call, and why the others cannot be called."""

from __future__ import annotations

from typing import Final

from gitops.gotemplate.errors import Bounded, TemplateError
from gitops.gotemplate.functions import (
    builtins,
    defaults,
    dictionaries,
    encodings,
    lists,
    numbers,
    paths,
    regexes,
    strings,
    versions,
)
from gitops.gotemplate.functions.refused import REFUSED
from gitops.gotemplate.functions.registry import Function

LIBRARY: Final[dict[str, Function]] = {
    name: function
    # sprig's `slice` replaces Go's builtin of the name: functions of the map come before builtins.
    for module in (
        builtins,
        strings,
        lists,
        dictionaries,
        numbers,
        encodings,
        regexes,
        defaults,
        paths,
        versions,
    )
    for name, function in module.LIBRARY.items()
}


def check_function(name: str) -> None:
    """Raises `TemplateError` when templates cannot call `name`, with the reason."""
    if name in LIBRARY or name in ("and", "or"):
        return
    if name in REFUSED:
        raise Bounded(f"the template function {name!r} {REFUSED[name]}")
    raise TemplateError(f"the template function {name!r} is not defined")
