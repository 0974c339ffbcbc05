"""Running the renderer where a hostile repository can do no harm.

Where the kernel allows it, the renderer runs with an empty network namespace and with a directory of its own as the
whole file system (`unshare --net --root`), so that neither a path that our reader overlooked nor a future kustomize
feature can reach the host or the network. Everywhere it gets a minimal environment, limits, and its own process group
that is killed on time-out and on cancellation.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import resource
import shutil
import signal
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

MAX_OUTPUT = 64 * 1024 * 1024  # bytes of one rendering
MAX_ERROR = 1024 * 1024


class RenderTimeout(Exception):
    """The renderer did not end in time; its process group was killed."""


class RenderTooLarge(Exception):
    """The renderer printed more than `MAX_OUTPUT`; it was killed."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of one run: wall-clock and CPU seconds, bytes of address space and of any file it writes."""

    seconds: float = 60.0
    cpu_seconds: int = 60
    memory: int = 4 * 1024**3
    file: int = 64 * 1024**2


@dataclass(frozen=True, slots=True)
class Finished:
    status: int
    stdout: bytes
    stderr: str


# GC is left off up to 512 MiB: a run lives for a tenth of a second, and collecting costs a fifth of it.
_ENVIRONMENT = {"PATH": "/usr/bin:/bin", "LC_ALL": "C", "GOMAXPROCS": "1", "GOGC": "off", "GOMEMLIMIT": "512MiB"}


def wrapper(chroot: Path | None, network: bool) -> list[str]:
    """Words to put before the renderer's own: `network=False` cuts it off, `chroot` becomes its file system."""
    unshare = shutil.which("unshare")
    if unshare is None or (chroot is None and network):
        return []
    words = [unshare]
    if os.geteuid() != 0:
        words.append("--map-root-user")
    if not network:
        words.append("--net")
    if chroot is not None:
        words.append(f"--root={chroot}")
    return [*words, "--"]


async def run(argv: Sequence[str], cwd: Path, home: str, limits: Limits) -> Finished:
    """Run `argv` to its end. Raises `RenderTimeout`, `RenderTooLarge`, and `OSError` when it cannot be started."""
    process = await asyncio.create_subprocess_exec(
        *argv,
        cwd=cwd,
        env={**_ENVIRONMENT, "HOME": home},
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        start_new_session=True,
    )
    out_task = asyncio.create_task(_read(process.stdout, MAX_OUTPUT))
    err_task = asyncio.create_task(_read(process.stderr, MAX_ERROR))
    try:
        _limit(process.pid, limits)
        async with asyncio.timeout(limits.seconds):
            out, err = await asyncio.gather(out_task, err_task)
            status = await process.wait()
    except TimeoutError:
        raise RenderTimeout(f"the renderer did not end within {limits.seconds:g} s") from None
    finally:
        # Also when it has ended: something it started may still be there.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        for task in (out_task, err_task):
            task.cancel()
        await asyncio.gather(out_task, err_task, return_exceptions=True)
        await _bury(process)
    return Finished(status, out, err.decode("utf-8", "replace"))


async def _bury(process: asyncio.subprocess.Process) -> None:
    """Wait for the end. asyncio waits for the pipes too, and a full one that nobody reads would keep it for ever."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(5):
            await asyncio.gather(_discard(process.stdout), _discard(process.stderr))
    await process.wait()


async def _discard(stream: asyncio.StreamReader | None) -> None:
    while stream is not None and await stream.read(1024 * 1024):
        pass


def _limit(pid: int, limits: Limits) -> None:
    # Set from outside, a moment after the start: a `preexec_fn` would force the slow fork path for every render.
    wanted = (
        (resource.RLIMIT_CPU, limits.cpu_seconds),
        (resource.RLIMIT_AS, limits.memory),
        (resource.RLIMIT_FSIZE, limits.file),
        (resource.RLIMIT_CORE, 0),
    )
    for which, value in wanted:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            resource.prlimit(pid, which, (value, value))


async def _read(stream: asyncio.StreamReader | None, most: int) -> bytes:
    chunks: list[bytes] = []
    total = 0
    while stream is not None:
        chunk = await stream.read(256 * 1024)
        if not chunk:
            break
        total += len(chunk)
        if total > most:
            raise RenderTooLarge(f"the rendering is larger than {most:,} bytes")
        chunks.append(chunk)
    return b"".join(chunks)
