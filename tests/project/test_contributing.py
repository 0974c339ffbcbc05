"""Whoever follows CONTRIBUTING.md gets what it promises."""

from __future__ import annotations

import re
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
from tests.project.repository import read
from tests.scenarios import MATCHER, application, discovered, manifest, tree

PAGE = read("CONTRIBUTING.md")


def deployment(*images: str) -> str:
    containers = [{"name": f"c{number}", "image": image} for number, image in enumerate(images)]
    return manifest("Deployment", "api", api="apps/v1", spec={"template": {"spec": {"containers": containers}}})


def change(*images: str) -> Change:
    files = {"apps.yaml": application("api", "api"), "api/deployment.yaml": deployment(*images)}
    return Change(None, discovered(tree(files), Analysis(MATCHER, redactor(b"key"), "none")))


@pytest.fixture
def example(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Rule]:
    """The rule of the page, in a group of its own, as the registry finds it."""
    found = re.search(r"<!-- rule -->\n```python\n(.*?)```", PAGE, re.DOTALL)
    assert found
    group = tmp_path / "images"
    group.mkdir()
    (group / "__init__.py").write_text('"""Images."""\n\nCHECK = "argofix / images"\n')
    (group / "image_without_version.py").write_text(found[1])
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


def test_the_commands_of_the_page_are_there() -> None:
    targets = set(re.findall(r"^(\w+):", read("Makefile"), re.MULTILINE))
    named = set(re.findall(r"(?:`|^    )make (\w+)", PAGE, re.MULTILINE))
    assert {"test", "docs", "lock"} <= named <= targets
