"""The repository as git knows it."""

from __future__ import annotations

import subprocess
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]


@cache
def tracked() -> tuple[Path, ...]:
    """Every tracked file that is there, relative to `ROOT`."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True).stdout
    names = [Path(name) for name in listed.decode().split("\0") if name]
    return tuple(name for name in names if (ROOT / name).is_file())


def read(name: str | Path) -> str:
    return (ROOT / name).read_text(encoding="utf-8")
