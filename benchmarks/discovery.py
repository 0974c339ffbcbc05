"""What finding, comparing and proving cost by themselves: with a renderer that answers at once.

python -m benchmarks.discovery [--applications 5000]

Times are processor seconds of this process, since other things may run on the machine.
"""

from __future__ import annotations

import argparse
import cProfile
import pstats
import time
from collections.abc import Callable
from typing import TypeVar

from bot.process.collector import collect_rarely
from checks.ownership import duplicate_owner
from checks.planning.ownership.plan import plan_fixes
from checks.policy.file import Policy
from gitops.discovery.rediscovery import rediscover
from gitops.discovery.rounds import discover
from gitops.discovery.snapshot import Change, Snapshot
from gitops.discovery.sources import Analysis
from gitops.files.tree import Tree
from tests.instant import Instant
from tests.layouts import LAYOUTS, MATCHER, many, pairs

T = TypeVar("T")


def say(name: str, value: str) -> None:
    print(f"{name:<72} {value}", flush=True)


def timed(work: Callable[[], T]) -> tuple[float, T]:
    start = time.process_time()
    result = work()
    return time.process_time() - start, result


def new_analysis() -> Analysis:
    return Analysis(MATCHER, lambda value: value.hex(), "instant")


def found(tree: Tree, analysis: Analysis, renderer: Instant) -> Snapshot:
    return renderer.run(discover(tree, analysis))


def layouts(count: int) -> None:
    for layout in LAYOUTS:
        tree, renderer = Tree.of(many(count, layout)), Instant()
        found(tree, new_analysis(), renderer)  # what the renderer does is not measured
        seconds, snapshot = timed(lambda tree=tree, renderer=renderer: found(tree, new_analysis(), renderer))  # type: ignore[misc]
        assert len(snapshot.states) == count, len(snapshot.states)
        say(f"discovery of {count:,} Applications, {layout}", f"{seconds:.2f} s   (aim: 3 s)")


def proofs(count: int) -> None:
    tree, renderer, analysis = Tree.of(pairs(count)), Instant(), new_analysis()
    snapshot = found(tree, analysis, renderer)
    policy = Policy()
    findings = list(duplicate_owner.check(Change(None, snapshot), policy))
    seconds, planned = timed(lambda: renderer.run(plan_fixes(snapshot, analysis, findings, policy)))
    assert len(planned.plans) == count, len(planned.plans)
    say(f"{count} pairs of duplicates proven, of {2 * count} Applications", f"{seconds:.2f} s   (aim: 5 s)")


def change(count: int) -> None:
    """Of one Application: what it deploys, and its own manifest, which may change who brings in whom."""
    files, renderer, analysis = many(count, "in one directory"), Instant(), new_analysis()
    before = found(Tree.of(files), analysis, renderer)
    deployed, declared = "deploy/app-00007/map.yaml", "apps/app-00007.yaml"
    for what, path in (("what one deploys", deployed), ("the manifest of one", declared)):
        head = Tree.of(files | {path: files[path].replace(b"team-00007", b"team-new")})
        seconds, _ = timed(lambda head=head: renderer.run(rediscover(before, head, analysis, remember=True)))  # type: ignore[misc]
        say(f"a change of {what} of {count:,}", f"{seconds:.3f} s   (aim: 0.15 s)")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--applications", type=int, default=5_000)
    parser.add_argument("--pairs", type=int, default=200)
    parser.add_argument("--profile", choices=("layouts", "proofs"))
    arguments = parser.parse_args()
    collect_rarely()  # as every argofix does
    if arguments.profile:
        with cProfile.Profile() as profile:
            layouts(arguments.applications) if arguments.profile == "layouts" else proofs(arguments.pairs)
        pstats.Stats(profile).sort_stats("cumulative").print_stats(45)
        return
    layouts(arguments.applications)
    proofs(arguments.pairs)
    change(1_000)


if __name__ == "__main__":
    main()
