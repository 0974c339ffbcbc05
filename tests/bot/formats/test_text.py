"""What a person reads in a terminal."""

from __future__ import annotations

import re

import pytest

from bot.formats.reports import text
from bot.rendering.driver import Engine
from checks.judgement.evaluation import Evaluation
from tests.bot.formats.samples import ALL_SPELLINGS
from tests.checks.story import STORY
from tests.scenarios import evaluated

STYLE = re.compile(r"\x1b\[[0-9;]*m")


def test_verbose_tells_all_of_each_finding_by_file(story: Evaluation) -> None:
    plain = text.render(story, colour=False, width=80, whole=True)
    assert plain.index("api/kustomization.yaml\n") < plain.index("both own Namespace shop")
    assert plain.count("both own 2 NetworkPolicies") == 1
    assert "NetworkPolicy in shop: " in plain
    assert "fix: Remove `namespace.yaml` from api/kustomization.yaml" in plain
    assert all(line == line.rstrip() for line in plain.splitlines())


def test_the_last_line_sums_up(story: Evaluation) -> None:
    last = text.render(story, colour=False).splitlines()[-1]
    assert re.fullmatch(
        r"4 errors, \d warnings?, \d notices? in 2 Applications \(2 rendered, 0 failed, 0 not analysed\)"
        r"; 4 errors new in this change",
        last,
    )


def test_what_was_there_before_stands_apart(known: Evaluation) -> None:
    plain = text.render(known, colour=False)
    assert plain.startswith("Known before this change: ")
    assert "\nerror    api/kustomization.yaml:3  `infrastructure` and `api-backend` both own Namespace shop" in plain
    assert "ServiceAccount" not in plain
    assert plain.rstrip().endswith("; 1 ignored; 0 errors new in this change")


def test_what_could_not_be_analysed_is_told(patchy: Evaluation) -> None:
    plain = text.render(patchy, colour=False)
    assert "Not analysed: 3" in plain
    assert "(2 rendered, 1 failed, 2 not analysed); 1 ApplicationSet unknown" in plain


async def test_a_repository_without_applications_is_no_success(engine: Engine) -> None:
    plain = text.render(await evaluated(engine, {"README.md": "hello"}), colour=False)
    assert "No Argo CD Application or ApplicationSet is declared here." in plain


def test_colour_is_style_only(story: Evaluation) -> None:
    coloured = text.render(story, colour=True, width=90)
    assert "\x1b[1;31merror" in coloured
    unstyled = "".join(line.rstrip() + "\n" for line in STYLE.sub("", coloured).splitlines())
    assert unstyled == text.render(story, colour=False, width=90)


@pytest.mark.parametrize("colour", [False, True])
def test_hostile_names_cannot_drive_the_terminal(hostile: Evaluation, colour: bool) -> None:
    shown = STYLE.sub("", text.render(hostile, colour=colour))
    assert "<script>" in shown
    # No escape is left once argofix's own colours are taken out: the hostile name came through as "[31m" alone.
    assert "[31m" in shown
    assert not [char for char in shown if not char.isprintable() and char != "\n"]


@pytest.mark.parametrize("width", [20, 40, 60, 100, 400])
async def test_paths_are_never_broken(engine: Engine, width: int) -> None:
    deep = "k8s/" + "-".join(["quite"] * 12) + "/overlays/api"
    files = {path.replace("api/", f"{deep}/"): data for path, data in STORY.items()}
    files["apps.yaml"] = str(files["apps.yaml"]).replace('"path": "api"', f'"path": "{deep}"')
    evaluation = await evaluated(engine, files)
    assert f"error    {deep}/kustomization.yaml:3  " in text.render(evaluation, colour=False, width=width)
    shown = text.render(evaluation, colour=False, width=width, whole=True)
    assert f"({deep}/kustomization.yaml:3)" in shown
    assert f"{deep}/namespace.yaml:1" in shown
    lines = [line for line in shown.splitlines() if line.startswith("        ")]
    prose = [line for line in lines if "/" not in line and "kubectl" not in line]
    assert max(map(len, prose)) <= min(max(width, 40), 120)


def test_no_secret_is_shown(secretive: Evaluation) -> None:
    shown = text.render(secretive, colour=False) + text.render(secretive, colour=False, whole=True)
    assert "Secret shop/odd" in shown
    assert not [value for value in ALL_SPELLINGS if value in shown]
