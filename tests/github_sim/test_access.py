"""Who sees and may do what."""

from tests.github import Clock, Installation, Repository, SimulatedGitHub
from tests.github_sim.conftest import Client

HERE = "/repos/octo/deploy"


async def test_a_token_can_be_narrowed(
    github: SimulatedGitHub, repo: Repository, installation: Installation, api: Client
) -> None:
    other = github.repository("octo/other", {"a": "a"})
    assert (await api("GET", "/repos/octo/other"))[0] == 404
    github.add_repository(installation, other)
    assert (await api("GET", "/repos/octo/other"))[0] == 200
    token = await api.login(installation, {"repositories": ["deploy"], "permissions": {"contents": "read"}})
    assert len(token) == 520
    assert (await api("GET", "/repos/octo/other"))[0] == 404
    assert (await api("GET", f"{HERE}/branches"))[0] == 200
    status, answer = await api("GET", f"{HERE}/pulls")
    assert (status, answer["message"]) == (403, "Resource not accessible by integration")
    assert (await api("POST", f"{HERE}/git/blobs", {"content": "x"}))[0] == 403
    path, app = f"/app/installations/{installation.id}/access_tokens", api.app_token()
    assert (await api("POST", path, {"repositories": ["nowhere"]}, token=app))[0] == 422
    assert (await api("POST", path, {"permissions": {"actions": "write"}}, token=app))[0] == 422


async def test_tokens_expire_and_installations_end(
    github: SimulatedGitHub, repo: Repository, installation: Installation, api: Client
) -> None:
    assert isinstance(github.clock, Clock)
    github.clock.advance(minutes=61)
    assert (await api("GET", HERE))[0] == 401
    await api.login(installation)
    github.suspend(installation)
    assert (await api("GET", HERE))[0] == 403
    path = f"/app/installations/{installation.id}/access_tokens"
    assert (await api("POST", path, token=api.app_token()))[0] == 403
    github.unsuspend(installation)
    assert (await api("GET", HERE))[0] == 200
    github.uninstall(installation)
    assert (await api("GET", HERE))[0] == 401
    assert (await api("POST", path, token=api.app_token()))[0] == 404


async def test_the_app_needs_a_good_jwt(github: SimulatedGitHub, api: Client) -> None:
    assert (await api("GET", "/app", token=api.app_token()))[0] == 200
    assert (await api("GET", "/app", token=api.app_token(lifetime=3600)))[0] == 401
    assert (await api("GET", "/app", token=api.app_token(lifetime=-300)))[0] == 401
    assert (await api("GET", "/app"))[0] == 401
    assert (await api("GET", HERE, token=api.app_token()))[0] == 403


async def test_moved_repositories_redirect(github: SimulatedGitHub, repo: Repository, api: Client) -> None:
    github.rename(repo, "deployments")
    status, answer = await api("GET", f"{HERE}/branches?per_page=1")
    assert status == 301
    status, branches = await api("GET", answer["url"])
    assert status == 200 and branches[0]["name"] == "main"
    assert (await api("POST", f"{HERE}/git/blobs", {"content": "x"}))[0] == 307
    github.assert_no_violations()


async def test_a_name_that_was_left_leads_to_whoever_takes_it(
    github: SimulatedGitHub, repo: Repository, api: Client
) -> None:
    """GitHub "Renaming a repository": a new repository of the old name overrides the redirect."""
    github.rename(repo, "deployments")
    _, answer = await api("GET", HERE)
    assert (await api("GET", answer["url"]))[1]["id"] == repo.id
    other = github.repository("octo/deploy", {"README.md": "other\n"}, private=False)
    assert (await api("GET", HERE))[1]["id"] == other.id
    assert (await api("GET", f"/repositories/{repo.id}"))[1]["full_name"] == "octo/deployments"
    github.assert_no_violations()


async def test_roles_are_told_apart(github: SimulatedGitHub, repo: Repository, api: Client) -> None:
    roles = (("maintain", "write"), ("triage", "read"), ("admin", "admin"), ("deployers:write", "write"))
    for role, permission in roles:
        github.collaborator(repo, github.user("alice"), role)
        _, answer = await api("GET", f"{HERE}/collaborators/alice/permission")
        assert (answer["role_name"], answer["permission"]) == (role.partition(":")[0], permission)


async def test_an_unchanged_answer_is_304_and_free(github: SimulatedGitHub, api: Client) -> None:
    await api("GET", HERE)
    tag, remaining = api.headers["ETag"], api.headers["X-RateLimit-Remaining"]
    assert (await api("GET", HERE, headers={"If-None-Match": tag}))[0] == 304
    assert api.headers["X-RateLimit-Remaining"] == remaining


async def test_the_primary_limit_ends_with_the_hour(github: SimulatedGitHub, api: Client) -> None:
    github.rate_limit = 2
    answers = [(await api("GET", HERE))[0] for _ in range(3)]
    assert answers == [200, 200, 403] and api.headers["X-RateLimit-Remaining"] == "0"
    assert (await api("GET", "/rate_limit"))[0] == 200
