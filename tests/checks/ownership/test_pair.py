"""What a fix for two Applications is called, and whom a name of an earlier release may mean."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.formats.github.marks import pair_mark, read_pair, state_mark
from checks.planning.ownership.pair import Pair, called
from gitops.discovery.snapshot import ApplicationKey

STATE = state_mark("0" * 12, "0" * 40)


def key(name: str, root: str = "", namespace: str = "argocd") -> ApplicationKey:
    return (root, namespace, name)


@pytest.mark.parametrize(
    ("text", "names", "meant"),
    [
        ("infra--api-backend", ["infra", "api-backend", "api", "backend", "in"], [("infra", "api-backend")]),
        ("a--b--c", ["a", "b--c", "a--b", "c", "b"], [("a", "b--c"), ("a--b", "c")]),
        ("web", ["web", "we", "web-2"], [("web", "web")]),
        ("shop-eu--web", ["shop.eu", "web"], [("shop.eu", "web")]),
        ("gone--web", ["web", "gon"], []),
        ("a" * 60 + "--" + "b" * 18, ["a" * 60, "b" * 30, "b", "b" * 17], [("a" * 60, "b" * 30)]),
    ],
)
def test_whom_a_name_may_mean(text: str, names: list[str], meant: list[tuple[str, str]]) -> None:
    assert called(text, map(key, names)) == tuple(Pair(key(keeper), key(loser)) for keeper, loser in meant)


def test_a_name_with_its_root_means_that_one() -> None:
    one, other = (Pair(key("a", root), key("b", root)) for root in ("clusters/eu", "clusters/us"))
    everyone = [end for pair in (one, other) for end in pair.ends]
    (text,) = (name for name in _names(one) if name != "a--b")
    assert called(text, everyone) == (one,)
    assert set(called("a--b", everyone)) >= {one, other}


NAMES = st.text("ab-.", min_size=1, max_size=60).filter(lambda name: name[0] not in "-." and name[-1] not in "-.")
KEYS = st.tuples(st.sampled_from(["", "clusters/eu", "ä:b %/-->"]), st.sampled_from(["", "argocd"]), NAMES)


@given(st.lists(KEYS, min_size=2, max_size=6, unique=True))
def test_each_pair_is_found_by_its_names_and_by_its_mark(keys: list[ApplicationKey]) -> None:
    for pair in (Pair(keys[0], keys[1]), Pair(keys[0], keys[0])):
        for text in _names(pair):
            found = called(text, keys)
            assert pair in found
            assert all(each.is_called(text) for each in found)
        assert read_pair(f"{pair_mark(Pair(keys[1], keys[0]))}\n{STATE}\n{pair_mark(pair)}") == pair
        assert pair_mark(pair).count("-->") == 1


def _names(pair: Pair) -> list[str]:
    """What it is called where its names are alone, and where other roots have them too."""
    return [pair.key(dict.fromkeys((end[2] for end in pair.ends), count)) for count in (1, 2)]
