"""The engine itself, spoken to directly: what the model asks for is answered by the program that argofix installs.

Only the walls around it are left out (`bot.rendering`): nothing here is hostile.
"""

from __future__ import annotations

import json
import os
import shutil
import struct
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from gitops.charts.answers import output_of
from gitops.discovery.rounds import discover
from gitops.discovery.snapshot import Snapshot, State
from gitops.discovery.sources import Analysis
from gitops.files.tree import MODE_SUBMODULE, MODE_SYMLINK, Tree, blob_oid
from gitops.outside.found import Found
from gitops.outside.wanted import Wanted
from gitops.resources.manifests import redactor
from gitops.resources.rendering import Asking, Output, RenderRequest
from tests.driven import T, driven, nothing
from tests.layouts import MATCHER

REDACT = redactor(b"k" * 32)
ANALYSIS = Analysis(MATCHER, REDACT, "kustomize v5.8.1", engine="engine")


class EngineProcess:
    """One process for all tests. `asked` are the requests, in order."""

    def __init__(self, program: Path) -> None:
        self._process = subprocess.Popen([program], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self._sent: set[str] = set()
        self.asked: list[RenderRequest] = []

    def run(self, asking: Asking[T], fetch: Callable[[Wanted], Found] = nothing) -> T:
        """Drive a generator of the model to its end."""
        return driven(asking, self.render, fetch)

    def render(self, request: RenderRequest) -> Output:
        self.asked.append(request)
        asks, patched = request.asks, dict(request.patched)
        files: dict[str, str] = {}
        links: dict[str, str] = {}
        for path in request.files:
            entry = request.tree.entry(path)
            if entry is None or entry.mode == MODE_SUBMODULE:
                continue
            data = patched.get(path) or request.tree.read(path)
            if entry.mode == MODE_SYMLINK and path not in patched:
                links[path] = data.decode()
                continue
            files[path] = oid = blob_oid(data)
            if oid not in self._sent:
                self._sent.add(oid)
                self._write(b"B", oid.encode() + b"\n" + data)
        flags = request.options
        versions = {"kubeVersion": flags.kube_version, "apiVersions": flags.api_versions}
        kind, asked = "kustomize", {"root": request.root, "enableHelm": flags.enable_helm, **versions}
        if asks is not None:
            kind, asked = asks.kind, dict(asks.document())
        document = {"id": "1", "kind": kind, "files": files, "links": links, kind: asked}
        self._write(b"Q", json.dumps(document).encode())
        answer = self._answer()
        output = output_of(request, answer, REDACT)
        if asks is not None:
            return output
        # What kustomize builds stands in files as it is, or a kustomization makes it (`bot.rendering.living`).
        origins = [one.get("origin") or {} for one in answer.get("resources") or ()]
        pairs = zip(output.resources, origins, strict=True)
        made = (replace(one, template="", generator=origin.get("configuredIn")) for one, origin in pairs)
        return replace(output, resources=tuple(made))

    def _write(self, kind: bytes, payload: bytes) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(kind + struct.pack(">I", len(payload)) + payload)
        self._process.stdin.flush()

    def _answer(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        header = self._process.stdout.read(5)
        answer: dict[str, Any] = json.loads(self._process.stdout.read(struct.unpack(">I", header[1:])[0]))
        return answer

    def close(self) -> None:
        self._process.kill()
        self._process.communicate()


@cache
def program() -> Path | None:
    found = shutil.which("argofix-engine", path=str(Path(sys.executable).parent)) or shutil.which("argofix-engine")
    return Path(found) if found else None


def needs_engine() -> None:
    """Skip where the engine could not be built (`make setup` says why); fail where it could."""
    if program() is None:
        if os.environ.get("TESTS_NEED_ENGINE"):
            pytest.fail("argofix-engine is not there, and this machine can build it", pytrace=False)
        pytest.skip("argofix-engine is not built")


def running() -> Iterator[EngineProcess]:
    """One process, for a fixture of whatever scope."""
    needs_engine()
    found = program()
    assert found is not None
    process = EngineProcess(found)
    yield process
    process.close()


def application(name: str, source: str, namespace: str = "shop") -> str:
    """The manifest of an Application whose `source` (or `sources`) is given as YAML, indented by two."""
    return f"""apiVersion: argoproj.io/v1alpha1
kind: Application
metadata: {{name: {name}, namespace: argocd}}
spec:
  project: default
{source}
  destination: {{server: https://kubernetes.default.svc, namespace: {namespace}}}
"""


def snapshot_of(engine: EngineProcess, files: Mapping[str, str], analysis: Analysis = ANALYSIS) -> Snapshot:
    return engine.run(discover(Tree.of({path: text.encode() for path, text in files.items()}), analysis))


def state_of(engine: EngineProcess, files: Mapping[str, str], name: str = "web", **options: Any) -> State:
    found = snapshot_of(engine, files, **options)
    return next(state for state in found.states if state.application.name == name)
