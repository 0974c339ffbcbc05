"""The template language, with the outcomes of Go's own src/text/template/exec_test.go and its documentation."""

from __future__ import annotations

import contextlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitops.gotemplate import TemplateError, missing_key, render
from gitops.gotemplate.values import StringList, StringMap, from_json

DATA: dict[str, Any] = from_json(
    {
        "I": 17,
        "X": "x",
        "U": {"V": "v"},
        "SI": [3, 4, 5],
        "empty": [],
        "M": {"one": 1, "two": 2, "three": 3},
        "nothing": None,
        "big": 1000000,
        "f": 2.5,
        "yes": True,
        "nested": {"list": [{"n": "a"}, {"n": "b"}]},
    }
) | {"segments": StringList(["apps", "foo"]), "values": StringMap({"k": "v"})}

GOOD: list[tuple[str, str]] = [
    ("some text", "some text"),
    ("-{{.X}}-", "-x-"),
    ("-{{.U.V}}-", "-v-"),
    ("{{.M.one}}", "1"),
    ("{{.M.NO}}", "<no value>"),
    ("{{.NO.deeper}}", "<no value>"),
    ("{{.nothing}}", "<no value>"),
    ("{{.yes}} {{.f}} {{.big}}", "true 2.5 1e+06"),
    ("{{.SI}} {{.M}} {{.segments}}", "[3 4 5] map[one:1 three:3 two:2] [apps foo]"),
    ("{{$.X}}", "x"),
    ("{{$x := .U.V}}{{$x}}", "v"),
    ("{{($).X}}", "x"),
    ("{{(index .nested.list 1).n}}", "b"),
    ("{{printf `%d %d %d` (1) (2) (3)}}", "1 2 3"),
    # if, with, range
    ("{{if true}}TRUE{{end}}", "TRUE"),
    ("{{if false}}TRUE{{else}}FALSE{{end}}", "FALSE"),
    ("{{if 1}}NON-ZERO{{else}}ZERO{{end}}", "NON-ZERO"),
    ("{{if 0}}NON-ZERO{{else}}ZERO{{end}}", "ZERO"),
    ("{{if ``}}NON-EMPTY{{else}}EMPTY{{end}}", "EMPTY"),
    ("{{if .empty}}NON-EMPTY{{else}}EMPTY{{end}}", "EMPTY"),
    ("{{if .M.none}}NON-ZERO{{else}}ZERO{{end}}", "ZERO"),
    ("{{if not .M.none}}ZERO{{else}}NON-ZERO{{end}}", "ZERO"),
    ("{{if $x := true}}{{with $x := .I}}{{$x}},{{end}}{{$x}}{{end}}", "17,true"),
    ("{{if false}}FALSE{{else if true}}TRUE{{end}}", "TRUE"),
    ("{{if eq 1 3}}1{{else if eq 2 3}}2{{else if eq 3 3}}3{{end}}", "3"),
    ("{{with .U}}{{.V}}{{end}}", "v"),
    ("{{with .empty}}a{{else}}b{{end}}", "b"),
    ("{{with 0}}one{{else with .X}}{{.}}{{end}}", "x"),
    ("{{range .SI}}-{{.}}-{{end}}", "-3--4--5-"),
    ("{{range .empty}}-{{.}}-{{else}}EMPTY{{end}}", "EMPTY"),
    ("{{range .SI}}{{if eq . 4.0}}{{break}}{{end}}-{{.}}-{{end}}", "-3-"),
    ("{{range .SI}}{{if eq . 4.0}}{{continue}}{{end}}-{{.}}-{{end}}", "-3--5-"),
    ("{{range $i, $x := .SI}}<{{$i}}={{$x}}>{{end}}", "<0=3><1=4><2=5>"),
    ("{{range $x := .SI}}<{{$x}}>{{end}}", "<3><4><5>"),
    ("{{range $k, $v := .M}}{{$k}}{{$v}} {{end}}", "one1 three3 two2 "),
    ("{{range 3}}{{.}}{{end}}", "012"),
    ("{{range .nothing}}a{{else}}b{{end}}", "b"),
    ("{{$x := 0}}{{range .SI}}{{$x = .}}{{end}}{{$x}}", "5"),
    # variables end with their block
    ("{{$x := 1}}{{if true}}{{$x := 2}}{{$x}}{{end}}{{$x}}", "21"),
    # trimming and comments
    ("{{23 -}} < {{- 45}}", "23<45"),
    ("a {{- /* note */ -}} b", "ab"),
    ("a {{/* note */}} b", "a  b"),
    ("{{- 1 -}}\n\n{{- 2}}", "12"),
    ("{{-3}}", "-3"),
    # templates
    ('{{define "T"}}<{{.}}>{{end}}{{template "T" .X}}', "<x>"),
    ('{{block "B" .U}}{{.V}}{{end}}', "v"),
    ('{{define "a"}}1{{end}}{{define "a"}}2{{end}}{{template "a"}}', "2"),
    # builtins
    ("{{and false 0}} {{and 1 0}} {{and 0 true}} {{and 1 1}}", "false 0 0 1"),
    ("{{or 0 0}} {{or 1 0}} {{or 0 true}} {{or 1 1}}", "0 1 true 1"),
    ("{{if and true 1 `hi` | not}}TRUE{{else}}FALSE{{end}}", "FALSE"),
    ("{{or true (fail `not reached`)}}", "true"),
    ("{{not true}} {{not false}}", "false true"),
    ("{{index .SI 0}} {{index .M `two`}} {{index .nested `list` 0 `n`}}", "3 2 a"),
    ("{{index .M `none`}}{{index .values `none`}}", "<no value>"),
    ("{{len `abc`}} {{len .SI}} {{len .M}} {{len `é`}}", "3 3 3 2"),
    ("{{eq 1 1}} {{eq 1 2 3 1}} {{ne `a` `b`}} {{lt 1 2}} {{le 2 2}} {{gt 1.5 1.0}} {{ge `b` `a`}}",
     "true true true true true true true"),
    ("{{eq .X nil}} {{eq .nothing nil}}", "false true"),
    ("{{print 1 2 3}}|{{print `a` 1 2 `b`}}|{{print nil}}|{{println 1 2}}", "1 2 3|a1 2b|<nil>|1 2\n"),
    ('{{html "<a href=\\"x\\">"}}', "&lt;a href=&#34;x&#34;&gt;"),
    ("{{js `It'd be nice.`}}", "It\\'d be nice."),
    ('{{"http://www.example.org/"|urlquery}}', "http%3A%2F%2Fwww.example.org%2F"),
    # printf, after fmt's documentation
    ('{{printf "%04x" 127}}', "007f"),
    ('{{printf "%g" 3.5}}', "3.5"),
    ('{{printf "%5d|%-5d|%05d|%+d" 42 42 42 42}}', "   42|42   |00042|+42"),
    ('{{printf "%6.2f|%e" 3.14159 1000.0}}', "  3.14|1.000000e+03"),
    ('{{printf "%q %v %t %T" `a"b` .SI true .f}}', '"a\\"b" [3 4 5] true float64'),
    ('{{printf "%d" .I}}', "%!d(float64=17)"),
    ('{{printf "%d %s" 1}}', "1 %!s(MISSING)"),
    ('{{printf "%d" 1 2}}', "1%!(EXTRA int=2)"),
    ('{{printf "%x %X %o %b %c %U" 255 255 8 5 65 9731}}', "ff FF 10 101 A U+2603"),
    ('{{printf "%s|%-4s|%4s|%.2s" `a` `a` `a` `abc`}}', "a|a   |   a|ab"),
    ('{{printf "%%"}}', "%"),
    # constants
    ("{{0x1F}} {{'a'}} {{1e3}} {{1_000}} {{0b11}} {{0o17}}", "31 97 1000 1000 3 15"),
    ("{{typeOf 3}} {{typeOf 1.0}} {{typeOf 1e1}} {{typeOf .I}}", "int float64 float64 float64"),
    (r'{{"a\tb\"\u00e9\x41"}}{{`raw\n`}}', 'a\tb"éAraw\\n'),
    ("{{values .M}}", "[1 3 2]"),
    ("{{.values.k}}{{index .segments 1}}", "vfoo"),
    ("{{ .X | printf `%s-%s` `a` }}", "a-x"),
]  # fmt: skip


@pytest.mark.parametrize(("source", "expected"), GOOD)
def test_output(source: str, expected: str) -> None:
    assert render(source, DATA) == expected


BAD = [
    "{{nil}}",
    "{{if nil}}TRUE{{end}}",
    "{{.X.deeper}}",
    "{{.nothing.deeper}}",
    "{{.X 1}}",
    "{{index .SI 10}}",
    "{{index .SI -1}}",
    "{{index .SI `a`}}",
    "{{index .nothing 1}}",
    "{{index .I 0}}",
    "{{len 3}}",
    "{{len nil}}",
    "{{eq 1 1.0}}",
    "{{eq .I 17}}",
    "{{eq `a` 1}}",
    "{{lt true false}}",
    "{{eq .SI .SI}}",
    "{{range .X}}{{end}}",
    "{{range true}}{{end}}",
    "{{$x}}",
    "{{$x = 1}}",
    "{{if true}}{{$x := 1}}{{end}}{{$x}}",
    "{{unknownFunction}}",
    "{{env `HOME`}}",
    "{{expandenv `$HOME`}}",
    "{{getHostByName `localhost`}}",
    "{{lower 3}}",
    "{{lower .nothing}}",
    "{{lower .missing}}",
    "{{until .I}}",
    "{{until (add 1 2)}}",
    "{{get .values `k`}}",
    "{{template `none`}}",
    "{{break}}",
    "{{continue}}",
    "{{end}}",
    "{{else}}",
    "{{if true}}",
    "{{range .SI}}{{else if true}}{{end}}",
    "{{define `a`}}",
    "{{",
    "{{.X",
    "{{/* a }}",
    "{{/* a */ }}",
    "{{(1}}",
    "{{1)}}",
    "{{`a}}",
    '{{"a}}',
    '{{"\\q"}}',
    "{{'ab'}}",
    "{{1a}}",
    "{{.X | 3}}",
    "{{3 | .X}}",
    "{{|}}",
    "{{.X |}}",
    "{{}}",
    "{{1.foo}}",
    "{{true.x}}",
    "{{9223372036854775808}}",
    "{{fail `no`}}",
    "{{div 1 0}}",
    "{{printf 1}}",
    "{{upper}}",
    "{{upper `a` `b`}}",
    "{{.X}}}}{{",
]


@pytest.mark.parametrize("source", BAD)
def test_errors(source: str) -> None:
    with pytest.raises(TemplateError):
        render(source, DATA)


def test_missing_key_options() -> None:
    """text/template's Option; goTemplateOptions in docs/operator-manual/applicationset/GoTemplate.md."""
    assert missing_key([]) == "default"
    assert missing_key(["missingkey=invalid"]) == "default"
    with pytest.raises(TemplateError, match="no entry for key"):
        render("{{.M.NO}}", DATA, missing_key(["missingkey=error"]))
    with pytest.raises(TemplateError):
        render("{{.NO.deeper}}", DATA, "error")
    assert render("{{.M.NO}}|{{.values.no}}", DATA, missing_key(["missingkey=zero"])) == "<no value>|"
    with pytest.raises(TemplateError, match="unrecognized"):
        missing_key(["missingkey=never"])


@given(st.text().filter(lambda text: "{{" not in text))
def test_text_without_actions_is_unchanged(text: str) -> None:
    assert render(text, {}) == text


FRAGMENTS = ["{{", "}}", "{{-", "-}}", ".", "$", "$x", ":=", "=", "|", "(", ")", " ", "if", "range", "end", "else",
             "with", "define", "template", "block", "break", "nil", "true", '"a"', "`b`", "'c'", "1", "-2.5",
             "printf", "len", ".a", "/*", "*/", "\n", "dict", "index", "repeat", "set", "and", "%d"]  # fmt: skip


@given(st.lists(st.sampled_from(FRAGMENTS), max_size=25))
def test_nothing_but_template_errors(parts: list[str]) -> None:
    with contextlib.suppress(TemplateError):
        render("{{" + "".join(parts) + "}}", {"a": {"b": [1.0, None]}})
