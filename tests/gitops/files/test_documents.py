"""The YAML reader: values as Kubernetes tools read them, positions, and limits."""

from __future__ import annotations

import contextlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitops.files import documents
from gitops.files.documents import MAX_WRITTEN_NODES, duplicate_keys, last_line, read_documents
from gitops.files.errors import MalformedYaml
from gitops.files.scalars import plain_scalar


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("", None),
        ("~", None),
        ("null", None),
        ("nUll", "nUll"),
        ("true", True),
        ("False", False),
        ("yes", True),
        ("Off", False),
        ("y", True),
        ("yEs", "yEs"),
        ("0", 0),
        ("-7", -7),
        ("+7", 7),
        ("017", 15),
        ("0o17", 15),
        ("08", 8),
        ("0x1F", 31),
        ("0x", "0x"),
        ("1.5", 1.5),
        (".5", 0.5),
        ("1e3", 1000),
        ("1.0", 1),
        ("-0.0", 0),
        ("1e21", 1e21),
        ("1e400", "1e400"),
        ("0b11", 3),
        ("-0b101", -5),
        ("+0x1f", 31),
        ("1_000", 1000),
        ("0x_1F", 31),
        ("1_e3", 1000),
        ("_1", "_1"),
        (".5_0", ".5_0"),
        ("1,000", "1,000"),
        (".inf", ".inf"),
        ("1e", "1e"),
        ("-", "-"),
        (".", "."),
        ("1.2.3", "1.2.3"),
        ("2026-01-01", "2026-01-01"),
        ("12:30:00", "12:30:00"),
        ("9" * 30, 1e30),
        ("9" * 401, "9" * 401),
    ],
)
def test_plain_scalars(text: str, value: Any) -> None:
    found = plain_scalar(text)
    assert (found, type(found)) == (value, type(value))


def test_an_anchor_may_be_given_again() -> None:
    """YAML 1.2, 3.2.2.2: an alias is of the last one before it; Go has it so."""
    (document,) = read_documents("a.yaml", b"- &a 1\n- *a\n- {x: &a 2, y: *a}\n")
    assert document.value() == [1, 1, {"x": 2, "y": 2}]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**40), 2**40) | st.text(st.characters(codec="ascii"), max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("abc<", max_size=3), inner, max_size=3),
    max_leaves=12,
)


@given(JSON)
def test_json_reads_as_itself(value: Any) -> None:
    documents = read_documents("x", json.dumps(value).encode())
    assert [document.value() for document in documents] == ([] if value is None else [value])


@given(st.text(max_size=80) | st.text(alphabet="ab:-[]{}&*!|>'\"#%@`\n \t,?0~<", max_size=80))
def test_arbitrary_text_is_read_or_refused(text: str) -> None:
    data = text.encode("utf-8", "surrogatepass")
    with contextlib.suppress(MalformedYaml):
        for document in read_documents("x", data):
            document.value()
            list(duplicate_keys(document.node))
            assert 1 <= document.line <= document.end_line <= text.count("\n") + text.count("\r") + 2


@given(st.binary(max_size=200))
def test_arbitrary_bytes_are_read_or_refused(data: bytes) -> None:
    with contextlib.suppress(MalformedYaml):
        read_documents("x", data)


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("a: 1\n", [(1, 1)]),
        ("---\na: 1\n---\n# nothing\n---\nb: |\n  x\n  y\n# after\n", [(2, 2), (6, 8)]),
        ("# head\n\na:\n  - b\n  - c: d\n\n\n---\ne: f", [(3, 5), (9, 9)]),
        ("a: &x [1,\n  2]\nb: *x\n", [(1, 3)]),
        ('a: "x\n  y"\n', [(1, 2)]),
    ],
)
def test_documents_know_their_lines(text: str, lines: list[tuple[int, int]]) -> None:
    assert [(d.line, d.end_line) for d in read_documents("x", text.encode())] == lines


def test_merge_keys_and_aliases() -> None:
    (document,) = read_documents("x", b"base: &b {a: 1, c: 2}\nmine: {<<: [*b, {a: 3, d: 4}], c: 5}\n'<<': plain\n")
    assert document.value() == {
        "base": {"a": 1, "c": 2},
        "mine": {"a": 1, "c": 5, "d": 4},
        "<<": "plain",
    }
    assert last_line(document.node) == 3


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"- a\n" * (MAX_WRITTEN_NODES + 1), "more than 500,000 YAML nodes"),
        (b"[" + b"{}," * MAX_WRITTEN_NODES + b"]", "more than 500,000 YAML nodes"),
        (b"- " * 300 + b"a", "nests deeper"),
        (b"[" * 300, "nests deeper"),
        (b"a: [1]\n---\n" * 150 + b"[" * 100 + b"\n---b,\n" + b"[" * 150, "nests deeper"),
        ("".join(" " * i + "a:\n" for i in range(300)).encode(), "nests deeper"),
        (b"&a [*a]", "contains itself"),
        (b"a: *nowhere", "undefined alias"),
        (b"a: \xff", "not readable text"),
        (b"%YAML 3.0\n---\na: 1\n", "not valid YAML"),
    ],
    ids=["lines", "flow", "dashes", "brackets", "no end", "indent", "ring", "alias", "bytes", "directive"],
)
def test_what_is_refused_says_why(data: bytes, words: str) -> None:
    with pytest.raises(MalformedYaml, match=words):
        read_documents("x.yaml", data)


def test_the_repr_of_a_document_holds_no_value() -> None:
    (document,) = read_documents("x", b"stringData: {k: hunter2}")
    assert "hunter2" not in repr(document)


@pytest.mark.parametrize(
    "text",
    [
        "a: &x [1, two, {b: c}]\nd: *x\ne: |\n  text\n",
        "a: [1,\n",
        "--- {a: b}\n---\n- c\n...\n",
        "a: &x b\nc: &x d\ne: *x\n",
        "? [a, b]\n: c\n<<: {d: e}\n",
        "",
        "\t",
    ],
)
def test_large_files_are_read_alike_though_other_threads_may_run_meanwhile(
    text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def read() -> object:
        try:
            found = read_documents("x.yaml", text.encode())
        except MalformedYaml as error:
            return str(error)
        return [(d.index, d.line, d.end_line, d.value(), list(duplicate_keys(d.node))) for d in found]

    in_c = read()
    monkeypatch.setattr(documents, "LARGE", -1)
    monkeypatch.setattr(documents._Loader, "get_node", None)
    assert read() == in_c
