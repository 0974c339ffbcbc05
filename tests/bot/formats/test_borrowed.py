"""What is told of branches and ranges elsewhere: which commit and which version they stand for today."""

from __future__ import annotations

from bot.formats.writing.borrowed import floating, row
from gitops.discovery.snapshot import Snapshot
from gitops.files.tree import Tree
from gitops.outside.answers import Answers
from gitops.outside.found import ChartFound, FileFound, Found, Missing, RepositoryFound
from gitops.outside.wanted import ChartWanted, FileWanted, RepositoryWanted, Wanted

EMPTY = Tree.of({})
COMMIT = "0a1b2c3" + "d" * 33
URL = "https://user:secret@git.example.com/acme/base"


def snapshot(found: dict[Wanted, Found]) -> Snapshot:
    answers = Answers({wanted.fingerprint: answer for wanted, answer in found.items()})
    for wanted in found:
        answers.of(wanted)
    return Snapshot(EMPTY, (), outside=tuple(answers.asked().values()))


def test_only_what_may_be_another_one_tomorrow_is_told() -> None:
    found = RepositoryFound(EMPTY, COMMIT)
    chart = ChartFound(EMPTY, "redis", "17.3.2", "sha256:ab")
    pinned: dict[Wanted, Found] = {
        RepositoryWanted(URL, "v1.2.3"): found,
        RepositoryWanted(URL, COMMIT): found,
        ChartWanted("oci://r.example/charts", "redis", "17.3.2"): chart,
        FileWanted("https://x.example/a.yaml"): FileFound(b"", "sha256:cd"),
        RepositoryWanted("https://gone.example/a/b", "main"): Missing("it is gone"),
    }
    assert floating(snapshot(pinned)) == ""
    moving: dict[Wanted, Found] = {
        RepositoryWanted(URL, "main"): found,
        RepositoryWanted(URL, ""): found,
        ChartWanted("https://charts.example.com", "redis", "^17"): chart,
    }
    assert floating(snapshot(pinned | moving)) == (
        "Read elsewhere, as it is now: `main` of https://git.example.com/acme/base is 0a1b2c3, chart redis ^17 of "
        "https://charts.example.com is 17.3.2 and the default branch of https://git.example.com/acme/base is 0a1b2c3."
    )


def test_programs_get_all_of_it() -> None:
    asked: dict[Wanted, Found] = {
        RepositoryWanted(URL, "main"): RepositoryFound(EMPTY, COMMIT),
        ChartWanted("https://charts.example.com", "redis", "^17"): Missing("nobody has it"),
    }
    one, other = map(row, snapshot(asked).outside)
    assert (one["kind"], one["url"], one["version"]) == ("repository", "https://git.example.com/acme/base", COMMIT)
    assert (other["name"], other["revision"], other["version"], other["missing"]) == (
        "redis",
        "^17",
        None,
        "nobody has it",
    )
