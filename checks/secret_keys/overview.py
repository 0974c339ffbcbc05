"""Every Secret and ConfigMap that workloads reference, with where each comes from."""

from __future__ import annotations

from dataclasses import dataclass

from checks.policy.file import Policy
from checks.secret_keys.knowledge import Knowledge, Observer
from gitops.discovery.snapshot import Change
from gitops.facts.secrets.survey import Needed, ObjectId


@dataclass(frozen=True, slots=True)
class Referenced:
    """An object that something references. `workloads` are who does (`Deployment api`), each once; `keys` the ones
    that are asked for by name and not optional; `optional` tells that everybody can do without the object."""

    id: ObjectId
    knowledge: Knowledge
    workloads: tuple[str, ...]
    keys: tuple[str, ...]
    optional: bool

    @property
    def lacking(self) -> tuple[str, ...]:
        """Keys that are asked for and known not to be there."""
        known = self.knowledge.keys
        return tuple(key for key in self.keys if known is not None and key not in known)


def overview(change: Change, policy: Policy) -> tuple[Referenced, ...]:
    """One entry an object, by kind (Secrets first), namespace and name."""
    observer = Observer(change, policy)
    by_object: dict[ObjectId, list[Needed]] = {}
    for needed in observer.survey.needed:
        by_object.setdefault(needed.id, []).append(needed)
    found = [_referenced(observer, wanted, needs) for wanted, needs in by_object.items()]
    return tuple(sorted(found, key=lambda each: (each.id.kind != "Secret", each.id)))


def _referenced(observer: Observer, wanted: ObjectId, needs: list[Needed]) -> Referenced:
    knowledge = observer.about(wanted, needs[0].owner.application, needs[0].moment)
    workloads = dict.fromkeys(f"{n.owner.resource.id.kind} {n.owner.resource.id.name}" for n in needs)
    keys = dict.fromkeys(n.use.key for n in needs if n.use.key is not None and not n.use.optional)
    return Referenced(wanted, knowledge, tuple(workloads), tuple(keys), all(n.use.optional for n in needs))
