"""Whoever follows CONTRIBUTING.md gets what it promises."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import checks
from checks.model import Finding
from checks.policy.file import Policy
from checks.registry import Rule, rules
from gitops.discovery.snapshot import Change
from gitops.discovery.sources import Analysis
from gitops.resources.manifests import redactor
from tests.project.repository import ROOT, read
from tests.scenarios import MATCHER, application, discovered, manifest, tree

PAGE = read("CONTRIBUTING.md")
RULE, SAMPLE = "checks/render/image_without_version.py", "tests/checks/samples/image_without_version.py"
COPIED = ("checks", "tests/checks/samples")
LINKED = ("bot", "docs", "gitops", "handlers", "demo", "engine")
PRINT = (
    "from docs import rules; print(rules.page(rule for rule in rules.rules() if rule.id == 'image-without-version'))"
)


def shown(part: str) -> str:
    """The code that the page shows under this name."""
    found = re.search(rf"<!-- {part} -->\n```python\n(.*?)```\n<!-- end -->", PAGE, re.DOTALL)
    assert found
    return found[1]


def deployment(*images: str) -> str:
    containers = [{"name": f"c{number}", "image": image} for number, image in enumerate(images)]
    return manifest("Deployment", "api", api="apps/v1", spec={"template": {"spec": {"containers": containers}}})


def change(*images: str) -> Change:
    files = {"apps.yaml": application("api", "api"), "api/deployment.yaml": deployment(*images)}
    return Change(None, discovered(tree(files), Analysis(MATCHER, redactor(b"key"), "none")))


@pytest.fixture
def example(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Rule]:
    """The rule of the page, in a group of its own, as the registry finds it."""
    group = tmp_path / "images"
    group.mkdir()
    (group / "__init__.py").write_text('"""Images."""\n\nCHECK = "argofix / images"\n')
    (group / "image_without_version.py").write_text(shown("rule"))
    monkeypatch.setattr(checks, "__path__", [*checks.__path__, str(tmp_path)])
    rules.cache_clear()
    yield next(rule for rule in rules() if rule.id == "image-without-version")
    rules.cache_clear()
    for name in [name for name in sys.modules if name.startswith("checks.images")]:
        del sys.modules[name]


def found_by(rule: Rule, *images: str) -> list[Finding]:
    return list(rule.check(change(*images), Policy()))


def test_the_rule_of_the_page_is_found_by_itself_and_reports_under_its_group(example: Rule) -> None:
    assert example.check_name == "argofix / images"
    assert example.summary == "A container runs whichever image is the newest."


def test_it_finds_what_it_says(example: Rule) -> None:
    first, second = found_by(
        example, "nginx", "registry.example:5000/web/nginx:latest", "nginx:1.27", "nginx@sha256:ab"
    )
    assert (first.span.path, first.message.partition(" of")[0]) == ("api/deployment.yaml", "container `c0`")
    assert first.topic == second.topic and first.identity != second.identity


def test_its_identity_stays_when_lines_move(example: Rule) -> None:
    (one,) = found_by(example, "nginx")
    (other, _) = found_by(example, "nginx:latest", "busybox")
    assert one.identity == other.identity


def test_it_leaves_alone_what_has_a_version(example: Rule) -> None:
    assert found_by(example, "nginx:1.27", "registry.example:5000/nginx@sha256:ab") == []


def a_copy(directory: Path) -> Path:
    """The rules and what a sample needs; what nobody writes to is linked."""
    for name in COPIED:
        shutil.copytree(ROOT / name, directory / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("__init__.py", "test_samples.py"):
        shutil.copy(ROOT / "tests/checks" / name, directory / "tests/checks")
    for name in (
        *LINKED,
        "tests/__init__.py",
        "tests/scenarios.py",
        "tests/driven.py",
        "tests/conftest.py",
        "tests/declared.py",
    ):
        (directory / name).symlink_to(ROOT / name)
    shutil.copy(ROOT / "pyproject.toml", directory)
    return directory


def run(directory: Path, *arguments: str) -> str:
    done = subprocess.run([sys.executable, *arguments], cwd=directory, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_its_two_files_are_all_that_it_takes_to_be_judged_tested_and_documented(tmp_path: Path) -> None:
    copy = a_copy(tmp_path)
    for path, part in ((RULE, "rule"), (SAMPLE, "sample")):
        assert not (copy / path).exists()
        (copy / path).write_text(shown(part), encoding="utf-8")
    tests = ("-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/checks/test_samples.py")
    assert "1 passed" in run(copy, *tests, "-k", "image-without-version")
    page = run(copy, "-c", PRINT)
    assert (
        "## argofix / render\n\n### `image-without-version`\n\nA container runs whichever image is the newest.\n"
        in page
    )
    assert "**Severity:** warning. **Fix:** none." in page
    assert "warning  Deployment shop/web runs images without a version  [image-without-version]" in page


def test_it_is_small_and_written_as_everything_here_is() -> None:
    code = shown("rule").partition('"""\n\n')[2]
    assert len([line for line in code.splitlines() if line]) <= 30
    for path, part in ((RULE, "rule"), (SAMPLE, "sample")):
        for command in (["check", "-q"], ["format", "-q", "--check"]):
            ruff = [sys.executable, "-m", "ruff", *command, "--stdin-filename", path, "-"]
            done = subprocess.run(ruff, cwd=ROOT, input=shown(part), capture_output=True, text=True, timeout=60)
            assert done.returncode == 0, done.stdout + done.stderr


def test_the_commands_of_the_page_are_there() -> None:
    targets = set(re.findall(r"^(\w+):", read("Makefile"), re.MULTILINE))
    named = set(re.findall(r"(?:`|^    )make (\w+)", PAGE, re.MULTILINE))
    assert {"test", "docs", "lock"} <= named <= targets
