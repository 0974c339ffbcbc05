"""Alert rules wherever they are written: for the Prometheus Operator, in ConfigMaps, in files of their own.

Sources: prometheus.io/docs/prometheus/latest/configuration/alerting_rules; prometheus-operator's PrometheusRule,
VictoriaMetrics' VMRule.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from gitops.discovery.snapshot import Snapshot
from gitops.facts.secrets.pods import mapping
from gitops.files.documents import read_documents
from gitops.files.errors import GitopsError
from gitops.files.spans import Span
from gitops.installation.find import Loose, is_set_aside, loose_of, member_of, read_by_renderings
from gitops.installation.model import Member, data_of
from gitops.installation.routes.model import mappings
from gitops.resources.manifests import text_of
from gitops.resources.resource import Resource, ResourceId

_KINDS: Final = frozenset({("monitoring.coreos.com", "PrometheusRule"), ("operator.victoriametrics.com", "VMRule")})


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule: the name of the alert, or of the metric that it `records`."""

    alert: str
    records: str
    expression: str


@dataclass(frozen=True, eq=False)
class RuleSet:
    """The rules of one resource or file. `deployed` tells that an Application renders it."""

    member: Member
    rules: tuple[Rule, ...] = field(repr=False)

    @property
    def deployed(self) -> bool:
        return self.member.owned is not None

    @property
    def directory(self) -> str:
        return self.member.written.path.rpartition("/")[0]


def rule_sets_of(snapshot: Snapshot) -> tuple[RuleSet, ...]:
    """Every set of rules that names Argo CD, each place once. For `snapshot.once`."""
    found: dict[tuple[str, int, str], RuleSet] = {}
    for member in _members(snapshot):
        rules = tuple(_rules(member))
        if rules:
            place = (member.written.path, member.written.line, member.id.name)
            found.setdefault(place, RuleSet(member, rules))
    return tuple(found.values())


def _may_hold_rules(resource: Resource) -> bool:
    rid = resource.id
    return ((rid.group, rid.kind) in _KINDS or rid.kind == "ConfigMap") and b"argocd" in resource.text


def _members(snapshot: Snapshot) -> Iterator[Member]:
    yield from (member_of(snapshot, copy) for copy in snapshot.copies(having=_may_hold_rules))
    loose: tuple[Loose, ...] = snapshot.once(loose_of)
    yield from (one.member for one in loose if not one.reached)
    rendered = snapshot.once(read_by_renderings)
    for path in snapshot.installing:
        if path not in rendered and not is_set_aside(snapshot.tree, path):
            yield from _file(snapshot, path)


def _file(snapshot: Snapshot, path: str) -> Iterator[Member]:
    """A file of rules as Prometheus itself reads it."""
    try:
        documents = snapshot.tree.once(_documents, path)
    except (GitopsError, KeyError):
        return
    for span, value in documents:
        if isinstance(value, dict) and "groups" in value and "kind" not in value:
            yield Member(ResourceId("", "rules", "", path.rpartition("/")[2]), read=value, place=span)


def _documents(path: str, data: bytes) -> tuple[tuple[Span, Any], ...]:
    return tuple((Span(path, one.line, one.end_line), one.value()) for one in read_documents(path, data))


def _rules(member: Member) -> Iterator[Rule]:
    if (member.id.group, member.id.kind) in _KINDS:
        yield from _of_groups(mapping(member.manifest.get("spec")).get("groups"))
    elif member.id.kind == "rules":
        yield from _of_groups(member.manifest.get("groups"))
    elif member.id.kind == "ConfigMap":
        for text in data_of(member).values():
            if isinstance(text, str) and "groups" in text and "expr" in text and "argocd" in text:
                try:
                    values = [one.value() for one in read_documents("rules", text.encode("utf-8", "surrogateescape"))]
                except GitopsError:
                    continue
                for value in values:
                    yield from _of_groups(mapping(value).get("groups"))


def _of_groups(groups: Any) -> Iterator[Rule]:
    for group in mappings(groups):
        for rule in mappings(group.get("rules")):
            # One without both is Grafana's: it has a title, a condition and queries (provisioning of alert rules).
            if rule.get("alert") or rule.get("record"):
                yield Rule(text_of(rule.get("alert")), text_of(rule.get("record")), text_of(rule.get("expr")))
