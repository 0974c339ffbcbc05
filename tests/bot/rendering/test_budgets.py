"""Small repositories that ask for much: bytes, seconds and processes that one evaluation may cost, through the real
renderer."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bot.process.bounded import Bounded
from bot.process.tenants import known_installation, working_for
from bot.rendering.cache import RenderCache
from bot.rendering.driver import REMEMBERED, Engine, TooMuchToRead
from bot.rendering.evaluation import evaluate
from bot.rendering.kustomize import Renderer
from bot.rendering.sandbox import Limits
from checks.judgement.evaluation import Evaluation
from checks.policy.file import Policy
from gitops.files.effort import Effort
from gitops.files.tree import MODE_FILE, Entry, Tree, blob_oid
from gitops.resources.rendering import NotAnalysed, Output, Rendered, RenderFailed
from gitops.resources.resource import Resource, ResourceId
from tests.bot.rendering.both import ENGINE, RENDERERS
from tests.bot.rendering.test_hostile import alive, fake
from tests.scenarios import (
    MATCHER,
    Files,
    application,
    config_map,
    documents,
    evaluated,
    kustomization,
    of_rule,
    state_of,
)

MB = 2**20


@pytest.fixture
async def own(tmp_path: Path) -> AsyncIterator[Engine]:
    """An engine of one's own, on the real renderer."""
    engine = await Engine.start(tmp_path / "own")
    yield engine
    await engine.close()


async def with_fake(tmp_path: Path, body: str, **limits: Any) -> Engine:
    """An engine whose renderer does as `body` says (sh)."""
    renderer = await Renderer.start(fake(tmp_path, body), tmp_path / "home", jobs=1)
    renderer.limits = replace(Limits(), **limits)
    return Engine(renderer, RenderCache(tmp_path / "cache"))


def reason_of(evaluation: Evaluation, name: str) -> str:
    rendering = state_of(evaluation, name).rendering
    assert isinstance(rendering, NotAnalysed), rendering
    return rendering.reason


def apps(count: int) -> dict[str, str]:
    files = {"apps.yaml": documents(*(application(f"app-{i}", f"a{i}") for i in range(count)))}
    for i in range(count):
        files[f"a{i}/kustomization.yaml"] = kustomization("m.yaml")
        files[f"a{i}/m.yaml"] = config_map(f"m-{i}", a=f"{i}")
    return files


def shared(files: Files, blob: bytes, names: list[str]) -> Tree:
    """A tree in which one blob lies under many names, as git keeps it: once."""
    data = {path: text.encode() if isinstance(text, str) else text for path, text in files.items()}
    entries = {path: Entry(MODE_FILE, blob_oid(text), len(text)) for path, text in data.items()}
    entries |= dict.fromkeys(names, Entry(MODE_FILE, blob_oid(blob), len(blob)))
    return Tree(entries, lambda path, _entry: data.get(path, blob))


@pytest.mark.parametrize(
    ("kind", "extra"),
    [
        ("resources", ""),
        ("generator", "configMapGenerator:\n- name: x\n  files: [{}]\n"),
        ("patches", "patches: [{}]\n"),
    ],
)
async def test_one_blob_under_many_names_is_not_written_out(own: Engine, kind: str, extra: str) -> None:
    """Some kilobytes of git (a megabyte of zeros, a hundred names) that made a scratch directory of gigabytes."""
    names = [f"f{i}.yaml" for i in range(100)]
    if kind == "resources":
        text = kustomization(*names)
    elif kind == "generator":
        text = extra.format(", ".join(names))
    else:
        text = kustomization("m.yaml", extra=extra.format(", ".join(f"{{path: {name}}}" for name in names)))
    files = {"apps.yaml": application("app", "a"), "a/kustomization.yaml": text, "a/m.yaml": config_map("m")}
    tree = shared(files, b"#" * MB, [f"a/{name}" for name in names])
    evaluation = await evaluate(own, tree, None, MATCHER, Policy())
    assert "files that it is built from have 100 MB, and argofix renders up to 64 MB" in reason_of(evaluation, "app")
    assert own.renderer_runs == 0


async def test_text_that_aliases_repeat_counts_as_often_as_it_stands_there(own: Engine) -> None:
    """32 KB that printed hundreds of megabytes: few nodes, but each of them long."""
    bomb = f'kind: ConfigMap\napiVersion: v1\nmetadata: {{name: x}}\ndata: {{a: &a "{"x" * 20_000}"}}\n'
    bomb += f"list: [{', '.join(['*a'] * 3_000)}]\n"
    files = {
        "apps.yaml": documents(application("kustomized", "a"), application("plain", "b")),
        "a/kustomization.yaml": kustomization("b.yaml"),
        "a/b.yaml": bomb,
        "b/b.yaml": bomb,
    }
    evaluation = await evaluated(own, files)
    for name in ("kustomized", "plain"):
        rendering = state_of(evaluation, name).rendering
        assert isinstance(rendering, RenderFailed)
        assert "expands to more than 32 MB of text through its aliases" in rendering.message


@pytest.mark.parametrize("source", [*RENDERERS, "fake"])
async def test_a_renderer_that_takes_too_much_memory_is_said_so(tmp_path: Path, source: str) -> None:
    if source != "fake":
        await (
            await Engine.start(tmp_path / "own", source)
        ).close()  # a worker that was asked for its version lives on
        engine = await Engine.start(tmp_path / "own", source)
        most = 160 if source == str(ENGINE) else 96  # what it knows of Kubernetes takes the half of it
        engine._renderer.limits = Limits(memory=most * MB)
        text = documents(*(config_map(f"m-{i}", a="x" * 300) for i in range(15_000)))
    else:
        most = 96
        engine = await with_fake(tmp_path, "echo 'fatal error: runtime: out of memory' >&2; exit 2", memory=96 * MB)
        text = config_map("m")
    files = {"apps.yaml": application("app", "a"), "a/kustomization.yaml": kustomization("m.yaml"), "a/m.yaml": text}
    evaluation = await evaluated(engine, files)
    assert reason_of(evaluation, "app") == f"rendering it takes more than the {most} MB of memory that argofix grants"
    await evaluated(engine, files)
    assert engine.renderer_runs == 1  # it is known now
    await engine.close()


async def test_an_output_without_end_is_a_reason_and_is_known_the_next_time(tmp_path: Path) -> None:
    engine = await with_fake(tmp_path, "exec cat /dev/zero")
    files = apps(1)
    assert reason_of(await evaluated(engine, files), "app-0") == (
        "the renderer prints more than 32 MB, and argofix reads no more"
    )
    await evaluated(engine, files)
    assert engine.renderer_runs == 1
    await engine.close()


async def test_one_evaluation_keeps_so_many_bytes(own: Engine) -> None:
    files = apps(4)
    for i in range(4):
        files[f"a{i}/m.yaml"] = config_map(f"m-{i}", a="x" * 100_000)
    for _ in range(2):  # rendered, and from the cache
        own.grant = lambda: Effort(bytes=250_000)
        evaluation = await evaluated(own, files)
        seen = [state.rendering for state in evaluation.snapshot.states]
        assert sum(isinstance(rendering, Rendered) for rendering in seen) == 2
        left = [rendering.reason for rendering in seen if isinstance(rendering, NotAnalysed)]
        assert len(left) == 2 and "larger than the 0 MB that argofix keeps" in left[0]
        assert evaluation.unfinished and evaluation.unfinished[0].startswith("2 renderings left out: ")
        own._recent.clear()
    own.grant = Effort
    assert not (await evaluated(own, files)).unfinished


async def test_manifests_of_directories_and_sets_count_as_well(own: Engine) -> None:
    plain = {"apps.yaml": application("app", "a"), "a/m.yaml": config_map("m", a="x" * 100_000)}
    own.grant = lambda: Effort(bytes=50_000)
    with pytest.raises(TooMuchToRead, match="larger than argofix keeps"):
        await evaluated(own, plain)
    elements = [{"n": str(i)} for i in range(100)]
    template = {"metadata": {"name": "a{{n}}", "annotations": {"x": "{{n}}" + "y" * 1_000}}, "spec": {"project": "x"}}
    appset = {"generators": [{"list": {"elements": elements}}], "template": template}
    text = {"apiVersion": "argoproj.io/v1alpha1", "kind": "ApplicationSet", "metadata": {"name": "s"}, "spec": appset}
    import json

    with pytest.raises(TooMuchToRead, match="larger than argofix keeps"):
        await evaluated(own, {"s.yaml": json.dumps(text)})
    own.grant = Effort
    await evaluated(own, plain)


async def test_reading_ends_when_there_is_more_than_one_evaluation_reads(own: Engine) -> None:
    """Twenty Applications that each take in a thousand files: a product that grows in a thread nobody can end."""
    names = [f"d/f{i}.yaml" for i in range(1_000)]
    text = documents(*(application(f"app-{i}", "d", source={"directory": {"include": f"{i}*"}}) for i in range(20)))
    tree = shared({"apps.yaml": text}, b"#", names)
    own.grant = lambda: Effort(steps=15_000)
    with pytest.raises(TooMuchToRead, match="more to read in this commit"):
        await evaluate(own, tree, None, MATCHER, Policy())
    own.grant = Effort
    await evaluate(own, tree, None, MATCHER, Policy())


class Seconds:
    """The renderer's time: each run takes ten seconds of it."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        self.now += 5.0
        return self.now


async def test_seconds_of_the_renderer_run_out_and_the_next_run_goes_on(tmp_path: Path) -> None:
    engine = await with_fake(tmp_path, "echo 'kind: ConfigMap\napiVersion: v1\nmetadata:\n  name: x'")
    engine._renderer.now = Seconds()
    engine.grant = lambda: Effort(seconds=20.0)
    files, base = apps(8), {"apps.yaml": "# nothing yet\n"}
    rendered = []
    for _ in range(3):
        evaluation = await evaluated(engine, files, base=base)
        seen = [state.rendering for state in evaluation.snapshot.states]
        rendered.append(sum(isinstance(rendering, Rendered) for rendering in seen))
        reasons = {rendering.reason for rendering in seen if isinstance(rendering, NotAnalysed)}
        assert all("the 20 s that argofix grants one evaluation" in reason for reason in reasons)
        assert bool(reasons) is bool(evaluation.unfinished)
    assert rendered == [4, 8, 8]
    await engine.close()


async def test_what_did_not_end_is_not_tried_again_at_the_next_push(tmp_path: Path) -> None:
    engine = await with_fake(tmp_path, "sleep 1000", seconds=0.2)
    now = [1000.0]
    engine.now = lambda: now[0]
    files = apps(1)
    for push in range(3):
        evaluation = await evaluated(engine, {**files, "README.md": f"{push}"})
        (finding,) = of_rule(evaluation, "render-failed")
        assert "did not end within 0.2 s; these very files are not tried again for 6 hours" in finding.message
    assert engine.renderer_runs == 1
    now[0] += REMEMBERED
    await evaluated(engine, files)
    assert engine.renderer_runs == 2
    await evaluated(engine, {**files, "a0/m.yaml": config_map("other")})
    assert engine.renderer_runs == 3  # other files
    await engine.close()


async def waiting(engine: Engine, count: int) -> None:
    async with asyncio.timeout(20):
        while engine._renderer._turns.waiting != count:  # noqa: ASYNC110
            await asyncio.sleep(0.005)


async def test_what_nobody_waits_for_any_more_ends(tmp_path: Path) -> None:
    marker = "1000.7717"
    engine = await with_fake(tmp_path, f"exec sleep {marker}")
    first = asyncio.create_task(evaluated(engine, apps(5)))
    second = asyncio.create_task(evaluated(engine, apps(2)))
    await waiting(engine, 4)
    async with asyncio.timeout(20):
        while not alive(marker):  # noqa: ASYNC110
            await asyncio.sleep(0.005)
    first.cancel()
    await asyncio.gather(first, return_exceptions=True)
    assert engine._renderer._turns.waiting == 1  # the second one waits for two of the five
    assert alive(marker)
    second.cancel()
    await asyncio.gather(second, return_exceptions=True)
    await asyncio.gather(*engine._ending, return_exceptions=True)
    assert engine._renderer._turns.waiting == 0
    assert not alive(marker)
    assert list((tmp_path / "home").glob("render-*")) == []
    await engine.close()


async def test_what_arrives_is_kept_though_its_head_is_superseded_in_that_moment(tmp_path: Path) -> None:
    said = config_map("m").replace("'", "")
    engine = await with_fake(tmp_path, f"echo '{said.strip()}'")
    runs: list[str] = []
    first = asyncio.create_task(evaluated(engine, apps(4)))

    def observe(_seconds: float, result: str) -> None:
        runs.append(result)
        if len(runs) == 2:
            first.cancel()

    engine.observe_renderings(observe)
    with pytest.raises(asyncio.CancelledError):
        await first
    await engine.close()
    again = Engine(engine._renderer, RenderCache(tmp_path / "cache"))
    evaluation = await evaluated(again, apps(4))
    assert all(isinstance(state.rendering, Rendered) for state in evaluation.snapshot.states)
    assert runs == ["rendered"] * 4
    assert again._renderer._turns.waiting == 0
    await again.close()


async def test_a_repository_does_not_wait_for_another_ones_six_hundred(tmp_path: Path) -> None:
    """One pull request with 600 Applications, each of which takes its minute; somebody else has one, of another
    installation."""
    go = tmp_path / "go"
    quick = (
        f"grep -q bystander ../repo/*/m.yaml repo/*/m.yaml 2>/dev/null || while [ ! -e {go} ]; do sleep 0.05; done"
    )
    engine = await with_fake(tmp_path, f"{quick}; echo 'kind: ConfigMap\napiVersion: v1\nmetadata:\n  name: x'")

    async def evaluation_for(installation: int, repository: str, files: Files) -> Evaluation:
        with working_for(repository):
            known_installation(installation)
            return await evaluated(engine, files)

    hostile = asyncio.create_task(evaluation_for(1, "mallory/app", apps(600)))
    await waiting(engine, 599)
    files = {"apps.yaml": application("b", "b"), "b/kustomization.yaml": kustomization("m.yaml"),
             "b/m.yaml": config_map("bystander")}  # fmt: skip
    async with asyncio.timeout(30):
        evaluation = await evaluation_for(2, "acme/app", files)
    assert isinstance(state_of(evaluation, "b").rendering, Rendered)
    assert engine._renderer._turns.waiting == 599
    hostile.cancel()
    await asyncio.gather(hostile, return_exceptions=True)
    await engine.close()


def output(size: int) -> Output:
    return Output((Resource(ResourceId("", "ConfigMap", "", "x"), bytes(range(256)) * (size // 256), None, None),))


def test_the_cache_is_bounded_in_bytes(tmp_path: Path) -> None:
    import os

    cache = RenderCache(tmp_path, most=200_000)
    for i in range(40):
        noise = Output((Resource(ResourceId("", "ConfigMap", "", "x"), os.urandom(10_000), None, None),))
        cache.put({f"{i:03}": noise})
    known = cache.get([f"{i:03}" for i in range(40)], lambda _key, _size: True)
    assert 5 <= len(known) < 20
    assert "039" in known and "000" not in known  # what came first goes first
    again = RenderCache(tmp_path, most=200_000)
    assert again._held == cache._held <= 200_000
    again.put({"huge": Output((Resource(ResourceId("", "ConfigMap", "", "x"), os.urandom(150_000), None, None),))})
    assert again.get(["huge"], lambda _key, _size: True) == {}
    for each in (cache, again):
        each.close()


def test_what_is_not_wanted_for_its_size_is_not_read(tmp_path: Path) -> None:
    cache = RenderCache(tmp_path)
    cache.put({"small": output(256), "large": output(100_000)})
    sizes: dict[str, int] = {}

    def wanted(key: str, size: int) -> bool:
        sizes[key] = size
        return size < 50_000

    found = cache.get(["small", "large", "none"], wanted)
    assert found == {"small": output(256), "large": None}
    assert sizes["large"] == output(100_000).size
    cache.close()


async def test_what_is_remembered_is_bounded_in_bytes(own: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("_recent", "_snapshots", "_parsed", "_plain"):
        monkeypatch.setattr(own, name, Bounded(100_000, getattr(own, name).size))
    for i in range(12):
        files = {
            "apps.yaml": documents(application("app", "a"), application("plain", "p")),
            "a/kustomization.yaml": kustomization("m.yaml") + f"# {i}\n",
            "a/m.yaml": config_map(f"m-{i}", a="x" * 30_000),
            "p/m.yaml": config_map(f"m-{i}", a="y" * 30_000),
        }
        await evaluate(
            own, Tree.of({k: v.encode() for k, v in files.items()}, sha=f"{i:040}"), None, MATCHER, Policy()
        )
        for kept in (own._recent, own._snapshots, own._parsed, own._plain):
            assert kept.held <= 100_000
    assert 1 <= len(own._recent) <= 3


async def test_one_file_of_applications_under_many_names_is_too_much(own: Engine) -> None:
    """What `benchmarks.fuzz --hostile` found: each name was parsed, and its nodes kept."""
    text = documents(*(application(f"app-{i}", "a") for i in range(100)))
    tree = shared({}, text.encode(), [f"f{i}.yaml" for i in range(200)])
    own.grant = lambda: Effort(bytes=10 * 8 * len(text))
    with pytest.raises(TooMuchToRead, match="larger than argofix keeps"):
        await evaluate(own, tree, None, MATCHER, Policy())
