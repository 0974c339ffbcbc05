"""Secret values stay out of messages when kustomize fails on them, through the real renderer."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest

from bot.rendering.driver import Engine
from gitops.resources.rendering import RenderFailed
from tests.scenarios import Files, application, evaluated, failure_of, kustomization, manifest, state_of, tree

MARKER = "m4rk3r-77aa"
ENCODED = base64.b64encode(MARKER.encode()).decode()
SECRET = manifest("Secret", "s", "shop", stringData={"k": MARKER})

BROKEN: dict[str, dict[str, str]] = {
    "literal": {"a/kustomization.yaml": f"secretGenerator:\n- name: x\n  literals: [{MARKER}]\n"},
    "type": {"a/kustomization.yaml": f"secretGenerator:\n- name: x\n  literals: [a={MARKER}]\n  type: [{MARKER}]\n"},
    "patch": {
        "a/kustomization.yaml": kustomization(
            "s.yaml", extra=f"patches:\n- patch: |\n    kind: Secret\n    stringData: {{a: {MARKER}\n"
        ),
        "a/s.yaml": SECRET,
    },
    "json-patch": {
        "a/kustomization.yaml": kustomization(
            "s.yaml",
            extra="patches:\n- target: {kind: Secret}\n"
            f'  patch: \'[{{"op": "replace", "path": "/data/zz/y", "value": "{MARKER}"}}]\'\n',
        ),
        "a/s.yaml": SECRET,
    },
    "scalar": {
        "a/kustomization.yaml": kustomization("s.yaml", extra="commonLabels: {a: b}\n"),
        "a/s.yaml": f"apiVersion: v1\nkind: Secret\nmetadata: {{name: s, labels: {MARKER}}}\nstringData: {MARKER}\n",
    },
    "no-name": {
        "a/kustomization.yaml": kustomization("s.yaml"),
        "a/s.yaml": f"apiVersion: v1\nkind: Secret\nmetadata: {{name: [x]}}\nstringData: {{k: {MARKER}}}\n",
    },
    "plugin": {
        "a/kustomization.yaml": "generators: [g.yaml]\n",
        "a/g.yaml": f"apiVersion: builtin\nkind: SecretGenerator\nmetadata: {{name: x}}\nliterals: [{MARKER}]\n",
    },
    "base64": {
        "a/kustomization.yaml": kustomization("s.yaml", "s.yaml"),
        "a/s.yaml": f"apiVersion: v1\nkind: Secret\nmetadata: {{name: s}}\ndata: {{k: {ENCODED}}}\n",
    },
    "unclosed": {
        "a/kustomization.yaml": kustomization("s.yaml"),
        "a/s.yaml": f'apiVersion: v1\nkind: Secret\nmetadata: {{name: s}}\nstringData:\n  k: "{MARKER}\n',
    },
    "directory": {"a/s.yaml": f"apiVersion: v1\nkind: Secret\nmetadata: {{name: s}}\nstringData: {{k: {MARKER}\n"},
}


def everything_in(directory: Path) -> bytes:
    return b"".join(path.read_bytes() for path in directory.glob("renderings*"))


@pytest.mark.parametrize("name", BROKEN)
async def test_a_failure_does_not_tell_the_value(name: str, tmp_path: Path) -> None:
    engine = await Engine.start(tmp_path)
    files: Files = {"apps.yaml": application("app", "a"), **BROKEN[name]}
    evaluation = await evaluated(engine, files)
    await engine.close()
    kept = everything_in(tmp_path)
    for needle in (MARKER, ENCODED):
        assert needle not in repr(evaluation)
        assert needle.encode() not in kept


async def test_a_failure_of_several_lines_is_told_in_words(engine: Engine) -> None:
    files: Files = {"apps.yaml": application("app", "a"), **BROKEN["patch"]}
    failure = failure_of(await evaluated(engine, files), "app")
    # klog's own date and process id would differ from run to run.
    assert failure.message == "a patch is neither a strategic merge patch nor a JSON patch"


async def test_two_runs_of_one_failure_are_one_problem(engine: Engine) -> None:
    """The words of a failure tell a new problem from a known one, so they may not depend on time or process."""
    broken = {"apps.yaml": application("app", "a"), **BROKEN["patch"]}
    evaluation = await evaluated(engine, {**broken, "a/s.yaml": SECRET + "# more\n"}, base=broken)
    assert isinstance(state_of(evaluation, "app").rendering, RenderFailed)
    assert [finding.introduced for finding in evaluation.findings if finding.rule == "render-failed"] == [False]
    assert tree(broken).is_dir("a")
