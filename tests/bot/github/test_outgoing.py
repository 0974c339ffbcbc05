"""What people read holds no credential, and is otherwise what was written."""

from __future__ import annotations

import json
import re

import pytest

from bot.github.outgoing import Outgoing
from tests.github.state import key_pair
from tests.growth import assert_ends

KEY = key_pair()[0]
OUTGOING = Outgoing(("operator-secret", KEY))
LINE = KEY.splitlines()[3]


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        ("Secret has no key `operator-secret`", "operator-secret"),
        (f"no key `{KEY}`", LINE),
        (f"no key `{' '.join(KEY.split())}`", LINE),
        (json.dumps({"key": KEY}), LINE),
        (f"GITHUB_WEBHOOK_SECRET=operator-secret\0GITHUB_PRIVATE_KEY={KEY}\0", LINE),
        (LINE, LINE),
        ("ghs_" + "Ab3-" * 20, "Ab3-"),
        ("github_pat_" + "a" * 40, "aaaa"),
        ("postgresql://argofix:hunter2@db/argofix", "hunter2"),
        ("eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOjF9.c2lnbmF0dXJl", "c2lnbmF0dXJl"),
        ("-----BEGIN PRIVATE KEY-----\nMIIEabcdefghijklmnop\n", "MIIE"),
    ],
    ids=range(11),  # the key is another one in every process
)
def test_no_credential_goes_out(text: str, secret: str) -> None:
    data = {"title": text, "output": {"summary": f"x {text} y", "annotations": [{"message": text}]}, "n": 1}
    sent = json.dumps(OUTGOING.body("/repos/a/b/check-runs", data))
    assert secret not in sent
    assert "***" in sent
    assert json.loads(sent)["output"]["summary"].endswith(" y")


@pytest.mark.parametrize(
    "text",
    [
        "ssh://git@github.com/acme/platform.git and git@github.com:acme/platform.git",
        "basic authentication, bearer tokens, and https://example.org/a@b",
        "-----BEGIN PRIVATE KEY----- is what a key begins with.",
        "registry.example.org:5000/app@sha256:" + "0" * 64,
        "https://user@example.org/x",
        "ghs_short, eyJhbGci, keys of ConfigMap gh/pat",
        "0123456789abcdef" * 4,
    ],
)
def test_everything_else_goes_out_as_it_is(text: str) -> None:
    assert OUTGOING.text(text) == text


def test_files_are_not_touched() -> None:
    data = {"content": KEY, "encoding": "utf-8"}
    assert OUTGOING.body("/repos/a/b/git/blobs", data) == data


@pytest.mark.parametrize(
    "text", ["eyJ", "eyJa.eyJ", "-----BEGIN PRIVATE KEY-----\n", "://a:", "ghs_", "://", "a.eyJaaaaaaaa"]
)
def test_long_texts_are_looked_through_in_one_pass(text: str) -> None:
    assert_ends(lambda: OUTGOING.text(text * (200_000 // len(text))))


def test_a_short_secret_is_no_word_to_blank() -> None:
    assert Outgoing(("key", "a")).text("a key") == "a key"
    assert re.sub(r"\W", "", Outgoing(("x" * 8,)).text("x" * 8)) == ""
