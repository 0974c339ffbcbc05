"""Secret values do not survive in what kustomize says."""

from __future__ import annotations

import base64
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gitops.resources.redaction import HIDDEN, MAX_SAID, UNSEARCHED, hide_secrets
from tests.growth import assert_ends

VALUE = "s3cr3t-v4lue"
ENCODED = base64.b64encode(VALUE.encode()).decode()


@pytest.mark.parametrize(
    ("path", "content"),
    [
        ("s.yaml", f"kind: Secret\nstringData: {{k: {VALUE}}}\n"),
        ("s.yaml", f"kind: Secret\ndata: {{k: {ENCODED}}}\n"),
        ("s.yaml", f"kind: Secret\nstringData: {VALUE}\n"),
        ("s.yaml", f"kind: List\nitems:\n- kind: Secret\n  data: {{k: {ENCODED}}}\n"),
        ("s.yaml", f"kind: Secret\nmetadata: {{annotations: {{kubectl.kubernetes.io/last: {VALUE}}}}}\n"),
        ("kustomization.yaml", f"secretGenerator:\n- name: x\n  literals: [k={VALUE}]\n"),
        ("kustomization.yaml", f"secretGenerator:\n- name: x\n  literals: [{VALUE}]\n"),
        ("kustomization.yaml", f"patches:\n- patch: |\n    kind: Secret\n    stringData: {{k: {VALUE}}}\n"),
        ("g.yaml", f"apiVersion: builtin\nkind: SecretGenerator\nliterals: ['k={VALUE}']\n"),
    ],
)
def test_values_are_hidden_wherever_they_are_written(path: str, content: str) -> None:
    said = f"cannot use {VALUE} nor {ENCODED}: line 12"
    assert hide_secrets(said, [(path, content.encode())]) == f"cannot use {HIDDEN} nor {HIDDEN}: line 12"


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        (
            f"literal sources [{VALUE}]: invalid literal source {VALUE}, expected key=value",
            f"literal sources {HIDDEN}: invalid literal source {HIDDEN}, expected key=value",
        ),
        (
            f"trouble configuring builtin PatchTransformer with config: `\npatch: {VALUE}\n`: unable to parse SM or "
            f'JSON patch from [patch: "{VALUE}"]',
            "trouble configuring builtin PatchTransformer with config: [hidden]: unable to parse SM or JSON patch "
            "from [hidden]",
        ),
        ("accumulating resources from 's.yaml': line 2", "accumulating resources from 's.yaml': line 2"),
    ],
)
def test_what_kustomize_quotes_whole_is_hidden_even_when_it_is_no_yaml(said: str, shown: str) -> None:
    assert hide_secrets(said, [("x.yaml", b"kind: Secret\n  bad: [")]) == shown


def test_short_values_leave_the_message_readable() -> None:
    assert hide_secrets("line 12: bad", [("s.yaml", b"kind: Secret\nstringData: {k: '12'}\n")]) == "line 12: bad"


def secret(*values: str) -> list[tuple[str, bytes]]:
    return [("s.yaml", json.dumps({"kind": "Secret", "stringData": dict(enumerate(values))}).encode())]


@pytest.mark.parametrize("length", [MAX_SAID, MAX_SAID + 1, 200_000])
@pytest.mark.parametrize("size", [4, 40, 3_000, 150_000])
@given(data=st.data())
@settings(max_examples=15)
def test_no_part_of_a_value_survives_a_cut(length: int, size: int, data: st.DataObject) -> None:
    """Wherever the value lies: no four characters of it are left."""
    value = "".join(chr(0x4E00 + i % 20_000) for i in range(size))
    at = data.draw(st.integers(0, max(0, length - size)) | st.integers(MAX_SAID // 2 - size - 20, MAX_SAID // 2 + 20))
    at = max(0, at)
    said = hide_secrets("x" * at + value + "y" * max(0, length - at - size), secret(value))
    assert not any(value[i : i + 4] in said for i in range(min(size, len(value)) - 3))
    assert len(said) <= MAX_SAID + 100


def test_a_message_is_cut_in_the_middle_where_it_tells_least() -> None:
    said = hide_secrets("begins " + "x" * 100_000 + " ends", [])
    assert said.startswith("begins ")
    assert said.endswith(" ends")
    assert "characters left out" in said


def test_a_replacement_is_not_searched_again() -> None:
    """Each of these values is a piece of `[hidden]`: replaced one after the other the text would double each time."""
    pieces = {HIDDEN[i:j] for i in range(8) for j in range(i + 4, 9)}
    said = hide_secrets("the hidden [hidden] word", secret(*pieces))
    assert said == f"the {HIDDEN} {HIDDEN} word"


def test_more_values_than_can_be_looked_for_hide_everything() -> None:
    assert hide_secrets("cannot use v4lue-00001", secret(*(f"v4lue-{i:06}" for i in range(50_000)))) == UNSEARCHED


@pytest.mark.parametrize(
    "text",
    ["with config: `" * 80_000, "literal sources [" * 60_000, "invalid literal source " * 50_000, "a" * 1_000_000],
    ids=["config", "literals", "literal", "one letter"],
)
def test_what_the_renderer_says_is_searched_in_one_pass(text: str) -> None:
    assert_ends(lambda: hide_secrets(text, secret(*("a" * n for n in range(4, 900)))))


def test_aliases_are_looked_at_once() -> None:
    """Ten levels of ten aliases to a text that is a patch of its own."""
    inner = "kind: Secret\\nstringData:\\n" + "".join(f"  k{i}: value-{i}\\n" for i in range(200))
    levels = "".join(f"{chr(98 + i)}: &{chr(98 + i)} [{','.join([f'*{chr(97 + i)}'] * 10)}]\n" for i in range(3))
    text = f'secretGenerator: []\na: &a "{inner}"\n{levels}'.encode()
    assert_ends(lambda: hide_secrets("cannot use value-7", [("k.yaml", text)]))
    assert hide_secrets("cannot use value-7!", [("k.yaml", text)]) == f"cannot use {HIDDEN}!"
