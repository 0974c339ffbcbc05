"""What is said of one object that a change concerns."""

from __future__ import annotations

from dataclasses import dataclass

from checks.changes.block import Block, gravity, worst
from gitops.applications.application import GROUP, Application
from gitops.discovery.snapshot import ApplicationKey, OwnedId
from gitops.facts.changes.model import ResourceChange
from gitops.facts.deletions.model import Consequence, Verdict, rank
from gitops.files.spans import Span
from gitops.resources.resource import ResourceId


@dataclass(frozen=True, slots=True)
class Said:
    """One sentence, by the `rule` that says it, with what it rests on: a file and line of argo-cd v3.5.1, or a page
    of Kubernetes' documentation."""

    rule: str
    text: str
    source: str
    block: Block = Block.NO


@dataclass(frozen=True)
class Told:
    """What becomes of one object. `application` is the Application that brings it ('' for Applications that nobody
    or an ApplicationSet makes), `key` that one's key, `maker` the ApplicationSet. `said` are the sentences about it,
    the gravest first. `to` is the Application that takes it over, '' where none does. `deletes` tells that Argo CD
    may delete the object, or something that nobody can name, because of this change."""

    verdict: Verdict
    id: OwnedId
    application: str
    said: tuple[Said, ...]
    key: ApplicationKey | None = None
    maker: str = ""
    to: str = ""
    deletes: bool = False
    span: Span | None = None
    consequence: Consequence | None = None
    change: ResourceChange | None = None
    declares: Application | None = None  # the Application that the object is, where only that is known
    differing: tuple[str, ...] = ()  # names of changed fields that are otherwise in the cluster already
    evidence: str = ""  # of what cannot be told: what it may depend on, as a digest is made of it

    @property
    def applications(self) -> frozenset[str]:
        """Names of the Applications that it concerns."""
        rid = self.id.id
        itself = {rid.name} if (rid.group, rid.kind) == (GROUP, "Application") else set()
        return frozenset({self.application, self.to, *itself} - {""})

    @property
    def whose(self) -> str:
        """The Application that brings it, '' where it is that one itself or where there is none."""
        rid = self.id.id
        itself = (rid.group, rid.kind, rid.name) == (GROUP, "Application", self.application)
        return "" if itself else self.application

    @property
    def resource(self) -> ResourceId:
        return self.id.id

    @property
    def block(self) -> Block:
        return worst(each.block for each in self.said)

    @property
    def text(self) -> str:
        """All sentences."""
        return " ".join(each.text for each in self.said)

    @property
    def cost(self) -> tuple[int, int, int, str, OwnedId]:
        """What is most dangerous comes first."""
        verdict = _VERDICTS.index(self.verdict)
        return (gravity(self.block), verdict, rank(self.id.id), self.application, self.id)


_VERDICTS = list(Verdict)
