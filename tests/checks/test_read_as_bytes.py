"""What kustomize reads as bytes is never read as YAML, and what it reads of a kustomization is read as it does."""

from __future__ import annotations

import pytest

from bot.rendering.driver import Engine
from gitops.resources.rendering import Rendered
from tests.scenarios import application, evaluated, failure_of, of_rule, state_of

MAP = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: s}\ndata: {a: '1'}\n"
COMPONENT = "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\n"


@pytest.mark.parametrize(
    "script",
    [
        "#!/bin/sh\n# " + "*" * 64 + '\na && b\ncase "$1" in *) echo "x: y";; esac\n',
        "/* " + "*" * 60 + ' */\nSELECT "x": "y" & * FROM a;\n',
        "a: &a [1]\nb: [" + ",".join(["*a"] * 120) + "]\n\tbroken: & {\n",
        "&" + "*" * 99 + "\x01 {{ .Values }}\n",
        # Whoever read this as YAML would have to count a billion nodes.
        "a: &a [x,x,x,x,x,x,x,x,x,x]\n"
        + "".join(f"{chr(98 + i)}: &{chr(98 + i)} [{','.join([f'*{chr(97 + i)}'] * 10)}]\n" for i in range(8)),
    ],
    ids=["shell", "sql", "yaml no longer", "control characters", "a bomb"],
)
@pytest.mark.parametrize("role", ["files: [f]", "files: [k=f]", "envs: [f]"])
async def test_what_is_only_copied_is_never_read_as_yaml(engine: Engine, script: str, role: str) -> None:
    text = "a=b\n# " + script.replace("\n", " ") if "envs" in role else script
    for field in ("configMapGenerator", "secretGenerator"):
        files = {
            "apps.yaml": application("a", "a"),
            "a/kustomization.yaml": f"{field}:\n- {{name: x, {role}}}\n",
            "a/f": text,
        }
        rendering = state_of(await evaluated(engine, files), "a").rendering
        if "\x01" not in text:  # kustomize takes it; what it prints is no YAML that anyone could read
            assert isinstance(rendering, Rendered), rendering


@pytest.mark.parametrize(
    ("text", "line", "name"),
    [
        ("resources: [gone.yaml]\nnamePrefix: x-\nresources: [m.yaml]\n", 3, "resources"),
        ("kind: Kustomization\nresources: [m.yaml]\nkind: Kustomization\n", 3, "kind"),
        ("resources: [m.yaml]\nimages:\n- name: x\n  newTag: a\n  newTag: b\n", 5, "newTag"),
        ("resources: [m.yaml]\nconfigMapGenerator:\n- name: g\n  files: [gone]\n  files: [m.yaml]\n", 5, "files"),
    ],
)
async def test_of_a_repeated_key_the_last_counts_and_a_warning_says_so(
    engine: Engine, text: str, line: int, name: str
) -> None:
    files = {"apps.yaml": application("a", "a"), "a/kustomization.yaml": text, "a/m.yaml": MAP}
    evaluation = await evaluated(engine, files)
    assert isinstance(state_of(evaluation, "a").rendering, Rendered)
    (finding,) = of_rule(evaluation, "render-failed")
    assert (finding.severity, finding.span.line) == ("warning", line)
    assert f"`{name}`" in finding.message
    assert "5.0.0 to 5.0.2" in finding.message


async def test_only_the_first_document_of_a_kustomization_counts(engine: Engine) -> None:
    text = "resources: [m.yaml]\n---\nresources: [gone.yaml]\n"
    files = {"apps.yaml": application("a", "a"), "a/kustomization.yaml": text, "a/m.yaml": MAP}
    evaluation = await evaluated(engine, files)
    assert isinstance(state_of(evaluation, "a").rendering, Rendered)
    (finding,) = of_rule(evaluation, "render-failed")
    assert (finding.severity, finding.span.line) == ("warning", 3)
    empty = {**files, "a/kustomization.yaml": "---\n# nothing\n---\nresources: [m.yaml]\n"}
    assert "is empty" in failure_of(await evaluated(engine, empty), "a").message
