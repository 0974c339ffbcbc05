"""Leaving the place where the renderer is shut in: a program that tries, with the means of the machine itself."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from bot.rendering import sandbox, shut_in

PERL = shutil.which("perl")  # a program that can make system calls with nothing beside it but its libraries
pytestmark = pytest.mark.skipif(PERL is None or sys.platform != "linux", reason="needs perl on Linux")

LEAVE = """
chroot "/dev" or die "chroot: $!"; chdir ".." for 1..64; chroot "." or die "again: $!";
open F, "<", $ARGV[0] or die "open: $!"; print <F>;
"""
PLAIN = {"PATH": os.environ["PATH"], "LC_ALL": "C"}
LIMITS = sandbox.Limits(processes=64).words()


@pytest.fixture
def enclosure() -> Iterator[Path]:
    """A directory with perl in it, which anybody may enter; a file that is not for it lies beside."""
    assert PERL is not None
    with tempfile.TemporaryDirectory(prefix="enclosure-") as directory:
        root = Path(directory, "root")
        for file in (PERL, *re.findall(r"(/\S+) \(", subprocess.check_output(["ldd", PERL], text=True))):
            target = root / ("perl" if file == PERL else file.lstrip("/"))
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(file, target)
        (root / "dev").mkdir()
        (root / "dev" / "null").touch()  # perl reads it where it has its script as an argument
        Path(directory, "secret").write_text("loot")
        shutil.copy2(shut_in.__file__, Path(directory, "shut_in.py"))
        Path(directory).chmod(0o755)
        yield root


def inside(root: Path, script: str, *arguments: str, limits: str = LIMITS, before: Sequence[str] = ()) -> str:
    """What a script of perl says and prints that is shut into `root`; `before` are words to run it all by."""
    python = "/usr/bin/python3" if before else sys.executable  # ours may lie where nobody else may go
    words = [python, "-I", "-S", str(root.parent / "shut_in.py"), str(root), "alone", limits, "/perl", "-e", script]
    done = subprocess.run(
        [*before, *words, *arguments], capture_output=True, text=True, timeout=60, cwd="/", env=PLAIN
    )
    if done.returncode == shut_in.FAILED and os.geteuid() != 0:
        pytest.skip(f"this machine shuts nothing in: {done.stderr}")
    return done.stdout + done.stderr


def by_nobody() -> list[str]:
    if os.geteuid() != 0 or not shutil.which("setpriv"):
        pytest.skip("needs root to become somebody else")
    return ["setpriv", "--reuid=65533", "--regid=65533", "--clear-groups", "--inh-caps=-all", "--bounding-set=-all"]


@pytest.mark.parametrize("user", ["us", "nobody"])
def test_nothing_gets_out_by_changing_its_root(enclosure: Path, user: str) -> None:
    before = by_nobody() if user == "nobody" else []
    assert inside(enclosure, "print -e '/perl' ? 'here' : 'lost'", before=before) == "here"
    said = inside(enclosure, LEAVE, str(enclosure.parent / "secret"), before=before)
    assert "loot" not in said
    assert "chroot: Operation not permitted" in said
    read = "chdir '..' for 1..64; open F, '<', \".$ARGV[0]\" or die \"open: $!\"; print <F>"
    assert "No such file" in inside(enclosure, read, str(enclosure.parent / "secret"), before=before)


def test_a_change_of_root_alone_does_not_hold(enclosure: Path) -> None:
    """The control: what `unshare --root` gives is left as above."""
    words = ["unshare", *(["--map-root-user"] if os.geteuid() else []), "--net", f"--root={enclosure}", "--"]
    secret = str(enclosure.parent / "secret")
    done = subprocess.run([*words, "/perl", "-e", LEAVE, secret], capture_output=True, text=True, env=PLAIN)
    assert done.stdout == "loot" or "Operation not permitted" in done.stderr, done.stderr
    if os.geteuid() == 0:
        assert done.stdout == "loot"


@pytest.mark.parametrize("user", ["us", "nobody"])
def test_it_has_no_rights_and_nobody_beside_it(enclosure: Path, user: str) -> None:
    before = by_nobody() if user == "nobody" else []
    said = inside(
        enclosure, 'print "$< $> $$ ", kill(0, $ARGV[0]) ? "seen" : "alone"', str(os.getpid()), before=before
    )
    assert said == "65534 65534 2 alone"
    assert "Read-only file system" in inside(enclosure, 'open F, ">", "/new" or die $!; print $!', before=before)


def test_there_is_no_network(enclosure: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        script = (
            'socket(S,2,1,0); print connect(S, pack("SnC4x8", 2, $ARGV[0], 127, 0, 0, 1)) ? "connected" : "cut off"'
        )
        assert inside(enclosure, script, str(port)) == "cut off"
        assert PERL is not None
        assert subprocess.check_output([PERL, "-e", script, str(port)], text=True, env=PLAIN) == "connected"


def test_limits_hold_from_the_first_instruction(enclosure: Path) -> None:
    forks = "my $n = 0; while ($n < 200) { my $p = fork; last unless defined $p; if (!$p) { sleep 9 } $n++ } print $n"
    # Threads of renderers that other tests run as this user count as well.
    limits = sandbox.Limits(processes=150, memory=256 * 1024**2, file=1024).words()
    assert 0 < int(inside(enclosure, forks, limits=limits)) <= 150
    assert "Out of memory" in inside(enclosure, 'my $x = "x" x 5e8; print length $x', limits=limits)


ELSEWHERE = (
    "import runpy, sys; sys.platform = 'other'; path = sys.argv.pop(1); runpy.run_path(path, run_name='__main__')"
)


@pytest.mark.parametrize(
    ("alone", "program", "status", "said"),
    [
        ("", ["/bin/sh", "-c", "ulimit -c; exit 3"], 3, "0\n"),
        ("alone", ["/bin/true"], shut_in.FAILED, "shut_in: only Linux has namespaces\n"),
        ("", ["/no/such/program"], shut_in.FAILED, "shut_in: No such file or directory\n"),
    ],
)
def test_on_another_system_it_only_sets_limits(alone: str, program: list[str], status: int, said: str) -> None:
    words = [sys.executable, "-I", "-c", ELSEWHERE, shut_in.__file__, "", alone, LIMITS, *program]
    done = subprocess.run(words, capture_output=True, text=True, env=PLAIN)
    assert (done.returncode, done.stdout + done.stderr) == (status, said)


@pytest.mark.parametrize(
    ("text", "jobs", "memory"),
    [
        ("max\n", 2, 1024**3),
        (None, 2, 1024**3),
        (f"{2 * 1024**3}\n", 2, 768 * 1024**2),
        (f"{512 * 1024**2}\n", 4, 256 * 1024**2),
        (f"{64 * 1024**3}\n", 4, 1024**3),
    ],
)
def test_renderers_share_the_containers_memory(tmp_path: Path, text: str | None, jobs: int, memory: int) -> None:
    quota = tmp_path / "memory.max"
    if text is not None:
        quota.write_text(text)
    assert sandbox.memory_of_one(jobs, quota) == memory
