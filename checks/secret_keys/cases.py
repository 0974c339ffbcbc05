"""References that nobody fulfils, grouped the way people read them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from checks.model import Field
from checks.policy.file import Policy
from checks.secret_keys.knowledge import Knowledge, Observer
from gitops.discovery.snapshot import ApplicationKey, Change
from gitops.facts.secrets.phases import Moment
from gitops.facts.secrets.place import place
from gitops.facts.secrets.survey import Needed, ObjectId
from gitops.files.spans import Span
from gitops.resources.resource import ResourceId


@dataclass(frozen=True, slots=True)
class Case:
    """A reference whose object (or whose key, when the object exists) nobody provides."""

    needed: Needed
    knowledge: Knowledge
    span: Span

    @property
    def id(self) -> ObjectId:
        return self.needed.id

    @property
    def workload(self) -> ResourceId:
        return self.needed.owner.resource.id

    def field(self, *, of_key: bool) -> Field:
        """The field that names the object, or the key of it that is asked for."""
        owner, route = self.needed.owner, self.needed.use.route
        if not of_key and route[-1] == "key" and route[-2] in ("secretKeyRef", "configMapKeyRef"):
            route = (*route[:-1], "name")
        steps = (str(step).replace("~", "~0").replace("/", "~1") for step in route)
        return Field(owner.application.key, owner.resource.id, "".join(f"/{step}" for step in steps))

    @property
    def identity(self) -> tuple[str, ...]:
        """The same before and after a change, wherever lines, names of variables and hash suffixes went."""
        wanted, use, application = self.id, self.needed.use, self.needed.owner.application
        where = (wanted.cluster, wanted.kind, wanted.namespace, self.stable_name, use.key or "")
        rid = self.workload
        return (*where, rid.group, rid.kind, rid.name, use.holder, application.namespace, application.name)

    @property
    def stable_name(self) -> str:
        """The object's name as written, without the hash that a generator adds."""
        for provision in self.knowledge.provisions:
            origin = provision.owner.origin if provision.owner.resource.generator else None
            if origin is not None and origin.chain and origin.chain[-1].value in self.id.name:
                return origin.chain[-1].value
        return self.id.name


@dataclass(frozen=True, slots=True)
class Group:
    """Cases about one object; or, when one manifest goes to several namespaces, about its namesakes."""

    cases: tuple[Case, ...]

    @property
    def first(self) -> Case:
        return self.cases[0]

    @property
    def ids(self) -> tuple[ObjectId, ...]:
        return tuple(dict.fromkeys(case.id for case in self.cases))

    @property
    def keys(self) -> tuple[str, ...]:
        """The keys that are asked for, in the order of the references."""
        return tuple(dict.fromkeys(case.needed.use.key for case in self.cases if case.needed.use.key is not None))

    @property
    def places(self) -> tuple[Span, ...]:
        return tuple(dict.fromkeys(case.span for case in self.cases))


_ISSUERS = frozenset({("cert-manager.io", "Issuer"), ("cert-manager.io", "ClusterIssuer")})
# Where credentials of theirs stand that have a rule of their own.
_CREDENTIALS = frozenset({"dns01", "externalAccountBinding", "vault"})


def is_issuers(needed: Needed) -> bool:
    """Whether it is a credential by which an issuer proves what is its own (`dns-solver-secret-missing`)."""
    rid = needed.owner.resource.id
    return (rid.group, rid.kind) in _ISSUERS and not _CREDENTIALS.isdisjoint(map(str, needed.use.route))


def groups(change: Change, policy: Policy, observer: Observer, *, exists: bool) -> Iterator[Group]:
    """Unfulfilled references: to keys of objects that exist, or to objects that do not. Those of `is_issuers` are
    left out."""
    by_object: dict[ObjectId, dict[tuple[str, ...], Case]] = {}
    known: dict[tuple[ObjectId, ApplicationKey, Moment], Knowledge] = {}
    for needed in observer.survey.needed:
        if is_issuers(needed):
            continue
        subject = (needed.id, needed.owner.application.key, needed.moment)
        knowledge = known.get(subject)
        if knowledge is None:
            knowledge = known[subject] = observer.about(needed.id, needed.owner.application, needed.moment)
        if knowledge.exists is not exists or (exists and not _lacks(knowledge, needed.use.key)):
            continue
        case = Case(needed, knowledge, place(needed.owner, needed.use))
        by_object.setdefault(needed.id, {}).setdefault(case.identity, case)
    alike: dict[object, list[Case]] = {}
    for wanted, found in by_object.items():
        cases = sorted(found.values(), key=lambda case: case.span)
        signature = (
            wanted.kind,
            wanted.name,
            tuple(dict.fromkeys((case.span, case.needed.use.key) for case in cases)),
            tuple(sorted({p.owner.origin.span for case in cases for p in case.knowledge.provisions})),
            cases[0].knowledge.keys,
            (cases[0].knowledge.certain, bool(cases[0].knowledge.doubts), cases[0].knowledge.removed),
            cases[0].knowledge.makers,
            bool(cases[0].knowledge.fetching),
        )
        alike.setdefault(signature, []).extend(cases)
    for together in alike.values():
        yield Group(tuple(together))


def _lacks(knowledge: Knowledge, key: str | None) -> bool:
    return key is not None and knowledge.keys is not None and key not in knowledge.keys


def spread(cases: Sequence[Case]) -> tuple[str, ...]:
    """The workloads concerned, each once: `Deployment api-backend`."""
    return tuple(dict.fromkeys(f"{case.workload.kind} {case.workload.name}" for case in cases))
