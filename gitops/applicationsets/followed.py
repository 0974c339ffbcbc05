"""Which sync policy the controller of an ApplicationSet goes by: the set's own, or the one that it is started with.

Source: argo-cd v3.5.1, applicationset/utils/policy.go.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from gitops.applicationsets.declared import DELETING, UPDATING, ApplicationSet


@dataclass(frozen=True, slots=True)
class Followed:
    """`own` is `applicationsSync` of the set as written; `policies` are those that its controller may go by, several
    where git does not tell which."""

    own: str
    policies: frozenset[str]

    @property
    def deletes(self) -> bool:
        """Whether its controller may delete Applications that it no longer generates."""
        return not self.policies.isdisjoint(DELETING)

    @property
    def updates(self) -> bool:
        """Whether its controller may write a changed template into Applications that are there."""
        return self.own in UPDATING or not self.policies.isdisjoint(UPDATING)

    @property
    def overruled(self) -> bool:
        """Whether the set's own policy keeps what its controller may delete."""
        return self.deletes and self.own not in DELETING

    @property
    def certain(self) -> bool:
        """Whether all of the policies say the same of deleting."""
        return self.policies <= DELETING or self.policies.isdisjoint(DELETING)


Following = Callable[[ApplicationSet], Followed]


def as_written(declared: ApplicationSet) -> Followed:
    """By its own, as long as nobody says otherwise."""
    return Followed(declared.policy, frozenset({declared.policy}))


def possible(own: str, policy: str | None, override: bool | None) -> frozenset[str]:
    """What a controller with `--policy` and `--enable-policy-override` may go by; None stands for what git does not
    tell, and such a policy counts as one that deletes."""
    found: set[str] = set()
    if own and override is not False:
        found.add(own)
    if not own or override is not True:
        found.add(policy or "")
    return frozenset(found)
