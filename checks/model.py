"""What a rule reports."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from checks.policy.file import Ignore
from gitops.discovery.snapshot import ApplicationKey, OwnedId
from gitops.files.editing import Operation
from gitops.files.spans import Applicability, Fix, Span
from gitops.kustomize.steps import Step
from gitops.resources.resource import ResourceId


class Severity(StrEnum):
    """`error` fails a check when the change introduces it; `warning` and `notice` never do."""

    ERROR = "error"
    WARNING = "warning"
    NOTICE = "notice"


@dataclass(frozen=True, slots=True)
class Related:
    """Another place that belongs to a finding, and what is there."""

    span: Span
    message: str


@dataclass(frozen=True, slots=True)
class Topic:
    """What people read once for all findings that share it (one pair of entries, one failing kustomization).

    `title` is one line without a full stop; `message` a few sentences: what is wrong, what will happen in the
    cluster; `advice` what to do. Plain text with names in backticks, valid in Markdown and in a terminal. `commands`
    are lines to paste (shell commands, pieces of YAML), shown as a block of code.
    """

    key: str
    title: str
    message: str
    advice: str = ""
    commands: str = ""


@dataclass(frozen=True, slots=True)
class Removal:
    """A fix to be proven: `loser` is to bring `resource` once less, by one of `ways` (each some steps that belong
    together, the best first). `cause` says why it cannot simply go, a sentence without a full stop that tells nobody
    to do anything.

    With `keeper` equal to `loser` the Application brings the resource twice and keeps the other copy.
    """

    keeper: ApplicationKey
    loser: ApplicationKey
    resource: OwnedId
    ways: tuple[tuple[Step, ...], ...]
    cause: str = ""

    @property
    def key(self) -> tuple[ApplicationKey, ApplicationKey, OwnedId]:
        """What it is about, without how."""
        return (self.keeper, self.loser, self.resource)


@dataclass(frozen=True, slots=True)
class Field:
    """A field (a JSON pointer) of a resource, as the Application `owner` renders it."""

    owner: ApplicationKey
    resource: ResourceId
    pointer: str


@dataclass(frozen=True, slots=True)
class Drop:
    """A field that could be taken out, to be proven: `span` are its lines, `field` how it is reached in the rendered
    resource (`spec.replicas`), `title` what taking it out is called, `caution` a sentence about what it does."""

    span: Span
    field: str
    title: str
    caution: str


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a resource should be rendered like: its `manifest`, which is rendered (or read, without an `owner`) now,
    with `operations`. `written` is where its document begins; `values` are entries of the values of the chart of Argo
    CD that come to the same."""

    resource: ResourceId
    written: Span
    operations: tuple[Operation, ...]
    manifest: Mapping[str, Any] = field(repr=False, compare=False)
    owner: ApplicationKey | None = None
    values: tuple[Operation, ...] = ()

    def is_about(self, rid: ResourceId) -> bool:
        """Whether that is the resource, in whichever namespace it is rendered."""
        ours = self.resource
        return (ours.group, ours.kind, ours.name) == (rid.group, rid.kind, rid.name)


@dataclass(frozen=True, slots=True)
class Repair:
    """What could settle a finding, to be proven: all that is `wanted` at once, `title` is what that is called, and
    `caution` a sentence about what it does. Repairs of one `group` are tried together before they are tried alone."""

    title: str
    wanted: tuple[Wanted, ...]
    applicability: Applicability
    group: str
    caution: str = ""


@dataclass(frozen=True, slots=True)
class Finding:
    """One problem at one place.

    `applications` are the names of those concerned, the one that should keep the resource first, and `owners` their
    keys (names repeat across roots); `message` is one line about this finding alone. `introduced` is None when there
    was nothing to compare with. `identity` is the same for the same problem before and after a change, wherever its
    lines moved to. `removals` are what could mend it, and so is `drop`. What of them is proven becomes `steps`, which
    `topic.advice` tells a person to do; those that a machine may do are also `fix`.
    """

    rule: str
    severity: Severity
    span: Span
    message: str
    topic: Topic
    identity: tuple[str, ...]
    resource: ResourceId | None = None
    applications: tuple[str, ...] = ()
    owners: tuple[ApplicationKey, ...] = ()
    related: tuple[Related, ...] = ()
    removals: tuple[Removal, ...] = ()
    drop: Drop | None = None
    repair: Repair | None = None
    steps: tuple[Step, ...] = ()
    fix: Fix | None = None
    introduced: bool | None = None
    suppressed: str | None = None  # the reason given in `ignore`
    fields: tuple[Field, ...] = ()  # what it is about: where a chart's value decides one of them, it stands there
    stands_for: tuple[tuple[str, ...], ...] = ()  # identities of findings that are told in this one


@dataclass(frozen=True, slots=True)
class CheckReport:
    """One GitHub check run's worth of findings. `gaps` say what could not be analysed and why; `unused` are
    entries of the configuration's `ignore` that are about none of the findings. `quiet`: without anything to say
    there need be no check run."""

    name: str
    findings: tuple[Finding, ...]
    gaps: tuple[str, ...] = ()
    counts: Mapping[str, int] = field(default_factory=dict)
    unused: tuple[Ignore, ...] = ()
    quiet: bool = False

    @property
    def speaks(self) -> bool:
        """Whether there is more to say than what was known before, or what other reports say too (gaps, counts)."""
        new = any(finding.introduced is not False and finding.suppressed is None for finding in self.findings)
        return not self.quiet or new or bool(self.unused)

    @property
    def failed(self) -> bool:
        """Whether the change introduces an error (everything counts as introduced when there is no base)."""
        return any(
            f.severity is Severity.ERROR and f.introduced is not False and f.suppressed is None for f in self.findings
        )

    @property
    def conclusion(self) -> str:
        """GitHub's word: `failure`, `neutral` when something could not be analysed, else `success`."""
        if self.failed:
            return "failure"
        return "neutral" if self.gaps else "success"
