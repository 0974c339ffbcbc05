"""Which fields are read, held against the real kustomize: it knows all of them, and reads no file without us."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.rendering.kustomize import find_binary
from gitops.discovery.kustomizations import plan_kustomize
from gitops.discovery.sources import Analysis
from gitops.files.spans import Span
from gitops.kustomize.closure import Closure
from gitops.kustomize.fields import BUILTIN, CANONICAL, KUSTOMIZATION, Leaf, Shape
from gitops.kustomize.kustomization import read_kustomization
from gitops.kustomize.remote import is_remote, looks_remote
from gitops.kustomize.walk import walk
from gitops.resources.rendering import NotAnalysed, RenderFailed
from tests.scenarios import MATCHER, config_map, tree

BINARY = find_binary(None)
BUILD = [
    str(BINARY),
    "kustomize" if BINARY.name.startswith("kubectl") else "build",
    "--load-restrictor=LoadRestrictionsNone",
]
MAPPINGS = {
    "metadata",
    "openapi",
    "sortOptions",
    "helmGlobals",
    "generatorOptions",
    "legacySortOptions",
    "objref",
    "objRef",
}
MAPPINGS |= {"fieldref", "fieldRef", "options", "target", "source", "select"}
NEWER = {
    "includeVolumeClaimTemplates",
    "sourceValue",
    "tagSuffix",
    "devel",
}  # than the renderer that tests are made with

# Of two spellings that are both read, the one that is advised.
FIRST = CANONICAL | {"objRef": "objref", "fieldRef": "fieldref", "fieldpath": "fieldPath"}


def build(directory: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*BUILD, str(directory)], capture_output=True, text=True, timeout=60)


def nothing(shape: Shape, name: str = "") -> object:
    """A value in which every field of a shape is null."""
    if isinstance(shape, Leaf):
        return None
    inner = {key: nothing(below, key) for key, below in shape.items() if key not in NEWER}
    return inner if name in MAPPINGS or not name else [inner]


def test_kustomize_knows_every_field_that_we_read(tmp_path: Path) -> None:
    everything = {name: nothing(shape, name) for name, shape in KUSTOMIZATION.items()}
    (tmp_path / "kustomization.yaml").write_text(json.dumps(everything))
    said = build(tmp_path).stderr
    assert "unknown field" not in said, said
    assert "cannot unmarshal" not in said, said


def test_kustomize_knows_every_builtin_plugin_that_we_read(tmp_path: Path) -> None:
    for kind, fields in BUILTIN.items():
        field = "generators" if kind.endswith("Generator") else "transformers"
        config = {name: nothing(shape, name) for name, shape in fields.items() if isinstance(shape, Leaf)}
        config |= {"apiVersion": "builtin", "kind": kind, "metadata": {"name": "x"}}
        (tmp_path / "kustomization.yaml").write_text(json.dumps({field: ["p.yaml"]}))
        (tmp_path / "p.yaml").write_text(json.dumps(config))
        assert "unable to load builtin" not in build(tmp_path).stderr


def routes(shape: Shape, *above: str) -> Iterator[tuple[str, ...]]:
    if not isinstance(shape, Leaf):
        for name, below in shape.items():
            yield (*above, name)
            yield from routes(below, *above, name)


@pytest.mark.parametrize("route", [*routes(KUSTOMIZATION)], ids=".".join)
def test_a_name_in_any_other_case_is_not_read(route: tuple[str, ...]) -> None:
    for changed in (route[-1].upper(), route[-1].swapcase(), route[-1].replace("s", "\u017f")):
        if changed == route[-1] or changed in CANONICAL or FIRST.get(changed):
            continue
        value: object = "x"
        for name in reversed((*route[:-1], changed)):
            value = {name: value}
        (odd,) = read_kustomization("k/kustomization.yaml", json.dumps(value, ensure_ascii=False).encode()).unread
        meant = FIRST.get(route[-1], route[-1])
        assert odd.what == f"kustomize takes `{changed}` for `{meant}`, and argofix reads `{meant}` only"


@pytest.mark.parametrize(
    ("text", "line", "what"),
    [
        ("resources: []\nx: 1\n", 2, "`x` is no field of a kustomization that argofix knows"),
        ("patches:\n- {path: a, x: 1}\n", 2, "`x` is no field of `patches` of a kustomization that argofix knows"),
        ("resources: [!!binary YQ==]\n", 1, "argofix does not read the YAML tag `!!binary`"),
        ("resources: [!own a]\n", 1, "argofix does not read the YAML tag `!own`"),
        ("!!merge <<: {resources: [a]}\n", 1, "argofix does not read the YAML tag `!!merge`"),
        ("? [resources]\n: [a]\n", 1, "a key that is no text"),
        ("patchesJson6902: []\npatchesJSON6902: []\n", 2, "`patchesJSON6902` and `patchesJson6902` are one field"),
        ("images:\n- &a {name: x, Name: y}\n", 2, "`Name` and `name` are one field"),
        ("configMapGenerator:\n- <<: {Files: [x]}\n", 2, "kustomize takes `Files` for `files`"),
    ],
)  # fmt: skip
def test_what_is_not_read_is_told_with_its_line(text: str, line: int, what: str) -> None:
    odd = read_kustomization("k/kustomization.yaml", text.encode()).unread
    assert [one.what for one in odd if one.line == line and one.what.startswith(what)]
    # And so it never reaches the renderer.
    walked = walk(tree({"k/kustomization.yaml": text}), "k")
    kept_back = [problem.message for problem in (*walked.refused, *walked.problems)]
    assert [told for told in kept_back if told.startswith(f"k/kustomization.yaml:{line}: {what}")]


def plugin(kind: str, **fields: object) -> str:
    return json.dumps({"apiVersion": "builtin", "kind": kind, "metadata": {"name": "x"}, **fields})


@pytest.mark.parametrize(
    ("field", "config", "file"),
    [
        ("generators", plugin("ConfigMapGenerator", files=["k=data"]), "a/data"),
        ("generators", plugin("ConfigMapGenerator", envs=["data"]), "a/data"),
        ("generators", plugin("SecretGenerator", env="data"), "a/data"),
        ("transformers", plugin("PatchTransformer", path="../b/data"), "b/data"),
        ("transformers", plugin("PatchJson6902Transformer", path="data", target={"name": "m"}), "a/data"),
        ("transformers", plugin("PatchStrategicMergeTransformer", paths=["data"]), "a/data"),
        ("transformers", plugin("ReplacementTransformer", replacements=[{"path": "data"}]), "a/data"),
        ("validators", plugin("ValueAddTransformer", targetFilePath="data"), "a/data"),
    ],
)
@pytest.mark.parametrize("where", ["file", "inline", "other directory", "kustomization"])
def test_what_builtin_plugins_name_counts_from_the_kustomization_that_lists_them(
    field: str, config: str, file: str, where: str
) -> None:
    entry = {"file": "p.yaml", "inline": config, "other directory": "../q/p.yaml", "kustomization": "../q"}[where]
    files = {
        "a/kustomization.yaml": json.dumps({field: [entry]}),
        "a/p.yaml": config,
        "q/p.yaml": config,
        "q/kustomization.yaml": "resources: [p.yaml]\n",
    }
    assert file not in walk(tree(files), "a").files
    there = walk(tree({**files, file: "x"}), "a")
    assert file in there.files
    assert [p.message for p in [*there.refused, *there.unsupported]] == []
    assert [p.message for p in there.problems if not p.needs_lifted_restriction] == []


@pytest.mark.parametrize(
    ("config", "reason"),
    [
        (plugin("Other"), "configures Other, which is no builtin plugin that argofix knows"),
        (plugin("ConfigMapGenerator", Files=["a"]), "p.yaml:1: kustomize takes `Files` for `files`"),
        (plugin("ConfigMapGenerator", file=["a"]), "p.yaml:1: `file` is no field of a ConfigMapGenerator"),
        (plugin("ConfigMapGenerator")[:-1] + ", <<: {files: [a]}}", "p.yaml:1: `<<` is no field of"),
        ("apiVersion: builtin\nkind: HashTransformer\nkind: ConfigMapGenerator\n", "p.yaml:3: the key `kind` is"),
        ("- 1\n", "lists a plugin configuration without a kind"),
    ],
)  # fmt: skip
def test_a_plugin_that_is_not_understood_is_refused(config: str, reason: str) -> None:
    files = {"a/kustomization.yaml": "transformers: [p.yaml]\n", "a/p.yaml": config}
    assert any(reason in problem.message for problem in walk(tree(files), "a").refused)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("patches", [{"patch": "[{op: replace, path: /files, value: [/etc/passwd]}]", "target": {"name": "x"}}]),
        (
            "patchesStrategicMerge",
            ["apiVersion: builtin\nkind: ConfigMapGenerator\nmetadata: {name: x}\nfiles: [/x]"],
        ),
        (
            "replacements",
            [{"source": {"kind": "A"}, "targets": [{"select": {"kind": "B"}, "fieldPaths": ["files.0"]}]}],
        ),
        ("transformers", ["t.yaml"]),
        ("namePrefix", "../"),
        ("commonAnnotations", {"a": "b"}),
    ],
)
@pytest.mark.parametrize("depth", [0, 1])
def test_plugins_that_another_kustomization_changes_are_refused(field: str, value: object, depth: int) -> None:
    """What they name then is not what stands in their file."""
    changing = json.dumps({"resources": ["p.yaml"], field: value})
    files = {
        "a/kustomization.yaml": "generators: [../q]\n",
        "q/kustomization.yaml": changing if depth == 0 else "resources: [../r]\n",
        "r/kustomization.yaml": changing,
        **{f"{where}/p.yaml": plugin("ConfigMapGenerator", files=["f"]) for where in "qr"},
    }
    where = "qr"[depth]
    assert f"{where}/kustomization.yaml changes plugin configurations by `{field}`" in [
        problem.message for problem in walk(tree(files), "a").refused
    ]


@pytest.mark.parametrize("value", ["apiVersion: builtin\nkind: ConfigMapGenerator\nx: /../../../../etc/passwd\n"])
def test_text_that_may_be_taken_for_a_path_out_of_here_is_refused(value: str) -> None:
    files = {"a/kustomization.yaml": json.dumps({"patchesStrategicMerge": [value]})}
    assert [p.message for p in walk(tree(files), "a").refused] == [
        "a/kustomization.yaml:1 holds text that kustomize may take for a path out of here"
    ]


@pytest.mark.parametrize(
    "value",
    [
        "http://h/x", "https://h/x", "HTTP://h/x", "http:/h/x", "http:x", "git::https://h/o/r", "GIT::ssh://h/o/r",
        "ssh://git@h/o/r", "file:///tmp/r", "FILE:///tmp/r", "github.com/o/r", "github.com/o/r//x?ref=main",
        "GitHub.com:o/r", "git@github.com:o/r.git", "git@h:o/r", "git@h/o/r", "org-1@h/_git/r", "git::git@h:o/r",
    ],
)  # fmt: skip
def test_a_url_is_one_whatever_directories_there_are(value: str) -> None:
    assert is_remote(value)
    files = {"a/kustomization.yaml": json.dumps({"resources": [value]}), f"a/{value}": config_map("m")}
    closure = walk(tree(files), "a")
    assert [problem.message for problem in closure.unsupported] == [f"a/kustomization.yaml:1 loads `{value}`"]


@pytest.mark.parametrize(
    "value", ["a.yaml", "../a", "app@v1/base", "user@host.yaml", "httpd/x", "gitlab.com/o/r", "c:/x"]
)
def test_a_path_is_one(value: str) -> None:
    assert not is_remote(value)
    files = {"a/kustomization.yaml": json.dumps({"resources": [value]}), f"a/{value}": config_map("m")}
    assert walk(tree(files), "a").unsupported == []


def test_what_names_no_file_may_be_meant_to_be_fetched() -> None:
    assert [looks_remote(value) for value in ("s3://b/x", "gitlab.com/o/r", "a.yaml")] == [True, True, False]


@pytest.mark.parametrize(
    ("renderer", "failed"),
    [("kubectl v5.5.0", True), ("kustomize v5.8.1", True), ("kustomize v5.9.0", False), ("kustomize v6.0.0", False)],
)
def test_an_unknown_field_fails_only_where_kustomize_is_known_to_refuse_it(renderer: str, failed: bool) -> None:
    files = tree({"a/kustomization.yaml": "resources: [m.yaml]\nresourcez: []\n", "a/m.yaml": config_map("m")})
    plan = plan_kustomize(files, "a", None, Analysis(MATCHER, str, renderer), Span("apps.yaml", 1, 1))
    assert plan.request is None
    assert isinstance(plan.answer, RenderFailed if failed else NotAnalysed)
    assert "a/kustomization.yaml:2: `resourcez` is no field of a kustomization that argofix knows" in repr(
        plan.answer
    )


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"components": ["http://127.0.0.1/c"]}, "apps.yaml:7 loads `http://127.0.0.1/c`"),
        ({"patches": [{"path": "https://127.0.0.1/p"}]}, "apps.yaml:7 loads `https://127.0.0.1/p`"),
        ({"patches": [{"PATH": "m.yaml"}]}, "apps.yaml:7: kustomize takes `PATH` for `path`"),
        ({"patches": [{"path": "../../x"}]}, "leaves the repository"),
        ({"components": ["../../x"]}, "leaves the repository"),
        ({"patches": [{"path": "/etc/passwd"}]}, "absolute path"),
        ({"patches": [{"path": "gone.yaml"}]}, "`gone.yaml` does not exist"),
    ],
)
def test_what_an_application_adds_is_followed_too(options: dict[str, object], reason: str) -> None:
    files = {
        "a/kustomization.yaml": "resources: [m.yaml]\n",
        "a/m.yaml": config_map("m"),
        "a/http:/127.0.0.1/c/kustomization.yaml": "kind: Component\n",
        "a/https:/127.0.0.1/p": "x",
    }
    analysis = Analysis(MATCHER, str, "kustomize v5.5.0", shut_in=True)
    plan = plan_kustomize(tree(files), "a", options, analysis, Span("apps.yaml", 7, 7))
    assert plan.request is None
    assert reason in repr(plan.answer)


def test_a_patch_that_an_application_names_is_handed_on() -> None:
    files = {"a/kustomization.yaml": "resources: [m.yaml]\n", "a/m.yaml": config_map("m"), "a/p.yaml": "kind: X\n"}
    analysis = Analysis(MATCHER, str, "kustomize v5.5.0")
    options = {"patches": [{"path": "p.yaml"}]}
    plan = plan_kustomize(tree(files), "a", options, analysis, Span("apps.yaml", 7, 7))
    assert plan.request is not None
    assert plan.request.files == ("a/kustomization.yaml", "a/m.yaml", "a/p.yaml")


SPELLINGS = st.sampled_from(["plain", "upper", "swapped", "long s", "quoted", "escaped", "merged", "aliased"])


def spelt(name: str, spelling: str, value: str) -> str:
    """`name: value` for a flow mapping, in one of the ways in which YAML and Go may read it."""
    return {
        "plain": f"{name}: {value}",
        "upper": f"{name.upper()}: {value}",
        "swapped": f"{name[0].swapcase()}{name[1:]}: {value}",
        "long s": f"{name.replace('s', chr(0x17F))}: {value}",
        "quoted": f"'{name}': {value}",
        "escaped": '"' + "".join(f"\\x{ord(letter):02x}" for letter in name) + f'": {value}',
        "merged": f"<<: {{{name}: {value}}}",
        "aliased": f"options: {{labels: &{name} {{}}}}, {name}: {value}",
    }[spelling]


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    top=SPELLINGS.filter(lambda s: s != "aliased"),
    inner=SPELLINGS,
    field=st.sampled_from(["files", "envs", "env"]),
    generator=st.sampled_from(["configMapGenerator", "secretGenerator"]),
    tag=st.sampled_from(["", "!!str ", "!!binary "]),
    nested=st.booleans(),
)
def test_kustomize_reads_no_file_that_the_closure_does_not_hold(
    tmp_path: Path, top: str, inner: str, field: str, generator: str, tag: str, nested: bool
) -> None:
    name = "ZGF0YQ==" if tag == "!!binary " else "data"
    value = f"{tag}{name}" if field == "env" else f"[{tag}{name}]"
    text = f"{{{spelt(generator, top, f'[{{name: m, {spelt(field, inner, value)}}}]')}}}\n"
    files = {"a/kustomization.yaml": text, "a/data": "MARKER=1", "a/ZGF0YQ==": "OTHER=1"}
    if nested:
        files["b/kustomization.yaml"] = "resources: [../a]\n"
    root = "b" if nested else "a"
    shutil.rmtree(tmp_path / "r", ignore_errors=True)
    for path, content in files.items():
        (tmp_path / "r" / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "r" / path).write_text(content)
    closure: Closure = walk(tree(files), root)
    handed_on = not closure.refused and not closure.problems
    built = build(tmp_path / "r" / root)
    read: Mapping[str, bool] = {"a/data": "MARKER" in built.stdout, "a/ZGF0YQ==": "OTHER" in built.stdout}
    if handed_on:
        assert {path for path, seen in read.items() if seen} <= closure.files
