"""Values files behind schemes of helm-secrets, and others that an Argo CD may be told to allow."""

from __future__ import annotations

import pytest

from gitops.resources.rendering import NotAnalysed, Rendered, RenderFailed
from tests.gitops.charts.test_charts import names, rendered
from tests.rendered import EngineProcess

CIPHER = "ENC[AES256_GCM,data:bm90IGEgc2VjcmV0,iv:A=,tag:A=,type:{}]"
SECRET = (
    "apiVersion: v1\nkind: Secret\nmetadata: {name: '{{ .Values.name }}'}\nstringData: {pw: '{{ .Values.pw }}'}\n"
)
ENCRYPTED = f"name: plain\npw: {CIPHER.format('str')}\n#{CIPHER.format('comment')}\nsops: {{version: 3.9.0}}\n"


def of(engine: EngineProcess, value_file: str, text: str = ENCRYPTED) -> object:
    files = {"charts__web__templates__cm.yaml": SECRET, "charts__web__secrets.yaml": text, "envs__secrets.yaml": text}
    return rendered(engine, f"{{valueFiles: ['{value_file}']}}", **files)


@pytest.mark.parametrize(
    "value_file",
    [
        "secrets://secrets.yaml",
        "secrets://../../envs/secrets.yaml",
        "SECRETS://secrets.yaml",
        "secrets+gpg-import:///keys/key.asc?secrets.yaml",
        "secrets+age-import-kubernetes://argocd/age#key.txt?secrets.yaml",
        "secrets://$ARGOCD_APP_NAME/../secrets.yaml",
    ],
)
def test_encrypted_values_files_are_read_without_a_key(engine: EngineProcess, value_file: str) -> None:
    rendering = of(engine, value_file)
    assert names(rendering) == ["plain"]
    assert isinstance(rendering, Rendered)
    assert b"AES256" not in rendering.resources[0].text


def test_what_is_not_encrypted_is_read_as_it_is(engine: EngineProcess) -> None:
    assert names(of(engine, "secrets://secrets.yaml", "name: open\n")) == ["open"]


@pytest.mark.parametrize(
    ("value_file", "text", "words"),
    [
        ("secrets://secrets.yaml", f"on: {CIPHER.format('bool')}\n", "encrypts values of type bool"),
        ("secrets+literal://name=x", ENCRYPTED, "`secrets+literal://`"),
        ("secrets:///etc/secrets.yaml", ENCRYPTED, "`secrets://`"),
        ("secrets://https://example.com/v.yaml", ENCRYPTED, "`secrets://`"),
        ("s3://bucket/values.yaml", ENCRYPTED, "`s3://`"),
        ("git+https://example.com/r@v.yaml", ENCRYPTED, "`git+https://`"),
    ],
)
def test_what_nobody_can_read_is_not_analysed(engine: EngineProcess, value_file: str, text: str, words: str) -> None:
    rendering = of(engine, value_file, text)
    assert isinstance(rendering, NotAnalysed) and words in rendering.reason


def test_a_file_that_is_not_there_is_a_failure(engine: EngineProcess) -> None:
    rendering = of(engine, "secrets://nope.yaml")
    assert isinstance(rendering, RenderFailed) and "nope.yaml" in rendering.message
