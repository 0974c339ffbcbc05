"""Texts that somebody fills in before they are applied."""

from __future__ import annotations

import pytest

from gitops.applications.placeholders import holds_placeholder
from gitops.resources.rendering import NotAnalysed, RenderFailed
from tests.checks.argocd.stage import ANALYSIS
from tests.scenarios import application, config_map, discovered, tree


@pytest.mark.parametrize(
    ("text", "placeholder"),
    [
        ("path/to/app", True),
        ("/path/to/app", True),
        ("deploy/path/to/overlay", True),
        ("https://git.example/path/to/repository", True),
        ("apps/$TEAM_NAME", True),
        ("apps/pathto/app", False),
        ("mypath/to/app", False),
        ("path/tools/app", False),
        ("apps/web", False),
        ("kind: Application\n# as in /path/to/app\nspec: [\n", False),
        ("# see https://docs.example/path/to/page\n", False),
    ],
)
def test_a_manual_s_path_is_one_where_it_is_all_there_is(text: str, placeholder: bool) -> None:
    assert holds_placeholder(text) is placeholder


def test_a_path_to_fill_in_is_no_failure_and_one_that_is_there_is_rendered() -> None:
    apps = {"apps.yaml": application("web", "path/to/web")}
    [state] = discovered(tree(apps), ANALYSIS).states
    [part] = state.parts
    assert isinstance(part.rendering, NotAnalysed) and "has to be filled in first" in part.rendering.reason
    there = discovered(tree({**apps, "path/to/web/a.yaml": config_map("a")}), ANALYSIS)
    assert [copy.resource.id.name for copy in there.copies()] == ["a"]
    [state] = discovered(tree({"apps.yaml": application("web", "pathto/web")}), ANALYSIS).states
    assert isinstance(state.parts[0].rendering, RenderFailed)
