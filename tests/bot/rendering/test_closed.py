"""What a repository says cannot make kustomize read this machine or ask its network: end to end, in both worlds.

All attacks go through the command line at once: shut in as far as the kernel allows, and in a Pod's confinement,
where nothing holds but our own reading. The same repository shows its loot there when that reading is taken out.
"""

from __future__ import annotations

import http.server
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.bot.rendering import confine, undefended
from tests.bot.rendering.attacks import BASE, LOOT, attacks, builtin_generator, config_map, pod
from tests.bot.rendering.both import NEEDS_THE_ENGINE, RENDERERS
from tests.scenarios import application, documents


class _Handler(http.server.BaseHTTPRequestHandler):
    hits: list[str]

    def do_GET(self) -> None:
        self.hits.append(self.path)
        value = f"{LOOT}the-network"
        self.send_response(200)
        self.end_headers()
        self.wfile.write((config_map(value) if self.path == "/resource" else value).encode())

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def loopback() -> Iterator[tuple[str, list[str]]]:
    """A server that only this machine should reach: its URL, and the paths that were asked for."""
    hits: list[str] = []
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"hits": hits})) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}", hits
        server.shutdown()


def write(repository: Path, found: Mapping[str, Mapping[str, str]]) -> None:
    applications = []
    for name, files in found.items():
        options = files.get("application")
        source = {"kustomize": json.loads(options)} if options else None
        applications.append(application(name, name, namespace=name, source=source))
        for path, text in {"base.yaml": BASE, **files}.items():
            if path != "application":
                target = repository / name / path
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_text(text)
    (repository / "apps.yaml").write_text(documents(*applications))


class Outcome:
    """What the command line printed, whose loot is in it, and which paths of the loopback server were asked for."""

    def __init__(self, printed: str, errors: str, hits: list[str]) -> None:
        self.printed, self.errors, self.hits = printed, errors, hits
        report = json.loads(printed)
        self.status: dict[str, str] = {one["name"]: one["status"] for one in report["applications"]}
        findings: list[dict[str, Any]] = report["findings"]
        self.leaked = {name for one in findings if LOOT in json.dumps(one) for name in one["applications"]}


def attempt(tmp_path: Path, command: list[str], confined: bool, renderer: str = RENDERERS[0]) -> Outcome:
    """Check the hostile repository. The process that does carries a credential in its environment, and one of the
    attacks names that process by its number."""
    repository, secret = tmp_path / "repository", tmp_path / "host-secret"
    secret.write_text(f"{LOOT}a-file")
    Path(f"{secret}.patch").write_text(json.dumps(pod(f"{LOOT}a-patch")))
    environment = os.environ | {
        "ARGOFIX_STATE_DIR": str(tmp_path / "state"),
        "ARGOFIX_RENDERER": renderer,
        "GITHUB_WEBHOOK_SECRET": f"{LOOT}the-environment",
        "PYTHONPATH": str(Path(__file__).parents[3]),
    }
    confinement = [sys.executable, confine.__file__] if confined else []
    shell = ["/bin/sh", "-c", 'echo $$; read _; exec "$@"', "sh", sys.executable, *command]
    pipe = subprocess.PIPE
    with (
        loopback() as (url, hits),
        subprocess.Popen(
            [*confinement, *shell, "check", "--format", "json", str(repository)],
            env=environment,
            stdin=pipe,
            stdout=pipe,
            stderr=pipe,
            text=True,
        ) as process,
    ):
        assert process.stdout is not None
        environ = f"/proc/{process.stdout.readline().strip()}/environ"
        write(repository, {**attacks(str(secret), url), "environment-of-the-server": builtin_generator(environ)})
        printed, errors = process.communicate("\n", timeout=120)
    return Outcome(printed, errors, hits)


@pytest.mark.parametrize("confined", [False, True], ids=["shut in", "in a restricted Pod"])
@pytest.mark.parametrize("renderer", RENDERERS)
def test_no_attack_reads_this_machine(tmp_path: Path, confined: bool, renderer: str) -> None:
    outcome = attempt(tmp_path, ["-m", "bot"], confined, renderer)
    assert len(outcome.status) == len(attacks("/x", "http://x")) + 1
    assert "rendered" not in outcome.status.values()
    assert LOOT not in outcome.printed + outcome.errors
    assert outcome.hits == []
    state = [path for path in (tmp_path / "state").rglob("*") if path.is_file()]
    assert not any(LOOT.encode() in path.read_bytes() for path in state)


def test_without_our_reading_every_attack_works_where_nothing_is_shut_in(tmp_path: Path) -> None:
    outcome = attempt(tmp_path, [undefended.__file__], confined=True)
    assert outcome.status.keys() - outcome.leaked == set(), outcome.errors
    assert f"{LOOT}the-environment" in outcome.printed
    assert {"/directory", "/capitals", "/resource"} <= set(outcome.hits)


@NEEDS_THE_ENGINE
def test_the_engine_reaches_nothing_though_nothing_shuts_it_in_and_nobody_reads_first(tmp_path: Path) -> None:
    """It knows no files but those of its request, and opens none: a sandbox is what comes after that."""
    outcome = attempt(tmp_path, [undefended.__file__], True, RENDERERS[-1])
    assert outcome.status
    assert LOOT not in outcome.printed + outcome.errors
    assert outcome.hits == []


@pytest.mark.parametrize("renderer", RENDERERS)
def test_without_our_reading_the_sandbox_still_holds(tmp_path: Path, renderer: str) -> None:
    outcome = attempt(tmp_path, [undefended.__file__], False, renderer)
    assert outcome.status
    assert LOOT not in outcome.printed + outcome.errors
    assert outcome.hits == []
