"""Names that Argo CD makes out of other text (applicationset/utils/template_functions.go)."""

from __future__ import annotations

import re
from typing import Any, Final

from gitops.gotemplate.errors import TemplateError

_MAX_NAME: Final = 253
_SUBDOMAIN: Final = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")


def sanitized(name: str) -> str:
    """SanitizeName, which templates know as `normalize` and git generators as `path.basenameNormalized`."""
    clean = re.sub(r"[^-a-z0-9.]", "-", name.lower())
    return clean[:_MAX_NAME].strip("-.")


def slug(*arguments: Any) -> str:
    """SlugifyName: `[maximum length, 50] [cut at a dash, true] name`, then gosimple/slug's Make.

    Raises `TemplateError` for arguments on which Argo CD panics.
    """
    name, size, smart = "", 50, True
    for i, argument in enumerate(arguments):
        if i == len(arguments) - 1 and isinstance(argument, str):
            name = argument
        elif i == 0 and len(arguments) > 1 and isinstance(argument, int):
            size = argument
        elif i == 1 and len(arguments) > 2 and isinstance(argument, bool):
            smart = argument
        else:
            raise TemplateError("slugify wants a length, a boolean and a name")
    text = sanitized(name)
    if not smart and len(text) >= size:
        text = text[: max(size, 0)]
    text = re.sub(r"-+", "-", re.sub(r"[^a-z0-9_-]", "-", text)).strip("-_")
    if smart and 0 < size < len(text):
        dash = text.rfind("-", 0, size + 1)
        text = text[: dash if dash >= 0 else size]
    return text


def is_valid(name: str) -> bool:
    """Whether Kubernetes takes `name` for an Application (a DNS-1123 subdomain)."""
    return len(name) <= _MAX_NAME and _SUBDOMAIN.fullmatch(name) is not None
