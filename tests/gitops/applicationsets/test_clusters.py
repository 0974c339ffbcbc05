"""The cluster generator: which clusters it takes, what templates see of them, and what it stands on."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from checks.policy.clusters import read_clusters
from checks.policy.file import Policy
from checks.registry import rules
from gitops.applications.application import IN_CLUSTER_SERVER
from gitops.applications.clusters import CLUSTER_LABEL, KnownCluster, declared
from gitops.applicationsets import Expansion, expand
from gitops.applicationsets.clusters import Clusters
from gitops.discovery.snapshot import Change, Snapshot
from gitops.files.tree import Tree
from tests.gitops.applicationsets.sets import GO, appset, elements, git, matrix, merge, names, params
from tests.rediscovered import analysis
from tests.scenarios import config_map, discovered, tree

EAST = declared("east", "https://east", {"env": "prod", "region": "r1"}, {"team/owner": "a"})
WEST = declared("west", "https://west", {"env": "prod"}, {})
LAB = declared("Lab_1", "https://lab", {"env": "test"}, {})
LISTED = Clusters((EAST, WEST, LAB))
SHOWN = Clusters(shown=(EAST, WEST, LAB))


def run(
    generators: list[Any], known: Clusters = LISTED, files: dict[str, str] | None = None, **spec: Any
) -> Expansion:
    held = Tree.of({path: text.encode() for path, text in (files or {}).items()})
    return expand(appset(generators, **spec), held, lambda _: True, clusters=known)


def chosen_by(*expressions: dict[str, Any], **labels: str) -> dict[str, Any]:
    return {"clusters": {"selector": {"matchLabels": labels, "matchExpressions": list(expressions)}}}


@pytest.mark.parametrize(
    ("generator", "expected"),
    [
        ({"clusters": {}}, ["east", "west", "Lab_1", "in-cluster"]),
        (chosen_by(), ["east", "west", "Lab_1", "in-cluster"]),
        (chosen_by(env="prod"), ["east", "west"]),
        (chosen_by(env="prod", region="r1"), ["east"]),
        (chosen_by({"key": "region", "operator": "Exists"}), ["east"]),
        (chosen_by({"key": "region", "operator": "DoesNotExist"}), ["west", "Lab_1"]),
        (chosen_by({"key": "region", "operator": "In", "values": ["r1", "r2"]}), ["east"]),
        (chosen_by({"key": "region", "operator": "NotIn", "values": ["r1"]}), ["west", "Lab_1"]),
        (chosen_by({"key": "env", "operator": "NotIn", "values": ["prod"]}, env="test"), ["Lab_1"]),
        # The label that makes a Secret a cluster's is one of its labels; in-cluster has no Secret.
        (chosen_by(**{CLUSTER_LABEL: "cluster"}), ["east", "west", "Lab_1"]),
        (chosen_by(env="none"), []),
        ({"clusters": {}, "selector": {"matchLabels": {"server": "https://west"}}}, ["west"]),
        ({"clusters": {}, "selector": {"matchLabels": {"metadata.labels.env": "test"}}}, ["Lab_1"]),
    ],
)
@pytest.mark.parametrize("go", [False, True])
def test_a_selector_takes_what_argo_cd_takes(generator: dict[str, Any], expected: list[str], go: bool) -> None:
    name = '{{ .server | replace "https://" "x" }}' if go else "x-{{nameNormalized}}"
    found = run([generator], goTemplate=go, name=name)
    assert [one["name"] for one in params(found)] == expected
    assert found.unknown == () and found.assumed == ()


def test_what_templates_see_of_a_cluster() -> None:
    (plain,) = params(run([chosen_by(region="r1")], name="{{name}}"))
    assert plain == {
        "name": "east", "nameNormalized": "east", "server": "https://east", "project": "",
        "metadata.annotations.team/owner": "a", "metadata.labels.env": "prod", "metadata.labels.region": "r1",
        f"metadata.labels.{CLUSTER_LABEL}": "cluster",
    }  # fmt: skip
    template = '{{ .nameNormalized }}-{{ index .metadata.annotations "team/owner" }}-{{ .metadata.labels.region }}'
    assert names(run([chosen_by(region="r1")], name=template, **GO)) == ["east-a-r1"]


def test_in_cluster_without_a_secret_has_no_metadata_and_comes_last() -> None:
    found = run(
        [{"clusters": {"values": {"a": "{{ .name }}"}}}], name='{{ .values.a | lower | replace "_" "-" }}', **GO
    )
    assert names(found) == ["east", "west", "lab-1", "in-cluster"]
    assert "metadata" not in params(found)[-1]
    own = declared("hub", IN_CLUSTER_SERVER, {"env": "hub"}, {})
    assert names(run([{"clusters": {}}], Clusters((own,)))) == ["hub"]
    assert names(run([chosen_by(env="hub")], Clusters((own,)))) == ["hub"]
    # Listed without labels, it is what Argo CD adds by itself.
    bare = Clusters((declared("in-cluster", IN_CLUSTER_SERVER, {}, {}),))
    assert names(run([{"clusters": {}}], bare)) == ["in-cluster"]
    assert names(run([chosen_by({"key": "x", "operator": "DoesNotExist"})], bare)) == []


def test_values_are_filled_in_with_the_cluster_and_not_with_one_another() -> None:
    generator = chosen_by(region="r1")
    generator["clusters"]["values"] = {"zone": "{{metadata.labels.region}}", "twice": "{{values.zone}}"}
    assert names(run([generator], name="{{values.zone}}-{{name}}")) == ["r1-east"]
    assert params(run([generator]))[0]["values.twice"] == "{{values.zone}}"


def test_a_flat_list_is_one_parameter_set() -> None:
    flat = {"clusters": {"selector": {"matchLabels": {"env": "prod"}}, "flatList": True}}
    assert names(run([flat], name="{{ range .clusters }}{{ .name }}{{ end }}", **GO)) == ["eastwest"]


def test_combined_with_other_generators() -> None:
    files = {"apps/a/x": "", "apps/b/x": ""}
    both = matrix(git("directories", "apps/*"), chosen_by(env="prod"))
    assert names(run([both], files=files, name="{{path.basename}}-{{name}}")) == [
        "a-east",
        "a-west",
        "b-east",
        "b-west",
    ]
    # The second child's selector is filled in by the first, and so is the first's cluster in the second's path.
    inner = matrix(elements({"wanted": "r1"}), chosen_by(region="{{wanted}}"))
    assert names(run([inner])) == ["east"]
    paths = matrix(chosen_by(env="prod"), git("files", "config/{{name}}.json"))
    read = run([paths], files={"config/east.json": '{"size": "3"}'}, name="{{name}}-{{size}}")
    assert names(read) == ["east-3"]
    over = merge(["name"], chosen_by(env="prod"), elements({"name": "west", "replicas": "5"}))
    assert [one.get("replicas") for one in params(run([over]))] == [None, "5"]
    nested = matrix(matrix(chosen_by(env="prod"), elements({"a": "1"})), elements({"b": "2"}))
    assert names(run([nested], name="{{name}}-{{a}}-{{b}}")) == ["east-1-2", "west-1-2"]


def test_what_git_shows_is_said_to_be_assumed() -> None:
    found = run([chosen_by(env="prod")], SHOWN)
    assert (names(found), found.unknown) == (["east", "west"], ())
    assert [one.name for one in found.assumed] == ["east", "west"]


@pytest.mark.parametrize("within", [lambda one: one, lambda one: matrix(one, elements({"a": "1"}))])
def test_what_git_does_not_show_is_said(within: Any) -> None:
    """Never as if there were nothing else."""
    nothing = run([within(chosen_by(env="prod"))], Clusters())
    assert not nothing.generated and "the clusters that Argo CD knows" in nothing.unknown[0]
    alone = run([within({"clusters": {}})], Clusters())
    assert names(alone) == ["in-cluster"] and "git shows no other than in-cluster" in alone.unknown[0]
    none = run([within(chosen_by(env="stage"))], SHOWN)
    assert not none.generated and "takes none of the 3 clusters that git shows" in none.unknown[0]
    # Where the configuration lists them, there are no others.
    assert run([within(chosen_by(env="stage"))]).unknown == ()


HIDDEN = KnownCluster(
    "", "", (("argocd.argoproj.io/secret-type", "cluster"), ("env", "prod")), secret="s", hidden=True
)


def test_a_cluster_whose_name_is_hidden_is_missed_aloud() -> None:
    found = run([chosen_by(env="prod")], Clusters(shown=(EAST,), hidden=(HIDDEN,)))
    assert names(found) == ["east"] and "whose name and server git does not show" in found.unknown[0]
    other = run([chosen_by(region="r1")], Clusters(shown=(EAST,), hidden=(HIDDEN,)))
    assert (names(other), other.unknown) == (["east"], ())
    told = Clusters((declared("s", "https://s", {"env": "prod"}, {}),), hidden=(HIDDEN,))
    assert (names(run([chosen_by(env="prod")], told)), run([chosen_by(env="prod")], told).unknown) == (["s"], ())


def test_two_secrets_of_one_cluster_that_differ_decide_nothing() -> None:
    other = declared("east", "https://other", {"env": "prod"}, {})
    found = run([chosen_by(env="prod")], Clusters(shown=(EAST, other, WEST)))
    assert names(found) == ["west"] and "takes the cluster east, of which" in found.unknown[0]
    assert names(run([chosen_by(env="prod")], Clusters((EAST,), shown=(other, WEST)))) == ["east", "west"]


@pytest.mark.parametrize(
    "spec",
    [
        {"name": "{{ .metadata.labels.region }}-{{ .name }}"},
        {"generators": [{"clusters": {"values": {"x": "{{ .metadata.labels.region }}"}}}], "name": "{{ .name }}"},
    ],
)
def test_what_fails_with_an_assumed_cluster_may_not_fail_in_argo_cd(spec: dict[str, Any]) -> None:
    generators = spec.pop("generators", [{"clusters": {}}])
    assumed = run(generators, Clusters(), **GO, **spec)
    assert assumed.unknown and not assumed.refused
    assert run(generators, Clusters((WEST,)), **GO, **spec).refused


CLUSTERS = st.lists(
    st.builds(
        lambda name, env, own: declared(name, IN_CLUSTER_SERVER if own else f"https://{name}", {"env": env}, {}),
        st.sampled_from("abcd"), st.sampled_from(["p", "q"]), st.booleans(),
    ),
    max_size=4, unique_by=lambda one: one.name,
)  # fmt: skip


@given(CLUSTERS, st.sampled_from([{}, {"env": "p"}]), st.booleans())
def test_in_cluster_is_there_once_without_a_selector_and_only_by_its_secret_with_one(
    known: list[KnownCluster], labels: dict[str, str], configured: bool
) -> None:
    told = Clusters(tuple(known)) if configured else Clusters(shown=tuple(known))
    found = run([chosen_by(**labels)], told, name="{{name}}")
    servers = [one["server"] for one in params(found)]
    own = [one for one in known if one.server == IN_CLUSTER_SERVER and (not labels or ("env", "p") in one.labels)]
    assert servers.count(IN_CLUSTER_SERVER) == max(len(own), 0 if labels else 1)
    taken = {one.name for one in known if not labels or ("env", "p") in one.labels}
    assert taken <= {one["name"] for one in params(found)}
    assert bool(found.unknown) == (not told.declared and (not known or (bool(labels) and not taken)))


# Where clusters stand in files


def in_base64(**data: str) -> dict[str, str]:
    return {key: base64.b64encode(text.encode()).decode() for key, text in data.items()}


METADATA = {"name": "east-secret", "labels": {CLUSTER_LABEL: "cluster", "env": "prod"}}
TEXTS = {"name": "east", "server": "https://east", "config": '{"bearerToken": "tok"}'}
SECRET = {"apiVersion": "v1", "kind": "Secret", "metadata": METADATA}
EXTERNAL = {"apiVersion": "external-secrets.io/v1", "kind": "ExternalSecret", "metadata": {"name": "e"}}
SEALED = {"apiVersion": "bitnami.com/v1alpha1", "kind": "SealedSecret", "metadata": {"name": "e"}}

SHOWING: dict[str, dict[str, Any]] = {
    "a Secret": SECRET | {"stringData": TEXTS},
    "a Secret in base64": SECRET | {"data": in_base64(**TEXTS)},
    "a Secret in a list": {"apiVersion": "v1", "kind": "List", "items": [SECRET | {"stringData": TEXTS}]},
    "an ExternalSecret": EXTERNAL
    | {"spec": {"target": {"template": {"metadata": METADATA, "data": TEXTS | {"config": "{{ .config }}"}}}}},
    "a ClusterExternalSecret": EXTERNAL
    | {"spec": {"externalSecretSpec": {"target": {"template": {"metadata": METADATA, "data": TEXTS}}}}},
    "a SealedSecret with a template": SEALED
    | {"spec": {"encryptedData": {"config": "AgB"}, "template": {"metadata": METADATA,
       "data": {"name": "east", "server": "https://east"}}}},
    "a generator": {"kind": "Kustomization", "secretGenerator": [
        {"name": "east-secret", "literals": ["name=east", "server=https://east"],
         "options": {"labels": METADATA["labels"]}}]},
    "values of Argo CD's chart": {"argo-cd": {"configs": {"clusterCredentials": {
        "east": {"server": "https://east", "labels": {"env": "prod"}, "config": {"bearerToken": "tok"}}}}}},
    "values of its chart before version 7": {"configs": {"clusterCredentials": [
        {"name": "east", "server": "https://east", "labels": {"env": "prod"}}]}},
}  # fmt: skip

HIDING: dict[str, dict[str, Any]] = {
    "SOPS": SECRET | {"stringData": {"name": "ENC[AES256_GCM,data:x]", "server": "ENC[AES256_GCM,data:y]"}},
    "a SealedSecret": SEALED | {"spec": {"encryptedData": {"name": "AgB"}, "template": {"metadata": METADATA}}},
    "a store": EXTERNAL | {"spec": {"target": {"template": {"metadata": METADATA, "data": {"name": "{{ .name }}"}}}}},
    "a whole store": EXTERNAL
    | {"spec": {"target": {"template": {"metadata": METADATA}}, "dataFrom": [{"extract": {"key": "k"}}]}},
    "a placeholder": SECRET | {"stringData": {"name": "east", "server": "<path:kv/data/east#server>"}},
    "substitution": SECRET | {"stringData": {"name": "${CLUSTER}", "server": "https://east"}},
}

SET = appset([chosen_by(env="prod")], template={
    "metadata": {"name": "web-{{name}}"},
    "spec": {"project": "default", "destination": {"server": "{{server}}"},
             "source": {"repoURL": "https://github.com/acme/platform", "targetRevision": "HEAD", "path": "a"}},
})  # fmt: skip


def held(told: dict[str, Any] | str, path: str = "argocd/east.yaml", **more: str) -> Snapshot:
    text = told if isinstance(told, str) else yaml.safe_dump(told)
    files = {"set.yaml": json.dumps(SET), "a/m.yaml": config_map("m"), path: text, **more}
    return discovered(tree(files), analysis())


def made(snapshot: Snapshot) -> list[str]:
    return [state.application.name for state in snapshot.states]


@pytest.mark.parametrize("told", SHOWING)
def test_a_cluster_is_read_where_it_stands(told: str) -> None:
    path = "argocd/kustomization.yaml" if told == "a generator" else "argocd/east.yaml"
    snapshot = held(SHOWING[told], path)
    assert (made(snapshot), snapshot.unknown) == (["web-east"], ())
    (found,) = snapshot.sets
    assert [(one.name, one.server, one.place and one.place.path) for one in found.assumed] == [
        ("east", "https://east", path)
    ]


@pytest.mark.parametrize("told", HIDING)
def test_a_cluster_that_is_not_readable_is_known_to_be_there(told: str) -> None:
    snapshot = held(HIDING[told])
    assert made(snapshot) == []
    assert "git does not show" in snapshot.unknown[0].reason and "argocd/east.yaml:1" in snapshot.unknown[0].reason


def of_hub(hub: str, name: str, server: str, **labels: str) -> str:
    metadata = {"name": name, "labels": {CLUSTER_LABEL: "cluster", "env": "prod", **labels}}
    return yaml.safe_dump(SECRET | {"metadata": metadata, "stringData": {"name": name, "server": server}})


HUBS: dict[str, list[tuple[str, str, dict[str, str]]]] = {
    "two of one name": [("edge", "https://a", {}), ("edge", "https://b", {})],
    "two that it runs in": [("hub", IN_CLUSTER_SERVER, {"at": "a"}), ("hub", IN_CLUSTER_SERVER, {"at": "b"})],
}


@pytest.mark.parametrize("hubs", HUBS)
def test_clusters_of_several_argo_cds_are_told_apart_by_where_they_stand(hubs: str) -> None:
    """Nobody's set is expanded for the clusters of another Argo CD."""
    files: dict[str, str] = {"a/m.yaml": config_map("m")}
    for hub, (name, server, labels) in zip("ab", HUBS[hubs], strict=True):
        own = {**SET, "metadata": {"name": f"of-{hub}", "namespace": "argocd"}}
        files[f"hubs/{hub}/apps/set.yaml"] = json.dumps(own).replace("web-{{", f"web-{hub}-{{{{")
        files[f"hubs/{hub}/argocd/clusters/one.yaml"] = of_hub(hub, name, server, **labels)
        files[f"hubs/{hub}/argocd/clusters/two.yaml"] = of_hub(hub, f"own-{hub}", f"https://own-{hub}")
    snapshot = discovered(tree(files), analysis())
    names = {"a": HUBS[hubs][0][0], "b": HUBS[hubs][1][0]}
    expected = [f"web-{hub}-{name}" for hub in "ab" for name in (names[hub], f"own-{hub}")]
    assert (sorted(made(snapshot)), snapshot.unknown) == (sorted(expected), ())


def test_clusters_in_several_places_of_one_argo_cd_are_all_its_own() -> None:
    told = {f"clusters/{name}/secret.yaml": of_hub("", name, f"https://{name}") for name in ("one", "two")}
    snapshot = held(of_hub("", "three", "https://three"), "argocd/clusters.yaml", **told)
    assert sorted(made(snapshot)) == ["web-one", "web-three", "web-two"]


@pytest.mark.parametrize("path", ["tests/east.yaml", "archive/east.yaml", "argocd/east.yaml.disabled"])
def test_a_cluster_that_nobody_applies_is_none(path: str) -> None:
    snapshot = held(SHOWING["a Secret"], path)
    assert made(snapshot) == [] and "needs the clusters" in snapshot.unknown[0].reason


def test_the_line_of_a_cluster_counts_from_the_top_of_its_file() -> None:
    first = yaml.safe_dump(SECRET | {"stringData": TEXTS | {"name": "one"}})
    second = yaml.safe_dump(SECRET | {"stringData": TEXTS})
    (found,) = held(f"# clusters\n---\n{first}---\n{second}").sets
    assert [str(one.place) for one in found.assumed] == [
        "argocd/east.yaml:3",
        f"argocd/east.yaml:{4 + first.count(chr(10))}",
    ]


def test_the_lines_that_are_advised_settle_it() -> None:
    cluster = SECRET | {"stringData": TEXTS | {"project": "edge"}}
    cluster["metadata"] = {**METADATA, "annotations": {"size": "3", "on": "true"}}
    snapshot = held(cluster)
    (rule,) = (one for one in rules() if one.id == "clusters-assumed")
    (finding,) = rule.check(Change(None, snapshot), Policy())
    lines = yaml.compose(finding.topic.commands)
    assert isinstance(lines, yaml.MappingNode)
    listed, problems = read_clusters(lines.value[0][1])
    assert problems == []
    again = discovered(snapshot.tree, analysis(clusters=tuple(one.known for one in listed)))
    assert made(again) == made(snapshot)
    assert not list(rule.check(Change(None, again), Policy()))
