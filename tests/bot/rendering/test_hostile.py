"""Repositories that mean harm, against the real renderer in its real sandbox."""

from __future__ import annotations

import asyncio
import contextlib
import os
import stat
import sys
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from bot.rendering.cache import RenderCache
from bot.rendering.driver import Engine
from bot.rendering.kustomize import Renderer, RendererMissing
from bot.rendering.sandbox import MAX_OUTPUT, Limits
from gitops.files.tree import MODE_SYMLINK, Entry, Tree, blob_oid
from gitops.resources.manifests import redactor
from gitops.resources.rendering import BuildOptions, NotAnalysed, Rendered, RenderFailed, RenderRequest
from tests.scenarios import Files, application, config_map, evaluated, kustomization, manifest, state_of, tree

MARKER = "marker-7d1f0a"
HOSTNAME = Path("/etc/hostname").read_text().strip()


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    """A host file that nothing of a repository may read."""
    path = tmp_path / "host-secret"
    path.write_text(MARKER)
    return path


def request_of(files: dict[str, str], options: BuildOptions | None = None) -> RenderRequest:
    """A request as if our reader had overlooked what the kustomization reads."""
    everything = tree(files)
    return RenderRequest("x", everything, "a", tuple(everything.paths()), (), options or BuildOptions())


@pytest.mark.parametrize(
    "text",
    [
        "configMapGenerator:\n  - name: x\n    files: ['{path}']\n",
        "configMapGenerator:\n  - name: x\n    files: ['k={path}']\n",
        "configMapGenerator:\n  - name: x\n    files: ['../../../../../..{path}']\n",
        "configMapGenerator:\n  - name: x\n    envs: ['{path}']\n",
        "secretGenerator:\n  - name: x\n    files: ['{path}']\n",
        "resources: ['{path}']\n",
        "resources: [m.yaml]\npatches: [{{path: '{path}'}}]\n",
        "resources: [m.yaml]\nreplacements: [{{path: '{path}'}}]\n",
        "resources: [m.yaml]\nopenapi: {{path: '{path}'}}\n",
        "resources: [m.yaml]\ncrds: ['{path}']\n",
        "resources: [m.yaml]\ngenerators: [g.yaml]\n",
        "resources: [m.yaml]\ntransformers: [t.yaml]\n",
        "resources: [m.yaml]\npatchesStrategicMerge: ['{path}']\n",
        "resources: [m.yaml]\npatchesJson6902: [{{path: '{path}', target: {{version: v1, kind: ConfigMap}}}}]\n",
        "resources: [m.yaml]\nconfigurations: ['{path}']\n",
        "resources: [m.yaml]\nvalidators: ['{path}']\n",
        "components: ['{path}']\n",
        "configMapGenerator:\n  - name: x\n    files: ['/proc/self/environ']\n",
        "configMapGenerator:\n  - name: x\n    files: ['/etc/hostname']\n",
    ],
)
@pytest.mark.parametrize("lifted", [False, True])
async def test_no_host_file_gets_into_a_rendering(
    engine: Engine, outside: Path, text: str, lifted: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_WEBHOOK_SECRET", MARKER)
    generator = f"apiVersion: builtin\nkind: ConfigMapGenerator\nmetadata: {{name: x}}\nfiles: ['{outside}']\n"
    files = {
        "a/kustomization.yaml": text.format(path=outside),
        "a/m.yaml": config_map("m"),
        "a/g.yaml": generator,
        "a/t.yaml": f"apiVersion: builtin\nkind: PatchTransformer\nmetadata: {{name: x}}\npath: '{outside}'\n",
    }
    output = await engine.render(request_of(files, BuildOptions(load_restrictor_none=lifted)))
    seen = repr(output)
    assert MARKER not in seen
    assert f"hostname: {HOSTNAME}" not in seen
    # And through the front door, where our reader looks first.
    evaluation = await evaluated(engine, {**files, "apps.yaml": application("app", "a")})
    assert MARKER not in repr(evaluation.snapshot.states)


async def test_symlinks_out_of_the_repository_are_refused(engine: Engine, outside: Path) -> None:
    target = str(outside).encode()
    files = {
        "apps.yaml": application("app", "a").encode(),
        "a/kustomization.yaml": kustomization("link.yaml").encode(),
        "a/link.yaml": target,
    }
    plain = Tree.of(files)
    entries = {path: plain.entry(path) or Entry(0, "") for path in files}
    entries["a/link.yaml"] = Entry(MODE_SYMLINK, blob_oid(target), len(target))
    linked = Tree(entries, lambda path, _: files[path])
    from bot.rendering.evaluation import evaluate
    from checks.policy.file import Policy
    from tests.scenarios import MATCHER

    evaluation = await evaluate(engine, linked, None, MATCHER, Policy())
    rendering = state_of(evaluation, "app").rendering
    assert isinstance(rendering, RenderFailed)
    assert "outside the repository" in rendering.message
    assert (rendering.span.path, rendering.span.line) == ("a/kustomization.yaml", 4)


async def test_a_remote_base_is_not_fetched(engine: Engine) -> None:
    hits: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        hits.append(await reader.read(100))
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    text = kustomization(f"http://127.0.0.1:{port}/x.yaml")
    async with server:
        output = await engine.render(request_of({"a/kustomization.yaml": text}))
        assert output.error is not None
        evaluation = await evaluated(engine, {"apps.yaml": application("app", "a"), "a/kustomization.yaml": text})
    assert isinstance(state_of(evaluation, "app").rendering, NotAnalysed)
    assert hits == []


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"\tkind: X\n", "not valid YAML"),
        (b"kind: X\xff\xfe\n", "not readable text"),
        (
            b"a: &a [x,x,x,x,x,x,x,x,x,x]\n"
            + b"".join(b"%c: &%c [%s]\n" % (98 + i, 98 + i, b",".join([b"*%c" % (97 + i)] * 10)) for i in range(8)),
            "aliases",
        ),
        (b"resources: " + b"[" * 100_000, "nest"),
    ],
    ids=["tab", "bytes", "bomb", "deep"],
)
async def test_kustomizations_that_are_no_yaml(engine: Engine, data: bytes, words: str) -> None:
    files: Files = {"apps.yaml": application("app", "a"), "a/kustomization.yaml": data}
    rendering = state_of(await evaluated(engine, files), "app").rendering
    assert isinstance(rendering, RenderFailed)
    assert words in rendering.message
    good = {"apps.yaml": application("app", "a"), "a/m.yaml": config_map("m")}
    assert isinstance(state_of(await evaluated(engine, good), "app").rendering, Rendered)  # the next one is served


async def test_a_bomb_in_a_resource_ends_within_limits(engine: Engine) -> None:
    bomb = "kind: ConfigMap\napiVersion: v1\nmetadata: {name: x}\na: &a [x,x,x,x,x,x,x,x,x,x]\n" + "".join(
        f"{chr(98 + i)}: &{chr(98 + i)} [{','.join([f'*{chr(97 + i)}'] * 10)}]\n" for i in range(9)
    )
    files = {"apps.yaml": application("app", "a"), "a/kustomization.yaml": kustomization("b.yaml"), "a/b.yaml": bomb}
    rendering = state_of(await evaluated(engine, files), "app").rendering
    assert isinstance(rendering, RenderFailed)
    assert "aliases" in rendering.message


@pytest.mark.parametrize(("leaves", "levels"), [(1_000, 10), (100_000, 9)])
async def test_few_aliases_that_make_a_huge_manifest_end_in_a_finding(
    engine: Engine, leaves: int, levels: int
) -> None:
    """Thirty aliases are no bomb to the reader; kustomize writes out what they stand for."""
    names = "abcdefghijk"
    text = "kind: ConfigMap\napiVersion: v1\nmetadata: {name: x}\n" + f"a: &a [{','.join('x' * leaves)}]\n"
    for above, name in pairwise(names[: levels + 1]):
        text += f"{name}: &{name} [*{above}, *{above}, *{above}]\n"
    files: Files = {
        "apps.yaml": application("app", "a"),
        "a/kustomization.yaml": kustomization("b.yaml"),
        "a/b.yaml": text,
    }
    rendering = state_of(await evaluated(engine, files), "app").rendering
    assert isinstance(rendering, RenderFailed)
    assert "aliases" in rendering.message


async def test_ten_thousand_entries(engine: Engine) -> None:
    names = [f"m{i}.yaml" for i in range(10_000)]
    files = {"apps.yaml": application("app", "a"), "a/kustomization.yaml": kustomization(*names)}
    rendering = state_of(await evaluated(engine, files), "app").rendering
    assert isinstance(rendering, RenderFailed)
    assert "`m0.yaml` does not exist" in rendering.message


async def test_a_manifest_of_fifty_megabytes(engine: Engine) -> None:
    files = {
        "apps.yaml": application("app", "a"),
        "a/kustomization.yaml": kustomization("big.yaml"),
        "a/big.yaml": config_map("m") + "#" * 50_000_000,
    }
    rendering = state_of(await evaluated(engine, files), "app").rendering
    assert isinstance(rendering, RenderFailed)
    assert "50,000," in rendering.message


def alive(marker: str) -> list[str]:
    """Processes with this word among their arguments, whatever number they have where they are shut in."""
    found = []
    for path in Path("/proc").iterdir():
        with contextlib.suppress(OSError):  # it may end while it is looked at
            words = (path / "cmdline").read_bytes().split(b"\0") if path.name.isdigit() else []
            if marker.encode() in words and b"State:\tZ" not in (path / "status").read_bytes():
                found.append(path.name)
    return found


async def until_dead(marker: str) -> None:
    for _ in range(500):
        if not alive(marker):
            return
        await asyncio.sleep(0.01)  # the kernel's own time to bury it
    pytest.fail(f"processes {alive(marker)} are alive")


def fake(directory: Path, body: str) -> str:
    """A renderer of our own that answers the version question and then does as `body` says."""
    path = directory / "kustomize"
    path.write_text(f'#!/bin/sh\nif [ "$1" = version ]; then echo v5.0.0; exit 0; fi\n{body}\n')
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return str(path)


async def renderer(tmp_path: Path, body: str, seconds: float = 20.0) -> Renderer:
    found = await Renderer.start(fake(tmp_path, body), tmp_path / "home")
    found.limits = Limits(seconds=seconds)
    return found


REQUEST_FILES = {"a/kustomization.yaml": kustomization("m.yaml"), "a/m.yaml": config_map("m")}


HANGING = {
    "itself": "exec sleep {n}",
    "a child": "sleep {n} & sleep {n}; wait",
    "a child in a session of its own": "setsid sleep {n} & sleep {n}",
    "a child of a child that has ended": "(setsid sh -c 'sleep {n} & setsid sleep {n} &') & sleep {n}",
    "what does not listen": "trap '' TERM HUP; setsid sh -c 'trap \"\" TERM; sleep {n}' & sleep {n}; sleep {n}",
}


@pytest.mark.parametrize("alone", [True, False], ids=["in namespaces of its own", "in none"])
@pytest.mark.parametrize("cancelled", [False, True], ids=["time-out", "cancelled"])
@pytest.mark.parametrize("body", HANGING.values(), ids=HANGING)
async def test_a_renderer_that_hangs_is_killed_with_its_children(
    tmp_path: Path, body: str, cancelled: bool, alone: bool
) -> None:
    marker = f"{10_000 + int.from_bytes(os.urandom(4))}"
    hanging = await renderer(tmp_path, body.format(n=marker), seconds=60 if cancelled else 1.0)
    hanging.engine = replace(hanging.engine, cut_off=alone)
    running = asyncio.create_task(hanging.render(request_of(REQUEST_FILES), redactor(b"k")))
    async with asyncio.timeout(20):
        while not alive(marker):  # noqa: ASYNC110 - a process of somebody else has no event
            await asyncio.sleep(0.01)
    if cancelled:
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
    else:
        output = await running
        assert output.transient
        assert output.error is not None
        assert "did not end" in output.error
    await until_dead(marker)


async def test_one_that_is_cancelled_while_it_begins_is_killed_with_its_children(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    marker = f"{10_000 + int.from_bytes(os.urandom(4))}"
    hanging = await renderer(tmp_path, HANGING["what does not listen"].format(n=marker))
    hanging.engine = replace(hanging.engine, cut_off=False)
    told, start = asyncio.Event(), asyncio.create_subprocess_exec

    async def starts(*args: Any, **how: Any) -> asyncio.subprocess.Process:
        process = await start(*args, **how)
        await told.wait()
        return process

    monkeypatch.setattr(asyncio, "create_subprocess_exec", starts)
    running = asyncio.create_task(hanging.render(request_of(REQUEST_FILES), redactor(b"k")))
    async with asyncio.timeout(20):
        while not alive(marker):  # noqa: ASYNC110 - a process of somebody else has no event
            await asyncio.sleep(0.01)
    running.cancel()
    await asyncio.sleep(0)
    told.set()
    with pytest.raises(asyncio.CancelledError):
        await running
    await until_dead(marker)


@pytest.mark.parametrize("alone", [True, False], ids=["in namespaces of its own", "in none"])
async def test_what_a_renderer_leaves_when_it_ends_is_killed(tmp_path: Path, alone: bool) -> None:
    marker = f"{10_000 + int.from_bytes(os.urandom(4))}"
    body = f"setsid sleep {marker} >/dev/null 2>&1 & echo kind: X"
    leaving = await renderer(tmp_path, body)
    leaving.engine = replace(leaving.engine, cut_off=alone)
    await leaving.render(request_of(REQUEST_FILES), redactor(b"k"))
    await until_dead(marker)


@pytest.mark.parametrize("body", ["exec cat /dev/zero", f"exec head -c {MAX_OUTPUT + 1} /dev/zero"])
async def test_a_renderer_that_prints_without_end_is_killed(tmp_path: Path, body: str) -> None:
    endless = await renderer(tmp_path, body)
    output = await endless.render(request_of(REQUEST_FILES), redactor(b"k"))
    assert output.refused == "the renderer prints more than 32 MB, and argofix reads no more"


@pytest.mark.parametrize("body", ["echo '{{{ not yaml'", "echo kind: X", "kill -9 $$", "echo oops >&2; exit 3"])
async def test_a_renderer_that_misbehaves_is_an_error_of_that_rendering(tmp_path: Path, body: str) -> None:
    bad = await renderer(tmp_path, body)
    output = await bad.render(request_of(REQUEST_FILES), redactor(b"k"))
    assert output.resources == () or output.resources[0].id.name == ""
    assert list((tmp_path / "home").glob("render-*")) == []  # nothing is left behind


async def test_a_missing_renderer_is_one_clear_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(RendererMissing, match="cannot be run"):
        await Renderer.start("/no/such/kustomize", tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("bot.rendering.kustomize.beside_python", lambda: str(tmp_path))
    with pytest.raises(RendererMissing, match="neither kustomize nor kubectl"):
        await Renderer.start(None, tmp_path)


async def test_secret_values_reach_neither_cache_nor_repr(tmp_path: Path) -> None:
    own = await Engine.start(tmp_path / "own")
    files = {
        "apps.yaml": application("app", "a"),
        "a/kustomization.yaml": kustomization(
            "s.yaml", extra=f"secretGenerator:\n  - name: g\n    literals: [token={MARKER}]\n"
        ),
        "a/s.yaml": manifest(
            "Secret",
            "s",
            "shop",
            stringData={"password": MARKER},
            metadata={"annotations": {"kubectl.kubernetes.io/last-applied-configuration": MARKER}},
        ),
    }
    evaluation = await evaluated(own, files)
    rendering = state_of(evaluation, "app").rendering
    assert isinstance(rendering, Rendered)
    assert {key for r in rendering.resources for key in r.manifest().get("data", {})} == {"token"}
    await own.close()
    import base64

    for needle in (MARKER.encode(), base64.b64encode(MARKER.encode())):
        assert needle.decode() not in repr(rendering)
        for path in (tmp_path / "own").rglob("*"):
            if path.is_file() and not path.name.startswith("engine-"):
                assert needle not in path.read_bytes(), path


def test_a_damaged_cache_counts_as_empty(tmp_path: Path) -> None:
    RenderCache(tmp_path).close()
    (database,) = tmp_path.glob("renderings-*.sqlite")
    database.write_bytes(os.urandom(4096))
    cache = RenderCache(tmp_path)
    assert cache.get(["x"], lambda _key, _size: True) == {}
    cache.close()


async def test_nobody_else_looks_into_the_cache(tmp_path: Path) -> None:
    own = await Engine.start(tmp_path / "cache")
    await own.close()
    for directory in (tmp_path / "cache", tmp_path / "cache" / "scratch"):
        assert stat.S_IMODE(directory.stat().st_mode) == 0o700


RUN = """
import asyncio, sys
from pathlib import Path
from bot.rendering import sandbox
words, alone = ["/bin/sh", "-c", sys.argv[1]], sys.argv[2] == "alone"
asyncio.run(sandbox.run(words, Path("/"), "/", sandbox.Limits(), alone=alone))
"""


@pytest.mark.parametrize("alone", ["alone", ""], ids=["in namespaces of its own", "in none"])
async def test_a_renderer_does_not_outlive_a_server_that_is_killed(alone: str) -> None:
    marker = f"{10_000 + int.from_bytes(os.urandom(4))}"
    body = HANGING["a child in a session of its own"].format(n=marker)
    server = await asyncio.create_subprocess_exec(sys.executable, "-c", RUN, body, alone)
    async with asyncio.timeout(20):
        while not alive(marker):  # noqa: ASYNC110 - a process of somebody else has no event
            await asyncio.sleep(0.01)
    server.kill()
    await server.wait()
    await until_dead(marker)
