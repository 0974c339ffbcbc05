"""Repositories at a revision, by real git over real HTTP."""

from __future__ import annotations

import asyncio

import pytest

from bot.fetching import repositories
from bot.fetching.fetcher import Fetcher, Fetching
from bot.rendering.outside import OutsideBroke
from gitops.outside.found import Missing, RepositoryFound
from gitops.outside.wanted import RepositoryWanted
from tests.http_faults import Effect, Fault, half_body
from tests.outside import Hosts

PASSWORD = "carries a password; credentials come from the operator"
FILES = {"base/kustomization.yaml": "resources: [map.yaml]\n", "base/map.yaml": "kind: ConfigMap\n", "README": "x"}


async def found(fetching: Fetching, url: str, revision: str = "", submodules: bool = False) -> RepositoryFound:
    answer = await fetching(RepositoryWanted(url, revision, submodules))
    assert isinstance(answer, RepositoryFound), answer
    return answer


async def missing(fetching: Fetching, url: str, revision: str = "") -> Missing:
    answer = await fetching(RepositoryWanted(url, revision))
    assert isinstance(answer, Missing), answer
    return answer


async def test_revisions_are_resolved_as_argo_cd_resolves_them(hosts: Hosts, fetching: Fetching) -> None:
    repository = hosts.repository("base")
    first = repository.commit(FILES, tags=("v1.2.3", "v1.3.0-rc.1"))
    second = repository.commit(FILES | {"two": "2"}, tags=("v1.10.0", "both"))
    third = repository.commit(FILES | {"three": "3"})
    branch = repository.commit(FILES | {"four": "4"}, branch="both")
    url = hosts.at("/git/base.git", "git.example")
    resolved = {
        revision: (await found(fetching, url, revision)).commit
        for revision in ("", "HEAD", "main", "v1.2.3", "v1.x", ">=1.2 <1.10", "both", "refs/tags/both", first)
    }
    assert resolved == {
        "": third, "HEAD": third, "main": third, "v1.2.3": first, "v1.x": second, ">=1.2 <1.10": first,
        "both": branch, "refs/tags/both": second, first: first,
    }  # fmt: skip
    tree = (await found(fetching, url, "v1.2.3")).tree
    content = await asyncio.to_thread(lambda: {path: tree.read(path).decode() for path in tree.paths()})
    assert content == FILES


async def test_ssh_forms_are_fetched_over_https(hosts: Hosts, fetching: Fetching) -> None:
    for url in ("git@git.example:git/base.git", "ssh://git@git.example:2222/git/base.git"):
        answer = await missing(fetching, url)
        assert answer.reason == "git.example leads into a private network, which is contacted only where " \
            "ARGOFIX_FETCH_HOSTS names git.example:443"  # fmt: skip


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("/srv/git/base.git", "/srv/git/base.git is a path of some machine and no URL"),
        ("file:///srv/git/base.git", "file:// is not fetched from"),
        ("ext::sh -c touch% /tmp/x", "ext::sh -c touch% /tmp/x is a path of some machine and no URL"),
        ("https://name:word@git.example/base", f"the URL of git.example/base {PASSWORD}"),
    ],
)
async def test_other_ways_to_a_repository_are_none(fetching: Fetching, url: str, reason: str) -> None:
    assert await missing(fetching, url) == Missing(reason, refused=True)


async def test_what_is_not_there_is_told(hosts: Hosts, fetching: Fetching) -> None:
    hosts.repository("base").commit(FILES)
    url = hosts.at("/git/base.git", "git.example")
    gone, nowhere = "0" * 40, hosts.at("/git/nothing.git", "git.example")
    told = {
        (await missing(fetching, where, revision)).reason
        for where, revision in ((nowhere, ""), (url, "v9"), (url, ">=9"), (url, gone), (url, "abcdef0"))
    }
    assert told == {
        f"{nowhere} does not exist, or we may not see it",
        f"{url} has neither a branch nor a tag v9",
        f"{url} has neither a branch nor a tag >=9",
        f"{url} has no commit 000000000000",
        f"{url} cannot be asked for abcdef0, a shortened commit id; write all 40 characters",
    }


async def test_a_repository_that_has_moved_is_followed(hosts: Hosts, fetching: Fetching) -> None:
    commit = hosts.repository("new").commit(FILES)
    moved = {"Location": hosts.at("/git/new.git/info/refs?service=git-upload-pack", "charts.example")}
    hosts.faults.append(Fault(Effect(301, moved), path="old.git", times=None))
    assert (await found(fetching, hosts.at("/git/old.git", "git.example"))).commit == commit


async def test_git_itself_follows_no_redirect(hosts: Hosts, fetching: Fetching) -> None:
    """The first request tells where the repository is; a host that redirects git afterwards is up to something."""
    commit = hosts.repository("base").commit(FILES)
    away = Effect(302, {"Location": "http://127.0.0.1:1/info/refs?service=git-upload-pack"})
    hosts.faults.append(Fault(away, path="info/refs", skip=1, times=None))
    answer = await missing(fetching, hosts.at("/git/base.git", "git.example"), commit)
    assert "302" in answer.reason


async def test_refs_are_listed_once_and_a_commit_is_fetched_once(
    hosts: Hosts, fetcher: Fetcher, fetching: Fetching
) -> None:
    repository = hosts.repository("base")
    commit = repository.commit(FILES, tags=("v1.0.0",))
    url = hosts.at("/git/base.git", "git.example")
    answers = await asyncio.gather(*(found(fetching, url, revision) for revision in ("main", "v1.0.0", "main", "")))
    assert {answer.commit for answer in answers} == {commit}
    # Where it is, and two requests each for the refs, for the commit, and for its files.
    assert hosts.asked("git-upload-pack") == 7
    repository.commit(FILES | {"new": "x"})
    assert (await found(fetching, url, "main")).commit == commit, "an evaluation sees one commit of a branch"
    before = hosts.asked("")
    async with fetcher.fetching() as later:
        tree = (await found(later, url, commit)).tree
        assert await asyncio.to_thread(tree.read, "base/map.yaml") == b"kind: ConfigMap\n"
    assert hosts.asked("") == before, "a commit that is here costs no request"


async def test_submodules_come_with_it_where_they_are_wanted(hosts: Hosts, fetching: Fetching) -> None:
    inner = hosts.repository("inner").commit({"deep": "d"})
    middle = hosts.repository("middle").commit(
        {"m": "m", ".gitmodules": '[submodule "i"]\n\tpath = sub/inner\n\turl = ../inner.git\n'},
        modules={"sub/inner": inner},
    )
    url = hosts.at("/git/outer.git", "git.example")
    modules = f'[submodule "m"]\n\tpath = middle\n\turl = {hosts.at("/git/middle.git", "git.example")}\n'
    hosts.repository("outer").commit({"o": "o", ".gitmodules": modules}, modules={"middle": middle})
    tree = (await found(fetching, url, submodules=True)).tree
    assert tree.paths() == [
        ".gitmodules", "middle/.gitmodules", "middle/m", "middle/sub/inner/deep", "o",
    ]  # fmt: skip
    assert await asyncio.to_thread(tree.read, "middle/sub/inner/deep") == b"d"
    assert "middle" in (await found(fetching, url)).tree.paths(), "otherwise it is a link to a commit"


@pytest.mark.parametrize("effect", [Effect(503), half_body()], ids=["503", "half"])
async def test_a_host_that_fails_is_asked_again_and_then_told_so(
    hosts: Hosts, fetching: Fetching, effect: Effect
) -> None:
    hosts.repository("base").commit(FILES)
    hosts.faults.append(Fault(effect, path="git-upload-pack", times=None))
    answer = await missing(fetching, hosts.at("/git/base.git", "git.example"), "main")
    assert answer.transient


async def test_a_host_that_dies_while_files_are_read_is_an_answer_too(hosts: Hosts, fetching: Fetching) -> None:
    """What was found names a file that has to be fetched when it is read; then nothing of it is believed any more."""
    hosts.repository("base").commit(FILES | {"notes.bin": "b" * 50})
    url = hosts.at("/git/base.git", "git.example")
    tree = (await found(fetching, url)).tree
    hosts.faults.append(Fault(Effect(500), times=None))
    with pytest.raises(OutsideBroke):
        await asyncio.to_thread(tree.read, "notes.bin")
    assert (await missing(fetching, url)).transient


async def test_a_repository_that_sends_too_much_is_cut_off(
    hosts: Hosts, fetching: Fetching, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(repositories, "LARGEST", 20_480)
    noise = "".join(chr(33 + number * number % 90) + str(number) for number in range(20_000))
    commit = hosts.repository("base").commit(FILES | {"base/noise.yaml": noise})
    url = hosts.at("/git/base.git", "git.example")
    answer = await missing(fetching, url, commit)
    assert answer.reason == f"{url} sends more than 20,480 bytes for {commit[:12]}"
    assert hosts.asked("git-upload-pack") <= 6, "and is not asked for all of it again"
