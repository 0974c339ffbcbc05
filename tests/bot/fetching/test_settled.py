"""What is asked for again, and what is not: a check of which nothing floats contacts nobody when it is warm."""

from __future__ import annotations

import pytest

from bot.fetching.fetcher import Fetcher
from gitops.outside.found import ChartFound, FileFound, Found, RepositoryFound
from gitops.outside.wanted import ChartWanted, FileWanted, RepositoryWanted, Wanted
from tests.bot.clocks import JumpingClock
from tests.outside import Hosts, archive, index

DAY = 86_400.0
COMMIT = "1234567890123456789012345678901234567890"


def everything(hosts: Hosts) -> dict[str, Wanted]:
    """By what it stands for."""
    chart = archive("web", "1.2.3")
    hosts.files |= {"/c/index.yaml": index([("web", "1.2.3", "w.tgz", chart)]), "/c/w.tgz": chart}
    for path in ("/v1.2.3/install.yaml", f"/{COMMIT}/install.yaml", "/main/install.yaml", "/1.2/install.yaml"):
        hosts.files[path] = b"kind: List"
    commit = hosts.repository("base").commit({"a.yaml": "a"}, tags=("v1.2.3", "v1.2"))
    url = hosts.at("/git/base.git", "git.example")
    return {
        "chart": ChartWanted(hosts.at("/c"), "web", "1.2.3"),
        "commit": RepositoryWanted(url, commit),
        "tag": RepositoryWanted(url, "v1.2.3"),
        "file of a commit": FileWanted(hosts.at(f"/{COMMIT}/install.yaml")),
        "file of a version": FileWanted(hosts.at("/v1.2.3/install.yaml")),
        "range": ChartWanted(hosts.at("/c"), "web", "1.x"),
        "branch": RepositoryWanted(url, "main"),
        "short tag": RepositoryWanted(url, "v1.2"),
        "file": FileWanted(hosts.at("/main/install.yaml")),
        "file of a range": FileWanted(hosts.at("/1.2/install.yaml")),
    }


FIXED = {"chart", "commit", "tag", "file of a commit", "file of a version"}
FOR_GOOD = {"chart", "commit", "file of a commit"}


async def ask(fetcher: Fetcher, wanted: Wanted) -> Found:
    async with fetcher.fetching() as fetching:
        answer = await fetching(wanted)
    assert isinstance(answer, ChartFound | FileFound | RepositoryFound), answer
    return answer


@pytest.mark.parametrize(("later", "quiet"), [(60.0, FIXED), (DAY + 60, FOR_GOOD)])
async def test_who_is_asked_again(
    hosts: Hosts, fetcher: Fetcher, clock: JumpingClock, later: float, quiet: set[str]
) -> None:
    wanted = everything(hosts)
    for each in wanted.values():
        await ask(fetcher, each)
    clock.time += later
    silent = set()
    for name, each in wanted.items():
        before = len(hosts.requests)
        await ask(fetcher, each)
        if len(hosts.requests) == before:
            silent.add(name)
    assert silent == quiet
