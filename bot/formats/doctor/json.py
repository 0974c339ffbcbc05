"""`argofix doctor --format json`: schema 1. People script against it; fields are added, never renamed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from bot.formats.doctor.words import WORDS, asks
from bot.formats.reports.json import finding_json
from bot.formats.writing.visible import dumped
from checks.coverage import Coverage
from checks.judgement.checklist import Entry
from checks.judgement.evaluation import Evaluation
from checks.judgement.upgrade import Leg, Path


def render(
    evaluation: Evaluation,
    entries: Sequence[Entry],
    commit: str | None,
    paths: Sequence[Path] = (),
    sources: str = "",
) -> str:
    """One JSON object with a final newline. `state` is `done`, `open`, `absent`, `unseen`, `unknown` or
    `not-wanted`, `word` what people read of it. `add` is what `argofix add` can make of an item, with why it
    cannot. `findings` stand in its way or leave it open, `notices` are all others that are about it and decide
    nothing. `upgrades` are the versions on the way of each installation; `known` tells whether argofix knows the
    upgrade guide."""
    data = {
        "schema": 1,
        "commit": commit,
        "items": [_item(entry) for entry in entries],
        "upgrades": [_path(path) for path in paths],
        "versions_from": sources or None,
        "coverage": Coverage.of(evaluation.snapshot).sentence(),
        "gaps": list(evaluation.gaps),
    }
    return dumped(data)


def _item(entry: Entry) -> dict[str, Any]:
    offer = entry.offer
    return {
        "item": entry.key,
        "title": entry.title,
        "state": entry.state.value,
        "word": WORDS[entry.state],
        "reason": entry.why or None,
        "places": [{"path": span.path, "line": span.line} for span in entry.places],
        "add": None if offer is None else {"item": offer.name, "cannot": offer.cannot or None},
        "findings": [finding_json(finding) for finding in entry.findings],
        "notices": [finding_json(finding) for finding in entry.notices],
    }


def _path(path: Path) -> dict[str, Any]:
    return {
        "name": path.name,
        "version": str(path.current),
        "path": path.place.path,
        "line": path.place.line,
        "versions": [_leg(leg, path) for leg in path.way],
    }


def _leg(leg: Leg, path: Path) -> dict[str, Any]:
    return {
        "version": str(leg.version),
        "asks": asks(leg, path),
        "known": leg.notes is not None,
        "notes": [finding_json(note) for note in leg.notes or ()],
    }
