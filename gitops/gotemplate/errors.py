"""Why a template gives no text."""

from __future__ import annotations

from gitops.files.errors import GitopsError


class TemplateError(GitopsError):
    """A template cannot be parsed or executed, here or in Argo CD; one sentence, without a final stop."""


class Bounded(TemplateError):
    """A template that Argo CD may well execute: only argofix does not."""


class TooCostly(Bounded):
    """A template needs more steps, output or nesting than argofix grants one template."""
