"""How long checks take: cold, warm, and what a change costs.

python -m benchmarks.check                 the generated monorepo of 1,000 Applications
python -m benchmarks.check --directory DIR a checkout of your own (cold and warm only)
"""

from __future__ import annotations

import argparse
import asyncio
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from benchmarks import monorepo
from bot.rendering.driver import Engine
from bot.rendering.evaluation import evaluate
from bot.rendering.kustomize import find_binary
from bot.repositories.trees import Repository, tree_of_directory
from checks.judgement.evaluation import Evaluation
from checks.policy.file import Policy
from gitops.applications.repositories import RepositoryMatcher
from gitops.files.tree import Tree

MATCHER = RepositoryMatcher.of_urls([monorepo.URL])


def say(name: str, value: str) -> None:
    print(f"{name:<66} {value}", flush=True)


def plain_cost(directory: Path, roots: list[str]) -> float:
    """Seconds to run the renderer once per root on all cores, and do nothing with what it prints."""
    binary = find_binary(os.environ.get("ARGOFIX_RENDERER"))
    words = ["kustomize"] if binary.name.startswith("kubectl") else ["build"]

    def one(root: str) -> None:
        subprocess.run(
            [str(binary), *words, "--load-restrictor=LoadRestrictionsNone", root],
            cwd=directory,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            check=False,
        )

    start = time.perf_counter()
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        list(pool.map(one, roots))
    return time.perf_counter() - start


async def evaluation(engine: Engine, tree: Tree, base: Tree | None = None) -> tuple[float, Evaluation]:
    start = time.perf_counter()
    result = await evaluate(engine, tree, base, MATCHER, Policy())
    return time.perf_counter() - start, result


def roots_of(result: Evaluation) -> list[str]:
    return sorted(
        {
            part.closure.root
            for state in result.snapshot.states
            for part in state.parts
            if part.closure and part.fingerprint
        }
    )


async def measure(directory: Path, generated: bool) -> None:
    cache = Path(tempfile.mkdtemp(prefix="argofix-bench-"))
    try:
        engine = await Engine.start(cache)
        repository = Repository(directory) if generated else None
        tree = await repository.read_tree("HEAD") if repository else tree_of_directory(directory)
        cold, result = await evaluation(engine, tree)
        roots = roots_of(result)
        say("Applications / distinct roots rendered", f"{len(result.snapshot.states)} / {len(roots)}")
        plain = plain_cost(directory, roots)
        say("plain cost: the renderer once per root, all cores", f"{plain:.2f} s")
        say("cold check (empty cache)", f"{cold:.2f} s   {cold / plain:.2f}x the plain cost (aim: 1.15x)")
        warm, _ = await evaluation(engine, tree)
        say("warm check of the same commit, server alive", f"{warm:.3f} s   {plain / warm:.0f}x faster")
        if repository is not None:
            await changes(directory, engine, repository, tree, plain)
        await engine.close()
        command_line(directory, cache, "warm check, new process (argofix check)", [])
    finally:
        shutil.rmtree(cache, ignore_errors=True)
    own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    child = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    say("peak memory: this process / largest child", f"{own:.0f} MB / {child:.0f} MB")


async def changes(directory: Path, engine: Engine, repository: Repository, tree: Tree, plain: float) -> None:
    (directory / "apps/app-0005/quota.yaml").write_text(
        "apiVersion: v1\nkind: ResourceQuota\nmetadata: {name: quota}\nspec: {hard: {pods: '10'}}\n"
    )
    one = monorepo.commit(directory, "One Application")
    head = await repository.read_tree(one)
    before = engine.renderer_runs
    seconds, _ = await evaluation(engine, head, tree)
    say(
        f"a change of one Application, base and head ({engine.renderer_runs - before} rendered)",
        f"{seconds:.3f} s   {plain / seconds:.0f}x faster than rendering all (aim: 0.5 s, 100x)",
    )
    (directory / "bases/base-00/service.yaml").write_text(
        "apiVersion: v1\nkind: Service\nmetadata: {name: web}\nspec:\n  selector: {app: web}\n  ports: [{port: 81}]\n"
    )
    many = monorepo.commit(directory, "A base of 100")
    before = engine.renderer_runs
    seconds, _ = await evaluation(engine, await repository.read_tree(many), head)
    say(f"a change of a base of 100, base and head ({engine.renderer_runs - before} rendered)", f"{seconds:.2f} s")


def command_line(directory: Path, cache: Path, name: str, words: list[str]) -> None:
    times: list[float] = []
    for _ in range(3):
        start = time.perf_counter()
        subprocess.run(
            [sys.executable, "-m", "bot", "check", str(directory), *words],
            env={**os.environ, "ARGOFIX_STATE_DIR": str(cache)},
            stdout=subprocess.DEVNULL,
            check=False,
        )
        times.append(time.perf_counter() - start)
    say(name, f"{sorted(times)[1]:.3f} s")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--directory", type=Path)
    parser.add_argument("--applications", type=int, default=1_000)
    arguments = parser.parse_args()
    if arguments.directory is not None:
        asyncio.run(measure(arguments.directory, generated=False))
        return
    with tempfile.TemporaryDirectory(prefix="argofix-monorepo-") as scratch:
        directory = Path(scratch)
        monorepo.write(directory, arguments.applications)
        asyncio.run(measure(directory, generated=True))


if __name__ == "__main__":
    main()
