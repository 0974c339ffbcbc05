"""What is offered to paste does what it says, and only that."""

from __future__ import annotations

import json
import shlex
import subprocess
from typing import Any

import jsonpatch
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.rendering.driver import Engine
from checks.secret_keys.mend import patch
from gitops.facts.secrets.survey import ObjectId
from tests.checks.secret_keys.stage import APP, deployment, judged, only_finding
from tests.scenarios import Files, kustomization, manifest

KEYS = st.lists(st.text(min_size=1, max_size=12), min_size=1, max_size=4, unique=True)
HELD = st.none() | st.dictionaries(st.text(min_size=1, max_size=8), st.just("aGVsZA=="), max_size=4)


def applied(document: dict[str, Any], operations: list[dict[str, Any]]) -> dict[str, Any]:
    """By RFC 6902, except that to the API server an absent member equals null (gopkg.in/evanphx/json-patch.v4)."""
    result: dict[str, Any] = jsonpatch.apply_patch({"data": None, **document}, operations)
    return result


@given(KEYS, HELD, st.sampled_from(["Secret", "ConfigMap"]))
def test_a_patch_adds_the_keys_and_nothing_else(keys: list[str], held: dict[str, str] | None, kind: str) -> None:
    command = patch(ObjectId("in-cluster", kind, "shop", "db"), keys, has_data=bool(held))
    words = shlex.split(command)
    assert words[:6] == ["kubectl", "patch", kind.lower(), "db", "-n", "shop"]
    assert words[6:8] == ["--type=json", "-p"]
    assert len(words) == 9
    metadata = {"name": "db", "namespace": "shop"}
    # The API server shows an object without data without the member.
    before = {"kind": kind, "metadata": metadata, **({"data": held} if held else {})}
    after = applied(before, json.loads(words[8]))
    assert {key: value for key, value in after.items() if key != "data"} == {"kind": kind, "metadata": metadata}
    placeholder = "<base64 of {}>" if kind == "Secret" else "<{}>"
    assert after["data"] == {**(held or {}), **{key: placeholder.format(key) for key in keys}}


@given(KEYS, st.dictionaries(st.text(min_size=1, max_size=8), st.just("x"), min_size=1, max_size=4))
def test_a_patch_never_wipes_data_that_appeared_meanwhile(keys: list[str], appeared: dict[str, str]) -> None:
    operations = json.loads(shlex.split(patch(ObjectId("c", "Secret", "n", "s"), keys, has_data=False))[-1])
    with pytest.raises(jsonpatch.JsonPatchTestFailed):
        applied({"data": appeared}, operations)


@pytest.mark.parametrize("key", ["it's", 'a"b', "$(touch x)", "`id`", "a b;c", "\\n", "-x", "~/", "!!"])
def test_a_shell_hands_the_patch_on_as_it_is(key: str) -> None:
    command = patch(ObjectId("c", "Secret", "n", "s"), [key], has_data=True)
    script = f"kubectl() {{ printf '%s' \"$8\"; }}; {command}"
    done = subprocess.run(["sh", "-c", script], capture_output=True, check=True, text=True)
    assert applied({"data": {}}, json.loads(done.stdout))["data"] == {key: f"<base64 of {key}>"}


SEALED = manifest("SealedSecret", "db", "shop", "bitnami.com/v1alpha1", spec={"encryptedData": {"uri": "Ag"}})
EXTERNAL = manifest("ExternalSecret", "db", "shop", "external-secrets.io/v1", spec={"data": [{"secretKey": "uri"}]})
SOPS = manifest("Secret", "db", "shop", stringData={"uri": "ENC[AES256_GCM,data:x]"}, sops={"version": "3.9"})


@pytest.mark.parametrize(
    ("files", "advice", "commands"),
    [
        ({"a/s.yaml": SEALED}, "Seal", ("  encryptedData:", "kubeseal --raw --namespace shop --name db")),
        ({"a/s.yaml": EXTERNAL}, "in the store", ("  - secretKey: url", "    remoteRef:")),
        ({"a/s.yaml": manifest("Secret", "db", "shop", stringData={"uri": "v"})}, "a/s.yaml:1", ("  url: <value>",)),
        ({"a/s.yaml": SOPS}, "encrypted", ("sops set a/s.yaml",)),
        (
            {
                "a/kustomization.yaml": kustomization(
                    "web.yaml", extra="secretGenerator:\n  - name: db\n    literals: [uri=v]\nnamespace: shop\n"
                )
            },
            "generator at a/kustomization.yaml:6",
            ("literals:", "url=<value>"),
        ),
    ],
    ids=["SealedSecret", "ExternalSecret", "Secret", "SOPS", "generator"],
)
async def test_the_entry_for_whatever_provides_it(
    engine: Engine, files: Files, advice: str, commands: tuple[str, ...]
) -> None:
    web = deployment(("db", "url"), namespace="")
    topic = only_finding(await judged(engine, APP | {"a/web.yaml": web} | dict(files))).topic
    assert advice in topic.advice
    for part in commands:
        assert part in topic.commands


def fetching(*keys: str, **template: Any) -> str:
    spec = {"data": [{"secretKey": key} for key in keys], "target": {"template": template}}
    return manifest("ExternalSecret", "db", "shop", "external-secrets.io/v1", spec=spec)


async def test_what_is_fetched_and_left_out_by_the_template_is_added_there(engine: Engine) -> None:
    """To fetch it a second time would not bring it into the Secret."""
    files = APP | {"a/web.yaml": deployment(("db", "url")), "a/s.yaml": fetching("url", data={"DSN": "{{ .url }}"})}
    topic = only_finding(await judged(engine, files)).topic
    assert "its template makes only its own keys" in topic.advice
    assert topic.commands == "target:\n  template:\n    data:\n      url: '{{ index . \"url\" }}'"
    mended = fetching("url", data={"DSN": "{{ .url }}", "url": '{{ index . "url" }}'})
    assert (await judged(engine, files | {"a/s.yaml": mended})).findings == ()


async def test_what_is_not_fetched_needs_an_entry_and_a_place_in_the_template(engine: Engine) -> None:
    files = APP | {"a/web.yaml": deployment(("db", "url")), "a/s.yaml": fetching("uri", data={"DSN": "{{ .uri }}"})}
    topic = only_finding(await judged(engine, files)).topic
    assert "its template included" in topic.advice
    assert "  - secretKey: url" in topic.commands
    assert "      url: '{{ index" in topic.commands
    merging = fetching("uri", data={"DSN": "x"}, mergePolicy="Merge")
    topic = only_finding(await judged(engine, files | {"a/s.yaml": merging})).topic
    assert "template" not in topic.commands


async def test_an_object_that_is_missing_is_made_whole(engine: Engine) -> None:
    files = APP | {"a/web.yaml": deployment(("db", "url"), ("db", "it's"))}
    topic = (await judged(engine, files)).findings[0].topic
    assert shlex.split(topic.commands) == [
        *("kubectl", "create", "secret", "generic", "db", "-n", "shop"),
        *("--from-literal=url=<value>", "--from-literal=it's=<value>"),
    ]
