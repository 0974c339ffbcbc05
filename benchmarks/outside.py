"""What fetching costs: a check of 100 Applications over 30 charts that come from servers on this machine.

python -m benchmarks.outside

Half of the charts come from a Helm repository, the others from `docker-registry` where that is installed. Warm is a
new process of the fetcher and the renderer: what is kept on the disk is all that it has.
"""

from __future__ import annotations

import asyncio
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

from benchmarks.check import say
from bot.fetching.fetcher import Fetcher
from bot.fetching.guard import Guard
from bot.rendering.driver import Engine
from bot.rendering.evaluation import evaluate
from checks.policy.file import Policy
from gitops.files.tree import Tree
from gitops.resources.rendering import Rendered
from tests.layouts import MATCHER
from tests.outside import Hosts, archive, index
from tests.outside.registry import Registry, installed
from tests.scenarios import application

CHARTS, APPLICATIONS = 30, 100
TEMPLATE = """\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ .Release.Name }}-%d
spec:
  replicas: {{ .Values.replicas }}
  selector: {matchLabels: {app: {{ .Release.Name }}}}
  template:
    metadata: {labels: {app: {{ .Release.Name }}}}
    spec:
      containers: [{name: web, image: "web:{{ .Chart.Version }}"}]
"""


def chart(number: int) -> bytes:
    """One of twenty templates and 100 KB, as charts in registries have about."""
    templates = {f"templates/{i}.yaml": TEMPLATE % i for i in range(20)}
    noise = "".join(f"# {number * i % 9973}\n" for i in range(20_000))
    return archive(f"chart-{number}", "1.2.3", {**templates, "values.yaml": "replicas: 2\n" + noise})


async def check(directory: Path, hosts: Hosts, tree: Tree) -> tuple[float, int, int]:
    """Seconds, requests, and Applications that were rendered."""
    guard = Guard(frozenset({f"localhost:{hosts.port}"}), hosts.resolve)
    engine, fetcher = await Engine.start(directory), Fetcher.open(directory, guard)
    before, start = len(hosts.requests), time.perf_counter()
    async with fetcher.fetching() as outside:
        result = await evaluate(engine, tree, None, MATCHER, Policy(), outside=outside)
    seconds = time.perf_counter() - start
    await fetcher.close()
    await engine.close()
    rendered = sum(isinstance(state.rendering, Rendered) for state in result.snapshot.states)
    return seconds, len(hosts.requests) - before, rendered


async def main() -> None:
    with tempfile.TemporaryDirectory(prefix="argofix-bench-") as name, ExitStack() as stack:
        archives = {number: chart(number) for number in range(CHARTS)}
        registry = stack.enter_context(Registry(Path(name))) if installed() else None
        async with Hosts(Path(name)) as hosts:
            http = [n for n in archives if registry is None or n % 2]
            hosts.files["/charts/index.yaml"] = index((f"chart-{n}", "1.2.3", f"{n}.tgz", archives[n]) for n in http)
            hosts.files |= {f"/charts/{n}.tgz": archives[n] for n in http}
            if registry is not None:
                hosts.registry = registry.url
                for n in archives.keys() - set(http):
                    registry.push(f"charts/chart-{n}", "1.2.3", archives[n])
            files = {}
            for number in range(APPLICATIONS):
                n = number % CHARTS
                where = (
                    f"http://localhost:{hosts.port}/charts" if n in http else f"oci://localhost:{hosts.port}/charts"
                )
                source = {"repoURL": where, "chart": f"chart-{n}", "targetRevision": "1.2.3"}
                written = application(f"app-{number}", "", namespace=f"ns-{number}", sources=[source])
                files[f"apps/{number}.yaml"] = written.encode()
            tree = Tree.of(files)
            for what in ("cold check", "warm check, a new process"):
                seconds, requests, rendered = await check(Path(name) / "state", hosts, tree)
                say(
                    f"{what}: {rendered} of {APPLICATIONS} rendered, {CHARTS} charts",
                    f"{seconds:.2f} s, {requests} requests",
                )


if __name__ == "__main__":
    asyncio.run(main())
