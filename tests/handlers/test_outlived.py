"""What is said on a fix that no plan asks for any more, and which ones are kept since nobody can tell."""

from __future__ import annotations

import pytest

from bot.formats.github.marks import pair_mark, state_mark
from bot.github.model import Branch, PullRequest
from bot.rendering.driver import Engine
from checks.planning.ownership.pair import Pair
from handlers.proposals.outlived import unseen, why_outlived
from tests.scenarios import application, config_map, documents, evaluated, kustomization

GONE = "What this fixed is no longer there on `main`, so there is nothing left to do."
SET = "apiVersion: argoproj.io/v1alpha1\nkind: ApplicationSet\nmetadata: {name: s}\nspec: {generators: [{x: {}}]}\n"


def fix(pair: tuple[str, str], *, marked: bool = True) -> PullRequest:
    keeper, loser = (("", "argocd", name) for name in pair)
    body = f"{state_mark('0' * 12, '0' * 40)}\n{pair_mark(Pair(keeper, loser)) if marked else ''}"
    head, base = (
        Branch(ref, "0" * 40, "acme/platform") for ref in (f"argofix/fix/{'--'.join(dict.fromkeys(pair))}", "main")
    )
    return PullRequest(1, "open", False, False, "", body, "", head, base, "argofix[bot]", True, None, None)


def files(shared: str, **contents: str) -> dict[str, str]:
    """Applications of these names, of which those in `shared` bring one ConfigMap each with that content."""
    found = {"apps.yaml": documents(*(application(name, name) for name in contents))}
    for name, text in contents.items():
        found[f"{name}/kustomization.yaml"] = kustomization("own.yaml", *(["m.yaml"] if text else []))
        found[f"{name}/own.yaml"] = config_map(name)
        found[f"{name}/m.yaml"] = config_map(shared, a=text)
    return found


@pytest.mark.parametrize("marked", [True, False])
@pytest.mark.parametrize(
    ("pair", "now", "said"),
    [
        (("a", "b"), {"a": "x", "b": ""}, GONE),
        (("a", "b"), {"a": "x", "b": "", "ab": "x"}, GONE),
        (("b", "a"), {"a": "x", "b": "x"}, "It is the other way round now: `a` is to keep what both bring."),
        (("b", "c"), {"a": "x", "b": "x", "c": "x"}, "its place: `argofix/fix/a--b` and `argofix/fix/a--c`."),
        (("a", "b"), {"a": "x", "b": "y", "a-b": "y"}, "For a person:\n\n- ConfigMap shop/shared is owned by"),
        (("a", "b"), {"a": "x"}, GONE),
    ],
)
async def test_why_it_goes(
    engine: Engine, pair: tuple[str, str], now: dict[str, str], said: str, marked: bool
) -> None:
    evaluation = await evaluated(engine, files("shared", **now))
    pull = fix(pair, marked=marked)
    assert not unseen(evaluation, pull)
    assert said in why_outlived(evaluation, pull)


@pytest.mark.parametrize("marked", [True, False])
async def test_it_is_kept_while_a_set_that_nobody_can_expand_may_make_one_of_them(
    engine: Engine, marked: bool
) -> None:
    evaluation = await evaluated(engine, files("shared", api="x", web="") | {"set.yaml": SET})
    assert evaluation.snapshot.unknown
    assert unseen(evaluation, fix(("api", "backend"), marked=marked))
    assert not unseen(evaluation, fix(("api", "web"), marked=marked))
