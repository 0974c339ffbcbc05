"""`argofix bump` as people and scripts see it."""

from __future__ import annotations

import asyncio
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.bot.cli.test_commands import argofix, git, write
from tests.charts import SimulatedCharts
from tests.github import SimulatedGitHub
from tests.quay import SimulatedQuay
from tests.quay.store import digest_of
from tests.scenarios import application, kustomization, manifest

OVERLAY = "argocd/overlays/staging"
KUSTOMIZATION = f"{OVERLAY}/kustomization.yaml"
STAGING = (
    "resources:\r\n- ../../base\r\n\r\nimages:\r\n"
    "# one version for all\r\n- name: quay.io/argoproj/argocd\r\n  newTag: v3.2.2 # staging first\r\n"
)
FILES = {
    "argocd/base/kustomization.yaml": kustomization("server.yaml"),
    "argocd/base/server.yaml": manifest(
        "Deployment",
        "argocd-server",
        "argocd",
        "apps/v1",
        spec={"template": {"spec": {"containers": [{"name": "server", "image": "quay.io/argoproj/argocd:v3.1.0"}]}}},
    ),
    "argocd/overlays/production/kustomization.yaml": kustomization("../../base"),
    KUSTOMIZATION: STAGING,
}


@pytest.fixture
def cache(engine_directory: Path) -> Path:
    return engine_directory


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    path = tmp_path / "platform"
    path.mkdir()
    git(path, "init", "--quiet", "--initial-branch=main")
    write(path, {name: text.encode() for name, text in FILES.items()})
    git(path, "add", "--all")
    git(path, "commit", "--quiet", "--message=x")
    return path


def test_it_prints_a_proven_diff_that_git_applies(cache: Path, checkout: Path) -> None:
    done = argofix(cache, "bump", checkout, "--to", "v3.3.1")
    assert done.returncode == 0, done.stderr
    said = [line for line in done.stderr.decode().splitlines() if "rendering" not in line]  # said when it takes long
    assert said[0] == (f"argofix: {KUSTOMIZATION}:7: kustomize images quay.io/argoproj/argocd: v3.2.2 -> v3.3.1")
    assert "argofix: proven: Only the version changes in what it renders (1 image in 1 of 1 resource)" in said
    assert not any("NOT SO" in line for line in said)
    subprocess.run(["git", "apply", "-"], cwd=checkout, input=done.stdout, check=True)
    assert (checkout / KUSTOMIZATION).read_bytes().decode() == STAGING.replace("v3.2.2", "v3.3.1")
    assert git(checkout, "diff", "--numstat") == f"1\t1\t{KUSTOMIZATION}"


def test_write_changes_the_file_and_doing_it_again_changes_nothing(cache: Path, checkout: Path) -> None:
    done = argofix(cache, "bump", checkout, "--to", "3.3.1", "--write")
    assert (done.returncode, done.stdout) == (0, b"")
    assert (checkout / KUSTOMIZATION).read_bytes().decode() == STAGING.replace("v3.2.2", "v3.3.1")
    again = argofix(cache, "bump", checkout, "--to", "3.3.1", "--write")
    assert again.returncode == 0
    assert again.stderr.decode() == f"argofix: there is nothing to move in {OVERLAY}: argo-cd is at 3.3.1\n"


def test_it_never_goes_back(cache: Path, checkout: Path) -> None:
    done = argofix(cache, "bump", checkout, "--to", "v3.2.1")
    assert (done.returncode, done.stdout) == (1, b"")
    assert b"kustomization.yaml:7 pins v3.2.2 already, which is newer, and stays" in done.stderr


def test_a_pin_that_cannot_be_moved_leaves_all_of_them(cache: Path, checkout: Path) -> None:
    chart = "helmCharts:\n- {name: argo-cd, repo: https://argoproj.github.io/argo-helm, version: 9.1.0}\n"
    write(checkout, {KUSTOMIZATION: (STAGING + chart).encode()})
    done = argofix(cache, "bump", checkout, "--to", "v3.3.1")
    assert (done.returncode, done.stdout) == (1, b"")
    assert (
        b"left for you: argocd/overlays/staging/kustomization.yaml:9 pins version 9.1.0 of the chart" in done.stderr
    )
    assert b"all its pins move together or none" in done.stderr
    known = argofix(cache, "bump", checkout, "--to", "v3.3.1", "--chart-version", "9.2.0")
    assert known.returncode == 0
    assert [line for line in known.stdout.decode().splitlines() if line[0] == "+"][1:] == [
        "+  newTag: v3.3.1 # staging first",
        "+- {name: argo-cd, repo: https://argoproj.github.io/argo-helm, version: 9.2.0}",
    ]
    assert b"not rendered: The overlay cannot be rendered here" in known.stderr


@pytest.mark.parametrize(
    ("words", "config", "complaint"),
    [
        (["--to", "latest"], "", "latest is no version such as v3.2.2"),
        (["--to", "v3.3.1", "--component", "argo-cds"], "", "argo-cds is no component that is followed"),
        (["--to", "v3.3.1"], "argocd: {overlay: elsewhere}", "the overlay elsewhere of argo-cd does not exist"),
        (["--to", "v3.3.1"], "argocd: {overlay: .github}", "nothing in .github or its bases pins argo-cd"),
        ([], "versions: {argo-cd: {enabled: false}}", "switches all of them off"),
        ([], "", "QUAY_URL must be an http or https address"),
    ],
)
def test_what_cannot_run_is_one_clear_line(
    cache: Path, checkout: Path, words: list[str], config: str, complaint: str
) -> None:
    if config:
        write(checkout, {".github/argofix.yaml": config.encode()})
    done = argofix(cache, "bump", checkout, *words, QUAY_URL="quay.example")
    assert done.returncode == 2
    assert done.stdout == b""
    (line,) = done.stderr.decode().splitlines()
    assert complaint in line


@pytest.fixture
async def published() -> AsyncIterator[dict[str, str]]:
    """quay.io and GitHub with a few versions of Argo CD; gives the environment that leads there."""
    async with SimulatedGitHub() as github, SimulatedQuay() as quay:
        repository = github.repository("argoproj/argo-cd", {"README.md": "Argo CD\n"}, private=False)
        image = quay.repository("argoproj/argocd")
        for tag in ("v3.2.2", "v3.2.3", "v3.3.4", "v3.4.0", "v3.5.0-rc1"):
            github.release(repository, tag, body="Notes")
            image.push(tag, at=1_700_000_000, digest=digest_of(tag))
        image.push("v3.3.9", at=1_700_000_000)  # an image without a release
        yield {"QUAY_URL": quay.url, "GITHUB_API_URL": github.api_url}
        assert not quay.violations
        github.assert_no_violations()


async def test_without_a_version_it_goes_where_the_sources_and_the_policy_lead(
    cache: Path, checkout: Path, published: dict[str, str]
) -> None:
    done = await asyncio.to_thread(argofix, cache, "bump", checkout, **published)
    assert done.returncode == 0, done.stderr
    assert b"also on offer: the patch release v3.2.3 (`--to v3.2.3`)" in done.stderr
    assert b"+  newTag: v3.3.4 # staging first" in done.stdout
    write(checkout, {".github/argofix.yaml": b"versions: {argo-cd: {level: patch}}\n"})
    patch = await asyncio.to_thread(argofix, cache, "bump", checkout, "--write", **published)
    assert (patch.returncode, patch.stdout) == (0, b"")
    assert b"newTag: v3.2.3 # staging first" in (checkout / KUSTOMIZATION).read_bytes()
    last = await asyncio.to_thread(argofix, cache, "bump", checkout, **published)
    assert (last.returncode, last.stdout) == (0, b"")
    assert last.stderr.decode() == f"argofix: argo-cd is at 3.2.3 in {OVERLAY}, and the policy offers nothing newer\n"


async def test_a_pinned_digest_is_asked_for(cache: Path, checkout: Path, published: dict[str, str]) -> None:
    write(checkout, {KUSTOMIZATION: f"{STAGING}  digest: sha256:{'0' * 64}\r\n".encode()})
    done = await asyncio.to_thread(argofix, cache, "bump", checkout, "--to", "v3.3.4", **published)
    assert done.returncode == 0, done.stderr
    added = [line for line in done.stdout.decode().splitlines() if line.startswith("+ ")]
    assert added == ["+  newTag: v3.3.4 # staging first", f"+  digest: {digest_of('v3.3.4')}"]


async def test_a_charts_version_is_looked_up_in_its_repository(
    cache: Path, checkout: Path, published: dict[str, str]
) -> None:
    chart = "helmCharts:\n- {name: argo-cd, repo: https://argoproj.github.io/argo-helm, version: 9.1.0}\n"
    write(checkout, {KUSTOMIZATION: chart.encode()})
    async with SimulatedCharts() as charts:
        for version, installs in (("9.1.0", "v3.2.2"), ("9.1.1", "v3.2.3"), ("9.2.4", "v3.3.4")):
            charts.publish("argo-cd", version, installs)
        environment = published | {"ARGOFIX_CHARTS_URL": charts.url}
        done = await asyncio.to_thread(argofix, cache, "bump", checkout, **environment)
    assert done.returncode == 0, done.stderr
    assert b"+- {name: argo-cd, repo: https://argoproj.github.io/argo-helm, version: 9.2.4}" in done.stdout


REMOTE = "https://github.com/argoproj/argo-cd//manifests/ha?ref="


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ({KUSTOMIZATION: f"resources: ['{REMOTE}stable']\n{STAGING[25:]}"}, "kustomization.yaml:1 follows `stable`"),
        (
            {
                "argocd/base/kustomization.yaml": kustomization(f"{REMOTE}v3.2.2"),
                KUSTOMIZATION: "resources: [../../base]\n",
            },
            "argocd/base/kustomization.yaml:4 stands in a file",
        ),
        (
            {KUSTOMIZATION: STAGING.replace("v3.2.2", "v3.2.2-acme.1")},
            "kustomization.yaml:7 pins v3.2.2-acme.1, a build of your own of v3.2.2",
        ),
    ],
    ids=["a branch", "a shared base", "a build"],
)
def test_what_is_left_for_a_person_is_a_status_of_its_own(
    cache: Path, checkout: Path, files: dict[str, str], words: str
) -> None:
    write(checkout, {path: text.encode() for path, text in files.items()})
    done = argofix(cache, "bump", checkout, "--to", "v3.3.1", "--write")
    assert (done.returncode, done.stdout) == (1, b"")
    assert words in done.stderr.decode()
    assert "all its pins move together or none" in done.stderr.decode()
    assert all((checkout / path).read_bytes().decode() == text for path, text in files.items())


def test_what_would_move_is_said_to_be_kept_back_with_what_to_mind_when_it_moves(cache: Path, checkout: Path) -> None:
    policy = {"policy.csv": "p, role:dev, applications, get, */*, allow\n"}
    followed = f"- ../../base\r\n- {REMOTE}stable\r\n"
    files = {
        KUSTOMIZATION: STAGING.replace("- ../../base\r\n", followed).replace("v3.2.2", "v2.14.1"),
        "argocd/base/kustomization.yaml": kustomization("server.yaml", "rbac.yaml"),
        "argocd/base/rbac.yaml": manifest("ConfigMap", "argocd-rbac-cm", "argocd", data=policy),
        "argocd/base/server.yaml": FILES["argocd/base/server.yaml"].replace(
            '"name": "server"', '"name": "server", "command": ["argocd-server"]'
        ),
        "apps.yaml": application("argocd", OVERLAY, namespace="argocd"),
    }
    write(checkout, {path: text.encode() for path, text in files.items()})
    said = argofix(cache, "bump", checkout, "--to", "v3.0.1").stderr.decode()
    assert f"kept back: {KUSTOMIZATION}:8: kustomize images quay.io/argoproj/argocd: v2.14.1" in said
    (mind,) = [line for line in said.splitlines() if "mind: argocd/base/rbac.yaml:" in line]
    assert "logs are enforced" in mind and mind.endswith("add `p, role:dev, logs, get, */*, allow`")


def test_where_no_overlay_is_found_the_advice_is_to_be_followed_to_the_letter(cache: Path, tmp_path: Path) -> None:
    path = tmp_path / "elsewhere"
    path.mkdir()
    files = {
        "platform/argo cd/kustomization.yaml": STAGING.replace("../../base", "base"),
        "platform/argo cd/base/kustomization.yaml": FILES["argocd/base/kustomization.yaml"],
        "platform/argo cd/base/server.yaml": FILES["argocd/base/server.yaml"],
    }
    write(path, {name: text.encode() for name, text in files.items()})
    done = argofix(cache, "bump", path, "--to", "v3.3.1")
    (line,) = done.stderr.decode().splitlines()
    assert (done.returncode, done.stdout) == (2, b"")
    assert "no kustomization below a directory `staging` pins argo-cd; platform/argo cd does:" in line
    advised = line.partition("write `")[2].partition("` into ")
    assert advised[2] == ".github/argofix.yaml"
    write(path, {advised[2]: advised[0].encode()})
    again = argofix(cache, "bump", path, "--to", "v3.3.1")
    assert again.returncode == 0, again.stderr
    assert b"+  newTag: v3.3.1" in again.stdout


@pytest.mark.parametrize("name", [".github/argofix.yml", ".github/argofix.YAML", "argofix.yaml"])
def test_a_configuration_of_another_name_is_said_not_to_be_read(cache: Path, checkout: Path, name: str) -> None:
    write(checkout, {name: b"argocd: {overlay: argocd/overlays/production}\n"})
    commands: list[list[str | Path]] = [["bump", checkout, "--to", "v3.3.1"], ["check", checkout]]
    for words in commands:
        said = argofix(cache, *words).stderr.decode()
        assert f"{name}:1: `{name}` is not read: the configuration is `.github/argofix.yaml`, so rename it" in said


@pytest.mark.parametrize("to", ["kustomization.yaml", ""])
def test_an_overlay_may_be_named_by_its_kustomization(cache: Path, checkout: Path, to: str) -> None:
    write(checkout, {".github/argofix.yaml": f"argocd: {{overlay: {OVERLAY}/{to}}}\n".encode()})
    done = argofix(cache, "bump", checkout, "--to", "v3.3.1")
    assert done.returncode == 0, done.stderr


def test_another_file_as_the_overlay_is_said(cache: Path, checkout: Path) -> None:
    write(checkout, {".github/argofix.yaml": b"argocd: {overlay: argocd/base/server.yaml}\n"})
    done = argofix(cache, "bump", checkout, "--to", "v3.3.1")
    assert done.returncode == 2
    (line,) = done.stderr.decode().splitlines()
    assert "`argocd.overlay` names the file argocd/base/server.yaml, and it takes a directory; " in line
    assert "argocd/overlays/production, argocd/overlays/staging do" in line
    assert "`argocd: {overlay: argocd/overlays/staging}`" in line


async def test_the_digest_of_a_build_of_ones_own_is_asked_for_nowhere(cache: Path, checkout: Path) -> None:
    """Upstream's digest is none of an image that comes from elsewhere: it is neither asked for nor to be said."""
    own = f"{STAGING}  newName: registry.example/argocd\r\n  digest: sha256:{'0' * 64}\r\n".encode()
    write(checkout, {KUSTOMIZATION: own})
    words: list[str | Path] = ["bump", checkout, "--to", "v3.3.4"]
    done = await asyncio.to_thread(argofix, cache, *words, QUAY_URL="http://127.0.0.1:9")
    assert (done.returncode, done.stdout) == (1, b"")
    assert b"runs registry.example/argocd, and whether v3.3.4 is there nobody has seen" in done.stderr


async def test_a_digest_that_cannot_be_asked_for_is_to_be_said(
    cache: Path, checkout: Path, published: dict[str, str]
) -> None:
    write(checkout, {KUSTOMIZATION: f"{STAGING}  digest: sha256:{'0' * 64}\r\n".encode()})
    words: list[str | Path] = ["bump", checkout, "--to", "v3.3.4"]
    down = await asyncio.to_thread(argofix, cache, *words, **published | {"QUAY_URL": "http://127.0.0.1:9"})
    assert (down.returncode, down.stdout) == (2, b"")
    assert down.stderr.decode().rstrip().endswith("without it, say `--digest sha256:...`")
    said = await asyncio.to_thread(argofix, cache, *words, "--digest", f"sha256:{'4' * 64}")
    assert said.returncode == 0, said.stderr
    assert f"+  digest: sha256:{'4' * 64}".encode() in said.stdout
    unknown = await asyncio.to_thread(argofix, cache, "bump", checkout, "--to", "v3.9.9", **published)
    assert unknown.returncode == 1
    assert b"is not known; say it with `--digest sha256:...`" in unknown.stderr
    wrong = await asyncio.to_thread(argofix, cache, *words, "--digest", "sha256:1")
    assert (wrong.returncode, wrong.stdout) == (2, b"")
