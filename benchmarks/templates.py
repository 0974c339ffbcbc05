"""Templates of ApplicationSets, by our evaluator and by text/template with sprig themselves.

    python -m benchmarks.templates                     10,000 generated templates; each difference is printed
    python -m benchmarks.templates --seed 7 --count 500
    python -m benchmarks.templates --keep              writes the ones that the tests of both sides hold

It needs Go (the tests of engine/ are what renders) and exits with 1 for a difference that docs/templates.md does not
list.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.gitops.applicationsets.generated import DATA, difference, examples

ENGINE = Path(__file__).resolve().parent.parent / "engine"
KEPT = ENGINE / "internal" / "gotemplate" / "testdata"
KEPT_SEED, KEPT_COUNT = 14, 380


def rendered(seed: int, count: int) -> Iterator[dict[str, Any]]:
    """The generated templates with what text/template makes of them."""
    with tempfile.TemporaryDirectory() as scratch:
        asked, answered = Path(scratch, "asked"), Path(scratch, "answered")
        asked.write_text("".join(json.dumps(each) + "\n" for each in examples(seed, count)))
        environment = {**os.environ, "TEMPLATES": str(asked), "TEMPLATES_RENDERED": str(answered)}
        command = ["go", "test", "-count=1", "-run", "TestTemplatesThatAreAskedFor", "./internal/gotemplate"]
        subprocess.run(command, cwd=ENGINE, env=environment, check=True, stdout=subprocess.DEVNULL)
        yield from map(json.loads, answered.read_text().splitlines())


def keep() -> None:
    KEPT.mkdir(exist_ok=True)
    (KEPT / "data.json").write_text(json.dumps(DATA, ensure_ascii=False, indent=1) + "\n")
    made = [each for each in rendered(KEPT_SEED, KEPT_COUNT) if not each.get("varies")]
    lines = [each for each in made if difference(each) is None]
    for each in lines:
        each.pop("error", None)  # its words are another release's at any time
    text = "".join(json.dumps(each, ensure_ascii=False) + "\n" for each in lines)
    (KEPT / "templates.jsonl").write_text(text)


def main() -> int:
    parser = argparse.ArgumentParser(description="Compare our evaluator of templates with Go's.")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("--keep", action="store_true")
    asked = parser.parse_args()
    if asked.keep:
        keep()
        return 0
    count = failed = varying = 0
    differing = []
    for each in rendered(asked.seed, asked.count):
        count += 1
        failed += bool(each.get("failed"))
        varying += bool(each.get("varies"))
        found = difference(each)
        if found is not None:
            differing.append(found)
            sys.stdout.write(
                f"{found.source!r} ({found.missing})\n  ours:  {found.ours!r}\n  Go's:  {found.theirs!r}\n"
            )
    sys.stdout.write(
        f"{count:,} templates, of which Go refuses {failed:,} and renders {varying:,} in several ways: "
        f"{len(differing)} differ\n"
    )
    return 1 if differing else 0


if __name__ == "__main__":
    sys.exit(main())
