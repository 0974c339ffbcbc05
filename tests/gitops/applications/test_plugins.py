"""Config management plugins: what their commands, names and definitions tell about what they render with."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from bot.rendering.driver import Engine
from checks.policy.file import parse_policy
from gitops.applications.plugin_commands import ANGLES, VARIABLES, NotPlain, Renders, helm_block, understood
from gitops.applications.plugins import ELSEWHERE, WELL_KNOWN, DefinedPlugin, Plugins
from gitops.discovery.rounds import discover
from gitops.discovery.snapshot import Snapshot
from gitops.resources.rendering import NotAnalysed, Rendered, RenderFailed
from tests.instant import Instant
from tests.rediscovered import analysis, assert_found_again
from tests.scenarios import application, config_map, evaluated, kustomization, manifest, of_rule, state_of, tree

KUSTOMIZE = Renders("kustomize")
SCRIPTS: dict[str, Renders | None] = {
    "kustomize build": KUSTOMIZE,
    "kustomize build .": KUSTOMIZE,
    "kustomize build ./ --enable-helm": Renders("kustomize", ("--enable-helm",)),
    "kubectl kustomize .": KUSTOMIZE,
    "kustomize build --load-restrictor LoadRestrictionsNone .":
        Renders("kustomize", ("--load-restrictor=LoadRestrictionsNone",)),
    "kustomize build . | argocd-vault-plugin generate -": Renders("kustomize", fills=ANGLES),
    "kustomize build . | argocd-vault-plugin generate -s vault-configuration -": Renders("kustomize", fills=ANGLES),
    "kustomize build . 2>/dev/null | envsubst": Renders("kustomize", fills=VARIABLES),
    "set -euo pipefail\nkustomize build . |\n  envsubst | avp generate -\n":
        Renders("kustomize", fills=f"{VARIABLES}|{ANGLES}"),
    "# renders\nexport A=b && kustomize build .": KUSTOMIZE,
    "echo building >&2; kustomize build .": KUSTOMIZE,
    "helm dependency build && helm template .": Renders("helm", (".",)),
    'helm template "$ARGOCD_APP_NAME" -n "$ARGOCD_APP_NAMESPACE" \\\n ${helm_args} . | avp generate -':
        Renders("helm", ("$ARGOCD_APP_NAME", "-n", "$ARGOCD_APP_NAMESPACE", "${helm_args}", "."), ANGLES),
    'helm template x -f <(echo "$ARGOCD_ENV_HELM_VALUES") .':
        Renders("helm", ("x", "-f", "${ARGOCD_ENV_HELM_VALUES}@text", ".")),
    "cat *.yaml | envsubst": Renders("directory", fills=VARIABLES),
    # More than that, or something else.
    "kustomize build overlays/prod": None,
    "kustomize build . | sed s/a/b/": None,
    "kustomize build . | yq 'del(.x)'": None,
    "kustomize build . > all.yaml && cat all.yaml": None,
    "kustomize build . && cat /tmp/decrypted.yaml": None,
    "kustomize build . && kustomize build ../other": None,
    "kustomize edit set image a=b && kustomize build .": None,
    "cd overlays && kustomize build .": None,
    "kustomize build . || true": None,
    "kustomize build $(pwd)": None,
    "kustomize build . | envsubst > out.yaml": None,
    "if [ -f x ]; then kustomize build .; fi": None,
    "for f in *.yaml; do cat $f; done": None,
    "helm template . > all.yaml && kustomize build": None,
    "helm secrets template .": None,
    "sops -d x.yaml | cat": None,
    "kustomize build 'unclosed": None,
    "": None,
}  # fmt: skip


@pytest.mark.parametrize("script", SCRIPTS)
def test_a_script_is_understood_where_it_is_plain(script: str) -> None:
    assert understood(["sh", "-c", script]) == SCRIPTS[script]
    assert understood(["/bin/bash", "-o", "errexit", "-ec", script]) == SCRIPTS[script]


def test_a_command_without_a_shell() -> None:
    assert understood(["kustomize", "build", ".", "--enable-helm"]) == Renders("kustomize", ("--enable-helm",))
    vault = Renders("directory", fills=ANGLES, recurse=True)
    assert understood(["argocd-vault-plugin", "generate", "./"]) == vault
    assert understood(["argocd-vault-plugin", "generate", "-s", "secret", "."]) == vault
    # A pipe is for a shell.
    assert understood(["kustomize", "build", ".", "|", "envsubst"]) is None
    assert understood(["sh", "script.sh"]) is None
    assert understood([]) is None


@given(st.text(alphabet="kustomize build.|&;<>()$`'\"\\\n-{}helm template", max_size=60))
def test_no_script_breaks_the_reader(script: str) -> None:
    found = understood(["sh", "-c", script])
    assert found is None or found.tool in ("kustomize", "helm", "directory")


ENV = {
    "ARGOCD_APP_NAME": "web",
    "ARGOCD_APP_NAMESPACE": "shop",
    "ARGOCD_ENV_ARGS": "-f a.yaml -f b.yaml --set x=1,y=2",
}


@pytest.mark.parametrize(
    ("arguments", "block"),
    [
        (["."], {"releaseName": "release-name", "skipCrds": True}),
        (["$ARGOCD_APP_NAME", "-n", "${ARGOCD_APP_NAMESPACE}", "--include-crds", "."],
         {"releaseName": "web", "namespace": "shop"}),
        (["$ARGOCD_APP_NAME", "${ARGOCD_ENV_ARGS}", "."],
         {"releaseName": "web", "skipCrds": True, "valueFiles": ["a.yaml", "b.yaml"],
          "parameters": [{"name": "x", "value": "1", "forceString": False},
                         {"name": "y", "value": "2", "forceString": False}]}),
        (["--name-template=n", "--values", "a.yaml,b.yaml", "--set-string", "x=a\\,b", "./"],
         {"releaseName": "n", "skipCrds": True, "valueFiles": ["a.yaml", "b.yaml"],
          "parameters": [{"name": "x", "value": "a,b", "forceString": True}]}),
        (["x", "-f", "own.yaml", "-f", "${TEXT}@text", "--skip-tests", "${UNSET}", "."],
         {"releaseName": "x", "skipCrds": True, "skipTests": True, "valueFiles": ["own.yaml"], "values": "a: 'b c'"}),
        (["x", ".", "--kube-version", "1.31", "-a", "a/v1,b/v1"],
         {"releaseName": "x", "skipCrds": True, "kubeVersion": "1.31", "apiVersions": ["a/v1", "b/v1"]}),
    ],
)  # fmt: skip
def test_helm_is_called_as_the_command_says(arguments: list[str], block: dict[str, Any]) -> None:
    assert helm_block(arguments, ENV | {"TEXT": "a: 'b c'"}) == block


@pytest.mark.parametrize(
    "arguments",
    [["x", "charts/web"], ["x", "oci://r/c"], ["x", ".", "--post-renderer", "p"], ["x", ".", "-s", "t.yaml"],
     ["x", ".", "--no-hooks"], ["x", "y", "."], [], ["x", "${Q}", "."]],
)  # fmt: skip
def test_what_is_more_than_that_is_not_given_on(arguments: list[str]) -> None:
    with pytest.raises(NotPlain):
        helm_block(arguments, {"Q": "'unclosed"})


def test_who_tells_what_a_plugin_renders_with() -> None:
    """The configuration before a definition, that before the name."""
    name = "argocd-vault-plugin-kustomize"
    assert Plugins().of(name) == Plugins().of(f"{name}-v1.0") == Renders("kustomize", fills=ANGLES)
    defined = (DefinedPlugin(name, Renders("directory")),)
    assert Plugins(defined=defined).of(name) == Renders("directory")
    assert Plugins(defined=(*defined, DefinedPlugin(name, None))).of(name) != Renders("directory")
    told = Plugins(((name, "helm"),), defined).of(name)
    assert isinstance(told, Renders) and (told.tool, told.fills) == ("helm", ANGLES)
    assert "a script of its own" in str(Plugins(defined=(DefinedPlugin("own", None),)).of("own"))
    assert "`plugins: {own: kustomize}`" in str(Plugins().of("own"))
    assert str(Plugins().of("helmfile-v1")).endswith("with helmfile")


def test_the_table_says_only_what_can_be_done() -> None:
    assert {each.tool for each in WELL_KNOWN.values()} <= {"kustomize", "helm", "directory", "files"}
    assert not WELL_KNOWN.keys() & ELSEWHERE.keys()


def test_the_configuration_is_read_strictly() -> None:
    policy = parse_policy(b"plugins:\n  a: kustomize\n  b: jsonnet\n  c: [helm]\n")
    assert policy.plugins == (("a", "kustomize"),)
    assert [(one.line, one.message) for one in policy.problems] == [
        (3, "`plugins.b` must be `kustomize`, `helm` or `directory`"),
        (4, "`plugins.c` must be `kustomize`, `helm` or `directory`"),
    ]
    assert parse_policy(b"plugins: kustomize\n").problems


# Definitions in git

SPEC = {"generate": {"command": ["sh", "-c"], "args": ["kustomize build . | envsubst"]}}
SIDECAR = yaml.safe_dump(
    {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "ConfigManagementPlugin",
        "metadata": {"name": "own"},
        "spec": SPEC,
    }
)
OLD = yaml.safe_dump([{"name": "other", "generate": {"command": ["x"]}}, {"name": "own", **SPEC}])
DEFINING = {
    "a sidecar's ConfigMap": manifest("ConfigMap", "cmp", data={"plugin.yaml": SIDECAR}),
    "under another key": manifest("ConfigMap", "cmp", data={"own.yaml": SIDECAR, "else.yaml": "a: b"}),
    "a file for configMapGenerator": SIDECAR,
    "argocd-cm": manifest("ConfigMap", "argocd-cm", data={"configManagementPlugins": OLD}),
    "an operator's ArgoCD": manifest("ArgoCD", "a", api="argoproj.io/v1beta1", spec={"configManagementPlugins": OLD}),
    "values of the chart": yaml.safe_dump({"configs": {"cmp": {"create": True, "plugins": {"own": SPEC}}}}),
}


def held(name: str = "own", **more: str) -> Snapshot:
    source = {"plugin": {"name": name} if name else {}}
    files = {
        "app.yaml": application("a", "a", source=source),
        "a/kustomization.yaml": kustomization("m.yaml", "n.yaml"),
        "a/m.yaml": config_map("m"),
        "a/n.yaml": config_map("${ENVIRONMENT}-n"),
    }
    return Instant().run(discover(tree(files | {k.replace("__", "/"): v for k, v in more.items()}), analysis()))


def rendered(snapshot: Snapshot) -> list[str]:
    rendering = snapshot.states[0].rendering
    assert isinstance(rendering, Rendered), rendering
    return [resource.id.name for resource in rendering.resources]


@pytest.mark.parametrize("where", DEFINING)
def test_a_plugin_that_git_defines_is_recognised(where: str) -> None:
    snapshot = held(**{"argocd__x.yaml": DEFINING[where]})
    assert rendered(snapshot) == ["m"]
    (gap,) = snapshot.states[0].rendering.gaps  # type: ignore[union-attr]
    assert "fills in the name of 1 resource" in gap


def test_a_versioned_plugin_and_one_without_a_name() -> None:
    versioned = SIDECAR.replace("generate:", "version: v1.0\n  generate:")
    assert rendered(held("own-v1.0", **{"x.yaml": versioned})) == ["m"]
    assert rendered(held("", **{"x.yaml": versioned})) == ["m"]
    alone = held("").states[0].rendering
    assert isinstance(alone, NotAnalysed) and "that Argo CD chooses by the files" in alone.reason


@pytest.mark.parametrize(
    "spec",
    [
        {"generate": {"command": ["sh", "-c", "my-tool"]}},
        {"init": {"command": ["sh", "-c", "sops -d x > y"]}, **SPEC},
        {"generate": {}},
    ],
)
def test_a_definition_that_is_not_plain_is_told_as_that(spec: dict[str, Any]) -> None:
    definition = yaml.safe_dump({"kind": "ConfigManagementPlugin", "metadata": {"name": "own"}, "spec": spec})
    rendering = held(**{"x.yaml": definition}).states[0].rendering
    assert isinstance(rendering, NotAnalysed) and "by a script of its own; `plugins: {own: kus" in rendering.reason


def test_a_definition_that_comes_or_goes_is_seen() -> None:
    before = {"app.yaml": application("a", "a", source={"plugin": {"name": "own"}}), "a/m.yaml": config_map("m"),
              "a/kustomization.yaml": kustomization("m.yaml")}  # fmt: skip
    after = before | {"argocd/cmp.yaml": SIDECAR}
    chart = {**before, "app.yaml": application("a", "a", source={"plugin": {"name": "avp-helm"}})}
    found = assert_found_again([tree(before), tree(after), tree(before)])
    assert found[0] != found[1]
    assert_found_again([tree(chart), tree(chart | {"a/Chart.yaml": "name: x\nversion: 1.0.0\n"})])


@pytest.mark.parametrize(
    ("inside", "expected"),
    [
        ({"a/kustomization.yaml": "namePrefix: p-\nresources: [m.yaml]\n"}, ["p-m"]),
        ({"a/below/n.yaml": config_map("n")}, ["m", "n"]),
        ({"a/kustomization.yaml": "resources: [m.yaml]\n", "a/Chart.yaml": "name: x\nversion: 1.0.0\n"}, None),
    ],
)
async def test_a_plugin_that_only_fills_in_renders_what_the_files_are(
    engine: Engine, inside: dict[str, str], expected: list[str] | None
) -> None:
    files = {"app.yaml": application("a", "a", source={"plugin": {"name": "argocd-vault-plugin"}})}
    evaluation = await evaluated(engine, {**files, "a/m.yaml": config_map("m"), **inside})
    rendering = state_of(evaluation, "a").rendering
    if expected is None:
        assert isinstance(rendering, NotAnalysed) and "together" in rendering.reason
    else:
        assert isinstance(rendering, Rendered), rendering
        assert sorted(one.id.name for one in rendering.resources) == expected


@pytest.mark.parametrize(
    ("files", "policy", "fails"),
    [
        ({}, "", False),
        ({"cmp.yaml": SIDECAR.replace("name: own", "name: kustomize-envsubst")}, "", True),
        ({}, "plugins: {kustomize-envsubst: kustomize}\n", True),
    ],
    ids=["its name", "git", "the configuration"],
)
async def test_who_goes_by_a_name_calls_nothing_broken(
    engine: Engine, files: dict[str, str], policy: str, fails: bool
) -> None:
    """The plugin of somebody else may have a command of its own, which builds what kustomize alone does not."""
    base = {
        "app.yaml": application("a", "a", source={"plugin": {"name": "kustomize-envsubst"}}),
        "a/kustomization.yaml": kustomization("made-by-the-plugin.yaml"),
    }
    evaluation = await evaluated(engine, {**base, **files}, policy=policy)
    rendering = state_of(evaluation, "a").rendering
    assert isinstance(rendering, RenderFailed if fails else NotAnalysed), rendering


FILLED = {
    "vault": ("argocd-vault-plugin-kustomize", "<path:kv/data/db#name>"),
    "envsubst": ("kustomize-envsubst", "${DB_SECRET}"),
}


@pytest.mark.parametrize("plugin", FILLED)
async def test_a_name_that_the_plugin_fills_in_is_missing_nowhere(engine: Engine, plugin: str) -> None:
    """Neither is a Secret of that name missed, nor do two of them collide."""
    name, text = FILLED[plugin]
    container = {"name": "c", "image": "i", "env": [
        {"name": "A", "valueFrom": {"secretKeyRef": {"name": text, "key": "a"}}},
        {"name": "B", "valueFrom": {"secretKeyRef": {"name": "real", "key": "a"}}}]}  # fmt: skip
    pod = manifest("Pod", "p", "shop", spec={"containers": [container]})
    files = {
        "one.yaml": application("one", "one", source={"plugin": {"name": name}}),
        "two.yaml": application("two", "two", source={"plugin": {"name": name}}),
        **{f"{each}/kustomization.yaml": kustomization("m.yaml") for each in ("one", "two")},
        "one/m.yaml": manifest("ConfigMap", "x") + "---\n" + pod.replace('"p"', '"one"'),
        "two/m.yaml": manifest("ConfigMap", f"a-{text}").replace("a-<", "<"),
    }
    evaluation = await evaluated(engine, files, policy="secrets: {provided: []}\n")
    missing = of_rule(evaluation, "secret-missing")
    assert [one.resource and one.resource.name for one in missing] == ["real"], missing
    assert state_of(evaluation, "two").rendering.gaps  # type: ignore[union-attr]


async def test_a_chart_behind_a_plugin_gets_what_the_application_gives_it(engine: Engine) -> None:
    plugin = {"name": "argocd-vault-plugin-helm", "env": [{"name": "HELM_ARGS", "value": "-f prod.yaml --set b=c"}]}
    files = {
        "app.yaml": application("web", "chart", source={"plugin": plugin}),
        "chart/Chart.yaml": "apiVersion: v2\nname: x\nversion: 1.0.0\n",
        "chart/prod.yaml": "a: prod\n",
        "chart/templates/m.yaml": "apiVersion: v1\nkind: ConfigMap\n"
        "metadata: {name: '{{ .Release.Name }}-{{ .Values.a }}-{{ .Values.b }}'}\n",
    }
    rendering = state_of(await evaluated(engine, files), "web").rendering
    assert isinstance(rendering, Rendered), rendering
    assert [one.id.name for one in rendering.resources] == ["web-prod-c"]
