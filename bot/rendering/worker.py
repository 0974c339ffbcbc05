"""One process of `argofix-engine`: frames on its stdin and stdout, one request at a time. For threads.

It is shut in before it hears of any repository (`bot.rendering.sandbox.begin`). The frames are those of
`engine/internal/frames`, the documents those of `engine/internal/protocol`.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import struct
import subprocess
import threading
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import IO, Any

from bot.rendering import sandbox

BLOB, REQUEST, ANSWER = b"B", b"Q", b"A"
MAX_FRAME = 64 * 2**20  # bytes that the engine reads of one frame
MAX_ANSWER = sandbox.MAX_OUTPUT * 2  # JSON may escape each sign; an engine that says more is none of ours
_HEADER = struct.Struct(">cI")
_SAID = 64 * 1024  # bytes of stderr: Go's runtime tells there why it ended


class WorkerDied(Exception):
    """The process ended, or said something that is no answer. `said` is the end of its stderr, for us alone."""

    def __init__(self, said: str = "") -> None:
        super().__init__("the renderer ended without an answer")
        self.said = said


class Worker:
    """A running engine in `root`, a directory that goes with it. Raises `OSError` where it cannot be started."""

    def __init__(self, argv: list[str], root: Path, limits: sandbox.Limits, *, chroot: bool, alone: bool) -> None:
        self.root = root
        self.requests = 0
        self.known: set[str] = set()  # blobs that it was sent
        self._process = sandbox.begin(argv, root, limits, root=root if chroot else None, alone=alone)
        self._said = bytearray()
        self._listener = threading.Thread(target=self._listen, daemon=True)
        self._listener.start()
        self._pid: int | None = None

    def ask(self, blobs: Iterable[tuple[str, bytes]], request: Mapping[str, Any]) -> dict[str, Any]:
        """Its answer, once it has these blobs as well. Raises `WorkerDied`, and `RenderTooLarge` for one that is."""
        self.requests += 1
        try:
            for oid, data in blobs:
                self._send(BLOB, oid.encode() + b"\n" + data)
                self.known.add(oid)
            self._send(REQUEST, json.dumps(request).encode())
            assert self._process.stdin is not None
            self._process.stdin.flush()
            answer = json.loads(self._receive())
        except (OSError, ValueError, RecursionError):
            raise WorkerDied(self.words()) from None
        if not isinstance(answer, dict) or answer.get("id") != request["id"]:
            raise WorkerDied(self.words())
        for oid in (answer.get("error") or {}).get("missing") or ():
            self.known.discard(oid)
        return answer

    def words(self) -> str:
        """What it wrote to stderr, once it has ended."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(1)
            self._listener.join(1)
        return self._said.decode("utf-8", "replace")

    @property
    def resident(self) -> int:
        """Bytes of memory that it holds; 0 where that cannot be told."""
        try:
            if self._pid is None:
                self._pid = _last_descendant(self._process.pid)
            pages = int(Path(f"/proc/{self._pid}/statm").read_text().split()[1])
            return pages * os.sysconf("SC_PAGE_SIZE")
        except (OSError, ValueError, IndexError):
            return 0

    def end(self) -> None:
        """Leave nothing of it behind, whatever it is doing. Whoever waits for an answer gets `WorkerDied`."""
        sandbox.end(self._process)
        self._listener.join(5)
        for stream in (self._process.stdin, self._process.stdout, self._process.stderr):
            with contextlib.suppress(OSError, ValueError):
                if stream is not None:
                    stream.close()
        shutil.rmtree(self.root, ignore_errors=True)

    def _send(self, kind: bytes, payload: bytes) -> None:
        stdin = self._process.stdin
        assert stdin is not None
        stdin.write(_HEADER.pack(kind, len(payload)))
        stdin.write(payload)

    def _receive(self) -> bytes:
        stdout = self._process.stdout
        assert stdout is not None
        kind, length = _HEADER.unpack(_exactly(stdout, _HEADER.size))
        if kind != ANSWER:
            raise ValueError("no answer")
        if length > MAX_ANSWER:
            raise sandbox.RenderTooLarge(f"the renderer prints more than {sandbox.MAX_OUTPUT // 2**20} MB")
        return _exactly(stdout, length)

    def _listen(self) -> None:
        stderr = self._process.stderr
        assert stderr is not None
        with contextlib.suppress(OSError, ValueError):
            while chunk := os.read(stderr.fileno(), 4096):
                if len(self._said) < _SAID:
                    self._said += chunk


def _exactly(stream: IO[bytes], length: int) -> bytes:
    data = stream.read(length)
    if len(data) != length:
        raise OSError("the stream ends inside of a frame")
    return data


def _last_descendant(pid: int) -> int:
    """The engine itself, below those that watch it."""
    children: dict[int, int] = {}  # one of each process
    for name in os.listdir("/proc"):  # noqa: PTH208 - the names alone
        if name.isdigit():
            with contextlib.suppress(OSError):
                # The name of the program stands in brackets, and may hold anything.
                children[int(Path(f"/proc/{name}/stat").read_text().rpartition(")")[2].split()[1])] = int(name)
    while pid in children:
        pid = children[pid]
    return pid
