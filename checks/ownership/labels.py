"""What an Application is called where people read of it."""

from __future__ import annotations

from gitops.applications import Application
from gitops.snapshot import Snapshot


class Labels:
    """Names of one snapshot's Applications: the name alone, or `namespace/name` (as Argo CD prints it, QualifiedName)
    where Applications of that name live in several namespaces."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._namespaces: dict[str, set[str]] = {}
        for state in snapshot.states:
            self._namespaces.setdefault(state.application.name, set()).add(state.application.namespace)

    def of(self, application: Application) -> str:
        return self._label(application.namespace, application.name)

    def of_key(self, key: tuple[str, str, str]) -> str:
        """As `of`, by `Application.key`."""
        return self._label(key[1], key[2])

    def _label(self, namespace: str, name: str) -> str:
        return f"{namespace}/{name}" if len(self._namespaces.get(name, ())) > 1 else name
