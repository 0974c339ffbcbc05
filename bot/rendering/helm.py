"""Charts without the engine: `helm template` of a helm on PATH, once for each chart, shut in like kustomize."""

from __future__ import annotations

import asyncio
import logging
import shutil
import tempfile
from dataclasses import replace
from pathlib import Path

from bot.rendering import sandbox
from bot.rendering.files import contents, write_files
from bot.rendering.kustomize import (
    OUT_OF_MEMORY,
    Renderer,
    RendererBinary,
    RendererMissing,
    is_dynamic,
    open_to_all,
    place,
    prepare,
)
from gitops.charts.answers import output_of
from gitops.charts.command import (
    Answer,
    NotFound,
    arguments,
    failure,
    is_random,
    read_printed,
    values_of,
    with_unstable,
)
from gitops.charts.helm import NEEDS_ENGINE
from gitops.files.errors import GitopsError
from gitops.resources.manifests import Redact
from gitops.resources.rendering import Output, RenderRequest
from gitops.resources.requests import HelmRequest

log = logging.getLogger(__name__)

_VERSION = ["version", "--template", "{{.Version}}"]


class HelmCommand(Renderer):
    """Renders charts in the place of the engine; everything else is for kustomize."""

    @classmethod
    async def find(cls, beside: Renderer) -> HelmCommand | None:
        """The helm on PATH, where it can be run and shut in as far as kustomize is."""
        binary = _on_path()
        if binary is None:
            return None
        prepare(beside.home, binary)
        engine = beside.engine
        command = cls(RendererBinary(binary, "", engine.chroot, engine.cut_off), beside.home, limits=beside.limits)
        try:
            with tempfile.TemporaryDirectory(dir=beside.home) as scratch:
                done = await command.helm(_VERSION, Path(scratch))
        except (RendererMissing, sandbox.RenderTimeout, sandbox.RenderTooLarge) as error:
            reason = f"{binary} is linked dynamically" if engine.chroot and is_dynamic(binary) else str(error)
        else:
            version = done.stdout.decode("utf-8", "replace").strip()
            if done.status == 0 and version:
                command.engine = replace(command.engine, version=version)
                return command
            reason = done.stderr.strip()[:200]
        log.warning("the helm on PATH is not used", extra={"reason": reason})
        return None

    async def helm(self, words: list[str], scratch: Path) -> sandbox.Finished:
        """One run in `scratch`, which holds all that it may see. Raises `RendererMissing`, `RenderTimeout`,
        `RenderTooLarge`."""
        engine = self.engine
        try:
            program = place(self, scratch) if engine.chroot else str(engine.binary)
            (scratch / "tmp").mkdir(exist_ok=True)
            await asyncio.to_thread(open_to_all, scratch)
            home, root = ("/tmp", scratch) if engine.chroot else (str(scratch / "tmp"), None)  # noqa: S108
            done = await sandbox.run([program, *words], scratch, home, self.limits, root=root, alone=engine.cut_off)
        except OSError as error:
            raise RendererMissing(f"{engine.binary} cannot be run: {error.strerror}") from None
        if (reason := sandbox.could_not_begin(done)) is not None:
            raise RendererMissing(f"{engine.binary} cannot be run: {reason}")
        return done

    async def chart(self, request: RenderRequest, redact: Redact) -> Output:
        """One chart. What is no chart needs the engine."""
        asks = request.asks
        if not isinstance(asks, HelmRequest):
            return Output(refused=f"it is Jsonnet, {NEEDS_ENGINE}")
        try:
            answer = await self._answer(request, asks)
            if "resources" in answer and await asyncio.to_thread(
                lambda: is_random(data for _, data in contents(request))
            ):
                again = await self._answer(request, asks)
                answer = with_unstable(answer, again) if "resources" in again else answer
            return await asyncio.to_thread(output_of, request, answer, redact)
        except NotFound as missing:
            return output_of(request, {"error": missing.error}, redact)
        except GitopsError as error:
            return Output(error=str(error))
        except sandbox.RenderTimeout as error:
            return Output(error=str(error), transient=True, timed_out=True)
        except sandbox.RenderTooLarge as error:
            return Output(refused=f"{error}, and argofix reads no more")

    async def _answer(self, request: RenderRequest, asks: HelmRequest) -> Answer:
        scratch = Path(tempfile.mkdtemp(dir=self.home, prefix="chart-"))
        try:
            base = "" if self.engine.chroot else str(scratch)
            words = arguments(request.tree, asks, f"{base}/repo", f"{base}/values.yaml")
            await asyncio.to_thread(_write, request, asks, scratch)
            done = await self.helm(words, scratch)
            if done.status != 0 and any(words in done.stderr for words in OUT_OF_MEMORY):
                raise sandbox.RenderTooLarge("it takes more memory than is granted")
            if done.status != 0:
                return failure(request.tree, asks, done.stderr, f"{base}/repo")
            printed = done.stdout.decode("utf-8", "surrogateescape")
            return await asyncio.to_thread(read_printed, request.tree, asks, printed)
        finally:
            await asyncio.shield(asyncio.to_thread(shutil.rmtree, scratch, ignore_errors=True))


def _on_path() -> Path | None:
    found = shutil.which("helm")
    return None if found is None else Path(found).resolve()


def _write(request: RenderRequest, asks: HelmRequest, scratch: Path) -> None:
    write_files(request, scratch / "repo", templates=True)
    (scratch / "values.yaml").write_text(values_of(asks), errors="surrogateescape")
