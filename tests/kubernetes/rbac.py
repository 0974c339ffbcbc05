"""Who may do what: rules without roles in between, enough to say everything that RBAC can."""

from collections.abc import Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Attributes:
    """What a request wants, as the authorizer sees it (how it wants the answer is none of its business)."""

    verb: str
    group: str
    resource: str
    namespace: str = ""
    name: str = ""


@dataclass(frozen=True, slots=True)
class Rule:
    """`namespaces` None is a ClusterRoleBinding; `names` are `resourceNames` (a list or a watch never has a name)."""

    verbs: frozenset[str]
    groups: frozenset[str]
    resources: frozenset[str]
    namespaces: frozenset[str] | None = None
    names: frozenset[str] = frozenset()

    def permits(self, wanted: Attributes) -> bool:
        def among(value: str, allowed: frozenset[str]) -> bool:
            return "*" in allowed or value in allowed

        if not (
            among(wanted.verb, self.verbs)
            and among(wanted.group, self.groups)
            and among(wanted.resource, self.resources)
        ):
            return False
        if self.namespaces is not None and wanted.namespace not in self.namespaces:
            return False
        return not self.names or wanted.name in self.names


def allow(
    *verbs: str,
    resources: Sequence[str],
    groups: Sequence[str] = ("",),
    namespaces: Sequence[str] | None = None,
    names: Sequence[str] = (),
) -> Rule:
    return Rule(
        frozenset(verbs),
        frozenset(groups),
        frozenset(resources),
        None if namespaces is None else frozenset(namespaces),
        frozenset(names),
    )


EVERYTHING = allow("*", resources=["*"], groups=["*"])


@dataclass(slots=True)
class Account:
    """A user of the API. `name` is `system:serviceaccount:NAMESPACE:NAME` for a ServiceAccount."""

    name: str
    rules: list[Rule] = field(default_factory=list)

    @property
    def anonymous(self) -> bool:
        return self.name == "system:anonymous"

    def may(self, wanted: Attributes) -> bool:
        return any(rule.permits(wanted) for rule in self.rules)
