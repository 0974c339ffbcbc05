"""The picture on the page: which Applications claim the same resources, and which of each two should keep them.

A few conflicts are drawn as bands from the Application that should keep the resources (left) to the one that brings
them too (right). Where that would become a knot, a matrix counts them instead. Both are plain SVG and HTML with
positions reckoned here, so the page needs neither a script nor a layout engine.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

from checks.model import Finding
from checks.ownership.duplicate_owner import RULE
from checks.wording import listed
from gitops.discovery.snapshot import ApplicationKey

MAX_BANDS = 30
MAX_MATRIX = 40  # Applications; the rest is in the findings
WIDTH = 1040
_BOX_WIDTH, _TOP, _GAP = 300, 34, 12
_LINK_GAP, _THINNEST, _THICKEST = 6, 16, 34
_MOST_LETTERS = 36


@dataclass(frozen=True, slots=True)
class Box:
    """One Application at one side. `y` and `height` are in SVG user units."""

    label: str
    title: str
    root: str
    x: int
    y: float
    height: float


@dataclass(frozen=True, slots=True)
class Band:
    """The resources that two Applications share, drawn from `y1` on the left to `y2` on the right."""

    count: int
    level: str
    title: str
    anchor: str
    y1: float
    y2: float
    thickness: float


@dataclass(frozen=True, slots=True)
class Bands:
    """The drawing for a few conflicts."""

    boxes: tuple[Box, ...]
    bands: tuple[Band, ...]
    height: float
    width: int = WIDTH
    left: int = _BOX_WIDTH
    right: int = WIDTH - _BOX_WIDTH
    box_width: int = _BOX_WIDTH


@dataclass(frozen=True, slots=True)
class Cell:
    """What a row's and a column's Application share; `level` is a word for the style."""

    count: int
    level: str
    title: str
    anchor: str


@dataclass(frozen=True, slots=True)
class Matrix:
    """The drawing for many conflicts: `rows` of a label and one cell per label (None where both are one)."""

    labels: tuple[str, ...]
    rows: tuple[tuple[str, tuple[Cell | None, ...]], ...]
    left_out: int


Directed = Mapping[tuple[ApplicationKey, ApplicationKey], Sequence[Finding]]


def conflicts(findings: Sequence[Finding]) -> Directed:
    """(keeper, other) -> what they share."""
    pairs: dict[tuple[ApplicationKey, ApplicationKey], list[Finding]] = {}
    for finding in findings:
        owners = tuple(dict.fromkeys(finding.owners)) if finding.rule == RULE.id else ()
        for other in owners[1:]:
            pairs.setdefault((owners[0], other), []).append(finding)
    return pairs


def draw(findings: Sequence[Finding], anchors: Mapping[str, str]) -> Bands | Matrix | None:
    """The drawing; None when nothing is shared. `anchors` maps a topic's key to where the page tells about it."""
    pairs = conflicts(findings)
    if not pairs:
        return None
    return _bands(pairs, anchors) if len(pairs) <= MAX_BANDS else _matrix(findings, anchors)


def _bands(pairs: Directed, anchors: Mapping[str, str]) -> Bands:
    labels = labels_of([key for pair in pairs for key in pair])
    thickness = {pair: min(_THICKEST, _THINNEST + len(found)) for pair, found in pairs.items()}
    lefts = sorted(
        {left for left, _ in pairs}, key=lambda k: (-sum(len(f) for p, f in pairs.items() if p[0] == k), k)
    )
    rank = {key: position for position, key in enumerate(lefts)}
    # The right side in the order of where its bands come from, so that few of them cross.
    rights = sorted(
        {right for _, right in pairs},
        key=lambda k: (_mean([rank[left] for left, right in pairs if right == k]), k),
    )
    order = {key: position for position, key in enumerate(rights)}
    starts, left_boxes, left_end = _stack(
        lefts, sorted(pairs, key=lambda p: (rank[p[0]], order[p[1]])), 0, thickness, labels
    )
    ends, right_boxes, right_end = _stack(
        rights, sorted(pairs, key=lambda p: (order[p[1]], rank[p[0]])), 1, thickness, labels
    )
    bands = tuple(
        Band(
            len(found), level(found), sentence(pair, found), anchors.get(found[0].topic.key, ""),
            starts[pair], ends[pair], thickness[pair],
        )
        for pair, found in pairs.items()
    )  # fmt: skip
    return Bands((*left_boxes, *right_boxes), bands, max(left_end, right_end))


def _stack(
    keys: Sequence[ApplicationKey],
    pairs: Sequence[tuple[ApplicationKey, ApplicationKey]],
    side: int,
    thickness: Mapping[tuple[ApplicationKey, ApplicationKey], float],
    labels: Mapping[ApplicationKey, str],
) -> tuple[dict[tuple[ApplicationKey, ApplicationKey], float], list[Box], float]:
    """The boxes of one side below each other, and the middle of each band where it meets its box."""
    middles: dict[tuple[ApplicationKey, ApplicationKey], float] = {}
    boxes: list[Box] = []
    y = float(_TOP)
    for key in keys:
        own = [pair for pair in pairs if pair[side] == key]
        needed = sum(thickness[pair] for pair in own) + _LINK_GAP * (len(own) + 1)
        height = max(52.0, needed)
        position = y + (height - needed) / 2 + _LINK_GAP
        for pair in own:
            middles[pair] = position + thickness[pair] / 2
            position += thickness[pair] + _LINK_GAP
        x = 0 if side == 0 else WIDTH - _BOX_WIDTH
        boxes.append(Box(_short(labels[key]), f"{key[2]} ({key[0]})", _short(root_name(key[0])), x, y, height))
        y += height + _GAP
    return middles, boxes, y - _GAP + 2


def _matrix(findings: Sequence[Finding], anchors: Mapping[str, str]) -> Matrix:
    shared: dict[tuple[ApplicationKey, ApplicationKey], list[Finding]] = {}
    weight: dict[ApplicationKey, int] = {}
    for finding in findings:
        for pair in combinations(sorted(set(finding.owners)), 2) if finding.rule == RULE.id else ():
            shared.setdefault((pair[0], pair[1]), []).append(finding)
            for key in pair:
                weight[key] = weight.get(key, 0) + 1
    keys = sorted(weight, key=lambda key: (-weight[key], key))[:MAX_MATRIX]
    labels = labels_of(keys)

    def cell(key: ApplicationKey, other: ApplicationKey) -> Cell | None:
        if key == other:
            return None
        found = shared.get((min(key, other), max(key, other)), [])
        if not found:
            return Cell(0, "none", "", "")
        return Cell(len(found), level(found), sentence((key, other), found), anchors.get(found[0].topic.key, ""))

    rows = tuple((labels[key], tuple(cell(key, other) for other in keys)) for key in keys)
    return Matrix(tuple(labels[key] for key in keys), rows, len(weight) - len(keys))


def level(found: Sequence[Finding]) -> str:
    """`fixable` when argofix can settle all of it by a proven fix, else `conflict`."""
    return "fixable" if all(finding.fix is not None for finding in found) else "conflict"


def sentence(pair: tuple[ApplicationKey, ApplicationKey], found: Sequence[Finding]) -> str:
    names = listed([str(finding.resource) for finding in found], most=20)
    return f"{pair[0][2]} and {pair[1][2]} share {names}"


def labels_of(keys: Sequence[ApplicationKey]) -> dict[ApplicationKey, str]:
    """The names, with their namespaces where those differ, and with their roots where names repeat all the same."""
    unique = dict.fromkeys(keys)
    namespaces: dict[str, set[str]] = {}
    for _, namespace, name in unique:
        namespaces.setdefault(name, set()).add(namespace)
    names = {key: key[2] if len(namespaces[key[2]]) == 1 else f"{key[1]}/{key[2]}" for key in unique}
    counts = Counter(names.values())
    return {key: name if counts[name] == 1 else f"{name} ({root_name(key[0])})" for key, name in names.items()}


def root_name(root: str) -> str:
    """A root as people call it; a root may be the repository's top directory."""
    return "the top directory" if root in ("", ".") else root


def _mean(numbers: Sequence[int]) -> float:
    return sum(numbers) / len(numbers)


def _short(text: str) -> str:
    return text if len(text) <= _MOST_LETTERS else f"{text[: _MOST_LETTERS - 12]}…{text[-11:]}"
