"""Why a template gives no text."""

from __future__ import annotations


class TemplateError(Exception):
    """A template cannot be parsed or executed, here or in Argo CD; one sentence, without a final stop."""


class Bounded(TemplateError):
    """A template that Argo CD may well execute: only argofix does not."""


class TooCostly(Bounded):
    """A template needs more steps, output or nesting than argofix grants one template."""


class NotJson(TemplateError):
    """A value holds a number that JSON does not have."""


class NotYaml(Exception):
    """A text cannot be read as YAML. `line` is 1-based, 0 when unknown."""

    def __init__(self, message: str, line: int = 0) -> None:
        super().__init__(message)
        self.line = line
