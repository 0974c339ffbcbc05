"""What kustomize says when it fails is told in people's words, the same in every run, at the place of the cause."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.rendering.driver import Engine
from gitops.discovery.kustomizations import plan_kustomize
from gitops.files.spans import Span
from gitops.files.tree import Tree
from gitops.kustomize.failures.words import in_words, without_lines
from gitops.resources.rendering import RenderFailed
from tests.scenarios import MATCHER, application, evaluated, of_rule

MAP = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: s}\ndata: {a: '1'}\n"
COMPONENT = "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\n"
GO = re.compile(
    r"0x[0-9a-f]{4}|&\\{|<nil>|\\(nil\\)|\\w+\\{\\w+:|map\\[|interface|Go (?:struct|value)|\\[no(?:Grp|Ns|Ver)\\]|"
    r"lstat|evalsymlink|err='|unmarshal|\\bjson:|\\byaml:|resid|/tmp"
)

# The kustomization, files beside it, where the fault is (file and line), and what has to be said.
FAILING: dict[str, tuple[str, dict[str, str], str, int, str]] = {
    "merge into nothing": (
        "resources: [m.yaml]\nconfigMapGenerator:\n- {name: nope, behavior: merge, literals: [a=b]}\n",
        {},
        "a/kustomization.yaml",
        3,
        "ConfigMap `nope`",
    ),
    "replace nothing, a secret": (
        "resources: [m.yaml]\nsecretGenerator:\n- {name: nope, behavior: replace, literals: [a=b]}\n",
        {},
        "a/kustomization.yaml",
        3,
        "Secret `nope`",
    ),
    "generated twice": (
        "configMapGenerator:\n- {name: g, literals: [a=b]}\n- {name: g, literals: [a=b]}\n",
        {},
        "a/kustomization.yaml",
        2,
        "`behavior: merge`",
    ),
    "generated beside a manifest": (
        "generatorOptions: {disableNameSuffixHash: true}\nresources: [m.yaml]\nconfigMapGenerator:\n"
        "- {name: s, literals: [a=b]}\n",
        {},
        "a/kustomization.yaml",
        4,
        "ConfigMap `s`",
    ),
    "component generated in base and overlay": (
        "resources: [base]\ncomponents: [env]\n",
        {
            "a/base/kustomization.yaml": "resources: [m.yaml]\ncomponents: [../env]\n",
            "a/base/m.yaml": MAP,
            "a/env/kustomization.yaml": COMPONENT + "configMapGenerator:\n- {name: env, literals: [a=b]}\n",
        },
        "a/env/kustomization.yaml",
        4,
        "ConfigMap `env`",
    ),
    "a literal without a value": (
        "resources: [m.yaml]\nconfigMapGenerator: [{name: g, literals: [ab]}]\n",
        {},
        "a/kustomization.yaml",
        1,
        "key=value",
    ),
    "a key twice in a generator": (
        "resources: [m.yaml]\nconfigMapGenerator:\n- {name: g, literals: [a=1, a=2]}\n",
        {},
        "a/kustomization.yaml",
        3,
        "repeats the key",
    ),
    "a generator without a name": (
        "configMapGenerator: [{literals: [a=1]}]\n",
        {},
        "a/kustomization.yaml",
        1,
        "must have a name",
    ),
    "a text for a list": (
        "namePrefix: x-\nresources: m.yaml\n",
        {},
        "a/kustomization.yaml",
        2,
        "`resources` must be a list of texts, and is a text",
    ),
    "a list for a text": (
        "resources: [m.yaml]\nnamePrefix: [x]\n",
        {},
        "a/kustomization.yaml",
        2,
        "`namePrefix` must be a text, and is a list",
    ),
    "a text for a number": (
        "resources: [m.yaml]\nreplicas: [{name: x, count: two}]\n",
        {},
        "a/kustomization.yaml",
        2,
        "must be a number, and is a text",
    ),
    "another kind": (
        "kind: Kustomize\nresources: [m.yaml]\n",
        {},
        "a/kustomization.yaml",
        1,
        "kind should be Kustomization or Component",
    ),
    "a component among resources": (
        "resources: [m.yaml, c]\n",
        {"a/c/kustomization.yaml": COMPONENT + "namePrefix: x-\n"},
        "a/kustomization.yaml",
        1,
        "is a Component",
    ),
    "no component": (
        "components: [c]\n",
        {"a/c/kustomization.yaml": "namePrefix: x-\n"},
        "a/kustomization.yaml",
        1,
        "is no Component",
    ),
    "a manifest without a name": (
        "resources: [m.yaml, n.yaml]\n",
        {"a/n.yaml": MAP.replace("name: s", "name: t") + "---\napiVersion: v1\nkind: ConfigMap\n"},
        "a/n.yaml",
        6,
        "metadata.name",
    ),
    "a text that is no manifest": (
        "resources: [m.yaml, n.yaml]\n",
        {"a/n.yaml": "hello\n"},
        "a/n.yaml",
        1,
        "no Kubernetes manifest",
    ),
    "a tab in a manifest of a base": (
        "resources: [base]\n",
        {"a/base/kustomization.yaml": "resources: [n.yaml]\n", "a/base/n.yaml": "a:\n\tb: c\n"},
        "a/base/n.yaml",
        2,
        "not valid YAML",
    ),
    "a key twice in a manifest": (
        "resources: [m.yaml, n.yaml]\n",
        {"a/n.yaml": "# first\n" + MAP.replace("name: s", "name: t, name: t")},
        "a/n.yaml",
        4,
        "the key `name` stands twice",
    ),
    "a key twice, deep in the second document of a base": (
        "resources: [base]\n",
        {
            "a/base/kustomization.yaml": "resources: [m.yaml, n.yaml]\n",
            "a/base/m.yaml": MAP,
            "a/base/n.yaml": MAP.replace("name: s", "name: t")
            + "---\napiVersion: apps/v1\nkind: Deployment\nmetadata: {name: d}\nspec:\n"
            "  replicas: 1\n  replicas: 2\n",
        },
        "a/base/n.yaml",
        11,
        "the key `replicas` stands twice",
    ),
    "a key twice in a transformer's configuration": (
        "resources: [m.yaml]\nconfigurations: [c.yaml]\n",
        {"a/c.yaml": "namePrefix: []\nnamePrefix: []\n"},
        "a/c.yaml",
        2,
        "the key `namePrefix` stands twice",
    ),
    "two namespaces made one": (
        "resources: [m.yaml, n.yaml]\nnamespace: shop\n",
        {"a/n.yaml": MAP.replace("name: s", "name: s, namespace: other")},
        "a/kustomization.yaml",
        2,
        "ConfigMap s",
    ),
    "a replacement without a source": (
        "resources: [m.yaml]\nreplacements:\n- source: {kind: Secret, name: nope}\n"
        "  targets: [{select: {kind: ConfigMap}, fieldPaths: [data.a]}]\n",
        {},
        "a/kustomization.yaml",
        2,
        "Secret nope",
    ),
    "a replacement of a field that is not there": (
        "resources: [m.yaml]\nreplacements:\n- source: {kind: ConfigMap, name: s, fieldPath: data.zz}\n"
        "  targets: [{select: {kind: ConfigMap}, fieldPaths: [data.a]}]\n",
        {},
        "a/kustomization.yaml",
        2,
        "`data.zz` of ConfigMap s",
    ),
    "replicas of nobody": (
        "resources: [m.yaml]\nreplicas:\n- {name: nope, count: 2}\n",
        {},
        "a/kustomization.yaml",
        2,
        "`nope`, and no Deployment, ReplicaSet, ReplicationController or StatefulSet",
    ),
    "a patch of another form": (
        "resources: [m.yaml]\npatches:\n- {target: {kind: ConfigMap}, patch: hello}\n",
        {},
        "a/kustomization.yaml",
        3,
        "neither a strategic merge patch nor a JSON patch",
    ),
    "a patch that says nothing": (
        "resources: [m.yaml]\npatches:\n- {target: {kind: ConfigMap}}\n",
        {},
        "a/kustomization.yaml",
        3,
        "neither `patch` nor `path`",
    ),
    "a JSON patch that tests": (
        "resources: [m.yaml]\npatches:\n"
        '- {target: {kind: ConfigMap}, patch: \'[{"op": "test", "path": "/data/a", "value": "x"}]\'}\n',
        {},
        "a/kustomization.yaml",
        3,
        "`/data/a`",
    ),
    "an operation on what is not there": (
        "resources: [m.yaml]\npatches:\n- {path: fine.yaml, target: {kind: ConfigMap}}\n"
        "- {path: p.yaml, target: {kind: ConfigMap}}\n",
        {
            "a/fine.yaml": "- {op: add, path: /data/z, value: '1'}\n",
            "a/p.yaml": "- op: replace\n  path: /data/q/z\n  value: x\n",
        },
        "a/kustomization.yaml",
        4,
        "to replace `/data/q/z`, which the resource does not have",
    ),
    "a patch file that is no YAML": (
        "resources: [m.yaml]\npatches:\n- {path: p.yaml}\n",
        {"a/p.yaml": "kind: X\nmetadata: {name: s\n"},
        "a/p.yaml",
        3,
        "not valid YAML",
    ),
    "a strategic merge patch that is no YAML": (
        "resources: [m.yaml]\npatchesStrategicMerge:\n- p.yaml\n",
        {"a/p.yaml": "kind: X\nmetadata:\n\tname: s\n"},
        "a/p.yaml",
        3,
        "not valid YAML",
    ),
    "replacements that are no YAML": (
        "resources: [m.yaml]\nreplacements:\n- {path: r.yaml}\n",
        {"a/r.yaml": "x: y\na: b: c\n"},
        "a/r.yaml",
        2,
        "not valid YAML",
    ),
    "a number for a text": (
        "resources: [m.yaml]\nimages:\n- {name: a, newTag: v1}\n- name: b\n  newTag: 1.10 # as it is\n",
        {},
        "a/kustomization.yaml",
        5,
        "`newTag` must be a text, and is a number",
    ),
    "an env file that is no text": (
        "configMapGenerator:\n- {name: g, envs: [e.env]}\n",
        {"a/e.env": "a\udcff=b\n"},
        "a/kustomization.yaml",
        2,
        "no valid UTF-8",
    ),
    "a character that YAML has not": (
        "configMapGenerator:\n- {name: g, files: [f]}\n",
        {"a/f": "a\x7fb"},
        "a/kustomization.yaml",
        1,
        "control characters are not allowed",
    ),
    "a variable of nobody": (
        "resources: [m.yaml]\nvars:\n- {name: X, objref: {kind: Secret, name: nope, apiVersion: v1}}\n",
        {},
        "a/kustomization.yaml",
        2,
        "the variable `X` takes its value from a Secret",
    ),
}


async def outcome(engine: Engine, kustomization: str, beside: dict[str, str]) -> RenderFailed:
    from gitops.discovery.renderings import rendering_of

    files = {"a/m.yaml": MAP, **beside, "a/kustomization.yaml": kustomization}
    here = Tree.of({path: text.encode("utf-8", "surrogateescape") for path, text in files.items()})
    at = Span("apps.yaml", 1, 1)
    analysis = engine.analysis(MATCHER)
    plan = plan_kustomize(here, "a", None, analysis, at)
    assert plan.request is not None, plan.answer
    # Past the cache: another process, with other addresses in it.
    output = await engine.render(plan.request)
    rendering = rendering_of(here, plan, {plan.request.fingerprint: output}, at, analysis)
    assert isinstance(rendering, RenderFailed), rendering
    return rendering


@pytest.mark.parametrize("name", FAILING)
async def test_a_failure_is_told_at_its_cause_in_words_and_alike_in_every_run(engine: Engine, name: str) -> None:
    kustomization, beside, path, line, words = FAILING[name]
    first = await outcome(engine, kustomization, beside)
    assert words in first.message, first.message
    assert (first.span.path, first.span.line) == (path, line)
    said = f"{first.message} | {first.detail}"
    assert GO.search(said) is None, said
    assert await outcome(engine, kustomization, beside) == first


async def test_what_failed_before_fails_no_change_whatever_moves(engine: Engine) -> None:
    for name in ("merge into nothing", "component generated in base and overlay", "a key twice in a manifest"):
        kustomization, beside, *_ = FAILING[name]
        files = {"a/m.yaml": MAP, **beside, "a/kustomization.yaml": kustomization, "apps.yaml": application("a", "a")}
        moved = {path: "# moved\n" + text if path.startswith("a/") else text for path, text in files.items()}
        evaluation = await evaluated(engine, {**moved, "a/m.yaml": MAP.replace("'1'", "'2'")}, base=files)
        assert [finding.introduced for finding in of_rule(evaluation, "render-failed")] == [False], name


async def test_a_known_failure_stays_known_when_an_application_joins_or_leaves(engine: Engine) -> None:
    broken = {"a/kustomization.yaml": "resources: [gone.yaml]\n", "apps/a.yaml": application("a", "a")}
    both = {**broken, "apps/b.yaml": application("b", "a")}
    left = of_rule(await evaluated(engine, broken, base=both), "render-failed")
    assert [(finding.applications, finding.introduced) for finding in left] == [(("a",), False)]
    joined = of_rule(await evaluated(engine, both, base=broken), "render-failed")
    assert sorted((finding.applications, finding.introduced) for finding in joined) == [
        (("a",), False),
        (("b",), True),
    ]


ADDRESSES = st.integers(0x4000, 2**48).map(lambda number: f"{number:#x}")
TEMPLATES = [
    'merging from generator &{%s <nil>}: id resid.ResId{Gvk:resid.Gvk{Group:"", Version:"v1", Kind:"Secret", '
    'isClusterScoped:false}, Name:"x", Namespace:"n"} exists; behavior must be merge or replace',
    "adding origin annotations for generator &{%s map[]}: boom",
    "something &{{ } %s [] map[a:b]} happened to ConfigMap.v1.[noGrp]/x.[noNs]",
    "panic at (%s): nil",
    "loading %s: *types.Thing refused",
]


@given(st.sampled_from(TEMPLATES), ADDRESSES, ADDRESSES)
def test_no_address_gets_into_a_sentence(template: str, one: str, other: str) -> None:
    assert in_words(template % one) == in_words(template % other)
    assert GO.search(in_words(template % one)) is None


@given(st.integers(1, 10**6), st.integers(1, 10**6))
def test_lines_tell_no_failures_apart_and_names_do(one: int, other: int) -> None:
    def said(line: int, name: str) -> str:
        return without_lines(f"a/{name}.yaml:{line} is not valid YAML: bad; see line {line}")

    assert said(one, "x") == said(other, "x") != said(one, "y")
