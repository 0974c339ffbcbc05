"""`argofix diff` on a checkout: its formats, what it compares with, and its exit status."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bot.__main__ import main
from tests.gitops.facts.changes.stage import deployment, one_app
from tests.gitops.facts.deletions.stage import MAP, PVC, app, obj
from tests.scenarios import Files

Run = Callable[..., tuple[int, str, str]]
WITH_CLAIM, WITHOUT = one_app(PVC, MAP), one_app(MAP)


class Repository:
    """A real git repository; `commit` replaces all of its files."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        directory.mkdir()
        self.git("init", "-q", "-b", "main")
        self.git("remote", "add", "origin", "https://github.com/acme/platform")

    def git(self, *arguments: str) -> str:
        who = ("-c", "user.name=a", "-c", "user.email=a@example.com")
        ran = subprocess.run(
            ["git", *who, *arguments], cwd=self.directory, check=True, capture_output=True, text=True
        )
        return ran.stdout.strip()

    def write(self, files: Files) -> None:
        for path in self.git("ls-files").splitlines():
            (self.directory / path).unlink(missing_ok=True)
        for path, data in files.items():
            target = self.directory / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(data.encode() if isinstance(data, str) else data)

    def commit(self, files: Files) -> str:
        self.write(files)
        self.git("add", "-A")
        self.git("commit", "-q", "--allow-empty", "-m", "x")
        return self.git("rev-parse", "HEAD")


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return Repository(tmp_path / "checkout")


@pytest.fixture
def run(
    repository: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Run:
    monkeypatch.setenv("ARGOFIX_STATE_DIR", str(tmp_path / "state"))
    for name in ("GITHUB_BASE_REF", "CI_MERGE_REQUEST_TARGET_BRANCH_NAME"):
        monkeypatch.delenv(name, raising=False)

    def diff(*arguments: str) -> tuple[int, str, str]:
        status = main(["diff", str(repository.directory), *arguments])
        shown = capsys.readouterr()
        return status, shown.out, shown.err

    return diff


def test_json_tells_each_object_once(repository: Repository, run: Run) -> None:
    base = repository.commit(WITH_CLAIM)
    head = repository.commit(WITHOUT)
    status, out, _ = run("--base", "HEAD~1", "--format", "json")
    data: dict[str, Any] = json.loads(out)
    assert status == 1
    assert (data["schema"], data["commit"], data["base"]) == (1, head, base)
    assert (data["block"], data["empty"]) == ("yes", False)
    told = {(one["verdict"], one["kind"], one["name"]): one for one in data["tell"]}
    claim = told["deleted", "PersistentVolumeClaim", "data"]
    assert (claim["application"], claim["group"], claim["namespace"], claim["block"]) == ("a", "", "a", "yes")
    assert "the volume behind it" in claim["say"]
    assert claim["reasons"][0]["source"]


def test_text_tells_what_goes_and_shows_what_changes(repository: Repository, run: Run) -> None:
    repository.commit(one_app(PVC, deployment()))
    repository.commit(one_app(deployment(replicas=2)))
    status, out, _ = run("--base", "HEAD~1")
    assert status == 1
    assert "Not to be merged unseen:\n  PersistentVolumeClaim a/data of a is deleted" in out
    assert "  -  replicas: 1\n  +  replicas: 2\n" in out


def test_markdown_and_html_come_in_one_piece(repository: Repository, run: Run) -> None:
    repository.commit(one_app(PVC, deployment()))
    repository.commit(one_app(deployment(replicas=2)))
    _, markdown, _ = run("--base", "HEAD~1", "--format", "markdown")
    assert markdown.startswith("**Merging this:** 1 object deleted, 1 object changed.")
    assert "```diff" in markdown
    _, page, _ = run("--base", "HEAD~1", "--format", "html")
    assert page.startswith("<!doctype html>") and "PersistentVolumeClaim a/data" in page
    assert "<script" not in page and "http-equiv" not in page


def test_nothing_changes(repository: Repository, run: Run) -> None:
    repository.commit(WITHOUT)
    repository.commit({**WITHOUT, "README.md": "x"})
    status, out, _ = run("--base", "HEAD~1", "--format", "json")
    assert (status, json.loads(out)["empty"], json.loads(out)["tell"]) == (0, True, [])
    assert run("--base", "HEAD~1")[1] == "Nothing that is deployed changes.\n"


def test_values_of_secrets_never_appear(repository: Repository, run: Run) -> None:
    for value in ("hunter-one", "hunter-two"):
        env = [{"name": "DB_PASSWORD", "value": f"env-{value}"}]
        pods = deployment(containers=[{"name": "web", "env": env}])
        repository.commit(one_app(obj("Secret", "key", stringData={"a": value}), pods))
    for style in ("text", "markdown", "html", "json"):
        _, out, _ = run("--base", "HEAD~1", "--format", style)
        assert "hunter" not in out
        assert "hidden" in out


def test_only_one_application(repository: Repository, run: Run) -> None:
    repository.commit({**one_app(PVC), **one_app(PVC, name="b")})
    repository.commit({**one_app(), **one_app(name="b")})
    _, out, _ = run("--base", "HEAD~1", "--format", "json", "--application", "b")
    data = json.loads(out)
    assert [(one["application"], one["name"]) for one in data["tell"]] == [("b", "data")]
    assert data["digest"] is None  # it would name less than what is held back
    status, _, said = run("--base", "HEAD~1", "--application", "bb")
    assert (status, "did you mean b?" in said) == (2, True)


def test_what_cannot_be_rendered_and_has_the_same_files_does_not_change(repository: Repository, run: Run) -> None:
    """A commit does not know the sizes of files that it need not read, a working tree does."""
    chart = "apiVersion: v2\nname: x\nversion: 1.0.0\ndependencies: [{name: dep, version: 1.0.0, repository: https://c.example}]\n"
    fixed = {"argocd/x.yaml": app("x"), "apps/x/Chart.yaml": chart, "apps/x/README": "read me\n"}
    repository.commit({**WITH_CLAIM, **fixed})
    repository.commit({**WITH_CLAIM, **fixed, "docs.txt": "else\n"})
    _, out, _ = run("--base", "HEAD~1", "--format", "json", "--offline")
    assert json.loads(out)["empty"] is True


def test_without_a_base_a_branch_is_compared_with_where_it_began(repository: Repository, run: Run) -> None:
    begun = repository.commit(WITH_CLAIM)
    repository.git("update-ref", "refs/remotes/origin/main", begun)
    repository.git("symbolic-ref", "refs/remotes/origin/HEAD", "refs/remotes/origin/main")
    repository.git("checkout", "-q", "-b", "work")
    repository.commit({**WITH_CLAIM, "README.md": "x"})
    repository.commit({**WITH_CLAIM, "README.md": "y"})
    assert json.loads(run("--format", "json")[1])["base"] == begun


def test_without_a_base_what_is_not_committed_is_compared_with_the_last_commit(
    repository: Repository, run: Run
) -> None:
    last = repository.commit(WITH_CLAIM)
    repository.write(WITHOUT)
    data = json.loads(run("--format", "json")[1])
    assert (data["base"], data["commit"], data["block"]) == (last, None, "yes")


def test_without_a_base_the_last_commit_is_compared_with_the_one_before(repository: Repository, run: Run) -> None:
    first = repository.commit(WITH_CLAIM)
    assert run()[0] == 2
    repository.commit(WITHOUT)
    assert json.loads(run("--format", "json")[1])["base"] == first


def test_a_base_that_is_not_there_is_one_clear_line(repository: Repository, run: Run) -> None:
    repository.commit(WITHOUT)
    status, out, said = run("--base", "no-such-branch")
    assert (status, out) == (2, "")
    assert said.count("\n") == 1 and "no-such-branch" in said


def test_what_to_merge_first_is_a_diff_that_git_applies_to_the_base(repository: Repository, run: Run) -> None:
    claim = "apiVersion: v1\nkind: PersistentVolumeClaim\nmetadata:\n  name: data\nspec: {}\n"
    base = repository.commit(one_app(claim, MAP))
    gone = {path: text for path, text in one_app(claim, MAP).items() if path != "apps/a/0.yaml"}
    repository.commit(gone)
    remedies = json.loads(run("--base", "HEAD~1", "--format", "json")[1])["remedies"]
    (remedy,) = (one for one in remedies if "Prune=false" in one["diff"])
    assert [(one["kind"], one["name"]) for one in remedy["settles"]] == [("PersistentVolumeClaim", "data")]
    repository.git("checkout", "-q", "-b", "first", base)
    (repository.directory / "first.diff").write_text(remedy["diff"])
    repository.git("apply", "first.diff")
    repository.git("commit", "-qam", "first")
    first = repository.git("rev-parse", "HEAD")
    repository.commit(gone)
    data = json.loads(run("--rev", "HEAD", "--base", first, "--format", "json")[1])
    assert (data["block"], [one["verdict"] for one in data["tell"]]) == ("no", ["stays"])


def cloned(repository: Repository, source: Path, *options: str) -> None:
    """Make the checkout a clone of itself, whose origin is at `source` and has the address of before."""
    repository.directory.rename(source)
    for option in ("uploadpack.allowFilter", "uploadpack.allowAnySHA1InWant"):
        subprocess.run(["git", "config", option, "true"], cwd=source, check=True)
    command = ["git", "clone", "-q", *options, f"file://{source}", str(repository.directory)]
    subprocess.run(command, check=True, capture_output=True)
    repository.git("remote", "set-url", "origin", "https://github.com/acme/platform")
    repository.git("config", f"url.file://{source}.insteadOf", "https://github.com/acme/platform")


def follow(repository: Repository, said: str) -> None:
    """Run the git command that stands at the end of a text."""
    repository.git(*" ".join(said.replace("`", " ").split()).rpartition(" git ")[2].rstrip(". ").split())


def test_files_that_a_clone_left_out_hold_a_merge_back(repository: Repository, run: Run, tmp_path: Path) -> None:
    shop = {"argocd/shop.yaml": app("shop", "apps/shop"), "apps/shop/0.yaml": deployment()}
    repository.commit({**WITH_CLAIM, **shop})
    repository.commit({**WITHOUT, **shop, "apps/shop/0.yaml": deployment(replicas=0)})
    source = tmp_path / "source"
    cloned(repository, source, "--filter=blob:none")
    source.rename(tmp_path / "away")
    status, out, _ = run("--base", "HEAD~1", "--offline", "--format", "json")
    told = json.loads(out)
    files = {one["name"]: one for one in told["tell"] if one["kind"] == "File"}
    assert (status, told["block"], bool(told["digest"])) == (1, "yes", True)
    assert files.keys() == {"apps/a/0.yaml", "apps/shop/0.yaml"}
    assert {one["verdict"] for one in files.values()} == {"unknown"}
    (tmp_path / "away").rename(source)
    follow(repository, next(iter(files.values()))["say"])
    status, out, _ = run("--base", "HEAD~1", "--offline", "--format", "json")
    verdicts = {one["name"]: one["verdict"] for one in json.loads(out)["tell"]}
    assert (verdicts["data"], verdicts["web"]) == ("deleted", "changed")
    assert not files.keys() & verdicts.keys()


def test_a_base_that_a_shallow_clone_lacks_is_told_with_the_way_to_it(
    repository: Repository, run: Run, tmp_path: Path
) -> None:
    repository.commit(WITH_CLAIM)
    repository.commit(WITHOUT)
    cloned(repository, tmp_path / "source", "--depth=1")
    repository.git("remote", "set-head", "origin", "--delete")
    errors = set()
    for named in ((), ("--base", "HEAD~1")):
        status, out, err = run(*named, "--offline")
        assert (status, out) == (2, "")
        errors.add(err)
    (error,) = errors
    assert "there is no commit HEAD~1" in error
    follow(repository, error)
    assert run("--offline")[0] == 1


def test_a_commit_that_is_named_by_its_id_is_fetched_alone(repository: Repository, run: Run, tmp_path: Path) -> None:
    base = repository.commit(WITH_CLAIM)
    repository.commit(WITHOUT)
    cloned(repository, tmp_path / "source", "--depth=1")
    status, _, err = run("--base", base, "--offline")
    assert (status, err.count("\n")) == (2, 1)
    follow(repository, err)
    assert run("--base", base, "--offline")[0] == 1
