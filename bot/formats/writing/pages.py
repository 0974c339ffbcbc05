"""Pages of HTML: one way to fill in their templates, and what makes elements of our texts."""

from __future__ import annotations

from functools import cache

import jinja2
from markupsafe import Markup, escape

from bot.formats.writing.visible import visible_lines


def filled(path: str, **values: object) -> str:
    """The template at this path below `bot/formats` with these values: a name that is not given is an error,
    everything is escaped, and paths that are no text are shown with replacement characters."""
    text: str = _template(path).render(**values)
    return visible_lines(text.encode("utf-8", "surrogateescape").decode("utf-8", "replace"))


@cache
def _template(path: str) -> jinja2.Template:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("bot", "formats"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["code"] = coded
    environment.filters["breakable"] = _breakable
    return environment.get_template(path)


def coded(text: str) -> Markup:
    """`names` in backticks as code elements, everything escaped."""
    parts = text.split("`")
    if len(parts) % 2 == 0:  # an odd backtick: a hostile name; show it as it is
        return escape(text)
    out = [escape(part) if i % 2 == 0 else Markup("<code>{}</code>").format(part) for i, part in enumerate(parts)]
    return Markup("").join(out)


def _breakable(text: str) -> Markup:
    """Lines may break behind a slash, so that a narrow column does not cut names anywhere."""
    return Markup("/<wbr>").join(coded(part) for part in text.split("/")) if "`" not in text else coded(text)
