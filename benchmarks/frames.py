"""Broken streams into `argofix-engine`, and broken engines beside the pool: what each of them makes of the other.

    python -m benchmarks.fuzz --webhooks 0 --repositories 0 --frames 500

A stream is a generated chart with its request: cut, overwritten, with parts twice, with other lengths, with other
JSON. The engine has to end within ten seconds, by 0 (the stream ended between frames), 2 (it is none) or 3 (its last
answer), without a panic, and what it writes are frames of answers. A worker whose engine writes anything else has to
say `WorkerDied` or `RenderTooLarge`.
"""

from __future__ import annotations

import contextlib
import json
import struct
import subprocess
import sys
import tempfile
from pathlib import Path
from random import Random

from bot.rendering.sandbox import Limits, RenderTooLarge
from bot.rendering.worker import Worker, WorkerDied
from gitops.files.tree import blob_oid
from tests.gitops.charts.generated import chart
from tests.rendered import program

_SECONDS = 10
_OTHERS: tuple[object, ...] = (None, 1, -1, "", "x", "../x", "/etc/passwd", [], {}, [None], {"a": None}, 1e99, True)
_ENDS = (0, 2, 3)

# Engines that answer a request by something that is no answer.
LIARS = {
    "nothing": "",
    "a cut header": "out(b'A\\0')",
    "a cut answer": "out(b'A' + n(100) + b'{}')",
    "a gigabyte that is announced": "out(b'A' + n(2**30))",
    "a gigabyte": "out(b'A' + n(2**30)); [out(b'x' * 2**20) for _ in range(1024)]",
    "another frame": "out(b'B' + n(2) + b'{}')",
    "no JSON": "out(b'A' + n(3) + b'{{{')",
    "a list": "out(b'A' + n(2) + b'[]')",
    "another id": "out(b'A' + n(10) + b'{\"id\":\"x\"}')",
    "deep JSON": "out(b'A' + n(200000) + b'[' * 200000)",
    "words before it dies": "sys.stderr.write('fatal error' * 100000)",
    "a signal": "import os, signal; os.kill(os.getpid(), signal.SIGSEGV)",
}
_LIAR = """import struct, sys
n = lambda size: struct.pack('>I', size)
def out(data):
    sys.stdout.buffer.write(data); sys.stdout.buffer.flush()
header = sys.stdin.buffer.read(5)
sys.stdin.buffer.read(struct.unpack('>I', header[1:])[0])
"""


def frame(kind: bytes, payload: bytes) -> bytes:
    return kind + struct.pack(">I", len(payload)) + payload


def stream(random: Random) -> list[bytes]:
    """Frames that the engine understands: the files of a chart, and a request."""
    files = chart(random)
    ids = {path: blob_oid(text.encode()) for path, text in files.items()}
    blobs = [frame(b"B", ids[path].encode() + b"\n" + text.encode()) for path, text in files.items()]
    request = {"id": "1", "kind": "helm", "files": ids, "helm": json.loads(files["ask.json"])}
    return [*blobs, frame(b"Q", json.dumps(request).encode())]


def broken(random: Random) -> bytes:
    """The stream with a few things done to it."""
    frames = stream(random)
    for _ in range(random.choice((0, 1, 1, 2))):
        at = random.randrange(len(frames))
        match random.randrange(6):
            case 0:
                del frames[at]
            case 1:
                frames.insert(at, frames[at])
            case 2:
                frames[at] = (
                    frames[at][:1] + struct.pack(">I", random.choice((0, 1, 2**31, 2**32 - 1))) + frames[at][5:]
                )
            case 3:
                frames[at] = bytes([random.randrange(256)]) + frames[at][1:]
            case 4:
                frames.insert(at, frame(b"F", random.choice((b"[]", b"{}", b'["x"]', b"[1]", b""))))
            case 5:
                frames[-1] = frame(b"Q", _other(random, frames[-1][5:]))
        if not frames:
            break
    data = bytearray(b"".join(frames))
    for _ in range(random.choice((0, 0, 1, 5)) if data else 0):
        data[random.randrange(len(data))] = random.randrange(256)
    return bytes(data[: random.randrange(len(data) + 1)] if random.random() < 0.3 else data)


def _other(random: Random, request: bytes) -> bytes:
    """A request with one of its values replaced."""
    try:
        value = json.loads(request)
    except ValueError:
        return request
    here = value
    while isinstance(here, dict) and here:
        key = random.choice(sorted(here))
        if isinstance(here[key], dict) and random.random() < 0.7:
            here = here[key]
            continue
        here[key] = random.choice(_OTHERS)
        break
    return json.dumps(value).encode()


def into_engine(data: bytes) -> str:
    """What was wrong with how the engine took it; '' for nothing."""
    found = program()
    assert found is not None, "the engine is not built"
    argv = [str(found), "-seconds=5", "-memory=300"]
    try:
        done = subprocess.run(argv, input=data, capture_output=True, timeout=_SECONDS, check=False)
    except subprocess.TimeoutExpired:
        return "it does not end"
    if done.returncode not in _ENDS or b"goroutine" in done.stderr:
        return f"it ends with {done.returncode}: {done.stderr[-300:]!r}"
    rest = done.stdout
    while rest:
        size = struct.unpack(">I", rest[1:5])[0] if len(rest) >= 5 else -1
        if rest[:1] != b"A" or not 0 <= size <= len(rest) - 5:
            return f"it writes what is no frame: {rest[:40]!r}"
        error = (json.loads(rest[5 : 5 + size]).get("error") or {}).get("code")
        if error == "panicked":
            return f"it panics: {rest[5 : 5 + size][:300]!r}"
        rest = rest[5 + size :]
    return ""


def beside_liar(code: str) -> str:
    """What a worker says of an engine that runs `code` where it should answer; '' for something else than it may."""
    root = Path(tempfile.mkdtemp(prefix="argofix-liar-"))
    worker = Worker([sys.executable, "-c", _LIAR + code], root, Limits(), chroot=False, alone=False)
    try:
        worker.ask([], {"id": "1"})
    except (WorkerDied, RenderTooLarge) as error:
        return type(error).__name__
    finally:
        with contextlib.suppress(OSError):
            worker.end()
    return ""


def run(count: int, seed: int) -> list[str]:
    """What went wrong, with its seed."""
    faults = [f"an engine that writes {name} is believed" for name, code in LIARS.items() if not beside_liar(code)]
    for number in range(count):
        fault = into_engine(broken(Random(f"{seed}/{number}")))
        if fault:
            faults.append(f"seed {seed}, stream {number}: {fault}")
    print(f"{len(LIARS)} engines that lie, {count} broken streams, {len(faults)} faults", flush=True)
    return faults
