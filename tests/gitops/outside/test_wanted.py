"""Requests for what is outside: what makes two of them the same."""

from __future__ import annotations

from itertools import combinations

import pytest

from gitops.files.spans import Span
from gitops.outside.found import FileFound, Found
from gitops.outside.wanted import ChartWanted, FileWanted, RepositoryWanted, Wanted
from gitops.resources.rendering import Asking, Output, RenderRequest, fetched
from tests.driven import driven

URL = "https://example.com/x"
DIFFERENT: tuple[Wanted, ...] = (
    FileWanted(URL),
    ChartWanted(URL, ""),
    ChartWanted(URL, "a", "b"),
    ChartWanted(URL, "ab"),
    RepositoryWanted(URL),
    RepositoryWanted(URL, "a"),
    RepositoryWanted(URL, submodules=True),
    RepositoryWanted(URL, "True"),
)


def test_no_two_requests_share_a_fingerprint() -> None:
    for one, other in combinations(DIFFERENT, 2):
        assert one != other
        assert one.fingerprint != other.fingerprint


@pytest.mark.parametrize("wanted", [FileWanted, RepositoryWanted])
def test_who_asks_makes_no_other_request(wanted: type[FileWanted | RepositoryWanted]) -> None:
    one, other = wanted(URL, because=Span("a.yaml", 1, 1)), wanted(URL, because=Span("b.yaml", 9, 9))
    assert one == other
    assert one.fingerprint == other.fingerprint


def test_what_is_asked_for_is_answered_by_fingerprint() -> None:
    content = {URL: b"a", URL + "/y": b"b"}

    def work() -> Asking[list[Found]]:
        asked = [FileWanted(url) for url in content]
        answers = yield from fetched(asked)
        return [answers[one.fingerprint] for one in asked]

    def fetch(wanted: Wanted) -> Found:
        assert isinstance(wanted, FileWanted)
        return FileFound(content[wanted.url], "sha256:...")

    def render(_request: RenderRequest) -> Output:
        raise AssertionError("nobody asked for a rendering")

    found = driven(work(), render, fetch)
    assert [one.content for one in found if isinstance(one, FileFound)] == [b"a", b"b"]
