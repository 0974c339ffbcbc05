"""Why a generator or an element cannot be expanded."""

from __future__ import annotations

from enum import Enum

from gitops.files.errors import GitopsError
from gitops.gotemplate.errors import Bounded, TemplateError


class Refusal(Enum):
    """How far an error of an ApplicationSet reaches (applicationset_controller.go, Reconcile)."""

    SET = "while it is there, no Application of the set is made, changed or deleted"
    DELETIONS = "the set's other Applications are made and changed, and none is deleted"
    APPLICATIONS = "only these Applications stay as they are"


class CannotExpand(GitopsError):
    """Part of an ApplicationSet cannot be expanded from git; a clause without its subject and final stop."""


class Refused(CannotExpand):
    """Argo CD itself (or Kubernetes before it) refuses this part, wherever it runs."""


def is_refusal(error: BaseException) -> bool:
    """Whether Argo CD fails on this as well. What only argofix will not evaluate says nothing about it."""
    return isinstance(error, Refused) or (isinstance(error, TemplateError) and not isinstance(error, Bounded))
