"""`--format html`: one self-contained page, readable without a script.

What is on it, from the top: the figures, the picture of the conflicts (`bot.formats.reports.picture`), every
Application by root, the findings in the groups in which people read them, and a table of all Applications.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bot.formats.order.page import stages
from bot.formats.reports.picture import Bands, conflicts, draw, root_name
from bot.formats.writing.diff import lines_of, unified_diff
from bot.formats.writing.grouping import by_topic
from bot.formats.writing.pages import filled
from checks.coverage import Coverage
from checks.judgement.evaluation import Evaluation
from checks.judgement.gaps import status_of
from checks.model import Finding, Severity
from checks.wording import plural
from gitops.discovery.snapshot import ApplicationKey, State, Unknown
from gitops.files.errors import GitopsError
from gitops.files.spans import apply_edits, edits_by_path
from gitops.files.tree import Tree
from gitops.resources.rendering import NotAnalysed, Rendered, RenderFailed

DENSE = 60  # Applications from which on each gets a chip instead of a tile
_KINDS = 3  # kinds named on a tile
_SHOWN_PLACES = 6  # the others fold away


@dataclass(frozen=True, slots=True)
class Tile:
    """One Application (or ApplicationSet that cannot be expanded) in the overview and in the table."""

    number: int
    name: str
    root: str
    destination: str
    status: str
    reason: str
    resources: int
    kinds: str
    path: str
    wave: str
    conflicts: int
    is_set: bool = False

    @property
    def words(self) -> str:
        if self.status == "rendered":
            return f"{self.resources} resource{'' if self.resources == 1 else 's'}"
        if self.status == "failed":
            return "does not render"
        return f"{self.resources} resources, in part" if self.resources else "not analysed"


@dataclass(frozen=True, slots=True)
class Group:
    """Findings of one topic. `places` are (path:line, what is there); `diff` are the lines that the fix takes out."""

    anchor: str
    severity: str
    rule: str
    title: str
    message: str
    advice: str
    commands: str
    known: bool
    places: tuple[tuple[str, str], ...]
    more_places: tuple[tuple[str, str], ...]
    resources: tuple[str, ...]
    fix: str
    diff: tuple[tuple[str, str], ...]


def render(evaluation: Evaluation, commit: str | None) -> str:
    """The page."""
    findings = [finding for finding in evaluation.findings if finding.suppressed is None]
    groups = by_topic(findings)
    anchors: dict[str, str] = {}
    for number, group in enumerate(groups, 1):
        anchors.setdefault(group[0].topic.key, f"finding-{number}")
    tree = evaluation.snapshot.tree
    told = [_group(group, f"finding-{number}", tree) for number, group in enumerate(groups, 1)]
    tiles = _tiles(evaluation, findings)
    drawing = draw(findings, anchors)
    return filled(
        "reports/page.html",
        commit=commit,
        counts={severity.value: sum(f.severity is severity for f in findings) for severity in Severity},
        introduced=None if evaluation.base is None else sum(f.introduced is True for f in findings),
        suppressed=len(evaluation.findings) - len(findings),
        bands=drawing if isinstance(drawing, Bands) else None,
        matrix=drawing if drawing is not None and not isinstance(drawing, Bands) else None,
        applications=len(evaluation.snapshot.states),
        coverage=Coverage.of(evaluation.snapshot),
        statuses=Counter(status_of(state.rendering) for state in evaluation.snapshot.states),
        sets=len([tile for tile in tiles if tile.is_set]),
        roots=_by_root(tiles),
        dense=len(tiles) > DENSE,
        new=[group for group in told if not group.known],
        known=[group for group in told if group.known],
        tiles=tiles,
        order=stages(evaluation),
        gaps=evaluation.gaps,
    )


def _tiles(evaluation: Evaluation, findings: Sequence[Finding]) -> list[Tile]:
    shared: dict[ApplicationKey, int] = {}
    for pair, found in conflicts(findings).items():
        for key in pair:
            shared[key] = shared.get(key, 0) + len(found)
    states, unknown = evaluation.snapshot.states, evaluation.snapshot.unknown
    tiles = [_tile(number, state, shared) for number, state in enumerate(states, 1)]
    return [*tiles, *(_set(number, entry) for number, entry in enumerate(unknown, len(tiles) + 1))]


def _tile(number: int, state: State, shared: Mapping[ApplicationKey, int]) -> Tile:
    application, rendering = state.application, state.rendering
    if isinstance(rendering, RenderFailed):
        reason = f"{rendering.span}: {rendering.message}"
    elif isinstance(rendering, NotAnalysed):
        reason = rendering.reason
    else:
        reason = "; ".join(rendering.gaps)
    resources = rendering.resources if isinstance(rendering, Rendered) else ()
    kinds = Counter(resource.id.kind for resource in resources).most_common()
    named = [plural(kind, count) for kind, count in kinds[:_KINDS]]
    return Tile(
        number,
        application.name or "(no name)",
        root_name(application.root),
        str(application.destination),
        status_of(rendering),
        reason,
        len(resources),
        ", ".join([*named, "…"] if len(kinds) > _KINDS else named),
        next((source.path for source in application.sources if source.path), ""),
        str(application.sync_wave),
        shared.get(application.key, 0),
    )


def _set(number: int, unknown: Unknown) -> Tile:
    name = unknown.name or unknown.span.path
    return Tile(
        number,
        name,
        root_name(unknown.root),
        "",
        "not-analysed",
        unknown.reason,
        0,
        "",
        str(unknown.span),
        "",
        0,
        True,
    )


def _by_root(tiles: Sequence[Tile]) -> list[tuple[str, list[Tile]]]:
    """Roots with conflicts first, then by the number of their Applications."""
    roots: dict[str, list[Tile]] = {}
    for tile in tiles:
        roots.setdefault(tile.root, []).append(tile)
    return sorted(roots.items(), key=lambda item: (-any(t.conflicts for t in item[1]), -len(item[1])))


def _group(group: Sequence[Finding], anchor: str, tree: Tree) -> Group:
    first = group[0]
    resources = tuple(dict.fromkeys(str(f.resource) for f in group if f.resource is not None))
    here = "the entry" if first.rule.startswith("duplicate") else "here"
    places = tuple(dict.fromkeys([(str(first.span), here), *((str(r.span), r.message) for r in first.related)]))
    return Group(
        anchor=anchor,
        severity=first.severity.value,
        rule=first.rule,
        title=first.topic.title,
        message=first.topic.message,
        advice=first.topic.advice,
        commands=first.topic.commands,
        known=first.introduced is False,
        places=places[:_SHOWN_PLACES],
        more_places=places[_SHOWN_PLACES:],
        resources=resources if len(resources) > 1 else (),
        fix=first.fix.title if first.fix is not None else "",
        diff=_diff(group, tree),
    )


def _diff(group: Sequence[Finding], tree: Tree) -> tuple[tuple[str, str], ...]:
    """(style, line) of what the fix changes, without context: lines beside it may hold what nobody should print."""
    edits = [edit for finding in group if finding.fix is not None for edit in finding.fix.edits]
    lines: list[tuple[str, str]] = []
    for path, grouped in edits_by_path(edits).items():
        try:
            before = tree.read(tree.resolve(path))
            diff = unified_diff(path, before, apply_edits(before, grouped), context=0)
        except (GitopsError, KeyError):
            return ()
        for line in lines_of(diff)[2:]:
            style = {"-": "out", "+": "in", "@": "at"}.get(line[:1])
            if style is not None:
                lines.append((style, f"{path} {line}" if style == "at" else line))
    return tuple(lines)
