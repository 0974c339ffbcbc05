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
from gitops.rendering import NotAnalysed, Rendered, RenderFailed
from gitops.snapshot import State

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
    names = _in_picture(shared)
    text: str = _template().render(
        commit=commit,
        counts={severity.value: sum(f.severity is severity for f in findings) for severity in Severity},
        suppressed=len(evaluation.findings) - len(findings),
        names=names,
        left_out=len({name for pair in shared for name in pair}) - len(names),
        rows=[(name, [_cell(name, other, shared) for other in names]) for name in names],
        roots=_by_root(tiles),
        groups=[_group(group) for group in by_topic(findings)],
        tiles=tiles,
        gaps=gaps_of(evaluation.snapshot),
    )
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def _shared(findings: list[Finding]) -> dict[tuple[str, str], list[Finding]]:
    pairs: dict[tuple[str, str], list[Finding]] = {}
    for finding in findings:
        if finding.rule == "duplicate-owner" and finding.resource is not None:
            for one, other in combinations(sorted(set(finding.applications)), 2):
                pairs.setdefault((one, other), []).append(finding)
    return pairs


def _in_picture(shared: dict[tuple[str, str], list[Finding]]) -> list[str]:
    weight: dict[str, int] = {}
    for pair, findings in shared.items():
        for name in pair:
            weight[name] = weight.get(name, 0) + len(findings)
    return sorted(sorted(weight), key=lambda name: -weight[name])[:MAX_MATRIX]


def _cell(name: str, other: str, shared: dict[tuple[str, str], list[Finding]]) -> Cell | None:
    if name == other:
        return None
    found = shared.get((min(name, other), max(name, other)), [])
    listed = ", ".join(str(finding.resource) for finding in found[:20])
    more = f" and {len(found) - 20} more" if len(found) > 20 else ""
    fixable = bool(found) and all(finding.fix is not None for finding in found)
    level = "none" if not found else "fixable" if fixable else "conflict"
    return Cell(len(found), level, f"{name} and {other} share {listed}{more}" if found else "")


def _tile(state: State, shared: dict[tuple[str, str], list[Finding]]) -> Tile:
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
        sum(len(findings) for pair, findings in shared.items() if application.name in pair),
    )


def _by_root(tiles: list[Tile]) -> dict[str, list[Tile]]:
    roots: dict[str, list[Tile]] = {}
    for tile in tiles:
        roots.setdefault(tile.root, []).append(tile)
    return roots


def _group(group: list[Finding]) -> dict[str, Any]:
    first = group[0]
    places = dict.fromkeys([(str(first.span), "here"), *((str(r.span), r.message) for r in first.related)])
    return {
        "severity": first.severity.value,
        "rule": first.rule,
        "title": first.topic.title,
        "message": first.topic.message,
        "advice": first.topic.advice,
        "known": first.introduced is False,
        "places": list(places),
        "resources": [str(f.resource) for f in group if f.resource is not None] if len(group) > 1 else [],
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
