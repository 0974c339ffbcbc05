"""A real child of the same user looks for the credentials of the process that started it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.process import own_process

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="is about Linux")
SECRET = "loot-4f1c"

# What the process with the credential does: read it, keep it, and start a child that looks everywhere.
PARENT = """
import os, subprocess, sys, runpy
names = runpy.run_path(sys.argv[1])
kept = [os.environ["GITHUB_WEBHOOK_SECRET"]]
if sys.argv[3] == "kept":
    names["keep_to_itself"](["GITHUB_WEBHOOK_SECRET"])
assert "GITHUB_WEBHOOK_SECRET" not in os.environ or sys.argv[3] == "open"
assert os.environ["HOME"] == "/nowhere" and os.getenv("PATH")
subprocess.run([sys.executable, "-I", "-c", sys.argv[2], str(os.getpid())])
subprocess.run([sys.executable, "-I", "-c", "import os; assert os.environ['HOME'] == '/nowhere'"], check=True)
"""
CHILD = f"""
import json, os, sys
of, found = "/proc/" + sys.argv[1], {{}}
def look(name, read):
    try:
        found[name] = "seen" if {SECRET[::-1]!r}[::-1].encode() in read() else "not there"
    except OSError as error:
        found[name] = "refused"
def memory():
    seen = b""
    with open(of + "/mem", "rb", 0) as file:
        for line in open(of + "/maps"):
            low, high = (int(part, 16) for part in line.split()[0].split("-"))
            if "r" in line.split()[1] and high - low < 2**26:
                file.seek(low)
                try:
                    seen += file.read(high - low)
                except (OSError, OverflowError):
                    pass
    return seen
look("environ", lambda: open(of + "/environ", "rb").read())
look("mem", memory)
look("fd", lambda: str(os.listdir(of + "/fd")).encode())
print(json.dumps(found))
"""


@pytest.fixture
def module() -> Iterator[Path]:
    """The module where anybody may read it."""
    with tempfile.TemporaryDirectory() as directory:
        Path(directory).chmod(0o755)
        yield Path(shutil.copy(own_process.__file__, directory))


def looked(module: Path, how: str, *, as_root: bool = False) -> dict[str, str]:
    words = ["/usr/bin/python3", "-I", "-c", PARENT, str(module), CHILD, how]
    if os.geteuid() == 0 and not as_root:
        if not shutil.which("setpriv"):
            pytest.skip("needs setpriv to become somebody else")
        words = ["setpriv", "--reuid=65533", "--regid=65533", "--clear-groups", "--inh-caps=-all", *words]
    environment = {"PATH": os.environ["PATH"], "HOME": "/nowhere", "GITHUB_WEBHOOK_SECRET": SECRET}
    done = subprocess.run(words, env=environment, capture_output=True, text=True, check=True, cwd="/", timeout=60)
    found: dict[str, str] = json.loads(done.stdout)
    return found


def test_a_child_finds_no_credential(module: Path) -> None:
    assert looked(module, "kept") == {"environ": "refused", "mem": "refused", "fd": "refused"}


def test_without_it_a_child_finds_them(module: Path) -> None:
    found = looked(module, "open")
    assert found["environ"] == "seen"
    assert found["fd"] == "not there"  # it may list them
    if Path("/proc/sys/kernel/yama/ptrace_scope").exists():
        return  # memory is then for those only who started the process
    assert found["mem"] == "seen"


@pytest.mark.skipif(os.geteuid() != 0, reason="is about root")
def test_not_even_roots_children_find_them_in_the_environment(module: Path) -> None:
    assert looked(module, "kept", as_root=True)["environ"] == "not there"
    assert looked(module, "open", as_root=True)["environ"] == "seen"
