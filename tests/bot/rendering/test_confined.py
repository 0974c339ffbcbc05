"""In a restricted Pod the renderer cannot be shut in: it works all the same, and the log says what it could reach."""

from __future__ import annotations

import asyncio
import json
import os
import platform
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from bot.rendering.kustomize import Renderer, RendererBinary, available_cpus, find_binary, is_dynamic
from gitops.resources.rendering import BuildOptions, RenderRequest
from tests.bot.rendering import confine
from tests.bot.rendering.both import RENDERERS
from tests.github.state import key_pair
from tests.scenarios import Files, application, documents, kustomization, manifest, tree

pytestmark = pytest.mark.skipif(
    platform.machine() not in ("x86_64", "aarch64") or sys.platform != "linux", reason="knows no such system calls"
)
CONFINED = [sys.executable, confine.__file__]
NAMESPACE = manifest("Namespace", "shop")
TWICE: Files = {
    "apps/kustomization.yaml": kustomization("apps.yaml"),
    "apps/apps.yaml": documents(application("a", "a"), application("b", "b")),
    "a/kustomization.yaml": kustomization("namespace.yaml"),
    "a/namespace.yaml": NAMESPACE,
    "b/kustomization.yaml": kustomization("namespace.yaml"),
    "b/namespace.yaml": NAMESPACE,
}


def test_the_filter_refuses_what_a_restricted_pod_refuses() -> None:
    done = subprocess.run([*CONFINED, "/usr/bin/unshare", "--map-root-user", "true"], capture_output=True, text=True)
    assert done.returncode != 0 and "Operation not permitted" in done.stderr


@pytest.mark.parametrize("renderer", RENDERERS)
def test_everything_is_found_there_too(tmp_path: Path, renderer: str) -> None:
    for path, text in TWICE.items():
        (tmp_path / "repository" / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "repository" / path).write_bytes(text.encode() if isinstance(text, str) else text)
    state = tmp_path / "state"
    command = [*CONFINED, sys.executable, "-m", "bot", "check", "--format", "json", str(tmp_path / "repository")]
    environment = os.environ | {"ARGOFIX_STATE_DIR": str(state), "ARGOFIX_RENDERER": renderer}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60)
    assert done.returncode == 1, done.stderr
    assert [finding["rule"] for finding in json.loads(done.stdout)["findings"]] == ["duplicate-owner"]
    (notes,) = (state / "scratch").glob("*.json")
    remembered = json.loads(notes.read_text())
    assert (remembered["chroot"], remembered["cut_off"]) == (False, False)


async def test_the_server_says_so_in_its_log(tmp_path: Path) -> None:
    environment = {
        "PATH": os.environ["PATH"],
        "ARGOFIX_STATE_DIR": str(tmp_path),
        "ARGOFIX_LOG_FORMAT": "json",
        "GITHUB_APP_ID": "1",
        "GITHUB_PRIVATE_KEY": key_pair()[0],
        "GITHUB_WEBHOOK_SECRET": "secret",
        "GITHUB_API_URL": "http://127.0.0.1:9",
        "PORT": "0",
        "HOST": "127.0.0.1",
    }
    server = await asyncio.create_subprocess_exec(
        *CONFINED, sys.executable, "-m", "bot", "serve", env=environment, stderr=asyncio.subprocess.PIPE
    )
    try:
        assert server.stderr is not None
        async with asyncio.timeout(30):
            async for line in server.stderr:
                said = json.loads(line)
                if said["message"] == "the renderer is not shut in":
                    break
        assert said["level"] == "warning"
        assert said["exposed"] == "the server's file system and the network"
    finally:
        server.terminate()
        await server.wait()


@pytest.mark.parametrize(
    ("chroot", "cut_off", "exposed"),
    [(True, True, ()), (False, True, ("the server's file system",)), (True, False, ("the network",))],
)
def test_what_is_exposed(chroot: bool, cut_off: bool, exposed: tuple[str, ...]) -> None:
    assert RendererBinary(Path("kustomize"), "v5", chroot, cut_off).exposed == exposed


def test_a_program_that_needs_libraries_is_named_as_the_reason() -> None:
    shell = Path("/bin/sh").resolve()
    assert RendererBinary(shell, "v5", True, True).confinement == ""
    said = RendererBinary(shell, "v5", False, True).confinement
    assert said.startswith("it is not shut in and could reach the server's file system: ")
    assert said.endswith("is linked dynamically, so it does not start in a directory of its own")
    static = find_binary(None)  # Go's
    assert RendererBinary(static, "v5", False, False).confinement == (
        "it is not shut in and could reach the server's file system and the network"
    )
    assert not is_dynamic(Path(__file__))


async def test_what_another_machine_allowed_is_not_believed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = await Renderer.start(None, tmp_path)
    notes = tmp_path / "engine.json"
    lie = {**json.loads(notes.read_text()), "version": "v0.0.0"}
    notes.write_text(json.dumps(lie))
    assert (await Renderer.start(None, tmp_path)).engine.version == "v0.0.0"  # the same machine is believed
    here = os.uname()
    monkeypatch.setattr(os, "uname", lambda: os.uname_result((here.sysname, "another", *here[2:])))
    assert (await Renderer.start(None, tmp_path)).engine == first.engine


@pytest.mark.parametrize(
    ("text", "cpus"),
    [("max 100000\n", None), ("50000 100000\n", 1), ("100000 100000\n", 1), ("junk", None), (None, None)],
)
def test_a_containers_limit_of_cpus_counts(tmp_path: Path, text: str | None, cpus: int | None) -> None:
    quota = tmp_path / "cpu.max"
    if text is not None:
        quota.write_text(text)
    assert available_cpus(quota) == (cpus or len(os.sched_getaffinity(0)))


OUTSIDE: Files = {
    "apps.yaml": application("a", "a"),
    "a/kustomization.yaml": kustomization("../shared.yaml"),
    "shared.yaml": NAMESPACE,
}
ASKED: Files = {".github/argofix.yaml": "kustomize:\n  buildOptions: --load-restrictor LoadRestrictionsNone\n"}


@pytest.mark.parametrize("asked", [False, True], ids=["by itself", "asked for by the policy"])
@pytest.mark.parametrize("confined", [False, True], ids=["shut in", "in a restricted Pod"])
def test_load_restrictions_are_lifted_only_where_the_renderer_is_shut_in(
    tmp_path: Path, confined: bool, asked: bool
) -> None:
    for path, text in {**OUTSIDE, **(ASKED if asked else {})}.items():
        (tmp_path / "repository" / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "repository" / path).write_bytes(text.encode() if isinstance(text, str) else text)
    words = [sys.executable, "-m", "bot", "check", "--format", "json", str(tmp_path / "repository")]
    environment = os.environ | {"ARGOFIX_STATE_DIR": str(tmp_path / "state")}
    done = subprocess.run([*(CONFINED if confined else []), *words], env=environment, capture_output=True, text=True)
    report = json.loads(done.stdout)
    (found,) = report["applications"]
    if not confined:
        assert (found["status"], found["resources"]) == ("rendered", 1)
        return
    assert found["status"] == "not-analysed"
    assert found["reason"] == (
        "a/kustomization.yaml:4: `../shared.yaml` lies outside a, which kustomize's load restriction forbids; "
        "that needs the load restriction lifted, which argofix does only where the renderer is shut in"
    )


@pytest.mark.parametrize("confined", [False, True], ids=["shut in", "in a restricted Pod"])
async def test_the_flag_is_never_passed_to_a_renderer_that_is_not_shut_in(tmp_path: Path, confined: bool) -> None:
    """Whoever asks for a rendering, and whatever was read before."""
    renderer = await Renderer.start(None, tmp_path)
    if confined:
        renderer.engine = replace(renderer.engine, chroot=False, cut_off=False)
    everything = tree({"a/kustomization.yaml": kustomization("../shared.yaml"), "shared.yaml": NAMESPACE})
    options = BuildOptions(load_restrictor_none=True)
    output = await renderer.render(RenderRequest("x", everything, "a", tuple(everything.paths()), (), options), str)
    assert ("security; file" in (output.error or "")) is confined
