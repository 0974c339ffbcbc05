"""ApplicationSets expanded by what a live Argo CD made of them."""

from __future__ import annotations

import json
from typing import Any

import pytest
import yaml

from bot.rendering.driver import Engine
from bot.rendering.evaluation import evaluate
from checks.judgement.gaps import gaps_of
from checks.policy.file import Policy
from gitops.applications import made as made_module
from gitops.applications.made import Made, made_of, read_made
from gitops.discovery.snapshot import Snapshot
from gitops.files import documents
from gitops.files.errors import GitopsError
from tests.gitops.applicationsets.sets import appset, elements, matrix
from tests.rediscovered import analysis, assert_found_again
from tests.scenarios import MATCHER, config_map, discovered, of_rule, tree

SOURCE = {"repoURL": "https://github.com/acme/platform", "targetRevision": "HEAD", "path": "a"}
TEMPLATE = {
    "metadata": {"name": "{{name}}"},
    "spec": {"project": "default", "source": SOURCE, "destination": {"name": "in-cluster", "namespace": "{{name}}"}},
}


def live(name: str, owner: str = "set", namespace: str = "argocd", **spec: Any) -> dict[str, Any]:
    """An Application as `kubectl get -o yaml` prints it."""
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Application",
        "metadata": {
            "name": name,
            "namespace": namespace,
            "uid": "1",
            "resourceVersion": "2",
            "finalizers": ["resources-finalizer.argocd.argoproj.io"],
            "annotations": {"kubectl.kubernetes.io/last-applied-configuration": "{}", "team": "a"},
            "managedFields": [{"manager": "argocd"}],
            "ownerReferences": [{"apiVersion": "argoproj.io/v1alpha1", "kind": "ApplicationSet", "name": owner}],
        },
        "spec": {
            "project": "default",
            "source": SOURCE,
            "destination": {"name": "in-cluster", "namespace": name},
            **spec,
        },
        "status": {"sync": {"status": "Synced"}, "resources": [{"kind": "ConfigMap", "name": "m"}]},
        "operation": {"sync": {}},
    }


LOOSE = {key: value for key, value in live("loose").items() if key != "metadata"} | {"metadata": {"name": "loose"}}
TWO = [live("one"), live("two")]
FORMS = {
    "a list in YAML": yaml.safe_dump({"apiVersion": "v1", "kind": "List", "items": TWO}),
    "a list in JSON": json.dumps({"apiVersion": "v1", "kind": "List", "items": TWO}, indent=1),
    "documents": yaml.safe_dump_all([*TWO, LOOSE]),
    "a sequence": yaml.safe_dump(TWO),
    "JSON documents": "\n---\n".join(map(json.dumps, TWO)),
    "with a byte order mark": "\ufeff" + json.dumps({"kind": "ApplicationList", "items": TWO}),
}


@pytest.mark.parametrize("form", FORMS)
def test_every_form_of_the_output_is_read(form: str) -> None:
    made = read_made("a.yaml", FORMS[form].encode())
    assert made == made_of("a.yaml", TWO)
    found = made.of("argocd", "set")
    assert [one["metadata"]["name"] for one in found] == ["one", "two"]
    assert set(found[0]) == {"apiVersion", "kind", "metadata", "spec"}
    assert set(found[0]["metadata"]) == {"name", "namespace", "finalizers", "annotations"}
    assert found[0]["metadata"]["annotations"] == {"team": "a"}


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_a_long_list_is_read_in_pieces(monkeypatch: pytest.MonkeyPatch, newline: str) -> None:
    """An installation of some hundred Applications prints more than a manifest may hold."""
    annotated = live("two")
    annotated["metadata"]["annotations"] = {"text": "first\n- second\nitems:\n- third\n", "empty": ""}
    listed = [live("one"), annotated, *(live(f"n{i}", spec={"i": i}) for i in range(20))]
    whole = {"apiVersion": "v1", "items": json.loads(json.dumps(listed)), "kind": "List", "metadata": {"a": ""}}
    text = yaml.safe_dump(whole, sort_keys=False).replace("\n", newline).encode()
    monkeypatch.setattr(documents, "MAX_WRITTEN_NODES", 200)
    with pytest.raises(GitopsError, match="more than 200 YAML nodes"):
        read_made("a.yaml", text)
    monkeypatch.setattr(made_module, "LONG", 1_000)
    assert read_made("a.yaml", text) == made_of("a.yaml", listed)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "holds no Application"),
        ("just words", "holds no Application"),
        ("a: [b", "is not valid YAML"),
        (yaml.safe_dump({"kind": "ConfigMap", "apiVersion": "v1"}), "holds no Application"),
        (yaml.safe_dump(LOOSE), "no ApplicationSet owns any"),
        ("\x00\x01", "a.yaml"),
        ("[" * 5000, "a.yaml"),
    ],
)
def test_bad_input_is_one_sentence(text: str, words: str) -> None:
    with pytest.raises(GitopsError) as error:
        read_made("a.yaml", text.encode())
    assert words in str(error.value) and "\n" not in str(error.value)


OUTSIDE: dict[str, list[Any]] = {
    "a plugin": [{"plugin": {"configMapRef": {"name": "p"}}}],
    "pull requests": [{"pullRequest": {"github": {"owner": "o", "repo": "r"}}}],
    "an SCM": [{"scmProvider": {"github": {"organization": "o"}}}],
    "a cluster decision": [{"clusterDecisionResource": {"configMapRef": "c", "name": "n"}}],
    "clusters": [{"clusters": {"selector": {"matchLabels": {"env": "prod"}}}}],
    "all clusters": [{"clusters": {}}],
    "a matrix": [matrix({"plugin": {}}, elements({"a": "1"}))],
    "another repository": [{"git": {"repoURL": "https://example.com/o.git", "directories": [{"path": "*"}]}}],
    "beside a list": [elements({"name": "own"}), {"plugin": {}}],
}


def files(generators: list[Any], **metadata: str) -> dict[str, str]:
    whole = appset(generators, template=TEMPLATE)
    whole["metadata"] = {"name": "set", **(metadata or {"namespace": "argocd"})}
    return {"set.yaml": json.dumps(whole), "a/m.yaml": config_map("m")}


def found(generators: list[Any], made: Made | None, **metadata: str) -> Snapshot:
    return discovered(tree(files(generators, **metadata)), analysis(made=made))


def names(snapshot: Snapshot) -> list[str]:
    return sorted(state.application.name for state in snapshot.states)


@pytest.mark.parametrize("generator", OUTSIDE)
def test_any_set_is_expanded_by_what_became_of_it(generator: str) -> None:
    made = made_of("apps.yaml", [*TWO, live("other", "another")])
    snapshot = found(OUTSIDE[generator], made)
    own = ["own"] if generator == "beside a list" else []
    assert (names(snapshot), snapshot.unknown) == (sorted([*own, "one", "two"]), ())
    assert [one.live for one in snapshot.sets] == ["apps.yaml"]
    state = snapshot.states[-1]
    assert state.application.generated and state.application.cascades and state.application.parents == ("set",)
    assert str(state.application.origin.span) == "set.yaml:1"


def test_what_git_expands_is_not_taken_from_elsewhere() -> None:
    """A set that git tells whole stands as git says, whatever there is now."""
    snapshot = found([elements({"name": "own"})], made_of("apps.yaml", TWO))
    assert (names(snapshot), [one.live for one in snapshot.sets]) == (["own"], [""])


def test_an_application_that_git_tells_too_is_gits() -> None:
    changed = [live("own", destination={"name": "in-cluster", "namespace": "old"}), live("two")]
    snapshot = found(OUTSIDE["beside a list"], made_of("apps.yaml", changed))
    assert names(snapshot) == ["own", "two"]
    assert {s.application.name: s.application.destination.namespace for s in snapshot.states}["own"] == "own"


def test_a_set_of_which_nothing_is_there_stays_unknown() -> None:
    snapshot = found(OUTSIDE["a plugin"], made_of("apps.yaml", [live("other", "another")]))
    (unknown,) = snapshot.unknown
    assert names(snapshot) == [] and unknown.reason.endswith("needs its plugin; apps.yaml has no Application of it")


def test_sets_of_one_name_are_told_apart_by_namespace() -> None:
    both = made_of("apps.yaml", [live("one"), live("two", namespace="other")])
    assert names(found(OUTSIDE["a plugin"], both)) == ["one"]
    assert names(found(OUTSIDE["a plugin"], both, namespace="other")) == ["two"]
    assert names(found(OUTSIDE["a plugin"], both, label="")) == []
    assert names(found(OUTSIDE["a plugin"], made_of("apps.yaml", TWO), label="")) == ["one", "two"]


def test_what_argo_cd_refuses_stays_refused() -> None:
    snapshot = found([{"plugin": {}}, {"list": {"elements": ["no map"]}}], made_of("apps.yaml", TWO))
    assert names(snapshot) == ["one", "two"]
    assert [one.refused is not None for one in snapshot.unknown] == [True]


def test_it_is_another_question() -> None:
    trees = [tree(files(OUTSIDE["a plugin"])), tree(files(OUTSIDE["a plugin"]) | {"a/m.yaml": config_map("n")})]
    one, other = assert_found_again(trees, made=made_of("apps.yaml", TWO))
    assert one["owners"] != other["owners"]
    assert made_of("apps.yaml", TWO) != made_of("apps.yaml", TWO[:1])


async def test_a_change_of_the_set_is_told_as_not_judged(engine: Engine) -> None:
    base = files(OUTSIDE["a plugin"])
    made = made_of("apps.yaml", TWO)
    for head, judged in ((base | {"a/m.yaml": config_map("n")}, True), (files([{"plugin": {"x": "y"}}]), False)):
        evaluation = await evaluate(engine, tree(head), tree(base), MATCHER, Policy(), made=made)
        gaps = [gap for gap in gaps_of(evaluation.snapshot) if "what changes in it is not judged" in gap]
        assert bool(gaps) is not judged
        assert (evaluation.report("argofix / ownership").conclusion == "neutral") is not judged
        (notice,) = of_rule(evaluation, "applications-from-live")
        assert "apps.yaml" in notice.message
