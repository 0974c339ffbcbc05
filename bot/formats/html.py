"""`--format html`: one self-contained page, readable without a script.

The picture is a matrix: the Applications that share something, with the number of shared resources where a row meets
a column. It stays readable from two Applications to dozens, and needs neither a layout engine nor a browser feature.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from itertools import combinations
from typing import Any

import jinja2

from bot.evaluation import Evaluation, gaps_of, status_of
from bot.formats.grouping import by_topic
from checks.model import Finding, Severity
from checks.wording import listed
from gitops.rendering import NotAnalysed, Rendered, RenderFailed
from gitops.snapshot import ApplicationKey, State

MAX_MATRIX = 40  # Applications in the picture; the rest is in the findings


@dataclass(frozen=True, slots=True)
class Tile:
    """One Application in the overview."""

    name: str
    root: str
    destination: str
    status: str
    reason: str
    resources: int
    path: str
    wave: int
    conflicts: int


@dataclass(frozen=True, slots=True)
class Cell:
    """What a row's and a column's Application share; `level` is a word for the style."""

    count: int
    level: str
    title: str


def render(evaluation: Evaluation, commit: str | None) -> str:
    """The page."""
    findings = [finding for finding in evaluation.findings if finding.suppressed is None]
    shared = _shared(findings)
    tiles = [_tile(state, shared) for state in evaluation.snapshot.states]
    keys = _in_picture(shared)
    labels = _labels(keys)
    text: str = _template().render(
        commit=commit,
        counts={severity.value: sum(f.severity is severity for f in findings) for severity in Severity},
        suppressed=len(evaluation.findings) - len(findings),
        names=[labels[key] for key in keys],
        left_out=len({key for pair in shared for key in pair}) - len(keys),
        rows=[(labels[key], [_cell(key, other, shared) for other in keys]) for key in keys],
        roots=_by_root(tiles),
        groups=[_group(group) for group in by_topic(findings)],
        tiles=tiles,
        gaps=gaps_of(evaluation.snapshot),
    )
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


Shared = dict[tuple[ApplicationKey, ApplicationKey], list[Finding]]


def _shared(findings: list[Finding]) -> Shared:
    pairs: Shared = {}
    for finding in findings:
        for one, other in combinations(sorted(set(finding.owners)), 2):
            pairs.setdefault((one, other), []).append(finding)
    return pairs


def _in_picture(shared: Shared) -> list[ApplicationKey]:
    weight: dict[ApplicationKey, int] = {}
    for pair, findings in shared.items():
        for key in pair:
            weight[key] = weight.get(key, 0) + len(findings)
    return sorted(sorted(weight), key=lambda key: -weight[key])[:MAX_MATRIX]


def _labels(keys: list[ApplicationKey]) -> dict[ApplicationKey, str]:
    names = [key[2] for key in keys]
    return {key: key[2] if names.count(key[2]) == 1 else f"{key[2]} ({key[0]})" for key in keys}


def _cell(key: ApplicationKey, other: ApplicationKey, shared: Shared) -> Cell | None:
    if key == other:
        return None
    found = shared.get((min(key, other), max(key, other)), [])
    what = listed([str(finding.resource) for finding in found], most=20)
    fixable = bool(found) and all(finding.fix is not None for finding in found)
    level = "none" if not found else "fixable" if fixable else "conflict"
    return Cell(len(found), level, f"{key[2]} and {other[2]} share {what}" if found else "")


def _tile(state: State, shared: Shared) -> Tile:
    application, rendering = state.application, state.rendering
    reason = ""
    if isinstance(rendering, RenderFailed):
        reason = f"{rendering.span}: {rendering.message}"
    elif isinstance(rendering, NotAnalysed):
        reason = rendering.reason
    else:
        reason = "; ".join(rendering.gaps)
    return Tile(
        application.name or "(no name)",
        application.root,
        str(application.destination),
        status_of(rendering),
        reason,
        len(rendering.resources) if isinstance(rendering, Rendered) else 0,
        next((source.path for source in application.sources if source.path), ""),
        application.sync_wave,
        sum(len(findings) for pair, findings in shared.items() if application.key in pair),
    )


def _by_root(tiles: list[Tile]) -> dict[str, list[Tile]]:
    roots: dict[str, list[Tile]] = {}
    for tile in tiles:
        roots.setdefault(tile.root, []).append(tile)
    return roots


def _group(group: list[Finding]) -> dict[str, Any]:
    first = group[0]
    resources = list(dict.fromkeys(str(f.resource) for f in group if f.resource is not None))
    places = dict.fromkeys([(str(first.span), "here"), *((str(r.span), r.message) for r in first.related)])
    return {
        "severity": first.severity.value,
        "rule": first.rule,
        "title": first.topic.title,
        "message": first.topic.message,
        "advice": first.topic.advice,
        "commands": first.topic.commands,
        "known": first.introduced is False,
        "places": list(places),
        "resources": resources if len(resources) > 1 else [],
        "fix": first.fix.title if first.fix is not None else "",
    }


@cache
def _template() -> jinja2.Template:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("bot", "formats"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["code"] = _code
    return environment.get_template("page.html")


def _code(text: str) -> Any:
    """`names` in backticks as code elements, everything escaped."""
    from markupsafe import Markup, escape

    parts = text.split("`")
    if len(parts) % 2 == 0:  # an odd backtick: a hostile name; show it as it is
        return escape(text)
    out = [escape(part) if i % 2 == 0 else Markup("<code>{}</code>").format(part) for i, part in enumerate(parts)]
    return Markup("").join(out)
