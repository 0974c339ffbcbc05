"""One symbolic link that leaves the repository stops every Application of it."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.rendering.driver import Engine
from bot.rendering.evaluation import evaluate
from checks.judgement.evaluation import Evaluation
from checks.model import Severity
from checks.policy.file import Policy
from gitops.files.links import leaving
from gitops.files.tree import MODE_SYMLINK, Entry, Tree, blob_oid
from tests.scenarios import MATCHER, Files, application, config_map, manifest, of_rule, tree

FILES = {
    "apps/a.yaml": application("a", "a"),
    "apps/far.yaml": application("far", "x", url="https://github.com/acme/elsewhere"),
    "a/m.yaml": config_map("m"),
}


def with_links(files: Files, links: dict[str, str]) -> Tree:
    plain = tree({**files, **links})
    entries = {path: entry for path in plain.paths() if (entry := plain.entry(path)) is not None}
    for path, target in links.items():
        entries[path] = Entry(MODE_SYMLINK, blob_oid(target.encode()), len(target))
    return Tree(entries, lambda path, _: plain.read(path))


async def judged(engine: Engine, files: Files, links: dict[str, str], base: Tree | None = None) -> Evaluation:
    return await evaluate(engine, with_links(files, links), base, MATCHER, Policy())


@pytest.mark.parametrize(
    ("path", "target"),
    [
        ("docs/result", "/nix/store/abc"),
        ("link", ".."),
        ("docs/deep/link", "../../../other/file.yaml"),
        ("docs/link", "../a/../../back/in"),
        ("tools/x", "../../platform/tools/x"),
    ],
)
async def test_a_link_out_is_an_error_for_every_application_of_the_repository(
    engine: Engine, path: str, target: str
) -> None:
    (finding,) = of_rule(await judged(engine, FILES, {path: target}), "link-leaves-repository")
    assert (finding.severity, finding.span.path, finding.applications) == (Severity.ERROR, path, ("a",))
    assert target in finding.message
    base = with_links(FILES, {path: target})
    (known,) = of_rule(await judged(engine, FILES, {path: target}, base), "link-leaves-repository")
    assert known.introduced is False


@pytest.mark.parametrize(
    ("path", "target"),
    [("docs/link", "../a/m.yaml"), ("docs/dangling", "nowhere"), ("docs/up", ".."), ("a/b/c", "../../a/./m.yaml")],
)
async def test_a_link_inside_is_none(engine: Engine, path: str, target: str) -> None:
    assert of_rule(await judged(engine, FILES, {path: target}), "link-leaves-repository") == []


@pytest.mark.parametrize(
    "told",
    [
        manifest("ConfigMap", "argocd-cmd-params-cm", "argocd", data={"reposerver.allow.oob.symlinks": "true"}),
        "args: [argocd-repo-server, --allow-oob-symlinks]\n",
        "env:\n- name: ARGOCD_REPO_SERVER_ALLOW_OUT_OF_BOUNDS_SYMLINKS\n  value: 'true'\n",
    ],
)
async def test_where_argo_cd_is_told_to_let_them_be_it_is_a_notice(engine: Engine, told: str) -> None:
    files = {**FILES, "argocd/x.yaml": told}
    (finding,) = of_rule(await judged(engine, files, {"x": "/etc/hosts"}), "link-leaves-repository")
    assert finding.severity is Severity.NOTICE
    off = {**FILES, "argocd/x.yaml": told.replace("true", "false").replace("symlinks]", "symlinks=false]")}
    (finding,) = of_rule(await judged(engine, off, {"x": "/etc/hosts"}), "link-leaves-repository")
    assert finding.severity is Severity.ERROR


async def test_a_repository_without_applications_of_its_own_is_left_alone(engine: Engine) -> None:
    files = {"apps/far.yaml": FILES["apps/far.yaml"]}
    assert of_rule(await judged(engine, files, {"x": "/etc/hosts"}), "link-leaves-repository") == []


@given(st.lists(st.sampled_from(["..", ".", "a", "b", ""]), min_size=1, max_size=6), st.integers(0, 3))
def test_a_link_leaves_when_any_step_of_it_does(parts: list[str], depth: int) -> None:
    target = "/".join(parts)
    if not target:
        return
    path = "/".join([*(["d"] * depth), "link"])
    height, lowest = depth, depth
    for part in parts:
        height += {"..": -1, ".": 0, "": 0}.get(part, 1)
        lowest = min(lowest, height)
    expected = target.startswith("/") or lowest < 0
    assert bool(list(leaving(with_links({}, {path: target})))) == expected


def test_the_advised_command_does_what_it_says(tmp_path: Path) -> None:
    from checks.render.link_leaves_repository import _quoted

    name = "it's a link"
    (tmp_path / name).symlink_to("/etc/hosts")
    git = ["git", "-C", str(tmp_path)]
    subprocess.run([*git, "init", "-q"], check=True)
    subprocess.run([*git, "add", "-A"], check=True)
    subprocess.run(["sh", "-c", f"git rm -q --cached {_quoted(name)}"], check=True, cwd=tmp_path)
    listed = subprocess.run([*git, "ls-files"], check=True, capture_output=True, text=True).stdout
    assert listed == ""
