"""Policies of Argo CD's RBAC as they are written: in argocd-rbac-cm and in roles of AppProjects.

Sources: argo-cd docs/operator-manual/rbac.md; util/rbac/rbac.go (which keys are policies, the built-in policy);
assets/builtin-policy.csv (what `role:readonly` and `role:admin` may).
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any, Final

from gitops.facts.secrets.pods import mapping, sequence
from gitops.resources.manifests import text_of

READERS: Final = frozenset({"role:readonly", "role:admin"})


@dataclass(frozen=True, slots=True)
class Grant:
    """A `p` line that allows: `text` as it is written."""

    subject: str
    resource: str
    action: str
    scope: str
    text: str

    def covers(self, resource: str, action: str) -> bool:
        return fnmatchcase(resource, self.resource) and fnmatchcase(action, self.action)


@dataclass(frozen=True, slots=True)
class Policies:
    """`grants` in their order; `roles` has what each subject is besides; `default` is `policy.default`."""

    grants: tuple[Grant, ...]
    roles: Mapping[str, frozenset[str]]
    default: str = ""

    def of(self, subject: str) -> Iterator[Grant]:
        """What a subject may, by itself and through its roles."""
        mine = self.all_of(subject)
        return (one for one in self.grants if one.subject in mine)

    def all_of(self, subject: str) -> frozenset[str]:
        """A subject with all its roles, `policy.default` among them."""
        found: set[str] = set()
        left = [subject, *([self.default] if self.default else [])]
        while left:
            one = left.pop()
            if one not in found:
                found.add(one)
                left.extend(self.roles.get(one, ()))
        return frozenset(found)


def policies_of(data: Mapping[str, Any]) -> Policies:
    """Of the `data` of argocd-rbac-cm: `policy.csv` and every `policy.NAME.csv`."""
    texts = [
        text_of(value)
        for key, value in sorted(data.items())
        if key == "policy.csv" or (key.startswith("policy.") and key.endswith(".csv"))
    ]
    return _read((line for text in texts for line in text.splitlines()), text_of(data.get("policy.default")))


def policies_of_project(manifest: Mapping[str, Any]) -> Policies:
    """Of the roles of an AppProject."""
    roles = sequence(mapping(manifest.get("spec")).get("roles"))
    return _read(text_of(line) for role in roles for line in sequence(mapping(role).get("policies")))


def _read(lines: Iterable[str], default: str = "") -> Policies:
    grants: list[Grant] = []
    roles: dict[str, frozenset[str]] = {}
    for line in lines:
        parts = [part.strip() for part in next(iter(csv.reader([line], skipinitialspace=True)), [])]
        if len(parts) == 6 and parts[0] == "p" and parts[5] == "allow":
            grants.append(Grant(parts[1], parts[2], parts[3], parts[4], line.strip()))
        elif len(parts) == 3 and parts[0] == "g":
            roles[parts[1]] = roles.get(parts[1], frozenset()) | {parts[2]}
    return Policies(tuple(grants), roles, default)
