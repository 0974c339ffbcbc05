"""`argofix doctor --format json`: schema 1. People script against it; fields are added, never renamed."""

from __future__ import annotations

import json
from collections.abc import Sequence

from bot.formats.reports.json import finding_json
from checks.coverage import Coverage
from checks.judgement.checklist import Entry
from checks.judgement.evaluation import Evaluation


def render(evaluation: Evaluation, entries: Sequence[Entry], commit: str | None) -> str:
    """One JSON object with a final newline. `state` is `done`, `open`, `absent`, `unknown` or `not-wanted`.
    `add` is what `argofix add` can make of an item, with why it cannot."""
    data = {
        "schema": 1,
        "commit": commit,
        "items": [
            {
                "item": entry.key,
                "title": entry.title,
                "state": entry.state.value,
                "reason": entry.why or None,
                "places": [{"path": span.path, "line": span.line} for span in entry.places],
                "add": None
                if entry.offer is None
                else {"item": entry.offer.name, "cannot": entry.offer.cannot or None},
                "findings": [finding_json(finding) for finding in entry.findings],
            }
            for entry in entries
        ],
        "coverage": Coverage.of(evaluation.snapshot).sentence(),
        "gaps": list(evaluation.gaps),
    }
    text = json.dumps(data, ensure_ascii=False, indent=2)
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace") + "\n"
