"""Ranges of versions, as Masterminds/semver decides them. The answers were taken from that library, v3.5.0."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitops.gotemplate.masterminds import NoRange, Range, Version
from gitops.outside.ranges import chosen, is_range, newest

VERSIONS = [
    "0.0.3",
    "0.2.0",
    "0.2.3",
    "1.0.0-rc.1",
    "1.0.0",
    "1.2.0",
    "1.2.3",
    "1.3.0-beta.2",
    "1.10.0",
    "2.0.0",
    "v2.1.0",
]


@pytest.mark.parametrize(
    ("within", "held"),
    [
        ("*", "0.0.3 0.2.0 0.2.3 1.0.0 1.2.0 1.2.3 1.10.0 2.0.0 v2.1.0"),
        ("1", "1.0.0 1.2.0 1.2.3 1.10.0"),
        ("1.2", "1.2.0 1.2.3"),
        ("1.2.x", "1.2.0 1.2.3"),
        ("=1.2.3", "1.2.3"),
        ("~1.2.1", "1.2.3"),
        ("~>1.2", "1.2.0 1.2.3"),
        ("^1.2.0", "1.2.0 1.2.3 1.10.0"),
        ("^0.2.1", "0.2.3"),
        ("^0.0.3", "0.0.3"),
        ("^0", "0.0.3 0.2.0 0.2.3"),
        (">1", "2.0.0 v2.1.0"),
        (">1.2", "1.10.0 2.0.0 v2.1.0"),
        ("<=1.2", "0.0.3 0.2.0 0.2.3 1.0.0 1.2.0 1.2.3"),
        ("<=1", "0.0.3 0.2.0 0.2.3 1.0.0 1.2.0 1.2.3 1.10.0"),
        ("!=1.x <2", "0.0.3 0.2.0 0.2.3"),
        (">=1.0.0-0 <1.2.0", "1.0.0-rc.1 1.0.0"),
        (">=1.3.0-0", "1.3.0-beta.2 1.10.0 2.0.0 v2.1.0"),
        ("1.0.0 - 1.2.3", "1.0.0 1.2.0 1.2.3"),
        ("<0.1 || >=2.1", "0.0.3 v2.1.0"),
        (">=1.2.0, <1.10.0", "1.2.0 1.2.3"),
        ("v1.2.3", "1.2.3"),
    ],
)
def test_what_is_within_a_range(within: str, held: str) -> None:
    wanted = Range.parse(within)
    assert [text for text in VERSIONS if (found := Version.parse(text)) and wanted.holds(found)] == held.split()


@pytest.mark.parametrize(
    "text", ["", "latest", "main", "1.2.3.4", ">", "1.2.3 ||", "==1", ">1<2", "1-01", "release/1.x", "^v"]
)
def test_what_is_no_range(text: str) -> None:
    with pytest.raises(NoRange):
        Range.parse(text)
    assert not is_range(text)


def test_an_exact_version_is_no_range() -> None:
    assert not any(map(is_range, ("1.2.3", "v1.2", "1", "1.0.0-rc.1+build")))
    assert all(map(is_range, ("1.x", "*", ">=1", "^2", "1.2 - 3")))


def test_the_newest_is_given_as_it_is_written() -> None:
    assert newest(VERSIONS, ">=1") == "v2.1.0"
    assert newest(VERSIONS, ">=3") is None
    assert newest(["nonsense", "1.0.0"], "*") == "1.0.0"


def test_helm_takes_what_is_written_so_before_what_is_in_range() -> None:
    assert chosen(["1.2.9", "1.2"], "1.2") == "1.2"
    assert chosen(["1.2.9", "1.2.1"], "1.2") == "1.2.9"
    assert chosen(["2.0.0-rc.1", "1.0.0"], "") == "1.0.0"
    assert chosen(["nightly"], "nightly") == "nightly"


_PARTS = st.integers(0, 3)
_TEXTS = st.builds(
    lambda numbers, pre: ".".join(map(str, numbers)) + pre,
    st.tuples(_PARTS, _PARTS, _PARTS),
    st.sampled_from(["", "", "-0", "-alpha", "-alpha.1", "-beta.2", "-beta.11"]),
)


@given(_TEXTS, _TEXTS)
def test_comparisons_agree_with_each_other(one: str, other: str) -> None:
    version = Version.parse(one)
    assert version is not None

    def holds(operator: str) -> bool:
        # Pre-releases count on both sides.
        return Range.parse(f"{operator}{other}, >=0.0.0-0").holds(version)

    assert holds("<") + holds("=") + holds(">") == 1
    assert holds(">=") == (holds(">") or holds("=")) and holds("<=") == (holds("<") or holds("="))
    assert holds("!=") != holds("=")


@given(st.text(alphabet="0123456789.xX*v-+|,<>=~^! ab", max_size=600))
def test_no_text_makes_it_raise_anything_else(text: str) -> None:
    Version.parse(text)
    try:
        Range.parse(text)
    except NoRange:
        return
