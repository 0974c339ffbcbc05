"""The Dockerfile, as far as it can be judged without a Docker engine, and the wheel that it installs."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

from bot.server.settings import SECRET_VARIABLES
from tests.project.repository import ROOT, read, tracked


@pytest.fixture(scope="module")
def instructions() -> list[tuple[str, str]]:
    """(instruction, arguments) with continuations joined and comments dropped."""
    lines = [line for line in read("Dockerfile").splitlines() if not line.lstrip().startswith("#")]
    joined = "\n".join(lines).replace("\\\n", " ")
    pairs = [line.split(maxsplit=1) for line in joined.splitlines() if line.strip()]
    return [(pair[0], pair[1]) for pair in pairs]


def final_stage(instructions: list[tuple[str, str]]) -> list[tuple[str, str]]:
    last = max(index for index, (name, _) in enumerate(instructions) if name == "FROM")
    return instructions[last:]


def test_it_does_not_run_as_root(instructions: list[tuple[str, str]]) -> None:
    users = [arguments for name, arguments in final_stage(instructions) if name == "USER"]
    assert users and re.fullmatch(r"[1-9]\d*:[1-9]\d*", users[-1])  # numbers, so that runAsNonRoot can tell


def test_every_base_is_pinned_to_a_version(instructions: list[tuple[str, str]]) -> None:
    images = [
        arguments.split("=", 1)[1] for name, arguments in instructions if name == "ARG" and "IMAGE=" in arguments
    ]
    assert images and all(
        re.fullmatch(r"[\w/.-]+:[\w.-]*\d[\w.-]*(@sha256:[0-9a-f]{64})?", image) for image in images
    )
    assert {arguments.split()[0] for name, arguments in instructions if name == "FROM"} == {"${PYTHON_IMAGE}"}


def test_the_engine_is_built_in_a_stage_that_stays_behind(instructions: list[tuple[str, str]]) -> None:
    stages = [text.split()[2] for name, text in instructions if name == "FROM" and " AS " in text]
    begins = [index for index, (name, _) in enumerate(instructions) if name == "FROM"]
    stage = instructions[begins[stages.index("engine")] : begins[stages.index("engine") + 1]]
    (built,) = [text for name, text in stage if name == "RUN"]
    assert "engine/build.py /argofix-engine" in built and "--go-on" not in built  # no engine, no image
    copied = [text for name, text in final_stage(instructions) if name == "COPY" and "--from=engine" in text]
    # Where the server looks for it, and nothing else of that stage.
    assert [text.split()[1:] for text in copied] == [["/argofix-engine", "/opt/argofix/bin/argofix-engine"]]


def test_packages_come_by_hash_only(instructions: list[tuple[str, str]]) -> None:
    for name, text in instructions:
        for command in re.findall(r"pip (?:install|wheel) [^&|;]*", text) if name == "RUN" else ():
            assert "--require-hashes" in command or "--no-index" in command, command


def test_everything_that_is_copied_is_tracked_and_not_ignored(instructions: list[tuple[str, str]]) -> None:
    allowed = {line[1:] for line in read(".dockerignore").splitlines() if line.startswith("!")}
    known = {name.parts[0] for name in tracked()} | {".dockerignore", "Dockerfile"}
    for name, text in instructions:
        if name == "COPY" and "--from=" not in text:
            for source in text.split()[:-1]:
                assert source in allowed and (source in known or (ROOT / source).exists()), source


def test_it_starts_the_console_script_and_watches_its_health(instructions: list[tuple[str, str]]) -> None:
    stage = dict(final_stage(instructions))
    assert json.loads(stage["ENTRYPOINT"]) == ["argofix"] and json.loads(stage["CMD"]) == ["serve"]
    assert "argofix" in tomllib.loads(read("pyproject.toml"))["project"]["scripts"]
    command = json.loads(stage["HEALTHCHECK"].partition("CMD")[2])
    # Started with the container's environment, which every process of its user may read.
    without, script = command[: command.index("python")], command[command.index("-c") + 1]
    assert without == ["env", *(word for name in SECRET_VARIABLES for word in ("-u", name))]
    compile(script, "HEALTHCHECK", "exec")
    assert "/healthz" in script


def test_the_wheel_holds_every_source_file_and_nothing_else(tmp_path: Path) -> None:
    command = [
        sys.executable,
        "-m",
        "pip",
        "wheel",
        "--quiet",
        "--disable-pip-version-check",
        "--no-deps",
        "--no-index",
    ]
    command += ["--no-build-isolation", "--wheel-dir", str(tmp_path), str(ROOT)]
    subprocess.run(command, check=True, timeout=120)
    (wheel,) = tmp_path.glob("*.whl")
    names = zipfile.ZipFile(wheel).namelist()
    # With the engine it is a wheel of this platform, without one it is pure.
    built = [name for name in names if name.endswith(".data/scripts/argofix-engine")]
    assert wheel.name.endswith("-py3-none-any.whl") == (not built)
    packed = {name for name in names if ".dist-info/" not in name and name not in built}
    packages = tomllib.loads(read("pyproject.toml"))["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]
    assert {name.as_posix() for name in tracked() if name.parts[0] in packages} <= packed
    assert {name.split("/")[0] for name in packed} == set(packages)
