"""Generators that decrypt files: names and keys are known without any key, and nothing of what is encrypted shows."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest
import yaml

from bot.formats.reports import json as json_report
from bot.rendering.driver import Engine
from gitops.resources.rendering import NotAnalysed, Rendered, RenderFailed
from gitops.resources.resource import Resource
from tests.rediscovered import assert_found_again
from tests.scenarios import Files, application, evaluated, kustomization, manifest, of_rule, state_of, tree

CIPHER = "ENC[AES256_GCM,data:bm90IGEgc2VjcmV0,iv:AAAA,tag:AAAA,type:str]"
SOPS = {
    "age": [{"recipient": "age1q", "enc": "-----BEGIN AGE ENCRYPTED FILE-----"}],
    "mac": CIPHER,
    "version": "3.9.0",
}


def secret(name: str = "db", keys: tuple[str, ...] = ("password",), field: str = "stringData", **more: Any) -> str:
    metadata = {"name": name, **more.pop("metadata", {})}
    held = {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, field: dict.fromkeys(keys, CIPHER), **more}
    return yaml.safe_dump({**held, "sops": SOPS}, sort_keys=False)


def encrypted(api: str, kind: str, name: str) -> str:
    return yaml.safe_dump({"apiVersion": api, "kind": kind, "metadata": {"name": name}, "sops": SOPS})


def ksops(**fields: Any) -> str:
    function = {"config.kubernetes.io/function": "exec:\n  path: ksops\n"}
    metadata = {"name": "secrets", "annotations": function}
    return yaml.safe_dump({"apiVersion": "viaduct.ai/v1", "kind": "ksops", "metadata": metadata, **fields})


def repository(generators: list[str], files: Files, extra: str = "") -> dict[str, str | bytes]:
    return {
        "app.yaml": application("web", "web"),
        "web/kustomization.yaml": f"generators: {json.dumps(generators)}\n{extra}",
        **files,
    }


async def made(engine: Engine, files: Mapping[str, str | bytes]) -> dict[str, Resource]:
    rendering = state_of(await evaluated(engine, files), "web").rendering
    assert isinstance(rendering, Rendered), rendering
    return {one.id.name: one for one in rendering.resources}


def keys_of(resource: Resource) -> list[str]:
    return sorted({*(resource.manifest().get("data") or {}), *(resource.manifest().get("stringData") or {})})


BOTH = secret("one", ("a",)) + "---\n" + secret("two", ("b",), field="data")
DOTENV = f"# a comment\nAPI_KEY={CIPHER}\nexport OTHER={CIPHER}\nsops_version=3.9.0\nsops_mac={CIPHER}\n"
BINARY = json.dumps({"data": CIPHER, "sops": {"version": "3.9.0"}})
GENERATOR = yaml.safe_dump(
    {"apiVersion": "goabout.com/v1beta1", "kind": "SopsSecretGenerator", "metadata": {"name": "db"},
     "disableNameSuffixHash": True, "envs": ["app.env", "vars.yaml"], "files": ["tls.enc", "key=tls.enc"]}
)  # fmt: skip
NESTED = kustomization("k.yaml", "m.yaml")
MAPS = "apiVersion: builtin\nkind: ConfigMapGenerator\nmetadata: {name: plain}\nliterals: [x=y]\n"
MAPS += "options: {disableNameSuffixHash: true}\n"

KINDS: dict[str, tuple[list[str], Files, dict[str, list[str]]]] = {
    "a file of Secrets": (["k.yaml"], {"web/k.yaml": ksops(files=["./both.yaml"]), "web/both.yaml": BOTH},
                          {"one": ["a"], "two": ["b"]}),
    "JSON": (["k.yaml"], {"web/k.yaml": ksops(files=["db.json"]),
                          "web/db.json": json.dumps(yaml.safe_load(secret()))}, {"db": ["password"]}),
    "inline": ([ksops(files=["db.yaml"])], {"web/db.yaml": secret()}, {"db": ["password"]}),
    "above the kustomization": (["../k.yaml"], {"k.yaml": ksops(files=["../shared/db.yaml"]),
                                                "shared/db.yaml": secret()}, {"db": ["password"]}),
    "beside another generator": (["k.yaml"], {"web/k.yaml": f"{MAPS}---\n{ksops(files=['db.yaml'])}",
                                              "web/db.yaml": secret()}, {"plain": ["x"], "db": ["password"]}),
    "a directory of generators": (["g"], {"web/g/kustomization.yaml": NESTED,
                                          "web/g/k.yaml": ksops(files=["db.yaml"]),
                                          "web/g/m.yaml": MAPS, "web/db.yaml": secret()},
                                  {"plain": ["x"], "db": ["password"]}),
    "two entries": (["k.yaml", "l.yaml"], {"web/k.yaml": ksops(files=["one.yaml"]), "web/l.yaml":
                    ksops(files=["two.yaml"]), "web/one.yaml": secret("one"), "web/two.yaml": secret("two")},
                    {"one": ["password"], "two": ["password"]}),
    "nothing": (["k.yaml"], {"web/k.yaml": ksops(files=[])}, {}),
    "secretFrom": (["k.yaml"], {"web/k.yaml": ksops(secretFrom=[
                       {"metadata": {"name": "s"}, "files": ["d/token.txt", "crt=d/tls.enc"], "envs": ["app.env"],
                        "binaryFiles": ["d/key.bin"]}]),
                    **dict.fromkeys(("web/d/token.txt", "web/d/tls.enc", "web/d/key.bin"), BINARY),
                    "web/app.env": DOTENV},
                   {"s": ["API_KEY", "OTHER", "crt", "key.bin", "token.txt"]}),
    "SopsSecretGenerator": (["k.yaml"], {"web/k.yaml": GENERATOR, "web/app.env": DOTENV, "web/tls.enc": BINARY,
                             "web/vars.yaml": yaml.safe_dump({"A": CIPHER, "sops": SOPS})},
                            {"db": ["A", "API_KEY", "OTHER", "key", "tls.enc"]}),
}  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
async def test_names_and_keys_are_known(engine: Engine, kind: str) -> None:
    generators, files, expected = KINDS[kind]
    found = await made(engine, repository(generators, files))
    assert {name: keys_of(resource) for name, resource in found.items()} == expected


async def test_what_kustomize_does_with_the_output_of_a_plugin(engine: Engine) -> None:
    """Annotations that say how it is merged and named are its own, and transformers come after."""
    hashed = {"kustomize.config.k8s.io/needs-hash": "true", "team": "a"}
    merged = {"kustomize.config.k8s.io/behavior": "merge"}
    base = "secretGenerator: [{name: own, literals: [old=1], options: {disableNameSuffixHash: true}}]\n"
    files = {
        "web/k.yaml": ksops(files=["db.yaml", "own.yaml"]),
        "web/db.yaml": secret("db", metadata={"annotations": hashed, "labels": {"l": "1"}}, type="example/t"),
        "web/own.yaml": secret("own", ("new",), metadata={"annotations": merged}),
        "web/pod.yaml": manifest("Pod", "p", spec={"containers": [
            {"name": "c", "image": "i", "envFrom": [{"secretRef": {"name": "db"}}]}]}),
        "base/kustomization.yaml": base,
    }  # fmt: skip
    extra = "namePrefix: pre-\nnamespace: shop\nresources: [pod.yaml, ../base]\n"
    found = await made(engine, repository(["k.yaml"], files, extra))
    (name,) = (each for each in found if each.startswith("pre-db-"))
    db = found[name].manifest()
    assert (db["type"], db["metadata"]["namespace"], db["metadata"]["labels"]) == ("example/t", "shop", {"l": "1"})
    assert db["metadata"]["annotations"] == {"team": "a"}
    assert found["pre-p"].manifest()["spec"]["containers"][0]["envFrom"] == [{"secretRef": {"name": name}}]
    assert keys_of(found["pre-own"]) == ["new", "old"]


async def test_a_base_that_two_overlays_share_decrypts_for_each(engine: Engine) -> None:
    files = {
        "app.yaml": application("web", "web"),
        "web/kustomization.yaml": kustomization("a", "b"),
        **{f"web/{one}/kustomization.yaml": f"namePrefix: {one}-\nresources: [../../base]\n" for one in "ab"},
        "base/kustomization.yaml": "generators: [k.yaml]\n",
        "base/k.yaml": ksops(files=["db.yaml"]),
        "base/db.yaml": secret(),
    }
    assert sorted(await made(engine, files)) == ["a-db", "b-db"]


FAULTS = {
    "not encrypted": ({"web/db.yaml": secret().partition("sops:")[0]}, RenderFailed, "is not encrypted with SOPS"),
    "not there": ({}, RenderFailed, "`db.yaml` does not exist"),
    "encrypted as a whole": (
        {"web/db.yaml": encrypted(CIPHER, CIPHER, CIPHER)},
        NotAnalysed, "its kind and name too"),
    "a fork's field": (
        {"web/k.yaml": ksops(secretFromTemplate=[{"template": {"metadata": {"name": "s"}}}])},
        NotAnalysed,
        "has `secretFromTemplate`",
    ),
    "an encrypted name": ({"web/db.yaml": secret(CIPHER)}, NotAnalysed, "encrypts the name"),
    "another kind": (
        {"web/db.yaml": encrypted("x.io/v1", "Realm", "r")},
        NotAnalysed, "encrypts a Realm"),
    "no YAML": ({"web/db.yaml": "a: [b\nsops: {}\n"}, RenderFailed, "not valid YAML"),
}  # fmt: skip


@pytest.mark.parametrize("fault", FAULTS)
async def test_what_cannot_be_told_is_said(engine: Engine, fault: str) -> None:
    files, outcome, words = FAULTS[fault]
    evaluation = await evaluated(engine, repository(["k.yaml"], {"web/k.yaml": ksops(files=["db.yaml"]), **files}))
    rendering = state_of(evaluation, "web").rendering
    assert isinstance(rendering, outcome), rendering
    assert words in (rendering.message if isinstance(rendering, RenderFailed) else rendering.reason)  # type: ignore[union-attr]
    assert "AES256" not in json_report.render(evaluation, None)


async def test_a_key_that_is_missing_is_told_with_what_adds_it(engine: Engine) -> None:
    container = {"name": "c", "image": "i", "env": [
        {"name": "A", "valueFrom": {"secretKeyRef": {"name": "db", "key": "user"}}},
        {"name": "B", "valueFrom": {"secretKeyRef": {"name": "db", "key": "password"}}},
        {"name": "C", "valueFrom": {"secretKeyRef": {"name": "s", "key": "tls.key"}}}]}  # fmt: skip
    files = {
        "web/pod.yaml": manifest("Pod", "p", "shop", spec={"containers": [container]}),
        "web/k.yaml": ksops(files=["db.yaml"], secretFrom=[{"metadata": {"name": "s"}, "files": ["tls.enc"]}]),
        "web/db.yaml": secret(),
        "web/tls.enc": BINARY,
    }
    evaluation = await evaluated(engine, repository(["k.yaml"], files, "resources: [pod.yaml]\n"))
    missing = {
        one.resource.name: one for one in of_rule(evaluation, "secret-key-missing") if one.resource is not None
    }
    assert sorted(missing) == ["db", "s"]
    assert "sops set web/db.yaml" in missing["db"].topic.commands
    assert [str(one.span) for one in missing["db"].related] == ["web/db.yaml:1"]
    assert "web/k.yaml:1 decrypts" in missing["s"].topic.advice and not missing["s"].topic.commands
    assert "AES256" not in json_report.render(evaluation, None)


def test_a_change_of_an_encrypted_file_is_seen() -> None:
    files = repository(["k.yaml"], {"web/k.yaml": ksops(files=["db.yaml"]), "web/db.yaml": secret()})
    trees = [tree(files | {"web/db.yaml": text}) for text in (secret(), secret(keys=("user",)), "a: b\n", secret())]
    found = assert_found_again(trees)
    assert found[1] != found[0] == found[3] != found[2]
