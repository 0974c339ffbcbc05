"""What an answer of the engine means: resources with their places, or a failure at the line that causes it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from gitops.applications.application import Application
from gitops.charts.entries import entry_of
from gitops.charts.words import without_values
from gitops.files.spans import Span
from gitops.files.tree import Tree
from gitops.resources.manifests import Redact, canonical, identify, is_hook, redact_secret
from gitops.resources.rendering import (
    Call,
    Decides,
    Fault,
    NotAnalysed,
    Note,
    Output,
    Rendered,
    RenderFailed,
    Rendering,
    RenderRequest,
    Unstable,
)
from gitops.resources.requests import JsonnetRequest
from gitops.resources.resource import Resource

# The name is another one each time, so it is another resource each time.
_IDENTITY = ("", "/metadata", "/metadata/name", "/metadata/namespace", "/kind", "/apiVersion")
_TRANSIENT = frozenset({"panicked", "missing-blobs", "malformed-request"})
_REFUSED = frozenset({"too-large"})
ELSEWHERE = frozenset({"needs-url", "needs-chart"})


def output_of(request: RenderRequest, answer: Mapping[str, Any], redact: Redact) -> Output:
    """The output of one answer (engine/internal/protocol, Answer). Secret values are digests in it, and no message
    holds a value."""
    error = answer.get("error")
    if error:
        return _failed(request, error)
    unstable = answer.get("unstable") or []
    random = {each["resource"] for each in unstable if each.get("path", "") in _IDENTITY or each.get("template")}
    resources = tuple(
        _resource(each, redact, index in random) for index, each in enumerate(answer.get("resources") or ())
    )
    return Output(
        resources,
        unstable=unstable_of(answer, resources),
        said=tuple(answer.get("notes") or ()),
        decides=tuple(_decides(answer)),
    )


def _decides(answer: Mapping[str, Any]) -> Iterator[Decides]:
    for index, each in enumerate(answer.get("resources") or ()):
        for value in (each.get("origin") or {}).get("values") or ():
            place = value.get("path", ""), value.get("line", 0), value.get("presence", False)
            yield Decides(index, value["field"], value["source"], value["key"], *place)


def _resource(found: Mapping[str, Any], redact: Redact, random: bool) -> Resource:
    manifest: dict[str, Any] = found["object"]
    origin: Mapping[str, Any] = found.get("origin") or {}
    rid = identify(manifest)
    if rid.kind == "Secret" and rid.group == "":
        manifest = redact_secret(manifest, redact)
    path, line = origin.get("path"), int(origin.get("line", 0))
    template = f"{origin['chart']}/{origin.get('template', '')}" if origin.get("chart") else path or ""
    return Resource(rid, canonical(manifest), path, None, is_hook(manifest), line, line, template, random)


def _unstable(found: Mapping[str, Any], resources: Sequence[Resource]) -> Unstable:
    index = found["resource"]
    calls = tuple(Call(each["function"], each["path"], each.get("line", 0)) for each in found.get("calls") or ())
    if not 0 <= index < len(resources):
        return Unstable(None, found.get("path", ""), found.get("template", ""), calls=calls)
    resource = resources[index]
    return Unstable(resource.id, found.get("path", ""), resource.path or "", resource.line, calls)


def _failed(request: RenderRequest, error: Mapping[str, Any]) -> Output:
    fault = fault_of(request, error)
    code, message = fault.code, fault.message
    if code in _REFUSED:
        return Output(error=message, fault=fault, refused=f"{message}, and argofix grants no more")
    late = code == "timed-out"
    return Output(error=message, fault=fault, transient=late or code in _TRANSIENT, timed_out=late)


def rendering_of_chart(
    tree: Tree, application: Application, output: Output, index: int, here: Tree | None = None
) -> Rendering:
    """The rendering that an output stands for. `index` is the source's place among the Application's, whose manifest
    stands `here` where `tree` holds something else."""
    at = application.origin.entry
    if output.refused is not None:
        return NotAnalysed(output.refused)
    fault = output.fault
    if fault is None and output.error is None:
        notes = tuple(
            Note(said, at, f"`{application.name}` renders by chance", "Keep one of them.") for said in output.said
        )
        return Rendered(output.resources, notes=notes, unstable=output.unstable)
    if fault is None:
        return RenderFailed(output.error or "", at, transient=output.transient)
    if fault.code in ELSEWHERE:
        return NotAnalysed(missing_of(fault))
    if fault.code in _TRANSIENT:
        return NotAnalysed(f"the engine could not render it ({fault.code})")
    span = _place(tree, application, fault, index, here or tree)
    said = " ".join(fault.message.split()).rstrip(".")
    return RenderFailed(f"it does not render: {said}", span, transient=output.transient)


def missing_of(fault: Fault) -> str:
    """What has to be fetched first (`ELSEWHERE`), as one clause."""
    if not fault.wanted:
        # kustomize keeps the words alone. It fetches no dependencies, so a chart that it pulls has to hold them.
        return f"a chart that it inflates does not hold all that it depends on ({' '.join(fault.message.split())})"
    what = ", ".join(fault.wanted)
    thing = "the file" if fault.code == "needs-url" else "the chart"
    return f"it needs {thing} {what}, which is not in this repository"


def unstable_of(answer: Mapping[str, Any], resources: Sequence[Resource]) -> tuple[Unstable, ...]:
    """What an answer says of two renderings that do not agree."""
    return tuple(_unstable(each, resources) for each in answer.get("unstable") or ())


def fault_of(request: RenderRequest, error: Mapping[str, Any]) -> Fault:
    """An answer's error without values."""
    code = str(error.get("code", "failed"))
    charts = [f"{c['name']} {c.get('version', '')}".strip() for c in error.get("charts") or () if c.get("name")]
    wanted = charts or list(error.get("urls") or filter(None, [error.get("url")]))
    message = without_values(request, code, str(error.get("message", "")))
    return Fault(code, message, error.get("file", ""), error.get("line", 0), error.get("entry", ""), tuple(wanted))


def _place(tree: Tree, application: Application, fault: Fault, index: int, here: Tree) -> Span:
    """The entry of the Application's block that causes a fault, else the line of the file that it is in, else the
    Application."""
    at = application.origin.entry
    if fault.entry:
        return entry_of(here, application, fault.entry, index) or at
    if fault.path and fault.path in tree:
        line = max(fault.line, 1)
        return Span(fault.path, line, line)
    return at


def evaluated(requests: Sequence[RenderRequest], outputs: Mapping[str, Output]) -> Mapping[str, Output]:
    """The outputs of a directory's Jsonnet files, by file."""
    return {
        request.asks.file: outputs[request.fingerprint]
        for request in requests
        if isinstance(request.asks, JsonnetRequest)
    }
