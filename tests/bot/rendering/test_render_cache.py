"""Several processes over one cache: real ones, each held up at the worst moment."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from bot.rendering.cache import RenderCache
from gitops.resources.rendering import Call, Fault, Output, Unstable
from gitops.resources.resource import Resource, ResourceId

SLOW = """
import secrets, sys
from pathlib import Path
from bot.rendering.cache import RenderCache
made = secrets.token_bytes
def slowly(size):
    print("begun", flush=True)
    sys.stdin.readline()
    return made(size)
secrets.token_bytes = slowly
print(RenderCache(Path(sys.argv[1])).key.hex(), flush=True)
"""
HOLDING = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("BEGIN EXCLUSIVE")
connection.execute("CREATE TABLE other (a)")
print("begun", flush=True)
sys.stdin.readline()
connection.execute("COMMIT")
print("ended", flush=True)
"""


@contextmanager
def process(script: str, argument: Path) -> Iterator[subprocess.Popen[str]]:
    """Runs until it says that it has begun; it goes on with `go_on`."""
    words = [sys.executable, "-c", script, str(argument)]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as running:
        assert running.stdout is not None
        assert running.stdout.readline() == "begun\n"
        yield running


def go_on(running: subprocess.Popen[str]) -> str:
    """What it says in the end."""
    return running.communicate("\n", timeout=60)[0].strip()


@pytest.mark.parametrize("damaged", [None, b"", b"half of it"])
def test_processes_that_start_at_once_have_one_key(tmp_path: Path, damaged: bytes | None) -> None:
    if damaged is not None:
        (tmp_path / "redaction.key").write_bytes(damaged)
    with process(SLOW, tmp_path) as slow:
        quick = RenderCache(tmp_path)
        assert go_on(slow) == quick.key.hex()
    quick.close()
    assert (tmp_path / "redaction.key").read_bytes() == quick.key
    assert (tmp_path / "redaction.key").stat().st_mode & 0o777 == 0o600
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith("redaction")] == ["redaction.key"]


def found(cache: RenderCache) -> dict[str, Output | None]:
    return dict(cache.get(["one"], lambda _key, _size: True))


def test_a_locked_database_is_left_alone_and_used_when_it_is_free(tmp_path: Path) -> None:
    cache = RenderCache(tmp_path)
    path = next(tmp_path.glob("renderings-*.sqlite"))
    cache.close()
    path.unlink()
    with process(HOLDING, path) as holding:
        inode = path.stat().st_ino
        cache = RenderCache(tmp_path, patience=0.01)
        cache.put({"one": Output(error="Error: x")})
        assert found(cache) == {}
        assert go_on(holding) == "ended"
    assert path.stat().st_ino == inode
    cache.put({"one": Output(error="Error: x")})
    assert found(cache) == {"one": Output(error="Error: x")}
    cache.close()
    with sqlite3.connect(path) as other:
        assert other.execute("SELECT count(*) FROM other").fetchone() == (0,)
    other.close()


def test_what_is_no_database_is_made_anew(tmp_path: Path) -> None:
    RenderCache(tmp_path).close()
    next(tmp_path.glob("renderings-*.sqlite")).write_bytes(b"no database" * 1000)
    cache = RenderCache(tmp_path)
    cache.put({"one": Output(error="Error: x")})
    assert found(cache) == {"one": Output(error="Error: x")}
    cache.close()


def test_renderings_with_digests_of_a_lost_key_are_not_used(tmp_path: Path) -> None:
    cache = RenderCache(tmp_path)
    cache.put({"one": Output(error="Error: x")})
    cache.close()
    again = RenderCache(tmp_path)
    assert found(again) == {"one": Output(error="Error: x")}
    again.close()
    (tmp_path / "redaction.key").unlink()
    other = RenderCache(tmp_path)
    assert found(other) == {}
    other.close()


def test_a_closed_cache_stays_closed(tmp_path: Path) -> None:
    cache = RenderCache(tmp_path)
    cache.close()
    cache.put({"one": Output(error="Error: x")})
    assert found(cache) == {}


def test_what_the_engine_tells_of_charts_is_kept(tmp_path: Path) -> None:
    rid = ResourceId("", "Secret", "shop", "pass")
    made = Resource(rid, b"kind: Secret\n", "c/templates/s.yaml", None, False, 3, 3, "c/templates/s.yaml", True)
    calls = (Call("now", "c/templates/_helpers.tpl", 2), Call("uuidv4", "c/charts/x.tgz"))
    unstable = (
        Unstable(rid, "/data/password", "c/templates/s.yaml", 3, calls),
        Unstable(None, "", "c/templates/x.yaml"),
    )
    fault = Fault("not-found", "open a.yaml", "a.yaml", 2, "valueFiles[0]", ("cache 4.5.6",))
    outputs = {
        "a": Output((made,), unstable=unstable, said=("a note",)),
        "b": Output(error="open a.yaml", fault=fault),
    }
    cache = RenderCache(tmp_path)
    cache.put(outputs)
    assert cache.get(outputs, lambda _key, _size: True) == outputs
    cache.close()
