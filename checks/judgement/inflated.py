"""Which values of a chart that a kustomization inflates decide what it renders.

kustomize may rename what the chart renders, so the chart is rendered by itself, with the values that the entry gives
it, and what the finding is about is looked for in that.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from checks.model import Field
from gitops.charts.inflated import inflated_by, value_in
from gitops.discovery.snapshot import Part, State
from gitops.discovery.sources import Analysis
from gitops.files.spans import Span
from gitops.files.tree import Tree
from gitops.kustomize.closure import Closure
from gitops.resources.rendering import Asking, BuildOptions, Decides, rendered
from gitops.resources.requests import HelmRequest
from gitops.resources.resource import Resource

# Where a field is decided, and what is said of the place that the finding had before.
Spans = dict[Field, tuple[Span, str]]
Questions = Sequence[tuple[int, str]]
# Where to edit first: what one Application says, then what a file says, then what the chart says for all.
_NEAREST = ("parameters", "fileParameters", "values", "valuesObject", "releaseName", "valueFiles", "chart")


def nearness(one: Decides) -> tuple[bool, int]:
    """What decides what a field says comes before what decides that it is there."""
    return one.presence, _NEAREST.index(one.source) if one.source in _NEAREST else len(_NEAREST)


def is_inflated(closure: Closure, resource: Resource) -> bool:
    """Whether a resource may be made by a chart of a kustomization of this repository."""
    return closure.inflates and resource.generator is not None


def in_kustomization(tree: Tree, analysis: Analysis, state: State, part: Part, questions: Questions) -> Asking[Spans]:
    """Where the fields are decided that are asked for, each by the place of its resource in the part."""
    assert part.closure is not None
    found: Spans = {}
    files = dict.fromkeys(part.resources[place].generator or "" for place, _ in questions)
    for file in (file for file in files if file in part.closure.kustomizations and file in tree):
        charts = list(inflated_by(tree, file, analysis.engine, analysis.build_options or BuildOptions()))
        outputs = yield from rendered([request for _, request in charts])
        for index, request in charts:
            made = outputs[request.fingerprint].resources
            asked = {
                (at, pointer): part.resources[place]
                for place, pointer in questions
                if part.resources[place].generator == file
                and (at := _place(made, part.resources[place])) is not None
                and _is_kept(made[at], part.resources[place], pointer)
            }
            if not asked:
                continue
            names = ",".join(f"{at}{pointer}" for at, pointer in asked)
            assert isinstance(request.asks, HelmRequest)
            asks = replace(request.asks, explain=tuple(asked))
            again = replace(request, asks=asks, fingerprint=f"{request.fingerprint} explain {names}")
            told = (yield from rendered([again]))[again.fingerprint]
            for one in sorted(told.decides, key=nearness):
                resource = asked[one.resource, one.field]
                span = value_in(tree, file, index, one)
                if span is not None:
                    words = "the kustomization that inflates the chart"
                    found.setdefault(Field(state.application.key, resource.id, one.field), (span, words))
    return found


def _place(made: Sequence[Resource], wanted: Resource) -> int | None:
    """The resource of a chart that became another one in kustomize, which may have put something before its name, or
    behind it."""
    of_kind = [(at, each.id.name) for at, each in enumerate(made) if _kind(each) == _kind(wanted)]
    exact = [at for at, name in of_kind if name == wanted.id.name]
    longer = [at for at, name in of_kind if name in wanted.id.name]
    found = exact or longer
    return found[0] if len(found) == 1 else None


def _is_kept(made: Resource, wanted: Resource, pointer: str) -> bool:
    """Whether kustomize left the field, or only wrote something around it: else it is not decided in the chart."""
    inside, outside = _said(made, pointer), _said(wanted, pointer)
    return inside is not None and outside is not None and inside in outside


def _said(resource: Resource, pointer: str) -> str | None:
    here: object = resource.manifest()
    for part in pointer.split("/")[1:]:
        name = part.replace("~1", "/").replace("~0", "~")
        if isinstance(here, dict):
            here = here.get(name)
        elif isinstance(here, list) and name.isdigit() and int(name) < len(here):
            here = here[int(name)]
        else:
            return None
    return None if here is None or isinstance(here, dict | list) else str(here)


def _kind(resource: Resource) -> tuple[str, str]:
    return resource.id.group, resource.id.kind
