"""An annotation stands where a reader of the pull request sees it, if any of a finding's places is there."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.formats.github import check_run
from bot.formats.places import InDiff
from bot.github.endpoints.checks import Annotation
from bot.rendering.driver import Engine
from checks.judgement.evaluation import Evaluation
from checks.model import Related
from checks.policy.file import Policy
from gitops.files.spans import Span
from tests.bot.formats.test_check_run import finding
from tests.scenarios import Files, application, config_map, documents, evaluated, kustomization, tree

LINES = "".join(f"line {number}\n" for number in range(1, 41))


def shown(evaluation: Evaluation, name: str = "argofix / ownership") -> list[Annotation]:
    return list(check_run.completed(evaluation, evaluation.report(name), Policy(), str).annotations)


def best(base: Files, head: Files, *places: tuple[str, int]) -> str:
    return str(InDiff(tree(base), tree(head)).best(Span(path, line, line) for path, line in places))


@pytest.mark.parametrize(
    ("places", "expected"),
    [
        ([("old.yaml", 1), ("new.yaml", 9)], "new.yaml:9"),  # a file that comes is shown whole
        ([("old.yaml", 1), ("changed.yaml", 20)], "changed.yaml:20"),
        ([("changed.yaml", 1), ("changed.yaml", 20)], "changed.yaml:20"),
        ([("changed.yaml", 1), ("changed.yaml", 17)], "changed.yaml:17"),  # next to the change
        ([("changed.yaml", 1), ("changed.yaml", 16)], "changed.yaml:1"),
        ([("old.yaml", 1), ("changed.yaml", 1)], "changed.yaml:1"),  # at least the file
        ([("old.yaml", 2), ("old.yaml", 1)], "old.yaml:2"),
        ([("shorter.yaml", 30), ("shorter.yaml", 9)], "shorter.yaml:9"),  # lines went there
        ([("gone.yaml", 1), ("old.yaml", 1)], "gone.yaml:1"),
    ],
)
def test_the_best_place(places: list[tuple[str, int]], expected: str) -> None:
    base = {"old.yaml": LINES, "changed.yaml": LINES, "shorter.yaml": LINES, "gone.yaml": LINES}
    head = {
        "old.yaml": LINES,
        "changed.yaml": LINES.replace("line 20\n", "another\n"),
        "shorter.yaml": LINES.replace("line 10\nline 11\n", ""),
        "new.yaml": LINES,
    }
    assert best(base, head, *places) == expected


def test_a_long_file_and_a_binary_one_are_no_trouble() -> None:
    long = "".join(f"{number}\n" for number in range(30_000))
    turned = "".join(f"{number}\n" for number in reversed(range(30_000)))
    assert best({"a": long}, {"a": turned}, ("a", 7)) == "a:7"
    assert best({"a": b"\0\xff"}, {"a": b"\xff\0"}, ("b", 1), ("a", 1)) == "a:1"


@given(st.lists(st.sampled_from("abc"), max_size=12), st.lists(st.sampled_from("abc"), max_size=12), st.data())
def test_a_changed_line_is_always_preferred(old: list[str], new: list[str], data: st.DataObject) -> None:
    base = {"f": "".join(f"{line}\n" for line in old), "g": "x\n"}
    head = {"f": "".join(f"{line}\n" for line in new), "g": "x\n"}
    at = data.draw(st.integers(1, max(len(new), 1)))
    found = best(base, head, ("g", 1), ("f", at))
    assert found == (f"f:{at}" if old != new else "g:1")


async def test_both_sides_of_a_shared_resource_are_annotated_where_the_change_is(engine: Engine) -> None:
    """The finding stands at what is to be taken out, and the change may be the other side of it."""
    alone: Files = {
        "apps.yaml": documents(application("infra", "infra"), application("web", "web")),
        "infra/kustomization.yaml": kustomization("m.yaml"),
        "infra/m.yaml": config_map("infra"),
        "web/kustomization.yaml": kustomization("shared.yaml", "w.yaml"),
        "web/shared.yaml": config_map("shared"),
        "web/w.yaml": config_map("w"),
    }
    both = {
        **alone,
        "infra/kustomization.yaml": kustomization("m.yaml", "shared.yaml"),
        "infra/shared.yaml": config_map("shared"),
    }
    policy = "ownership:\n  keep:\n    ConfigMap/shared: infra\n"
    evaluation = await evaluated(engine, both, base=alone, policy=policy)
    (shared,) = evaluation.report("argofix / ownership").findings
    assert shared.span.path.startswith("web/")
    (annotation,) = shown(evaluation)
    assert annotation.path.startswith("infra/")
    assert annotation.message.endswith(f"The finding itself is at {shared.span}.")
    # The other way round it is where it was.
    taken = {path: data for path, data in both.items() if not path.startswith("web/s")}
    taken["web/kustomization.yaml"] = kustomization("w.yaml")
    evaluation = await evaluated(engine, both, base=taken, policy=policy)
    (annotation,) = shown(evaluation)
    assert annotation.path.startswith("web/") and "The finding itself" not in annotation.message


async def test_without_a_base_it_stands_at_the_finding(engine: Engine) -> None:
    evaluation = await evaluated(engine, {"apps.yaml": application("a", "a"), "a/m.yaml": config_map("a")})
    related = (Related(Span("b.yaml", 1, 1), "here"),)
    report = replace(evaluation.report("argofix / ownership"), findings=(replace(finding(1), related=related),))
    (annotation,) = check_run.completed(evaluation, report, Policy(), str).annotations
    assert annotation.path == "apps/1.yaml"
