"""The engine that lives on, against the renderer that is started for each request; and the fate of its workers."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import sys
import textwrap
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from bot.process.tenants import working_for
from bot.rendering import sandbox
from bot.rendering.driver import Engine
from bot.rendering.kustomize import Renderer, RendererMissing
from bot.rendering.living import LivingEngine, LivingRenderer, WithHelm, choose
from gitops.files.tree import MODE_FILE, MODE_SYMLINK, Entry, Tree, blob_oid
from gitops.resources.manifests import redactor
from gitops.resources.rendering import BuildOptions, NotAnalysed, Output, Rendered, RenderFailed, RenderRequest
from tests.bot.rendering.both import ENGINE, EXPECTED, NEEDS_THE_ENGINE, RENDERERS
from tests.scenarios import application, config_map, documents, evaluated, state_of

REDACT = redactor(b"k")
SECRET = "kind: Secret\napiVersion: v1\nmetadata: {name: s}\nstringData: {password: hidden-value-1}\n"
NO_MAP = "apiVersion: v1\nkind: ConfigMap\nmetadata: [1]\n"


def request_of(
    files: dict[str, str], root: str = "a", options: BuildOptions | None = None, links: dict[str, str] | None = None
) -> RenderRequest:
    content = {path: text.encode() for path, text in {**files, **(links or {})}.items()}
    entries = {
        path: Entry(MODE_SYMLINK if path in (links or {}) else MODE_FILE, blob_oid(data), len(data))
        for path, data in content.items()
    }
    everything = Tree(entries, lambda path, _: content[path])
    return RenderRequest("x", everything, root, tuple(everything.paths()), (), options or BuildOptions())


def apps(text: str, **others: str) -> dict[str, str]:
    return {"a/kustomization.yaml": text, "a/m.yaml": config_map("m", key="value"), **others}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("both")


@pytest.fixture
async def living(home: Path) -> AsyncIterator[LivingRenderer]:
    assert ENGINE is not None
    renderer = await LivingRenderer.start_living(ENGINE, home / "living")
    yield renderer
    await renderer.close()


@pytest.fixture
async def once(home: Path) -> Renderer:
    return await Renderer.start(None, home / "once")


BUILT = {
    "a plain one": request_of(apps("resources: [m.yaml]\n")),
    "a base and a component": request_of(
        apps(
            "resources: [m.yaml, ../b]\ncomponents: [../c]\nnameSuffix: -x\n",
            **{
                "b/kustomization.yaml": "resources: [s.yaml]\nnamespace: shop\n",
                "b/s.yaml": SECRET,
                "c/kustomization.yaml": "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\n"
                "configMapGenerator: [{name: made, literals: [a=1, b=0x10]}]\n",
            },
        )
    ),
    "numbers and texts that look like others": request_of(
        apps(
            "resources: [m.yaml, n.yaml]\n",
            **{
                "a/n.yaml": "apiVersion: v1\nkind: X\nmetadata: {name: n}\nspec: {a: 12345678901234567890, b: 1e3, "
                "c: 'on', d: '1.0', e: null, f: [], g: {}, h: \"l1\\nl2\\n\", i: 0x1F, j: 1.50}\n"
            },
        )
    ),
    "the repository's root": request_of(
        {"kustomization.yaml": "resources: [m.yaml]\n", "m.yaml": config_map("m")}, ""
    ),
    "a link to a file of another directory": request_of(
        apps("resources: [l.yaml]\n", **{"b/real.yaml": config_map("r")}),
        links={"a/l.yaml": "../b/real.yaml"},
        options=BuildOptions(load_restrictor_none=True),
    ),
    "load restrictions that have to be lifted": request_of(
        apps("resources: [../b/real.yaml]\n", **{"b/real.yaml": config_map("r")})
    ),
    "origins that it asks for itself": request_of(apps("resources: [m.yaml]\nbuildMetadata: [originAnnotations]\n")),
    "an annotation of its own": request_of(apps("resources: [m.yaml]\ncommonAnnotations: {a: b}\n")),
}
REFUSED = {
    "a file that is not there": request_of(apps("resources: [none.yaml]\n")),
    "text that is no YAML": request_of(apps("resources: [n.yaml]\n", **{"a/n.yaml": "a: [\n"})),
    "a patch without a target": request_of(
        apps("resources: [m.yaml]\npatches: [{patch: '{kind: X, apiVersion: v1, metadata: {name: y}}'}]\n")
    ),
    "the same thing twice": request_of(apps("resources: [m.yaml, n.yaml]\n", **{"a/n.yaml": config_map("m")})),
    "an unknown field": request_of(apps("resources: [m.yaml]\nresource: [x]\n")),
    "a base that is broken": request_of(
        apps("resources: [../b]\n", **{"b/kustomization.yaml": "resources: [n.yaml]\n", "b/n.yaml": "a: [\n"})
    ),
    "a patch that quotes a value": request_of(
        apps(
            "resources: [s.yaml]\npatches: [{target: {kind: Secret}, patch: '- hidden-value-1'}]\n",
            **{"a/s.yaml": SECRET},
        )
    ),
    "no metadata": request_of(apps("resources: [n.yaml]\n", **{"a/n.yaml": NO_MAP})),
}


@pytest.mark.skipif(not EXPECTED, reason="nobody says that the engine can be built (`make test` does)")
async def test_where_the_engine_can_be_built_it_renders(scratch: Path) -> None:
    renderer = await choose(None, scratch)
    await renderer.close()
    assert isinstance(renderer, LivingRenderer)


@NEEDS_THE_ENGINE
@pytest.mark.parametrize("request_", BUILT.values(), ids=BUILT)
async def test_it_renders_the_same_bytes(living: LivingRenderer, once: Renderer, request_: RenderRequest) -> None:
    ours, theirs = await living.render(request_, REDACT), await once.render(request_, REDACT)
    assert theirs.error is None and ours == replace(theirs, lifted=ours.lifted)
    assert (ours.lifted is None) == (theirs.lifted is None)
    assert "hidden-value-1" not in repr(ours)


@NEEDS_THE_ENGINE
@pytest.mark.parametrize("request_", REFUSED.values(), ids=REFUSED)
async def test_it_refuses_in_the_same_words(living: LivingRenderer, once: Renderer, request_: RenderRequest) -> None:
    ours, theirs = await living.render(request_, REDACT), await once.render(request_, REDACT)
    assert ours.resources == theirs.resources == ()
    assert ours.error is not None and theirs.error is not None
    said = ours.error.strip().splitlines()[-1].rpartition(": ")[2]
    assert said in theirs.error.replace("\\n", "\n").replace('\\"', '"')
    assert "hidden-value-1" not in ours.error


@NEEDS_THE_ENGINE
async def test_a_worker_answers_one_repository_only_and_lives_on(living: LivingRenderer) -> None:
    before = living.pool.started
    request = request_of(apps("resources: [m.yaml]\n"))
    for name in ("org/a", "org/a", "org/b", "org/b"):
        with working_for(name):
            assert (await living.render(request, REDACT)).error is None
    assert living.pool.started == before + 2


@NEEDS_THE_ENGINE
async def test_what_is_not_shut_in_keeps_the_load_restriction(living: LivingRenderer) -> None:
    living.engine = replace(living.engine, chroot=False)
    request = request_of(apps("resources: [../b/r.yaml]\n", **{"b/r.yaml": config_map("r")}))
    for options in (BuildOptions(), BuildOptions(load_restrictor_none=True)):
        output = await living.render(replace(request, options=options), REDACT)
        assert output.error is not None and "is not in or below" in output.error and output.lifted is None


def engine_that(home: Path, body: str) -> LivingRenderer:
    """One whose program is a script: `answer(id, **fields)` answers, `seen` are the requests so far."""
    script = f"""\
    #!{sys.executable} -IS
    import json, os, struct, sys, time
    count = os.path.join({str(home)!r}, "count")
    def frame():
        head = sys.stdin.buffer.read(5)
        return head[:1], sys.stdin.buffer.read(struct.unpack(">I", head[1:])[0]) if head else b""
    def answer(id, **fields):
        data = json.dumps({{"id": id, **fields}}).encode()
        sys.stdout.buffer.write(b"A" + struct.pack(">I", len(data)) + data)
        sys.stdout.flush()
    blobs = []
    while True:
        kind, data = frame()
        if not kind:
            break
        if kind == b"B":
            blobs.append(data.split(b"\\n")[0].decode())
            continue
        asked = json.loads(data)
        open(count, "a").write("x")
        asks = len(open(count).read())
    """
    home.mkdir(parents=True, exist_ok=True)
    program = home / "argofix-engine"
    program.write_text(textwrap.dedent(script) + textwrap.indent(textwrap.dedent(body), "    "))
    program.chmod(0o755)
    limits = sandbox.Limits(seconds=60)
    return LivingRenderer(LivingEngine(program, "v5", False, False), home / "home", 1, limits)


DONE = 'answer(asked["id"], resources=[])\n'


@pytest.fixture
def scratch(tmp_path: Path) -> Path:
    (tmp_path / "home").mkdir()
    return tmp_path


async def asked(renderer: LivingRenderer) -> Output:
    return await renderer.render(request_of(apps("resources: [m.yaml]\n")), REDACT)


async def test_a_request_that_ends_its_worker_twice_is_a_failure_and_harms_no_other(scratch: Path) -> None:
    renderer = engine_that(scratch, f'if "a/bad.yaml" in asked["files"]: os._exit(9)\n{DONE}')
    bad = request_of(apps("resources: [m.yaml]\n", **{"a/bad.yaml": ""}))
    outputs = await asyncio.gather(*(renderer.render(one, REDACT) for one in (bad, request_of(apps("")), bad)))
    assert [output.error is None for output in outputs] == [False, True, False]
    assert "ended over it without an answer, twice" in (outputs[0].error or "")
    assert outputs[0].timed_out  # so it is not tried again for a while
    assert (await asked(renderer)).error is None
    await renderer.close()


@pytest.mark.parametrize(
    "body",
    [
        "os._exit(9)",
        'answer("another")',
        'sys.stdout.buffer.write(b"A\\0\\0\\0\\5nojson"); sys.stdout.flush()',
        'sys.stdout.buffer.write(b"Q\\0\\0\\0\\0"); sys.stdout.flush()',
        'sys.stdout.buffer.write(b"A\\0\\0\\1"); sys.stdout.flush(); os._exit(0)',
        'data = b"[" * 99999; sys.stdout.buffer.write(b"A" + struct.pack(">I", 99999) + data); sys.stdout.flush()',
    ],
    ids=["it ends", "another answer", "no JSON", "no answer", "half of one", "too deep"],
)
async def test_whatever_goes_wrong_once_is_tried_once_more(scratch: Path, body: str) -> None:
    renderer = engine_that(scratch, f"if asks == 1:\n    {body}\nelse:\n    {DONE}")
    assert await asked(renderer) == Output()
    assert renderer.pool.started == 2
    await renderer.close()


async def test_an_answer_of_a_gigabyte_is_not_read(scratch: Path) -> None:
    renderer = engine_that(scratch, 'sys.stdout.buffer.write(b"A" + struct.pack(">I", 2**30)); sys.stdout.flush()')
    assert (await asked(renderer)).refused == "the renderer prints more than 32 MB, and argofix reads no more"
    await renderer.close()


async def test_blobs_are_sent_once_and_again_when_they_are_missed(scratch: Path) -> None:
    body = f"""\
    if asks == 3 and len(blobs) == 2:
        answer(asked["id"], error={{"code": "missing-blobs", "missing": blobs[:1]}})
    else:
        open(count + str(asks), "w").write(json.dumps(blobs))
        {DONE}"""
    renderer = engine_that(scratch, body)
    for _ in range(3):
        assert await asked(renderer) == Output()
    sent = [len(json.loads((scratch / f"count{number}").read_text())) for number in (1, 2, 4)]
    assert sent == [2, 2, 3]
    await renderer.close()


async def test_a_cancelled_request_ends_its_worker_and_frees_its_turn(scratch: Path) -> None:
    os.mkfifo(scratch / "pipe")
    hangs = f"if asks == 1:\n    open({str(scratch / 'pipe')!r}, 'w').close()\n    time.sleep(600)\n"
    renderer = engine_that(scratch, hangs + DONE)
    task = asyncio.create_task(asked(renderer))
    await asyncio.to_thread((scratch / "pipe").read_bytes)  # it has begun
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert list((scratch / "home").glob("worker-*")) == []
    assert await asked(renderer) == Output()
    await renderer.close()


async def test_a_request_without_end_is_ended_and_others_go_on(
    scratch: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.rendering.pool.GRACE", -59.0)
    renderer = engine_that(scratch, f"if asks == 1: time.sleep(600)\n{DONE}")
    output = await asked(renderer)
    assert output.timed_out and output.error == "the renderer did not end within 60 s"
    monkeypatch.setattr("bot.rendering.pool.GRACE", 5.0)
    assert await asked(renderer) == Output()
    await renderer.close()


async def test_workers_are_renewed_after_a_number_of_requests_and_after_their_last(
    scratch: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.rendering.pool.RENEWED", 2)
    renderer = engine_that(scratch, f'if asks == 5: answer(asked["id"], last=True)\nelse: {DONE}')
    for number, started in ((1, 1), (2, 1), (3, 2), (4, 2), (5, 3), (6, 4)):
        await asked(renderer)
        assert renderer.pool.started == started, number
    await renderer.close()


async def test_memory_that_is_used_up_is_told_as_that(scratch: Path) -> None:
    renderer = engine_that(scratch, "sys.stderr.write('fatal error: runtime: out of memory\\n'); sys.exit(2)")
    assert (
        await asked(renderer)
    ).refused == "rendering it takes more than the 1,024 MB of memory that argofix grants"
    await renderer.close()


async def test_an_engine_that_does_not_work_leaves_it_to_kustomize(
    scratch: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = scratch / "argofix-engine"
    broken.write_text("#!/bin/sh\nexit 3\n")
    broken.chmod(0o755)
    with pytest.raises(RendererMissing, match="does not answer"):
        await choose(str(broken), scratch / "asked")
    monkeypatch.setattr("bot.rendering.living.find_engine", lambda _setting: broken)
    assert isinstance(await choose(None, scratch / "own"), WithHelm)


@NEEDS_THE_ENGINE
async def test_an_engine_under_any_name_is_taken_where_it_is_named(scratch: Path) -> None:
    elsewhere = scratch / "renders"
    assert ENGINE is not None
    shutil.copy2(ENGINE, elsewhere)
    renderer = await choose("kustomize", scratch / "own", engine=str(elsewhere))
    assert type(renderer) is LivingRenderer
    await renderer.close()
    elsewhere.write_text("#!/bin/sh\nexit 3\n")
    with pytest.raises(RendererMissing, match="does not answer"):
        await choose(None, scratch / "broken", engine=str(elsewhere))


async def test_an_engine_of_another_version_is_not_believed(scratch: Path) -> None:
    old = engine_that(scratch, "answer(asked['id'], versions={'kustomize': 'v5'}, resources=[{'object': {}}])")
    with pytest.raises(RendererMissing, match="of another version of argofix; `make engine` builds this one's"):
        await LivingRenderer.start_living(old.engine.binary, scratch / "other")


@NEEDS_THE_ENGINE
async def test_the_version_of_the_engine_is_in_every_fingerprint(tmp_path: Path) -> None:
    engine = await Engine.start(tmp_path)
    known = engine._renderer.engine
    assert isinstance(known, LivingEngine) and known.digest and known.digest in known.fingerprint
    assert engine.renderer.startswith("engine 0.") and "kustomize v5." in engine.renderer
    await engine.close()


CHART = {
    "web/Chart.yaml": "apiVersion: v2\nname: web\nversion: 1.0.0\n",
    "web/values.yaml": "size: 1\npassword: hidden-value-1\n",
    "web/templates/all.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: {{ .Release.Name }}}\n"
    "data: {size: {{ .Values.size | quote }}}\n---\napiVersion: v1\nkind: Secret\nmetadata: {name: s}\n"
    "stringData: {password: {{ .Values.password }}}\n",
    "jsonnet/main.jsonnet": "{apiVersion: 'v1', kind: 'ConfigMap', metadata: {name: 'from-jsonnet'}}\n",
}


@NEEDS_THE_ENGINE
async def test_charts_and_jsonnet_are_rendered_and_their_secrets_hidden(engine: Engine) -> None:
    apps = documents(application("web", "web"), application("lines", "jsonnet"))
    evaluation = await evaluated(engine, {"apps.yaml": apps, **CHART})
    web, lines = (state_of(evaluation, name).rendering for name in ("web", "lines"))
    assert isinstance(web, Rendered) and isinstance(lines, Rendered)
    assert sorted((one.id.kind, one.id.name, one.path) for one in web.resources) == [
        ("ConfigMap", "web", "web/templates/all.yaml"),
        ("Secret", "s", "web/templates/all.yaml"),
    ]
    assert [one.id.name for one in lines.resources] == ["from-jsonnet"]
    assert "hidden-value-1" not in repr(evaluation.snapshot.states)


@NEEDS_THE_ENGINE
async def test_a_chart_that_fails_is_told_at_its_line(engine: Engine) -> None:
    broken = CHART["web/templates/all.yaml"].replace(".Values.size | quote", 'required "size is needed" .Values.none')
    files = {"apps.yaml": application("web", "web"), **CHART, "web/templates/all.yaml": broken}
    rendering = state_of(await evaluated(engine, files), "web").rendering
    assert isinstance(rendering, RenderFailed)
    assert "size is needed" in rendering.message and rendering.span.path == "web/templates/all.yaml"


async def test_charts_wait_for_the_engine(tmp_path: Path) -> None:
    kubectl = await Engine.start(tmp_path, RENDERERS[0])
    rendering = state_of(await evaluated(kubectl, {"apps.yaml": application("web", "web"), **CHART}), "web").rendering
    assert isinstance(rendering, NotAnalysed) and "needs argofix-engine" in rendering.reason
    await kubectl.close()
