"""Findings about what a chart renders stand on the entry of values that decides it, where one does.

Asked is only for fields that findings are about, and whoever renders tries it: with another value there, the field is
another one (engine/internal/helm, explain.go).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from checks.model import Field, Finding, Related
from gitops.charts.entries import value_of
from gitops.discovery.planning import plan_source
from gitops.discovery.record import Record
from gitops.discovery.snapshot import Part, Snapshot, State
from gitops.discovery.sources import Analysis
from gitops.files.spans import Span
from gitops.resources.rendering import Asking, Decides, Output, RenderRequest, rendered
from gitops.resources.requests import HelmRequest

MOST_FIELDS = 40  # of one source: each may take some renderings
MOST_SOURCES = 50
# Where to edit first: what one Application says, then what a file says, then what the chart says for all.
_NEAREST = ("parameters", "fileParameters", "values", "valuesObject", "valueFiles", "chart")


def at_values(snapshot: Snapshot, analysis: Analysis, findings: Sequence[Finding]) -> Asking[list[Finding]]:
    """The findings at the entries of values that decide them; the place in the template becomes a related one."""
    record = snapshot.record
    analysis = record.analysis if isinstance(record, Record) else analysis
    sources: dict[tuple[int, int], tuple[State, Part]] = {}
    asked: dict[tuple[int, int], dict[tuple[int, str], None]] = {}
    for field in (field for finding in findings for field in _fields(finding)):
        for state, part, place in _rendered(snapshot, field):
            key = (id(state), part.index)
            if key in sources or len(sources) < MOST_SOURCES:
                sources[key] = (state, part)
                questions = asked.setdefault(key, {})
                if len(questions) < MOST_FIELDS:
                    questions[(place, field.pointer)] = None
    requests: dict[tuple[int, int], RenderRequest] = {}
    for key, (state, part) in sources.items():
        request = _request(snapshot, analysis, state, part, tuple(asked[key]))
        if request is not None:
            requests[key] = request
    outputs = yield from rendered(list(requests.values()))
    spans = _spans(snapshot, sources, requests, outputs)
    return [_moved(finding, spans) for finding in findings] if spans else list(findings)


def _fields(finding: Finding) -> Sequence[Field]:
    return () if finding.suppressed is not None else finding.fields


def _rendered(snapshot: Snapshot, field: Field) -> Iterator[tuple[State, Part, int]]:
    """The sources that are charts and render the resource, with its place in what they render."""
    state = snapshot.by_key.get(field.owner)
    if state is None:
        return
    for part in state.parts:
        for place, resource in enumerate(part.resources):
            if resource.id == field.resource and resource.template and part.closure is None and part.fingerprint:
                yield state, part, place
                return


def _request(
    snapshot: Snapshot, analysis: Analysis, state: State, part: Part, questions: tuple[tuple[int, str], ...]
) -> RenderRequest | None:
    """The request that the source was rendered by, with questions; None where it was another one."""
    application = state.application
    planned = plan_source(snapshot.tree, application, application.sources[part.index], analysis).request
    if planned is None or planned.fingerprint != part.fingerprint or not isinstance(planned.asks, HelmRequest):
        return None
    names = ",".join(f"{place}{pointer}" for place, pointer in questions)
    asks = replace(planned.asks, explain=questions)
    return replace(planned, asks=asks, fingerprint=f"{planned.fingerprint} explain {names}")


_Spans = Mapping[Field, Span]


def _spans(
    snapshot: Snapshot,
    sources: Mapping[tuple[int, int], tuple[State, Part]],
    requests: Mapping[tuple[int, int], RenderRequest],
    outputs: Mapping[str, Output],
) -> _Spans:
    found: dict[Field, Span] = {}
    for key, request in requests.items():
        state, part = sources[key]
        decides = sorted(outputs[request.fingerprint].decides, key=_nearness)
        for one in decides:
            field = Field(state.application.key, part.resources[one.resource].id, one.field)
            span = value_of(snapshot.tree, state.application, one, part.index)
            if span is not None:
                found.setdefault(field, span)
    return found


def _nearness(one: Decides) -> int:
    return _NEAREST.index(one.source) if one.source in _NEAREST else len(_NEAREST)


def _moved(finding: Finding, spans: _Spans) -> Finding:
    span = next((spans[field] for field in _fields(finding) if field in spans), None)
    if span is None or span == finding.span:
        return finding
    template = Related(finding.span, "the template that writes it")
    return replace(finding, span=span, related=(template, *finding.related))
