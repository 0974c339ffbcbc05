"""The command line as scripts see it: exit status, stdout, one clear line on stderr."""

from __future__ import annotations

import json
import os
import re
import subprocess
from pathlib import Path

import pytest

from demo.story import BEFORE, PROPOSED
from tests.bot.cli import processes
from tests.checks.argocd_exposed import exposed
from tests.scenarios import URL, application, config_map, documents

STORY = {path: data for path, data in (BEFORE | PROPOSED).items() if isinstance(data, bytes)}
GOOD = {path: data for path, data in BEFORE.items() if isinstance(data, bytes)}


@pytest.fixture
def cache(engine_directory: Path) -> Path:
    return engine_directory


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A git checkout: the story's good state committed, the unlucky one on top."""
    path = tmp_path / "platform"
    path.mkdir()
    git(path, "init", "--quiet", "--initial-branch=main")
    git(path, "remote", "add", "origin", "git@github.com:acme/platform.git")
    for files in (GOOD, STORY):
        write(path, files)
        git(path, "add", "--all")
        git(path, "commit", "--quiet", "--message=x")
    return path


def write(path: Path, files: dict[str, bytes]) -> None:
    for name, data in files.items():
        target = path / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)


def git(path: Path, *words: str) -> str:
    identity = ["-c", "user.name=a", "-c", "user.email=a@example"]
    done = subprocess.run(["git", *identity, *words], cwd=path, check=True, capture_output=True)
    return done.stdout.decode().strip()


def argofix(cache: Path, *words: str | Path, **env: str) -> subprocess.CompletedProcess[bytes]:
    environment = {**os.environ, "ARGOFIX_STATE_DIR": str(cache), "ARGOFIX_CLUSTER": "off", **env}
    return processes.run([str(word) for word in words], environment)


def test_check_fails_on_errors_and_sums_up(cache: Path, checkout: Path) -> None:
    done = argofix(cache, "check", checkout)
    assert done.returncode == 1, done.stderr
    text = done.stdout.decode()
    assert "`infrastructure` and `api-backend` both own Namespace shop" in text
    assert text.splitlines()[-1].startswith("4 errors, ")
    assert "\x1b" not in text  # no colour where nobody looks
    said = [line for line in done.stderr.splitlines() if not line.startswith(b"argofix: rendering ")]
    assert not said  # but progress, where the machine is slow


def test_check_of_a_good_commit_passes(cache: Path, checkout: Path) -> None:
    assert argofix(cache, "check", checkout, "--rev", "HEAD~1", "--only", "duplicate-owner").returncode == 0


def test_only_what_a_change_brings_fails(cache: Path, checkout: Path) -> None:
    assert argofix(cache, "check", checkout, "--base", "HEAD").returncode == 0
    new = argofix(cache, "check", checkout, "--base", "HEAD~1", "--format", "json")
    assert new.returncode == 1
    introduced = {f["introduced"] for f in json.loads(new.stdout)["findings"] if f["rule"] == "duplicate-owner"}
    assert introduced == {True}


def test_json_is_the_contracts(cache: Path, checkout: Path) -> None:
    data = json.loads(argofix(cache, "check", checkout, "--format", "json").stdout)
    assert data["schema"] == 1
    assert data["commit"] == git(checkout, "rev-parse", "HEAD")
    assert set(data["applications"][0]) == {
        "name", "namespace", "path", "destination", "root", "status", "reason", "resources",
    }  # fmt: skip
    finding = next(f for f in data["findings"] if f["resource"] and f["resource"]["kind"] == "Namespace")
    assert finding["resource"] == {"group": "", "kind": "Namespace", "namespace": "", "name": "shop"}
    assert finding["applications"] == ["infrastructure", "api-backend"]
    assert (finding["path"], finding["line"], finding["end_line"]) == ("apps/api-backend/kustomization.yaml", 6, 6)
    assert finding["fix"]["edits"] == [
        {"path": "apps/api-backend/kustomization.yaml", "line": 6, "end_line": 6, "replacement": ""}
    ]
    assert {"path", "line", "message"} == set(finding["related"][0])


def test_a_dirty_checkout_has_no_commit(cache: Path, checkout: Path) -> None:
    (checkout / "new.txt").write_text("x")
    assert json.loads(argofix(cache, "check", checkout, "--format", "json").stdout)["commit"] is None


def test_a_plain_directory_works_too(cache: Path, tmp_path: Path) -> None:
    write(tmp_path / "plain", STORY)
    done = argofix(cache, "check", tmp_path / "plain", "--format", "json", "--output", tmp_path / "out.json")
    assert done.returncode == 1
    data = json.loads((tmp_path / "out.json").read_bytes())
    assert data["commit"] is None
    assert len([f for f in data["findings"] if f["rule"] == "duplicate-owner"]) == 4


def test_fix_prints_a_diff_that_git_applies(cache: Path, checkout: Path) -> None:
    done = argofix(cache, "fix", checkout)
    assert done.returncode == 1  # the ServiceAccount is left for a person
    assert b"left for you" in done.stderr
    subprocess.run(["git", "apply", "-"], cwd=checkout, input=done.stdout, check=True)
    assert git(checkout, "diff", "--numstat") == "0\t2\tapps/api-backend/kustomization.yaml"


def test_fix_write_deletes_a_file_and_a_link_and_not_what_it_leads_to(cache: Path, tmp_path: Path) -> None:
    path = tmp_path / "platform"
    path.mkdir()
    git(path, "init", "--quiet", "--initial-branch=main")
    git(path, "remote", "add", "origin", URL)
    files = {
        "apps.yaml": documents(application("a", "a"), application("b", "b")),
        "shared/m.yaml": config_map("m"),
        "a/n.yaml": config_map("n"),
        "b/n.yaml": config_map("n"),
        "b/own.yaml": config_map("own"),
    }
    write(path, {name: text.encode() for name, text in files.items()})
    for directory in "ab":
        (path / directory / "m.yaml").symlink_to("../shared/m.yaml")
    git(path, "add", "--all")
    git(path, "commit", "--quiet", "--message=x")
    done = argofix(cache, "fix", path, "--write")
    assert done.returncode == 0, done.stderr
    assert b"deleted b/m.yaml" in done.stderr
    assert git(path, "status", "--porcelain").split("\n") == ["D b/m.yaml", " D b/n.yaml"]
    assert (path / "a/m.yaml").read_text() == files["shared/m.yaml"]
    assert argofix(cache, "check", path).returncode == 0


def test_fix_write_changes_those_lines_and_keeps_the_mode(cache: Path, checkout: Path) -> None:
    target = checkout / "apps/api-backend/kustomization.yaml"
    target.chmod(0o755)
    before = target.read_bytes().splitlines(keepends=True)
    done = argofix(cache, "fix", checkout, "--write")
    assert done.stdout == b""
    assert b"wrote apps/api-backend/kustomization.yaml" in done.stderr
    assert target.read_bytes() == b"".join(line for n, line in enumerate(before, 1) if n not in (6, 8))
    assert target.stat().st_mode & 0o777 == 0o755
    assert argofix(cache, "fix", checkout, "--write").stderr.count(b"wrote") == 0


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["check", "nowhere"], "nowhere is not a directory"),
        (["check", ".", "--rev", "nothing"], "there is no commit nothing"),
        (["check", ".", "--base", "--upload-pack=x"], "expected one argument"),
        (["check", ".", "--only", "duplicate-ownr"], "did you mean duplicate-owner?"),
        (["check", ".", "--only", "zzz"], "there is no rule zzz; the rules are "),
        (["check", ".", "--output", "/nonexistent/x"], "cannot be written"),
        (["check", ".", "--format", "xml"], "invalid choice"),
        (["serve"], "No GitHub App is configured"),
        ([], "required: COMMAND"),
    ],
)
def test_what_cannot_run_is_one_clear_line(
    cache: Path, checkout: Path, words: list[str], complaint: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(checkout)
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[3]))
    done = argofix(cache, *words)
    assert done.returncode == 2
    assert complaint in done.stderr.decode()
    assert b"Traceback" not in done.stderr
    assert done.stdout == b""


def test_a_missing_renderer_is_one_clear_line(cache: Path, checkout: Path) -> None:
    done = argofix(cache, "check", checkout, ARGOFIX_RENDERER="/no/kustomize")
    assert done.returncode == 2
    assert done.stderr == b"argofix: ARGOFIX_RENDERER names /no/kustomize, which cannot be run\n"


def test_mistakes_in_the_configuration_are_told_with_their_line(cache: Path, checkout: Path) -> None:
    write(checkout, {".github/argofix.yaml": b"ownership:\n  kept: {}\n"})
    done = argofix(cache, "check", checkout)
    assert done.returncode == 1
    assert b".github/argofix.yaml:2: unknown key `kept` in ownership; did you mean `keep`?" in done.stderr


def test_a_line_a_finding_for_editors_and_workflows(cache: Path, checkout: Path) -> None:
    done = argofix(cache, "check", checkout, "--format", "concise")
    lines = done.stdout.decode().splitlines()
    first = "apps/api-backend/kustomization.yaml:6: error duplicate-owner "
    assert done.returncode == 1 and lines[0].startswith(first)
    assert done.stderr.startswith(b"argofix: 4 errors, ")
    done = argofix(cache, "check", checkout, "--format", "github")
    assert done.returncode == 1
    assert done.stdout.startswith(b"::error file=apps/api-backend/kustomization.yaml,line=6,endLine=6,title=")


def test_verbose_tells_what_the_screen_leaves_out(cache: Path, checkout: Path) -> None:
    brief = argofix(cache, "check", checkout).stdout.decode()
    whole = argofix(cache, "check", checkout, "--verbose", "--notices").stdout.decode()
    place = "apps/api-backend/namespace.yaml:1  the copy of `api-backend`"
    assert place in whole and place not in brief and len(brief) < len(whole)


def test_explain_tells_a_rule(cache: Path) -> None:
    done = argofix(cache, "explain", "duplicate-owner")
    assert done.returncode == 0 and done.stderr == b""
    text = done.stdout.decode()
    assert text.startswith("duplicate-owner (argofix / ownership)\n")
    assert all(f"\n{label}: " in text for label in ("What it finds", "Why it matters", "Example"))
    assert "ignore: [{rule: duplicate-owner, resource: PATTERN, reason: ...}]" in " ".join(text.split())
    everything = argofix(cache, "explain").stdout.decode()
    assert (
        all(len(line.split()) > 3 for line in everything.splitlines() if line) and "\nrender-failed  " in everything
    )
    assert "\nreplicas-fought-over  " in everything and "\ntaken-over  " in everything


def test_explain_tells_what_is_said_of_a_change(cache: Path) -> None:
    danger = argofix(cache, "explain", "scaled-to-zero").stdout.decode()
    assert danger.startswith("scaled-to-zero (argofix / changes)\nA workload is scaled to zero.\n")
    assert "What then happens: All of its Pods go" in danger and "Source: https://kubernetes.io/" in danger
    why = argofix(cache, "explain", "pruned").stdout.decode()
    assert "no longer in the manifests of its Application, which prunes by itself" in why
    assert "https://github.com/argoproj/argo-cd/blob/v3.5.1/gitops-engine/pkg/sync/sync_context.go#L1453" in why
    near = argofix(cache, "explain", "scale-to-zero")
    assert near.returncode == 2 and b"did you mean scaled-to-zero?" in near.stderr


def test_explain_asks_what_was_meant(cache: Path) -> None:
    done = argofix(cache, "explain", "duplicate-ownr")
    assert done.returncode == 2 and done.stdout == b""
    assert b"there is no rule duplicate-ownr; did you mean duplicate-owner?" in done.stderr


def test_the_version_comes_first_and_then_what_renders(cache: Path, checkout: Path) -> None:
    lines = argofix(cache, "--version").stdout.decode().splitlines()
    assert re.fullmatch(r"argofix \d+\.\d+\.\d+", lines[0])
    assert len(lines) == 2
    assert re.match(r"renderer: (engine \d+\.\d+\.\d+ kustomize|kubectl|kustomize) v5\.", lines[1])
    missing = argofix(cache, "--version", ARGOFIX_ENGINE="/no/engine").stdout.decode().splitlines()
    assert missing == [lines[0], "renderer: none, ARGOFIX_ENGINE names /no/engine, which cannot be run"]
    missing = argofix(cache, "--version", ARGOFIX_RENDERER="/no/kustomize").stdout.decode().splitlines()
    assert missing == [lines[0], "renderer: none, ARGOFIX_RENDERER names /no/kustomize, which cannot be run"]


def test_fix_mends_argo_cds_own_installation_and_says_what_to_know(cache: Path, tmp_path: Path) -> None:
    path = tmp_path / "argocd"
    files = exposed("--no-such-flag", protocol="HTTP").files
    write(path, {name: text.encode() if isinstance(text, str) else text for name, text in files.items()})
    done = argofix(cache, "fix", path, "--write")
    said = done.stderr.decode()
    assert "Have argocd-server in shop speak plain HTTP behind what ends TLS." in said
    # Both change one line, so one of them is left.
    assert done.returncode == 1 and "left for the next run" in said
    assert argofix(cache, "fix", path, "--write").returncode == 0
    assert "args: [/usr/local/bin/argocd-server, --insecure]" in (path / "argocd/server.yaml").read_text()
