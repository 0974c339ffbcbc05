"""Real git over HTTP, and the Git Data API on the same repositories."""

import asyncio
import base64
from pathlib import Path

import pytest

from tests.github import Fault, File, Repository, SimulatedGitHub, faults
from tests.github.git_backend import environment
from tests.github_sim.conftest import Client

HERE = "/repos/octo/deploy"


async def git(directory: Path, *arguments: str, token: str | None = None) -> tuple[int, str]:
    env = environment(directory) | {"GIT_TERMINAL_PROMPT": "0"}
    if token is not None:
        credential = base64.b64encode(f"x-access-token:{token}".encode()).decode()
        env |= {
            "GIT_CONFIG_COUNT": "1",
            "GIT_CONFIG_KEY_0": "http.extraHeader",
            "GIT_CONFIG_VALUE_0": f"Authorization: Basic {credential}",
        }
    process = await asyncio.create_subprocess_exec(
        "git",
        "-C",
        str(directory),
        *arguments,
        env=env,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output, _ = await process.communicate()
    assert process.returncode is not None
    return process.returncode, output.decode()


async def test_one_commit_is_fetched_by_its_sha(
    github: SimulatedGitHub, repo: Repository, api: Client, tmp_path: Path
) -> None:
    old = repo.push("main", {"run.sh": File(b"#!/bin/sh\n", "100755")})
    repo.push("main", {"README.md": "newer\n"})
    await git(tmp_path, "init", "-q")
    fetch = ("fetch", "-q", "--depth=1", "--filter=blob:none", repo.clone_url, old)
    status, output = await git(tmp_path, *fetch, token=api.token)
    assert status == 0, output
    assert (await git(tmp_path, "rev-list", "--count", "FETCH_HEAD"))[1] == "1\n"
    assert "100755" in (await git(tmp_path, "ls-tree", "FETCH_HEAD", "run.sh"))[1]
    assert {request.operation for request in github.requests} >= {"git"}


async def test_private_repositories_need_a_good_token(
    github: SimulatedGitHub, repo: Repository, api: Client, tmp_path: Path
) -> None:
    token = api.token
    assert (await git(tmp_path, "ls-remote", repo.clone_url))[0] != 0
    assert (await git(tmp_path, "ls-remote", repo.clone_url, token="ghs_wrong"))[0] != 0
    assert (await git(tmp_path, "ls-remote", repo.clone_url, token=token))[0] == 0
    await api("DELETE", "/installation/token")
    assert (await git(tmp_path, "ls-remote", repo.clone_url, token=token))[0] != 0
    repo.private = False
    assert (await git(tmp_path, "ls-remote", repo.clone_url))[0] == 0
    assert (await git(tmp_path, "ls-remote", repo.clone_url, token=token))[0] != 0


async def test_a_pushed_branch_is_noticed(
    github: SimulatedGitHub, repo: Repository, api: Client, tmp_path: Path
) -> None:
    pushed = repo.branch("main")
    assert (await git(tmp_path, "clone", "-q", repo.clone_url, "copy", token=api.token))[0] == 0
    status, output = await git(
        tmp_path / "copy", "push", "-q", "origin", "HEAD:refs/heads/argofix/x", token=api.token
    )
    assert status == 0, output
    assert repo.branch("argofix/x") == pushed


async def test_git_fails_on_demand_and_follows_a_rename(
    github: SimulatedGitHub, repo: Repository, api: Client, tmp_path: Path
) -> None:
    before = repo.clone_url
    github.rename(repo, "deployments")
    assert (await git(tmp_path, "ls-remote", before, token=api.token))[0] == 0
    for effect in (faults.server_error(500), faults.dropped(), faults.half_body()):
        github.faults.append(Fault(effect, path=r"info/refs"))
        assert (await git(tmp_path, "ls-remote", repo.clone_url, token=api.token))[0] != 0
    assert (await git(tmp_path, "ls-remote", repo.clone_url, token=api.token))[0] == 0


async def test_a_ref_moves_forward_only(repo: Repository, api: Client) -> None:
    first = repo.branch("main")
    second = repo.push("main", {"a": "b"})
    status, answer = await api("PATCH", f"{HERE}/git/refs/heads/main", {"sha": first})
    assert (status, answer["message"]) == (422, "Update is not a fast forward")
    assert repo.branch("main") == second
    assert (await api("PATCH", f"{HERE}/git/refs/heads/main", {"sha": first, "force": True}))[0] == 200


@pytest.mark.parametrize(
    ("ref", "message"),
    [
        ("heads/x", "not valid"),
        ("refs/heads/a..b", "not valid"),
        ("refs/heads/main", "already exists"),
        ("refs/heads/main/sub", "conflicts"),
    ],
)
async def test_bad_refs_are_refused(repo: Repository, api: Client, ref: str, message: str) -> None:
    status, answer = await api("POST", f"{HERE}/git/refs", {"ref": ref, "sha": repo.branch("main")})
    assert status == 422 and message in answer["message"]


async def test_trees_keep_modes_and_delete_with_null(repo: Repository, api: Client) -> None:
    base = repo.push(
        "main", {"run.sh": File(b"x", "100755"), "link": File(b"run.sh", "120000"), "d/a": "a", "d/b": "b"}
    )
    change = [{"path": "d", "mode": "040000", "type": "tree", "sha": None}]
    status, tree = await api("POST", f"{HERE}/git/trees", {"base_tree": base, "tree": change})
    assert status == 201
    modes = {entry["path"]: entry["mode"] for entry in tree["tree"]}
    assert (modes["run.sh"], modes["link"]) == ("100755", "120000") and "d" not in modes
