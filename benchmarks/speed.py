"""What the engine saves, beside the plain cost of the commands that it replaces, measured in the same run.

    python -m benchmarks.speed                      1,000 Applications; the commands are run for a sample of 100
    python -m benchmarks.speed --applications 200 --sample 40 --requests 2000

Each row tells seconds by the clock and of processors, without those of workers. The commands are run on all cores
for a sample and scaled up. `helm template` is measured where helm is on PATH.
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
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from benchmarks import monorepo
from benchmarks.check import MATCHER, say
from bot.process.collector import collect_rarely
from bot.rendering.driver import Engine
from bot.rendering.evaluation import evaluate
from bot.rendering.kustomize import RendererBinary, find_binary
from bot.rendering.living import LivingRenderer, find_engine
from bot.repositories.trees import Repository
from checks.policy.file import Policy
from gitops.files.tree import Tree
from gitops.resources.manifests import redactor
from gitops.resources.rendering import RenderRequest
from gitops.resources.requests import HelmRequest, Parameter

CHART = {
    "chart/Chart.yaml": "apiVersion: v2\nname: web\nversion: 1.0.0\n",
    "chart/values.yaml": "image: {repository: web, tag: '1'}\nreplicas: 1\nconfig: {a: b}\n",
    "chart/templates/_helpers.tpl": '{{- define "web.labels" -}}\napp: {{ .Release.Name }}\n{{- end }}\n',
    "chart/templates/deployment.yaml": """apiVersion: apps/v1
kind: Deployment
metadata: {name: {{ .Release.Name }}}
spec:
  replicas: {{ .Values.replicas }}
  selector:
    matchLabels: {{- include "web.labels" . | nindent 6 }}
  template:
    metadata:
      labels: {{- include "web.labels" . | nindent 8 }}
    spec:
      containers: [{name: web, image: "{{ .Values.image.repository }}:{{ .Values.image.tag }}"}]
""",
    "chart/templates/config.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: {{ .Release.Name }}}\n"
    "data: {{- toYaml .Values.config | nindent 2 }}\n",
    "chart/templates/service.yaml": "apiVersion: v1\nkind: Service\nmetadata: {name: {{ .Release.Name }}}\n"
    "spec: {ports: [{port: 80}]}\n",
}


@dataclass(frozen=True)
class Cost:
    """Seconds by the clock, and of processors: ours and those of commands. What workers use is not among them, as
    they are killed by whoever watches them."""

    wall: float
    cpu: float

    def __str__(self) -> str:
        return f"{self.wall:8.2f} s {self.cpu:8.2f} s of CPU"

    def times(self, factor: float) -> Cost:
        return Cost(self.wall * factor, self.cpu * factor)


def _cpu() -> float:
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


async def costs(work: Callable[[], Awaitable[None]]) -> Cost:
    wall, cpu = time.perf_counter(), _cpu()
    await work()
    return Cost(time.perf_counter() - wall, _cpu() - cpu)


def commands(argvs: Sequence[Sequence[str]], cwd: Path) -> Cost:
    """What it costs to run these on all cores."""

    def one(argv: Sequence[str]) -> None:
        subprocess.run(argv, cwd=cwd, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True)

    wall, cpu = time.perf_counter(), _cpu()
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        list(pool.map(one, argvs))
    return Cost(time.perf_counter() - wall, _cpu() - cpu)


def tell(name: str, cost: Cost, plain: Cost | None = None) -> None:
    beside = f"   {plain.wall / cost.wall:.0f}x by the clock" if plain else ""
    say(name, f"{cost}{beside}")


async def checks(directory: Path, scratch: Path, count: int, sample: int) -> None:
    """The rows of kustomize Applications."""
    roots = [f"apps/app-{number:04}" for number in range(0, count, max(1, count // sample))]
    binary = find_binary(None)
    words = [str(binary), *RendererBinary(binary, "", False, False).words()]
    plain = commands([[*words, root] for root in roots], directory).times(count / len(roots))
    tell(f"{binary.name}, once for each of {count:,} roots (of {len(roots)} scaled up)", plain)
    base = await Repository(directory).read_tree("HEAD")

    async def cold() -> None:
        engine = await Engine.start(scratch / "cold")
        await evaluate(engine, base, None, MATCHER, Policy())
        await engine.close()

    tell(f"check of {count:,} kustomize Applications, cold", await costs(cold), plain)
    engine = await Engine.start(scratch / "warm")
    await evaluate(engine, base, None, MATCHER, Policy())
    for name, path, old, new in (
        ("a base of 100", "bases/base-00/service.yaml", "80", "81"),
        ("one Application", "apps/app-0007/quota.yaml", "'9'", "'8'"),
        ("another one", "apps/app-0008/quota.yaml", "'9'", "'8'"),
    ):
        monorepo.git(directory, "checkout", "--quiet", "--detach", "main")
        changed = directory / path
        changed.write_text(changed.read_text().replace(old, new))
        revs = ["main", monorepo.commit(directory, name)]
        before = engine.renderer_runs

        async def change(revs: list[str] = revs) -> None:
            """As a server does it: the files are listed anew, of both commits."""
            with Repository(directory) as repository:
                first, second = [await repository.read_tree(rev) for rev in revs]
                await evaluate(engine, second, first, MATCHER, Policy())

        cost = await costs(change)
        tell(f"change of {name}, base and head ({engine.renderer_runs - before} rendered)", cost)
    await engine.close()


def asking(number: int) -> RenderRequest:
    """A request for the chart by one Application."""
    tree = Tree.of({path: text.encode() for path, text in CHART.items()})
    asks = HelmRequest("chart", f"web-{number}", "shop", parameters=(Parameter("replicas", str(number % 7)),))
    return RenderRequest(f"{number}", tree, "chart", tuple(CHART), asks=asks)


async def charts(scratch: Path, count: int, sample: int, requests: int) -> None:
    """The rows of charts, of a start, and of memory."""
    program = find_engine()
    if program is None:
        say("charts", "argofix-engine is not there")
        return
    for path, text in CHART.items():
        target = scratch / "files" / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)
    helm, plain = shutil.which("helm"), None
    if helm is not None:
        argvs = [[helm, "template", "chart", "--name-template", f"web-{n}", "--include-crds"] for n in range(sample)]
        plain = commands(argvs, scratch / "files").times(count / sample)
        tell(f"helm template, once for each of {count:,} Applications (of {sample} scaled up)", plain)
    redact = redactor(b"k" * 32)

    async def first() -> None:
        renderer = await LivingRenderer.start_living(program, scratch / "home", 1)
        await renderer.render(asking(0), redact)
        await renderer.close()

    await first()  # what the program is, is remembered
    starts = [await costs(first) for _ in range(5)]
    tell("start of a worker until its first answer, the best of 5", min(starts, key=lambda cost: cost.wall))

    async def cold() -> None:
        renderer = await LivingRenderer.start_living(program, scratch / "home")
        await asyncio.gather(*(renderer.render(asking(number), redact) for number in range(count)))
        await renderer.close()

    tell(f"{count:,} Applications of one chart, rendered", await costs(cold), plain)
    renderer = await LivingRenderer.start_living(program, scratch / "home", 1)
    sizes = []
    worker = await asyncio.to_thread(renderer.pool._start)  # one that is not renewed
    tree = asking(0).tree
    blobs = [(tree.entry(path).oid, tree.read(path)) for path in CHART]  # type: ignore[union-attr]
    for number in range(requests):
        request = asking(number)
        assert request.asks is not None
        document = {
            "id": str(number),
            "kind": "helm",
            "files": {path: tree.entry(path).oid for path in CHART},  # type: ignore[union-attr]
            "helm": request.asks.document(),
        }
        worker.ask(blobs if number == 0 else [], document)
        if number in (requests // 10, requests // 2, requests - 1):
            sizes.append(f"{worker.resident / 2**20:.0f} MB after {number + 1:,}")
    worker.end()
    await renderer.close()
    say(f"memory of one worker over {requests:,} requests", ", ".join(sizes))


async def measure(count: int, sample: int, requests: int) -> None:
    with tempfile.TemporaryDirectory(prefix="argofix-speed-") as name:
        scratch = Path(name)
        directory = scratch / "repository"
        directory.mkdir()
        monorepo.write(directory, count)
        say("load of the machine at the start (1, 5, 15 minutes)", " ".join(f"{one:.1f}" for one in os.getloadavg()))
        await charts(scratch, count, sample, requests)
        await checks(directory, scratch, count, sample)
        say("load at the end", " ".join(f"{one:.1f}" for one in os.getloadavg()))


def main() -> int:
    parser = argparse.ArgumentParser(description="Compare the engine with the commands that it replaces.")
    parser.add_argument("--applications", type=int, default=1_000)
    parser.add_argument("--sample", type=int, default=100)
    parser.add_argument("--requests", type=int, default=10_000)
    asked = parser.parse_args()
    collect_rarely()  # as every argofix does
    asyncio.run(measure(asked.applications, asked.sample, asked.requests))
    return 0


if __name__ == "__main__":
    sys.exit(main())
