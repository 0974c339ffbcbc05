"""Our evaluator against generated templates, with what text/template and sprig make of them.

The tests of engine/ hold the same file, so that it cannot say anything else than Go does; `benchmarks.templates` asks
about as many more as one likes, and writes it anew.
"""

from __future__ import annotations

import json

from benchmarks.templates import KEPT
from tests.gitops.applicationsets.generated import DATA, difference


def test_our_evaluator_writes_what_go_writes() -> None:
    assert json.loads((KEPT / "data.json").read_text()) == DATA
    kept = [json.loads(line) for line in (KEPT / "templates.jsonl").read_text().splitlines()]
    assert len(kept) > 300
    assert len([each for each in kept if not each.get("failed")]) > 100
    assert [found for each in kept if (found := difference(each)) is not None] == []
