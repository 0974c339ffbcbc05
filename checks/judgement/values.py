"""Findings about what a chart renders stand on the entry of values that decides it, where one does.

Asked is only for fields that findings are about, and whoever renders tries it: with another value there, the field is
another one (engine/internal/helm, explain.go).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial

from checks.judgement.inflated import Spans, in_kustomization, is_inflated, nearness
from checks.model import Field, Finding, Related
from gitops.charts.entries import value_of
from gitops.discovery.asking import Job, done
from gitops.discovery.planning import plan_source
from gitops.discovery.record import Record
from gitops.discovery.snapshot import Part, Snapshot, State
from gitops.discovery.sources import Analysis
from gitops.outside.answers import Answers
from gitops.outside.mounts import MountedTree
from gitops.resources.rendering import Asking, Decides, Output, RenderRequest, rendered
from gitops.resources.requests import HelmRequest

MOST_FIELDS = 40  # of one source: each may take some renderings
MOST_SOURCES = 50
_Key = tuple[int, int]


def at_values(snapshot: Snapshot, analysis: Analysis, findings: Sequence[Finding]) -> Asking[list[Finding]]:
    """The findings at the entries of values that decide them; the place in the template becomes a related one."""
    record = snapshot.record
    analysis = record.analysis if isinstance(record, Record) else analysis
    sources: dict[_Key, tuple[State, Part]] = {}
    asked: dict[_Key, dict[tuple[int, str], None]] = {}
    for field in (field for finding in findings for field in _fields(finding)):
        for state, part, place in _rendered(snapshot, field):
            key = (id(state), part.index)
            if key in sources or len(sources) < MOST_SOURCES:
                sources[key] = (state, part)
                questions = asked.setdefault(key, {})
                if len(questions) < MOST_FIELDS:
                    questions[(place, field.pointer)] = None
    answers = Answers()
    jobs = {
        key: Job("", partial(_request, snapshot, analysis, state, part, tuple(asked[key]), answers))
        for key, (state, part) in sources.items()
        if part.closure is None
    }
    yield from done(list(jobs.values()), answers)
    requests = {key: request for key, job in jobs.items() if (request := job.result) is not None}
    outputs = yield from rendered(list(requests.values()))
    spans = _spans(snapshot, sources, requests, outputs)
    for key, (_, part) in sources.items():
        if part.closure is not None:
            spans.update((yield from in_kustomization(snapshot.tree, analysis, *sources[key], tuple(asked[key]))))
    return [_moved(finding, spans) for finding in findings] if spans else list(findings)


def _fields(finding: Finding) -> Sequence[Field]:
    return () if finding.suppressed is not None else finding.fields


def _rendered(snapshot: Snapshot, field: Field) -> Iterator[tuple[State, Part, int]]:
    """The sources that are charts, or inflate some, and render the resource, with its place in what they render."""
    state = snapshot.by_key.get(field.owner)
    if state is None:
        return
    for part in state.parts:
        for place, resource in enumerate(part.resources):
            of_chart = bool(resource.template) if part.closure is None else is_inflated(part.closure, resource)
            if resource.id == field.resource and of_chart and part.fingerprint:
                yield state, part, place
                return


def _request(
    snapshot: Snapshot,
    analysis: Analysis,
    state: State,
    part: Part,
    questions: tuple[tuple[int, str], ...],
    answers: Answers,
) -> RenderRequest | None:
    """The request that the source was rendered by, with questions; None where it was another one."""
    application = state.application
    source = application.sources[part.index]
    planned = plan_source(snapshot.tree, application, source, analysis, answers).request
    if planned is None or planned.fingerprint != part.fingerprint or not isinstance(planned.asks, HelmRequest):
        return None
    names = ",".join(f"{place}{pointer}" for place, pointer in questions)
    asks = replace(planned.asks, explain=questions)
    return replace(planned, asks=asks, fingerprint=f"{planned.fingerprint} explain {names}")


def _spans(
    snapshot: Snapshot,
    sources: Mapping[tuple[int, int], tuple[State, Part]],
    requests: Mapping[tuple[int, int], RenderRequest],
    outputs: Mapping[str, Output],
) -> Spans:
    found: Spans = {}
    for key, request in requests.items():
        state, part = sources[key]
        decides = sorted(outputs[request.fingerprint].decides, key=nearness)
        for one in decides:
            resource = part.resources[one.resource]
            here = _here(request, one)
            span = value_of(snapshot.tree, state.application, here, part.index) if here is not None else None
            if span is not None:
                words = "the template that writes it"
                if resource.elsewhere is not None:
                    words = f"what writes it is {resource.elsewhere}"
                found.setdefault(Field(state.application.key, resource.id, one.field), (span, words))
    return found


def _here(request: RenderRequest, one: Decides) -> Decides | None:
    """The entry with its path in this repository; None for one that stands in another one, or in a fetched chart."""
    if not one.path or not isinstance(request.tree, MountedTree):
        return one
    place, path = request.tree.whence(one.path)
    return replace(one, path=path) if place is None else None


def _moved(finding: Finding, spans: Spans) -> Finding:
    span, words = next((spans[field] for field in _fields(finding) if field in spans), (None, ""))
    if span is None or span == finding.span:
        return finding
    return replace(finding, span=span, related=(Related(finding.span, words), *finding.related))
