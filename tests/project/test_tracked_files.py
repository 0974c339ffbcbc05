"""What may stand in tracked files."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.project.repository import read, tracked

LONGEST = 400
# Made by a tool, or somebody else's text; and what grows by a line with each change, which nobody splits.
NOT_WRITTEN = re.compile(
    r"requirements\..*lock|requirements\.lock|LICENSE|tests/github/description/.*\.json|docs/rules\.md"
    r"|tests/golden/printed/.*|CHANGELOG\.md|tests/gitops/facts/as_go_does\.json|engine/.*\.sum|gitops/installation/data/.*\.json"
)
# In pieces, so that this file does not hold them.
HOSTS = (
    "pypi" + ".org", "python" + "hosted.org", "registry." + "npmjs", "deb." + "debian.org", "archive." + "ubuntu.com",
    "crates" + ".io", "proxy." + "golang.org", "npm" + "mirror.com",
)  # fmt: skip
# Checked-out copies, virtual environments and homes of particular machines.
MACHINES = re.compile(r"(?<![\w.\-/])/(?:work|root|home|Users)/\w|/tmp/[^\s\"']*venv|/opt/[\w-]*pypi")


def text_of(name: Path) -> str | None:
    try:
        return read(name)
    except UnicodeDecodeError:
        return None


def test_no_file_names_a_package_registry() -> None:
    found = [(str(n), host) for n in tracked() for host in HOSTS if host in (text_of(n) or "")]
    assert not found


def test_no_file_names_a_path_of_somebodys_machine() -> None:
    found = [(str(n), m[0]) for n in tracked() if (m := MACHINES.search(text_of(n) or ""))]
    assert not found


@pytest.mark.parametrize(
    ("line", "refused"),
    [
        ("cp " + "/wo" + "rk/main/x .", True),
        ("/tmp" + "/some-venv/bin/python", True),
        ("HOME=" + "/ho" + "me/alice", True),
        ("file:///etc", False),
        ("/tmp/pwned", False),
        ("frame/work/x", False),
        ("https://example.com/work/x", False),
    ],
)
def test_what_counts_as_such_a_path(line: str, refused: bool) -> None:
    assert bool(MACHINES.search(line)) is refused


def test_files_stay_short() -> None:
    written = [name for name in tracked() if not NOT_WRITTEN.fullmatch(name.as_posix())]
    lengths = {str(name): len(text.splitlines()) for name in written if (text := text_of(name)) is not None}
    too_long = {name: length for name, length in lengths.items() if length > LONGEST}
    assert not too_long, f"split them: {too_long}"


def test_every_module_says_what_it_is_for() -> None:
    sources = [n for n in tracked() if n.suffix == ".py" and n.parts[0] in ("bot", "checks", "gitops", "handlers")]
    silent = [str(n) for n in sources if (text := read(n)).strip() and not text.startswith('"""')]
    assert not silent


def test_nothing_is_called_utils() -> None:
    vague = {"utils", "util", "helpers", "helper", "manager", "common", "misc"}
    assert not [str(name) for name in tracked() if vague & {*name.parts[:-1], name.stem}]
