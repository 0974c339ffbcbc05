"""`argofix` as a process, without the half second in which Python reads it: forked from one that has read it.

It has its own arguments, environment, directory and streams, and ends like any other. Tests of how it starts
(`tests/bot/rendering/test_confined.py`, `tests/bot/server/test_setup.py`) run `python -m bot`.
"""

from __future__ import annotations

import atexit
import functools
import gc
import json
import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path

from bot.__main__ import main

_turn = threading.Lock()


def run(words: Sequence[str], environment: Mapping[str, str]) -> subprocess.CompletedProcess[bytes]:
    """One run of the command line, which reads nothing and is told no terminal."""
    with tempfile.TemporaryDirectory(prefix="argofix-run-") as name, _turn:
        out, err = Path(name, "out"), Path(name, "err")
        request = {
            "words": list(words),
            "environment": dict(environment),
            "directory": str(Path.cwd()),
            "streams": [os.devnull, str(out), str(err)],
        }
        nursery = _nursery()
        assert nursery.stdin is not None and nursery.stdout is not None
        nursery.stdin.write(json.dumps(request).encode() + b"\n")
        nursery.stdin.flush()
        status = nursery.stdout.readline()
        return subprocess.CompletedProcess(list(words), int(status), out.read_bytes(), err.read_bytes())


@functools.cache
def _nursery() -> subprocess.Popen[bytes]:
    process = subprocess.Popen(
        [sys.executable, "-m", __name__], stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=Path(__file__).parents[3]
    )
    atexit.register(process.communicate)
    return process


def _be(words: list[str], environment: Mapping[str, str], directory: str, streams: list[str]) -> int:
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(directory)
    for number, path in enumerate(streams):
        opened = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        os.dup2(opened, number)
        os.close(opened)
    sys.argv = ["argofix", *words]
    return main(words)


def _serve() -> None:
    import bot.cli.bump
    import bot.cli.commands
    import bot.cli.deliveries
    import bot.cli.published
    import bot.cluster.reader
    import bot.formats.reports.html
    import bot.formats.reports.sarif  # noqa: F401 - what runs begin with

    gc.freeze()
    while line := sys.stdin.buffer.readline():
        request = json.loads(line)
        child = os.fork()
        if child == 0:
            sys.exit(_be(**request))
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        sys.stdout.write(f"{status}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    _serve()
