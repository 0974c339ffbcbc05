"""What a rule says of itself, and the short way to its findings."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from checks.model import Drop, Field, Finding, Related, Removal, Repair, Severity, Topic
from gitops.discovery.snapshot import ApplicationKey
from gitops.files.spans import Span
from gitops.resources.resource import ResourceId


class FixAvailability(StrEnum):
    """Whether edits come with a rule's findings. Each is proven first, so none comes always."""

    SOMETIMES = "where it can be proven"
    NEVER = "none"


@dataclass(frozen=True, slots=True)
class Declaration:
    """`severities` are all that its findings may have, the gravest first; `fix` tells whether they propose edits
    (`Finding.removals`, `Finding.drop`, `Finding.repair`). What a rule finds is held against this by tests."""

    id: str
    severities: tuple[Severity, ...]
    fix: FixAvailability = FixAvailability.NEVER

    def __str__(self) -> str:
        return self.id

    @property
    def summary(self) -> str:
        """For people: `Severity: error or notice. Fix: where it can be proven.`"""
        return f"Severity: {' or '.join(self.severities)}. Fix: {self.fix}."

    def finding(
        self,
        span: Span,
        message: str,
        title: str = "",
        effect: str = "",
        advice: str = "",
        commands: str = "",
        *,
        about: Iterable[str],
        severity: Severity | None = None,
        text: str | None = None,
        topic: Topic | None = None,
        resource: ResourceId | None = None,
        applications: Iterable[str] = (),
        owners: Iterable[ApplicationKey] = (),
        related: Iterable[Related] = (),
        removals: Iterable[Removal] = (),
        fields: Iterable[Field] = (),
        drop: Drop | None = None,
        repair: Repair | None = None,
    ) -> Finding:
        """A finding of this rule at `span`; everything but these is as in `Finding` and `Topic`:

        `about` tells this problem from the rule's other ones, whatever becomes of its lines: with the rule's id it is
        the finding's identity. People read `message` (without a full stop) and `effect`, or `text` in place of both.
        `severity` may be left out where the rule has one only, `topic` is for findings that are told together (and
        then says everything that is read). Raises `TypeError` for a severity that is left out and not the only one.
        """
        if severity is None:
            if len(self.severities) != 1:
                raise TypeError(f"{self.id} has several severities; which one is this?")
            severity = self.severities[0]
        identity = (self.id, *about)
        told = text if text is not None else f"{message}. {effect}".rstrip()
        return Finding(
            rule=self.id,
            severity=severity,
            span=span,
            message=message,
            topic=topic or Topic("|".join(identity), title, told, advice, commands),
            identity=identity,
            resource=resource,
            applications=tuple(applications),
            owners=tuple(owners),
            related=tuple(related),
            removals=tuple(removals),
            drop=drop,
            repair=repair,
            fields=tuple(fields),
        )


def declare(rule: str, *severities: Severity, fix: FixAvailability = FixAvailability.NEVER) -> Declaration:
    """The declaration of the rule with this id."""
    return Declaration(rule, severities, fix)
