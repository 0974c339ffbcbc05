"""Symlinks in and out of the repository, and an engine whose surroundings break."""

from __future__ import annotations

import asyncio
import re
import stat
from pathlib import Path

import pytest

from bot.process.errors import TemporaryError
from bot.rendering.cache import RenderCache
from bot.rendering.driver import Engine
from bot.rendering.evaluation import evaluate
from bot.rendering.kustomize import Renderer, RendererMissing
from bot.repositories.trees import BlobUnreadable
from checks.policy.file import Policy
from gitops.files.tree import MODE_FILE, MODE_SYMLINK, Entry, Tree, blob_oid
from gitops.resources.rendering import BuildOptions, Rendered, RenderFailed, RenderRequest
from tests.scenarios import (
    MATCHER,
    application,
    config_map,
    documents,
    evaluated,
    failure_of,
    kustomization,
    of_rule,
    state_of,
    tree,
)

MARKER = "marker-51c2"
OUT = re.compile("outside the repository|leaves the repository")


def linked(files: dict[str, str], links: dict[str, str]) -> Tree:
    content = {path: data.encode() for path, data in {**files, **links}.items()}
    entries = {
        path: Entry(MODE_SYMLINK if path in links else MODE_FILE, blob_oid(data), len(data))
        for path, data in content.items()
    }
    return Tree(entries, lambda path, _: content[path])


@pytest.mark.parametrize(
    "links",
    [
        {"a/secret": "{outside}"},
        {"a/secret": "../../../../../../../../..{outside}"},
        {"a/secret": "one", "a/one": "two", "a/two": "{outside}"},
        {"a/secret": "dir/host-secret", "a/dir": "{directory}"},
        {"a/secret": "/proc/self/environ"},
    ],
    ids=["absolute", "relative", "chain", "directory", "proc"],
)
@pytest.mark.parametrize("front_door", [True, False])
async def test_no_symlink_reaches_the_host(
    engine: Engine, tmp_path: Path, links: dict[str, str], front_door: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    outside = tmp_path / "host-secret"
    outside.write_text(MARKER)
    monkeypatch.setenv("GITHUB_PRIVATE_KEY", MARKER)
    links = {path: target.format(outside=outside, directory=tmp_path) for path, target in links.items()}
    generator = "configMapGenerator:\n- name: x\n  files: [secret, dir/host-secret]\n  envs: [secret]\n"
    files = {"apps.yaml": application("app", "a"), "a/kustomization.yaml": generator}
    hostile = linked(files, links)
    if front_door:
        evaluation = await evaluate(engine, hostile, None, MATCHER, Policy())
        rendering = state_of(evaluation, "app").rendering
        assert isinstance(rendering, RenderFailed)
        assert OUT.search(rendering.message)
        assert MARKER not in repr(evaluation)
        return
    # As if our reader had let it through: no such link is written.
    options = BuildOptions(load_restrictor_none=True)
    output = await engine.render(RenderRequest("x", hostile, "a", tuple(hostile.paths()), (), options))
    assert OUT.search(output.error or "")
    assert MARKER not in repr(output)


async def test_links_inside_the_repository_are_followed_and_findings_stand_at_the_real_file(engine: Engine) -> None:
    files = {
        "apps.yaml": documents(application("a", "a"), application("b", "b")),
        "real/kustomization.yaml": kustomization("link.yaml"),
        "real/file.yaml": config_map("m"),
        "b/kustomization.yaml": kustomization("../real", "own.yaml"),
        "b/own.yaml": config_map("own"),
        "a/kustomization.yaml": kustomization("../one"),
    }
    links = {"one": "two", "two": "real", "real/link.yaml": "file.yaml"}
    evaluation = await evaluate(engine, linked(files, links), None, MATCHER, Policy())
    for name in ("a", "b"):
        rendering = state_of(evaluation, name).rendering
        assert isinstance(rendering, Rendered), rendering
        assert "real/file.yaml" in [resource.path for resource in rendering.resources]
    (finding,) = of_rule(evaluation, "duplicate-owner")
    places = [(related.span.path, related.span.line) for related in finding.related]
    assert ("real/kustomization.yaml", 4) in places
    assert ("real/file.yaml", 1) in places
    # Behind the links both take in the same directory, each by an entry of its own.
    assert finding.fix is not None
    assert [str(edit.span) for edit in finding.fix.edits] == ["b/kustomization.yaml:4"]


async def test_a_file_that_becomes_a_link_is_rendered_anew(engine: Engine) -> None:
    """The content of a link is its target, so the object and its id stay the same."""
    files = {
        "apps.yaml": application("app", "a"),
        "a/kustomization.yaml": "configMapGenerator:\n- name: x\n  files: [one, two]\n",
        "a/two": MARKER,
    }
    said = []
    for tree_ in (linked({**files, "a/one": "two"}, {}), linked(files, {"a/one": "two"})):
        rendering = state_of(await evaluate(engine, tree_, None, MATCHER, Policy()), "app").rendering
        assert isinstance(rendering, Rendered), rendering
        said.append(rendering.resources[0].manifest()["data"])
    assert said == [{"one": "two", "two": MARKER}, {"one": MARKER, "two": MARKER}]


async def test_a_file_that_a_builtin_plugin_missed_is_seen_when_it_comes(engine: Engine) -> None:
    files = {
        "apps.yaml": application("app", "a"),
        "a/kustomization.yaml": "generators: [g.yaml]\n",
        "a/g.yaml": "apiVersion: builtin\nkind: ConfigMapGenerator\nmetadata: {name: x}\nfiles: [data.txt]\n",
    }
    failure = failure_of(await evaluated(engine, files), "app")
    assert (failure.message, str(failure.span)) == ("`data.txt` does not exist", "a/g.yaml:4")
    rendering = state_of(await evaluated(engine, {**files, "a/data.txt": "hello"}), "app").rendering
    assert isinstance(rendering, Rendered), rendering


async def test_an_unreadable_blob_is_its_own_error_and_the_next_evaluation_works(engine: Engine) -> None:
    files = {
        "apps.yaml": application("app", "a"),
        "a/kustomization.yaml": kustomization("m.yaml", "n.yaml"),
        "a/m.yaml": config_map("unreadable-m"),
        "a/n.yaml": config_map("unreadable-n"),
    }
    whole = tree(files)
    asked: list[str] = []

    def read(path: str, _entry: Entry) -> bytes:
        asked.append(path)
        if asked.count(path) > 1 and path.startswith("a/m"):
            raise BlobUnreadable("the object is damaged")
        return whole.read(path)

    broken = Tree({path: whole.entry(path) or Entry(0, "") for path in files}, read)
    with pytest.raises(TemporaryError, match="damaged"):
        await evaluate(engine, broken, None, MATCHER, Policy())
    assert isinstance(state_of(await evaluated(engine, files), "app").rendering, Rendered)


def fake(directory: Path) -> Path:
    path = directory / "kustomize"
    path.write_text('#!/bin/sh\n[ "$1" = version ] && echo v5.0.0\nexit 0\n')
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


async def test_a_renderer_that_went_away_is_one_clear_error(tmp_path: Path) -> None:
    binary = fake(tmp_path)
    renderer = await Renderer.start(str(binary), tmp_path / "home")
    engine = Engine(renderer, RenderCache(tmp_path / "cache"))
    for copy in (tmp_path / "home").glob("engine-*"):
        copy.unlink()
    binary.unlink()
    files = {
        "apps.yaml": documents(application("app", "a"), application("other", "b")),
        **{f"{name}/kustomization.yaml": kustomization("m.yaml") for name in "ab"},
        **{f"{name}/m.yaml": config_map(name) for name in "ab"},
    }
    with pytest.raises(RendererMissing):
        await evaluated(engine, files)
    await engine.close()


async def test_a_rendering_that_one_asks_for_and_gives_up_is_finished_for_the_other(engine: Engine) -> None:
    files = {
        "apps.yaml": application("app", "a"),
        "a/kustomization.yaml": kustomization("m.yaml"),
        "a/m.yaml": config_map("given-up"),
    }
    before = engine.renderer_runs
    first = asyncio.create_task(evaluated(engine, files))
    second = asyncio.create_task(evaluated(engine, files))
    while not any(each.waiting == 2 for each in engine._running.values()):  # noqa: ASYNC110 - there is no event for it
        await asyncio.sleep(0)
    first.cancel()
    assert isinstance(state_of(await second, "app").rendering, Rendered)
    assert engine.renderer_runs == before + 1
    with pytest.raises(asyncio.CancelledError):
        await first


async def test_what_a_killed_renderer_left_is_not_kept(tmp_path: Path) -> None:
    binary = fake(tmp_path)
    binary.write_text('#!/bin/sh\n[ "$1" = version ] && echo v5.0.0 && exit 0\nkill -9 $$\n')
    engine = await Engine.start(tmp_path / "state", str(binary))
    files = {
        "apps.yaml": application("app", "a"),
        "a/kustomization.yaml": kustomization("m.yaml"),
        "a/m.yaml": config_map("m"),
    }
    commit = Tree.of({path: text.encode() for path, text in files.items()}, "a" * 40)
    for runs in (1, 2):
        judged = await evaluate(engine, commit, None, MATCHER, Policy())
        assert isinstance(state_of(judged, "app").rendering, RenderFailed)
        assert engine.renderer_runs == runs
    await engine.close()


async def test_a_commit_is_looked_at_once_also_when_something_in_it_does_not_render(engine: Engine) -> None:
    files = {"apps.yaml": application("app", "a"), "a/kustomization.yaml": kustomization("missing.yaml")}
    commit = Tree.of({path: text.encode() for path, text in files.items()}, "b" * 40)
    first, second = [await evaluate(engine, commit, None, MATCHER, Policy()) for _ in range(2)]
    assert isinstance(state_of(first, "app").rendering, RenderFailed)
    assert second.snapshot.states is first.snapshot.states
