"""Which paths of `ignoreDifferences` can lead to nothing, and which may lead to what only a cluster has."""

from __future__ import annotations

import json
from typing import Any

import pytest

from bot.rendering.driver import Engine
from checks.applications.paths import of_expression, of_pointer
from tests.checks.applications.applications import app, deployment, found
from tests.scenarios import manifest

MADE: dict[str, Any] = {
    **json.loads(deployment(None)),
    "metadata": {"name": "web", "annotations": {"a.b/c": "x"}, "labels": {}},
}
SERVICE: dict[str, Any] = {"kind": "Service", "spec": {"clusterIP": "None", "ports": [{"port": 80}]}}


@pytest.mark.parametrize(
    ("pointer", "advice"),
    [
        ("/spec.replicas", "Write `/spec/replicas`."),
        ("/spec/template/spec/containers/*/image", "Write a place, such as `/spec/template/spec/containers/0`"),
        ("/spec/template/spec/containers/web/image", "Write a place, such as `/spec/template/spec/containers/0`"),
        ("/spec/template/spec/containers[0]/image", "Write `/spec/template/spec/containers/0/image`"),
        ("/spec/template/spec/containers[]/image", "Write `/spec/template/spec/containers/0/image`"),
        ("/spec/template/spec/container/0/image", "Write `/spec/template/spec/containers/0/image`."),
        ("/metadata/annotations/a.b/c", "Write `/metadata/annotations/a.b~1c`."),
        ("/metadata/annotation/a", "Write `/metadata/annotations/a`."),
        ("/Spec/replicas", "Write `/spec/replicas`."),
        ("/kind/name", "Write the path of a field that there is."),
        # Only a cluster may have these.
        ("/spec/replicas", None),
        ("/status", None),
        ("/metadata/annotations/a.b~1d", None),
        ("/metadata/annotations/A.B~1c", None),
        ("/spec/template/spec/containers/1/image", None),
        ("/spec/template/spec/initContainers/0/image", None),
        ("/spec/template/spec/containers/0/resources", None),
        ("/", None),
    ],
)
def test_a_pointer(pointer: str, advice: str | None) -> None:
    told = of_pointer(pointer, [MADE])
    assert (told is None) is (advice is None)
    assert told is None or told.advice.startswith(str(advice))


@pytest.mark.parametrize(
    ("expression", "advice"),
    [
        (".spec.template.spec.containers.image", "Write `.spec.template.spec.containers[].image`."),
        (".spec.template.spec.container[].image", "Write `.spec.template.spec.containers[].image`."),
        ('.spec.template.spec.container[] | select(.name == "a")', "Write `.spec.template.spec.containers[]`."),
        (".spec.template.metadata.labels.app[]", "Take `[]` out."),
        (".spec.template[0]", "Take `[0]` out."),
        (".Spec.replicas", "Write `.spec.replicas`."),
        ('.metadata["annotation"]["a/b"]', 'Write `.metadata.annotations["a/b"]`.'),
        (".spec.template.spec.containers[].name.first", "Write the path of a field that there is."),
        (".spec.replicas", None),
        ('.spec.template.spec.containers[] | select(.name == "sidecar") | .image', None),
        (".spec.template.spec.containers[1].image", None),
        (".spec.template.spec.containers[]?.resources.limits", None),
        (".spec.template.spec.initContainers[].image", None),
        ('.metadata.annotations["a/b"]', None),
        (".. | .image?", None),
        ("paths", None),
    ],
)
def test_an_expression(expression: str, advice: str | None) -> None:
    told = of_expression(expression, [MADE])
    assert (told.advice if told is not None else None) == advice


def test_names_that_are_alike_by_chance_are_no_slips() -> None:
    assert of_pointer("/spec/clusterIPs", [SERVICE]) is of_pointer("/spec/clusterIPs/0", [SERVICE]) is None
    scaler = {"spec": {"maxReplicas": 3, "metrics": []}}
    assert of_pointer("/spec/minReplicas", [scaler]) is of_expression(".spec.minReplicas", [scaler]) is None


def test_what_leads_somewhere_in_one_of_them_leads_somewhere() -> None:
    other = {"spec": {"template": {"spec": {"container": [{"image": "a"}]}}}}
    path = "/spec/template/spec/container/0/image"
    assert of_pointer(path, [MADE]) is not None and of_pointer(path, [MADE, other]) is None
    assert of_pointer(path, []) is None


async def test_a_path_astray_is_told_where_all_of_it_is_rendered(engine: Engine) -> None:
    entry = {"group": "apps", "kind": "Deployment", "jqPathExpressions": [".spec.template.spec.containers.image"]}
    files = {"apps.yaml": app("a", ignoreDifferences=[entry]), "a/web.yaml": deployment()}
    (one,) = await found(engine, "ignore-difference-without-effect", files)
    assert one.topic.advice == "Write `.spec.template.spec.containers[].image`."
    files["a/more.yaml"] = manifest("ConfigMap", "m", "shop")
    assert len(await found(engine, "ignore-difference-without-effect", files)) == 1
