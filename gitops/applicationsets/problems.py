"""Why a generator or an element cannot be expanded."""

from __future__ import annotations

from gitops.errors import GitopsError


class CannotExpand(GitopsError):
    """Part of an ApplicationSet cannot be expanded from git; a clause without its subject and final stop."""
