"""What is offered to paste does what it says, and only that."""

from __future__ import annotations

import json
import shlex
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.engine import Engine
from checks.secret_keys.mend import patch
from gitops.secrets.survey import ObjectId
from tests.checks.secret_keys.stage import APP, deployment, judged, only_finding
from tests.scenarios import Files, kustomization, manifest

KEYS = st.lists(st.text(min_size=1, max_size=12), min_size=1, max_size=4, unique=True)


def applied(document: dict[str, Any], operations: list[dict[str, Any]]) -> dict[str, Any]:
    """RFC 6902 as far as these patches go, in the API server's reading: an absent member tests equal to null."""
    result = json.loads(json.dumps(document))
    for operation in operations:
        *route, last = (s.replace("~1", "/").replace("~0", "~") for s in operation["path"].split("/")[1:])
        here = result
        for step in route:
            here = here[step]
        if operation["op"] == "test":
            assert here.get(last) == operation["value"], "the test operation fails"
        else:
            assert operation["op"] == "add"
            here[last] = operation["value"]
    return dict(result)


@given(KEYS, st.booleans(), st.sampled_from(["Secret", "ConfigMap"]))
def test_a_patch_adds_the_keys_and_nothing_else(keys: list[str], has_data: bool, kind: str) -> None:
    command = patch(ObjectId("in-cluster", kind, "shop", "db"), keys, has_data=has_data)
    words = shlex.split(command)
    assert words[:6] == ["kubectl", "patch", kind.lower(), "db", "-n", "shop"]
    assert words[6:8] == ["--type=json", "-p"]
    assert len(words) == 9
    before: dict[str, Any] = {"kind": kind, "data": {"kept": "x"}} if has_data else {"kind": kind}
    after = applied(before, json.loads(words[8]))
    assert set(after["data"]) == {*keys, *before.get("data", {})}
    assert {key: after["data"][key] for key in before.get("data", {}) if key not in keys} == {
        key: value for key, value in before.get("data", {}).items() if key not in keys
    }


def test_a_patch_never_wipes_data_that_appeared_meanwhile() -> None:
    operations = json.loads(shlex.split(patch(ObjectId("c", "Secret", "n", "s"), ["k"], has_data=False))[-1])
    with pytest.raises(AssertionError, match="the test operation fails"):
        applied({"data": {"other": "x"}}, operations)


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


async def test_an_object_that_is_missing_is_made_whole(engine: Engine) -> None:
    files = APP | {"a/web.yaml": deployment(("db", "url"), ("db", "it's"))}
    topic = (await judged(engine, files)).findings[0].topic
    assert shlex.split(topic.commands) == [
        *("kubectl", "create", "secret", "generic", "db", "-n", "shop"),
        *("--from-literal=url=<value>", "--from-literal=it's=<value>"),
    ]
