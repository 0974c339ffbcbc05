"""The renderer that goes on living: `argofix-engine`, in workers that are shut in (`bot.rendering.pool`).

It answers the same requests as `bot.rendering.kustomize` with the same bytes: kustomize's own code spells them.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
import logging
import os
import shutil
import tempfile
from dataclasses import dataclass, field, replace
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

from bot.rendering import sandbox
from bot.rendering.files import contents, files_of, refuse_bomb
from bot.rendering.helm import HelmCommand
from bot.rendering.kustomize import (
    OUT_OF_MEMORY,
    Renderer,
    RendererBinary,
    RendererMissing,
    beside_python,
    place,
    prepare,
    remember,
)
from bot.rendering.pool import Pool
from bot.rendering.worker import Worker, WorkerDied
from gitops.charts.answers import fault_of, output_of, unstable_of
from gitops.files.errors import GitopsError, MalformedYaml
from gitops.files.tree import MODE_SYMLINK, blob_oid
from gitops.resources.manifests import Redact, read_answered
from gitops.resources.redaction import hide_secrets
from gitops.resources.rendering import Output, RenderRequest
from gitops.resources.resource import Resource

log = logging.getLogger(__name__)

NAME = "argofix-engine"
_CPU_SECONDS = 24 * 3600  # of all that a worker renders; each of its requests has seconds of its own
_ENDED = "the renderer ended over it without an answer, twice: these files make kustomize itself fail"


def find_engine(setting: str | None = None) -> Path | None:
    """The program that argofix was installed with, or one on PATH; None where `setting` names another renderer."""
    if setting is not None and not Path(setting).name.startswith(NAME):
        return None
    found = shutil.which(setting) if setting else shutil.which(NAME, path=beside_python()) or shutil.which(NAME)
    return None if found is None else Path(found).resolve()


@dataclass(frozen=True, slots=True)
class LivingEngine(RendererBinary):
    """`version` is all that it tells of itself, `digest` that of the program."""

    digest: str = ""

    @property
    def identity(self) -> str:
        return f"engine {_own_version()} {self.version}"

    @property
    def fingerprint(self) -> str:
        return f"{self.identity} {self.digest}"

    @property
    def charts(self) -> str:
        return self.fingerprint


@cache
def _own_version() -> str:
    """Read once: each evaluation asks, and reading it parses the whole metadata."""
    return version("argofix")


class LivingRenderer(Renderer):
    """Renders requests in living workers. Close it."""

    def __init__(
        self, engine: RendererBinary, home: Path, jobs: int | None = None, limits: sandbox.Limits | None = None
    ) -> None:
        super().__init__(engine, home, jobs, limits)
        self.limits = replace(self.limits, cpu_seconds=max(_CPU_SECONDS, self.limits.cpu_seconds))
        self.pool = Pool(self._start, self.most, self.limits.seconds)
        self._scratch: Path | None = None

    @classmethod
    async def start_living(cls, binary: Path, home: Path, jobs: int | None = None) -> LivingRenderer:
        """Learn what the program is and how far it can be shut in (remembered per binary). Raises `RendererMissing`
        where it does not answer."""
        key, notes = prepare(home, binary, "living.json")
        with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
            known = json.loads(notes.read_text())
            if known["key"] == key:
                engine = LivingEngine(
                    binary, known["version"], known["chroot"], known["cut_off"], digest=known["digest"]
                )
                return cls(engine, home, jobs)
        digest = await asyncio.to_thread(_digest, binary)
        reason = ""
        for chroot, alone in ((True, True), (False, True), (False, False)):
            renderer = cls(LivingEngine(binary, "", chroot, alone, digest=digest), home, jobs)
            try:
                answer = await renderer.pool.ask(_VERSIONS)
                spelt = (await renderer.pool.ask(_TRIAL)).get("resources") or [{}]
            except (WorkerDied, sandbox.RenderTimeout, sandbox.RenderTooLarge, OSError) as error:
                reason = (error.said if isinstance(error, WorkerDied) else "") or str(error)
                await renderer.close()
                continue
            if not spelt[0].get("text"):
                await renderer.close()
                raise RendererMissing(f"{binary} is of another version of argofix; `make engine` builds this one's")
            told = answer.get("versions") or {}
            words = " ".join(f"{name} {told[name]}" for name in ("kustomize", "helm", "jsonnet") if name in told)
            renderer.engine = replace(renderer.engine, version=words)
            remember(notes, key=key, version=words, chroot=chroot, cut_off=alone, digest=digest)
            return renderer
        raise RendererMissing(f"{binary} does not answer: {reason.strip()[:200]}")

    def _start(self) -> Worker:
        engine = self.engine
        root = Path(tempfile.mkdtemp(dir=self.home, prefix="worker-"))
        try:
            program = place(self, root) if engine.chroot else str(engine.binary)
            root.chmod(0o755)
            limits = self.limits
            # What it notices itself it can tell; the kernel only refuses.
            megabytes = limits.memory * 7 // 8 // 2**20
            argv = [program, f"-seconds={limits.seconds:g}", f"-memory={megabytes}"]
            return Worker(argv, root, limits, chroot=engine.chroot, alone=engine.cut_off)
        except BaseException:
            shutil.rmtree(root, ignore_errors=True)
            raise

    async def _lifted(self, request: RenderRequest, redact: Redact) -> Output:
        """One request; the engine itself tries again where only the load restriction stands in the way."""
        try:
            job = await asyncio.to_thread(_job, request, self.engine.shut_in)
        except GitopsError as error:
            return Output(error=str(error))
        except UnicodeEncodeError:
            return Output(refused="a file that it reads has a name that is no UTF-8")
        try:
            answer = await self.pool.ask(job)
        except GitopsError as error:
            return Output(error=str(error))
        except WorkerDied as died:
            if any(words in died.said for words in OUT_OF_MEMORY):
                return self._out_of_memory()
            return Output(error=_ENDED, transient=True, timed_out=True)
        except sandbox.RenderTimeout as error:
            return Output(error=str(error), transient=True, timed_out=True)
        except sandbox.RenderTooLarge as error:
            return Output(refused=f"{error}, and argofix reads no more")
        except OSError as error:
            raise RendererMissing(f"{self.engine.binary} cannot be run: {error.strerror}") from None
        return await asyncio.to_thread(self._output, request, answer, redact)

    def _output(self, request: RenderRequest, answer: dict[str, Any], redact: Redact) -> Output:
        if request.asks is not None:
            return output_of(request, answer, redact)
        failed = answer.get("error")
        if failed is None:
            try:
                lifted = answer.get("lifted")
                said = None if lifted is None else hide_secrets(lifted, contents(request))
                made = tuple(_resource(one, redact) for one in answer.get("resources") or ())
                return Output(made, lifted=said, unstable=unstable_of(answer, made))
            except MalformedYaml as error:
                return Output(error=str(error))
        code, message = failed.get("code"), str(failed.get("message", ""))
        if code == "timed-out":
            text = f"the renderer did not end within {self.limits.seconds:g} s"
            return Output(error=text, transient=True, timed_out=True)
        if code == "too-large":
            if answer.get("last"):
                return self._out_of_memory()
            if "rendered output" in message:
                most = sandbox.MAX_OUTPUT // 2**20
                return Output(refused=f"the renderer prints more than {most} MB, and argofix reads no more")
            return Output(refused=message)
        if code == "panicked":
            message = message.partition("\n")[0]
        fault = fault_of(request, {**failed, "message": hide_secrets(message, contents(request))})
        return Output(error=fault.message, fault=fault)

    async def close(self) -> None:
        await self.pool.close()


def _resource(one: dict[str, Any], redact: Redact) -> Resource:
    origin = one.get("origin") or {}
    here = not origin.get("repo")
    path, generator = (origin.get(name) or None if here else None for name in ("path", "configuredIn"))
    return read_answered(str(one.get("text", "")).encode(), path, generator, redact)


@dataclass(frozen=True, slots=True)
class _Asked:
    """A request of our own, with the blobs that it names."""

    request: dict[str, Any]
    blobs: dict[str, bytes] = field(default_factory=dict)

    def missing(self, known: set[str]) -> list[tuple[str, bytes]]:
        return [(oid, data) for oid, data in self.blobs.items() if oid not in known]


_VERSIONS = _Asked({"id": "versions", "kind": "versions", "files": {}})
_SMALL = b"configMapGenerator: [{name: trial}]"
# A rendering tells whether it speaks as this argofix does.
_TRIAL = _Asked(
    {
        "id": "trial",
        "kind": "kustomize",
        "files": {"kustomization.yaml": blob_oid(_SMALL)},
        "text": True,
        "kustomize": {"root": ""},
    },
    {blob_oid(_SMALL): _SMALL},
)


@dataclass(frozen=True, slots=True)
class _Job:
    """A `RenderRequest` in the engine's words; `paths` of what each blob is read from."""

    rendering: RenderRequest = field(repr=False)
    request: dict[str, Any] = field(repr=False)
    paths: dict[str, str] = field(repr=False)

    def missing(self, known: set[str]) -> list[tuple[str, bytes]]:
        patched = dict(self.rendering.patched)
        tree, opaque = self.rendering.tree, self.rendering.opaque
        found: list[tuple[str, bytes]] = []
        for oid, path in self.paths.items():
            if oid not in known:
                data = patched.get(path)
                data = tree.read(path) if data is None else data
                if path not in opaque and self.rendering.asks is None:  # templates are no YAML yet
                    refuse_bomb(path, data)
                found.append((oid, data))
        return found


def _job(rendering: RenderRequest, shut_in: bool) -> _Job:
    tree, patched = rendering.tree, dict(rendering.patched)
    files: dict[str, str] = {}
    links: dict[str, str] = {}
    paths: dict[str, str] = {}
    for path, entry in files_of(rendering):
        path.encode()
        if entry.mode == MODE_SYMLINK and path not in patched:
            if rendering.asks is None:
                tree.resolve(path)  # raises when it leads out of the repository; a chart's links may go unused
            links[path] = os.fsdecode(tree.read(path))
            links[path].encode()
            continue
        oid = blob_oid(patched[path]) if path in patched else entry.oid
        files[path] = oid
        paths.setdefault(oid, path)
        if path not in rendering.opaque:
            paths[oid] = path  # so that it is looked at before anybody reads it
    request: dict[str, Any] = {
        "id": rendering.fingerprint,
        "files": files,
        "links": links,
        "limits": {"outputBytes": sandbox.MAX_OUTPUT},
    }
    if (asks := rendering.asks) is not None:
        return _Job(rendering, {**request, "kind": asks.kind, asks.kind: asks.document()}, paths)
    flags = rendering.options
    kustomize = {
        "root": rendering.root,
        "loadRestrictorNone": flags.load_restrictor_none and shut_in,
        "keepRestriction": not shut_in,
        "enableHelm": flags.enable_helm,
        "enablePlugins": flags.enable_plugins,
        "kubeVersion": flags.kube_version,
        "apiVersions": flags.api_versions,
    }
    opaque = sorted(rendering.opaque & files.keys())
    request |= {"kind": "kustomize", "opaque": opaque, "text": True, "kustomize": kustomize}
    return _Job(rendering, request, paths)


def _digest(binary: Path) -> str:
    with binary.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()[:16]


def _named(engine: str) -> Path:
    found = shutil.which(engine)
    if found is None:
        raise RendererMissing(f"ARGOFIX_ENGINE names {engine}, which cannot be run")
    return Path(found).resolve()


class WithHelm(Renderer):
    """What renders without the engine: kustomize or kubectl, and for charts a helm, where there is one."""

    _helm: HelmCommand | None = None

    @classmethod
    async def start(cls, setting: str | None, home: Path, jobs: int | None = None) -> WithHelm:
        renderer = await super().start(setting, home, jobs)
        renderer._helm = await HelmCommand.find(renderer)
        if renderer._helm is not None:
            renderer.engine = replace(renderer.engine, helm=renderer._helm.engine.version)
        return renderer

    async def _lifted(self, request: RenderRequest, redact: Redact) -> Output:
        if request.asks is not None and self._helm is not None:
            return await self._helm.chart(request, redact)
        return await super()._lifted(request, redact)


async def choose(setting: str | None, home: Path, jobs: int | None = None, engine: str | None = None) -> Renderer:
    """The engine where it works, unless another renderer is asked for by `setting`; else kustomize or kubectl.
    `engine` is where the engine is (ARGOFIX_ENGINE): then it is that one or none. Raises `RendererMissing`."""
    if engine is not None:
        return await LivingRenderer.start_living(_named(engine), home, jobs)
    binary = find_engine(setting)
    if binary is not None:
        try:
            return await LivingRenderer.start_living(binary, home, jobs)
        except RendererMissing as error:
            if setting is not None:
                raise
            log.warning("the engine does not work", extra={"reason": str(error)})
    return await WithHelm.start(setting, home, jobs)
