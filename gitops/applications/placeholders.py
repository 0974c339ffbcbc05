"""Texts that something fills in before they are applied: envsubst, cookiecutter, bootstrap scripts, Go templates."""

from __future__ import annotations

import re

# ${X} $(X) $X {{ x }} <<x>> <x> <%x%> %X% @@x@@ @x@ __X__ [[x]]
_WHOLE = re.compile(
    r"\$?\{\{.*?\}\}|\{%.*?%\}|\$\{.*?\}|\$\(.*?\)|\$[A-Z_]+|<<.*?>>|<%.*?%>|<[A-Za-z][\w .-]*>"
    r"|%%?[A-Z_]{2,}%%?|@@?[A-Za-z_]\w*@@?|__[A-Za-z]\w*?__|\[\[.*?\]\]"
)
_ORDINARY = re.compile(r"[\w .-]*")
_PLACEHOLDER = re.compile(
    r"\$\{|\$\(|\$[A-Z_]{2}|\{\{|\{%|<<|<%|<[A-Za-z][\w .-]*>"
    r"|%%?[A-Z_]{2,}%|@@?[A-Za-z_]\w*@|__[A-Za-z]\w*?__|\[\[|\]\]"
    # A path of a manual's, where that is all there is: in the text of a file it may be part of a remark.
    r"|\A(?:\S*/)?path/to/\S*\Z"
)
_SHOUTED = re.compile(r"[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+")


def is_unfilled_name(text: str) -> bool:
    """Whether a text becomes a name once its placeholders are filled in: the rest of it is what names are made of."""
    rest, count = _WHOLE.subn("", text)
    return count > 0 and _ORDINARY.fullmatch(rest) is not None


def holds_placeholder(text: str) -> bool:
    """Whether a text can only mean something once something else has been put in."""
    return _PLACEHOLDER.search(text) is not None


def is_shouted(text: str) -> bool:
    """Whether a text is written like a variable, as people write `APP_NAME` into a template: no name is."""
    return _SHOUTED.fullmatch(text) is not None
