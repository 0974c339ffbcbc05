"""The event loop only waits: what is done with manifests is done elsewhere, however many there are."""

from __future__ import annotations

import sys
from pathlib import Path
from types import FrameType
from typing import Any

from bot.rendering.evaluation import evaluate
from checks.policy.file import Policy
from gitops.facts.owners import owners_of
from gitops.files.tree import Tree
from tests.bot.rendering.test_budgets import with_fake
from tests.scenarios import MATCHER, application, documents, kustomization, tree

# Secrets, all in one go: what is read in pieces is counted in pieces.
SECRETS = """
i=0; all=; line='
'
while [ $i -lt NUMBER ]; do
  all="$all---${line}apiVersion: v1${line}data: {password: aHVudGVyMg==}${line}kind: Secret${line}"
  all="${all}metadata:${line}  name: s-$i${line}"; i=$((i+1))
done
echo "$all"
"""


async def steps_on_the_loop(directory: Path, number: int) -> int:
    """Lines that the loop's own thread runs for three evaluations, the first of which renders so many Secrets."""
    engine = await with_fake(directory, SECRETS.replace("NUMBER", str(number)))
    files = {"apps.yaml": documents(application("app", "a")), "a/kustomization.yaml": kustomization()}
    head = Tree.of({path: text.encode() for path, text in files.items()}, sha="1" * 40)
    count = 0

    def each(_frame: FrameType, _event: str, _argument: Any) -> Any:
        nonlocal count
        count += 1
        return each

    async def work() -> None:
        for _ in range(2):
            evaluation = await evaluate(engine, head, None, MATCHER, Policy())
            assert len(evaluation.snapshot.once(owners_of)) == number
        later = await evaluate(engine, tree(files | {"README": "x"}), head, MATCHER, Policy())
        assert len(later.snapshot.once(owners_of)) == number

    before = sys.gettrace()
    sys.settrace(each)
    try:
        await work()
    finally:
        sys.settrace(before)
        await engine.close()
    return count


async def test_the_loop_has_no_more_to_do_for_more_manifests(tmp_path: Path) -> None:
    for number in (1, 50, 1_000):
        (tmp_path / str(number)).mkdir()
    await steps_on_the_loop(tmp_path / "1", 1)
    few, many = [await steps_on_the_loop(tmp_path / str(number), number) for number in (50, 1_000)]
    assert many - few < 950, f"{few:,} steps for 50 Secrets and {many:,} for 1,000"
