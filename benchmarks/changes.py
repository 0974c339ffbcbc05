"""What it costs to tell what merging a change does, where the change reaches all of 1,000 Applications.

    python -m benchmarks.changes                        five changes of the generated monorepo
    python -m benchmarks.changes --applications 200     of a smaller one

Each row tells seconds of our own processor time (what workers take to render is not among them) and the characters of
the comment, of which GitHub takes 65,536.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import re
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from benchmarks import monorepo
from benchmarks.check import MATCHER, say
from bot.formats.changes import html, json, text
from bot.formats.github.changes import Shown, comment
from bot.process.collector import collect_rarely
from bot.rendering.driver import Engine
from bot.rendering.evaluation import asked_between
from bot.repositories.trees import Repository
from checks.changes.firewall import firewall_of
from checks.changes.remedies import remedies_of
from checks.changes.view import changes_of
from checks.policy.file import Policy
from gitops.files.spans import Span
from gitops.files.tree import Tree


def heads(base: Tree) -> Iterator[tuple[str, Tree]]:
    """Changes that reach every Application."""

    def edited(paths: str, edit: Callable[[str, bytes], bytes]) -> Tree:
        return base.overlay({path: edit(path, base.read(path)) for path in base.paths() if re.fullmatch(paths, path)})

    lists = r"apps/app-\d+/kustomization.yaml"
    yield "an image of each", edited(lists, lambda _, data: data.replace(b"newTag: '", b"newTag: 'x"))
    yield "one port in the 20 bases", edited(r".*/service.yaml", lambda _, data: data.replace(b"80", b"81"))
    yield (
        "another quota of each",
        edited(r".*/quota.yaml", lambda path, data: data.replace(b"'9'", b"'1%s'" % path[9:13].encode())),
    )
    yield (
        "another namespace of each",
        edited(lists, lambda _, data: data.replace(b"namespace: app", b"namespace: x-app")),
    )
    yield "all of them gone", base.overlay({path: None for path in base.paths() if path.startswith("bootstrap/")})


def cpu_of(work: Callable[[], object]) -> float:
    before = time.process_time()
    work()
    return time.process_time() - before


def link(span: Span) -> str:
    return f"{monorepo.URL}/blob/{'a' * 40}/{span.path}#L{span.line}"


async def told(engine: Engine, name: str, base: Tree, head: Tree) -> None:
    before, runs = time.process_time(), engine.renderer_runs
    analysis, change = await asked_between(engine, head, base, MATCHER, Policy())
    finding = time.process_time() - before
    assert change.base is not None
    before = time.process_time()
    changes = changes_of(change.base, change.head, Policy())
    wall = firewall_of(changes, Policy())
    remedies = await engine.drive(remedies_of(changes, wall, analysis, Policy())) if wall.held else ()
    telling = time.process_time() - before
    before = time.process_time()
    body = comment([("", Shown(changes, wall, link, remedies=remedies))])
    writing = time.process_time() - before
    others = [
        cpu_of(lambda: text.render(changes, remedies=remedies)),
        cpu_of(lambda: html.render(changes, "a" * 40, None, remedies)),
        cpu_of(lambda: json.render(changes, Policy(), "a" * 40, None, remedies)),
    ]
    say(
        f"{name} ({engine.renderer_runs - runs:,} rendered, {len(changes.told):,} objects told)",
        f"found {finding:.2f} s, told {telling:.2f} s, comment {writing:.2f} s of {len(body):,} characters, "
        f"text, html, json {', '.join(f'{one:.2f}' for one in others)} s",
    )


async def measure(count: int) -> None:
    with tempfile.TemporaryDirectory(prefix="argofix-changes-") as name:
        directory = Path(name) / "repository"
        directory.mkdir()
        monorepo.write(directory, count)
        say("load of the machine at the start (1, 5, 15 minutes)", " ".join(f"{one:.1f}" for one in os.getloadavg()))
        base = await Repository(directory).read_tree("HEAD")
        engine = await Engine.start(Path(name) / "state")
        before = time.process_time()
        await engine.snapshot(base, engine.analysis(MATCHER))
        say(f"the base of {count:,} Applications, cold", f"found {time.process_time() - before:.2f} s")
        for what, head in heads(base):
            await told(engine, what, base, head)
        await engine.close()


def main() -> int:
    parser = argparse.ArgumentParser(description="Measure what telling a change of everything costs.")
    parser.add_argument("--applications", type=int, default=1_000)
    collect_rarely()  # as every argofix does
    asyncio.run(measure(parser.parse_args().applications))
    return 0


if __name__ == "__main__":
    sys.exit(main())
