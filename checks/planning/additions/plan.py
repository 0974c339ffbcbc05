"""An addition as edits and promises: what comes, what changes, what goes, and nothing else."""

from __future__ import annotations

import posixpath
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from gitops.charts.files import values_files_of
from gitops.discovery.snapshot import ApplicationKey, State
from gitops.files.editing import Route
from gitops.files.spans import Applicability, Edit
from gitops.resources.resource import ResourceId

Named = tuple[str, str, str]


class NotPossible(Exception):
    """Why an item cannot be added, a clause without a full stop. `lines` are those of the repository's configuration
    that would say what git does not, '' where nothing would."""

    def __init__(self, why: str, lines: str = "") -> None:
        super().__init__(why)
        self.lines = lines


def named(rid: ResourceId) -> Named:
    """(group, kind, name): a kustomization alone may not say the namespace."""
    return (rid.group, rid.kind, rid.name)


@dataclass(frozen=True, slots=True)
class Becomes:
    """What goes and what comes in its place are the same but below these `paths`."""

    old: Named
    new: Named
    paths: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AdditionPlan:
    """`edits` add `item` to the kustomization, directory or file `path`. Exactly `comes` come, of `may` what does,
    `goes` go, and in the resources of `changes` only what is below the path there changes; `becomes` are of the
    former. What changes may be read by other Applications than what comes: `also` are the files that they read.
    What comes and goes does so in the Applications that render `path`, or in `home`, whose chart's values say so;
    `told` are others of which values are changed. `exact` are (resource, route in it, what stands there
    afterwards). `serves` are API versions that the cluster is taken to have, since a chart asks for them. `hashed`
    are generated resources, which are called otherwise when they hold something else.

    `title` is one line, `why` sentences for the pull request, `notes` clauses that a person should read. `unsafe` are
    sentences that a person has to have read before merging, '' where merging disturbs nothing; `first` is what has
    to be done before and `then` what after: a sentence that ends with a colon, and the commands. `expected` names
    rules that say so until that is done. `homes` are the namespaces in which some of `comes` have to be.
    """

    item: str
    path: str
    title: str
    why: str
    edits: tuple[Edit, ...]
    comes: frozenset[Named] = frozenset()
    may: frozenset[Named] = frozenset()
    changes: frozenset[tuple[Named, str]] = frozenset()
    goes: frozenset[Named] = frozenset()
    becomes: tuple[Becomes, ...] = ()
    also: tuple[str, ...] = ()
    home: ApplicationKey | None = None
    told: frozenset[ApplicationKey] = frozenset()
    exact: tuple[tuple[Named, Route, Any], ...] = ()
    serves: tuple[str, ...] = ()
    hashed: frozenset[Named] = frozenset()
    notes: tuple[str, ...] = ()
    unsafe: str = ""
    first: tuple[tuple[str, str], ...] = ()
    then: tuple[tuple[str, str], ...] = ()
    expected: frozenset[str] = frozenset()
    homes: Mapping[Named, str] = field(default_factory=dict)

    @property
    def applicability(self) -> Applicability:
        return Applicability.UNSAFE if self.unsafe else Applicability.SAFE


@dataclass(frozen=True, slots=True)
class Promised:
    """What an `AdditionPlan` promises of some of its edits."""

    path: str
    comes: frozenset[Named] = frozenset()
    changes: frozenset[tuple[Named, str]] = frozenset()
    also: tuple[str, ...] = ()
    home: ApplicationKey | None = None
    exact: tuple[tuple[Named, Route, Any], ...] = ()

    def of(self, plan: AdditionPlan) -> AdditionPlan:
        """The plan with it."""
        return replace(
            plan,
            path=self.path,
            comes=plan.comes | self.comes,
            changes=plan.changes | self.changes,
            also=(*plan.also, *self.also),
            home=self.home,
            exact=(*plan.exact, *self.exact),
        )


def reads(state: State, path: str) -> bool:
    """Whether an Application renders what `AdditionPlan.path` names."""
    for part in state.parts:
        source = state.application.sources[part.index]
        if any(resource.path == path for resource in part.resources) or path in values_files_of(source):
            return True
        if part.closure is not None:
            if path in part.closure.files:
                return True
        elif not part.elsewhere and path in (source.path or ".", posixpath.join(source.path, "values.yaml")):
            return True
    return False
