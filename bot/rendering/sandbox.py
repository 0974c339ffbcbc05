"""Running the renderer where a hostile repository can do no harm.

Where the kernel allows it, the renderer runs in namespaces of its own and with a directory of its own as the whole
file system (`bot.rendering.shut_in`), so that neither a path that our reader overlooked nor a future kustomize
feature can reach the host or the network. Everywhere it gets a minimal environment, limits before it begins, and an
end: whatever it started is killed when it ends, on time-out and on cancellation.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import resource
import signal
import subprocess
import sys
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bot.process.begin import begin as begin_process
from bot.rendering import shut_in

MAX_OUTPUT = 32 * 1024 * 1024  # bytes of one rendering
MAX_ERROR = 1024 * 1024
MAX_MEMORY = 1024**3  # bytes of its own that one run may take


class RenderTimeout(Exception):
    """The renderer did not end in time; its process group was killed."""


class RenderTooLarge(Exception):
    """The renderer printed more than `MAX_OUTPUT`; it was killed."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of one run: wall-clock and CPU seconds, bytes of memory of its own and of any file it writes, processes
    and threads of its user."""

    seconds: float = 60.0
    cpu_seconds: int = 120  # its collector of garbage has a processor of its own; the clock strikes first
    memory: int = MAX_MEMORY
    file: int = 64 * 1024**2
    processes: int = 1024

    def words(self) -> str:
        """As `bot.rendering.shut_in` reads them."""
        limits = {
            resource.RLIMIT_CPU: self.cpu_seconds,
            # Go reserves far more addresses than it uses (700 MB at its start): no measure of memory.
            resource.RLIMIT_DATA: self.memory,
            resource.RLIMIT_AS: self.memory + 3 * 1024**3,
            resource.RLIMIT_FSIZE: self.file,
            resource.RLIMIT_NPROC: self.processes,
            resource.RLIMIT_CORE: 0,
        }
        return ",".join(f"{which}:{value}" for which, value in limits.items())


def memory_of_one(jobs: int, quota: Path = Path("/sys/fs/cgroup/memory.max")) -> int:
    """Bytes of memory for each of `jobs` renderers, so that all of them and the server stay within the container's
    (cgroup v2)."""
    try:
        most = int(quota.read_text())
    except (OSError, ValueError):  # none, or "max"
        return MAX_MEMORY
    return min(MAX_MEMORY, max(_LEAST, (most - _SERVER) // jobs))


@dataclass(frozen=True, slots=True)
class Finished:
    status: int
    stdout: bytes
    stderr: str


_LEAST, _SERVER = 256 * 1024**2, 512 * 1024**2
_SCRIPT = Path(__file__).with_name("shut_in.py")
_KILLED = 128  # and the signal's number: how a program's end by a signal is handed on
_GRACE = 2.0  # seconds to kill what the renderer started

# GC is left off up to 512 MiB, or three quarters of what it may have: a run lives for a tenth of a second, and
# collecting costs a fifth of it.
_ENVIRONMENT = {"PATH": "/usr/bin:/bin", "LC_ALL": "C", "GOMAXPROCS": "1", "GOGC": "off"}


def method() -> str:
    """Changes with the way in which the renderer is shut in: what was found out about another one says nothing."""
    return f"{zlib.crc32(_SCRIPT.read_bytes()):08x}"


def could_not_begin(done: Finished) -> str | None:
    """Why the program was not even started; None when it was."""
    said = done.stderr.strip()
    return said[:200] if done.status == shut_in.FAILED and said.startswith("shut_in: ") else None


async def run(
    argv: Sequence[str], cwd: Path, home: str, limits: Limits, root: Path | None = None, alone: bool = False
) -> Finished:
    """Run `argv` to its end: with `root` as its whole file system, `alone` without a network and other processes.

    Raises `RenderTimeout`, `RenderTooLarge`, and `OSError` when it cannot be started.
    """
    process = await begin_process(
        *_wrapped(argv, limits, root, alone),
        end=_end,
        cwd=cwd,
        env={**_ENVIRONMENT, "HOME": home, "GOMEMLIMIT": f"{min(512, limits.memory // 2**20 * 3 // 4)}MiB"},
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        start_new_session=True,
    )
    out_task = asyncio.create_task(_read(process.stdout, MAX_OUTPUT))
    err_task = asyncio.create_task(_read(process.stderr, MAX_ERROR))
    try:
        async with asyncio.timeout(limits.seconds):
            out, err = await asyncio.gather(out_task, err_task)
            status = await process.wait()
    except TimeoutError:
        raise RenderTimeout(f"the renderer did not end within {limits.seconds:g} s") from None
    finally:
        for task in (out_task, err_task):
            task.cancel()
        await asyncio.gather(out_task, err_task, return_exceptions=True)
        await _end(process)
    return Finished(_KILLED - status if status > _KILLED else status, out, err.decode("utf-8", "replace"))


def begin(
    argv: Sequence[str], cwd: Path, limits: Limits, root: Path | None = None, alone: bool = False
) -> subprocess.Popen[bytes]:
    """Start `argv` as `run` does, to be spoken to over its pipes until it is ended; `seconds` are the caller's. It
    dies with the thread that starts it. Raises `OSError`."""
    return subprocess.Popen(
        _wrapped(argv, limits, root, alone),
        cwd=cwd,
        env={**_ENVIRONMENT, "HOME": "/", "GOGC": "100"},  # it lives on, so it collects
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )


def end(process: subprocess.Popen[bytes]) -> None:
    """As `_end`, for what was begun: blocking, and harmless when it has ended."""
    with contextlib.suppress(ProcessLookupError):
        if process.poll() is None:
            process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(_GRACE)
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _wrapped(argv: Sequence[str], limits: Limits, root: Path | None, alone: bool) -> list[str]:
    wrapper = [sys.executable, "-I", "-S", str(_SCRIPT), str(root or ""), "alone" if alone else "", limits.words()]
    return [*wrapper, *argv]


async def _end(process: asyncio.subprocess.Process) -> None:
    """Leave nothing behind. The wrapper finds what has left its process group too; the group is killed anyway."""
    with contextlib.suppress(ProcessLookupError):
        if process.returncode is None:
            process.terminate()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_GRACE):
                    await _bury(process)
        os.killpg(process.pid, signal.SIGKILL)
    await _bury(process)


async def _bury(process: asyncio.subprocess.Process) -> None:
    """Wait for the end. asyncio waits for the pipes too, and a full one that nobody reads would keep it for ever."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(5):
            await asyncio.gather(_discard(process.stdout), _discard(process.stderr))
    await process.wait()


async def _discard(stream: asyncio.StreamReader | None) -> None:
    while stream is not None and await stream.read(1024 * 1024):
        pass


async def _read(stream: asyncio.StreamReader | None, most: int) -> bytes:
    chunks: list[bytes] = []
    total = 0
    while stream is not None:
        chunk = await stream.read(256 * 1024)
        if not chunk:
            break
        total += len(chunk)
        if total > most:
            raise RenderTooLarge(f"the renderer prints more than {most // 2**20} MB")
        chunks.append(chunk)
    return b"".join(chunks)
