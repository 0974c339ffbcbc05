"""Expressions of jq, held against what gojq 0.12.17 said of `del(EXPRESSION)`."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitops.applications.jq import BadExpression, check_path

READ = [
    ".spec.replicas",
    ".spec.template.spec.containers[].image",
    '.spec.template.spec.containers[] | select(.name == "web") | .image',
    ".spec.template.spec.initContainers[]?",
    ".webhooks[]?.clientConfig.caBundle",
    '.metadata.annotations."a/b"',
    '.metadata.annotations["a/b"]',
    "..",
    ".spec.containers[0].image",
    ".a, .b",
    ".a) | del(.b",
    ".spec | .x",
    '.spec.containers[] | select(.name | startswith("x"))',
    '.spec.containers[] | select(.name | test("^x"; "i"))',
    '.["spec"]',
    ".[0]",
    ".[]",
    ".spec[]",
    ".spec?.a?",
    ".spec.a[1:3]",
    ".spec.a[:3]",
    ".spec.a[1:]",
    ".a // .b",
    ".a // .b // .c",
    ".a = 1",
    ".a |= 2",
    ".a as $x | $x",
    "$ENV",
    ".a as [$x, {b: $y}] | $x",
    "reduce .a[] as $x (0; . + $x)",
    "foreach .a[] as $x (0; . + $x; .)",
    "if .a then .b else .c end",
    "if .a then .b end",
    "if .a then .b elif .c then .d end",
    "try .a catch .b",
    'try error("x")',
    "def f: .a; f",
    "def f(x): x; f(.a)",
    "def f($x): $x; f(.a)",
    "label $out | .a, break $out",
    "{a: 1}.a",
    '{("a"): 1}',
    "{a, b: .c}",
    '{"a b": 1}',
    "[.a, .b]",
    "[]",
    '"x\\(.a)y"',
    "@base64",
    '@base64 "x\\(.a)"',
    ".a and .b or .c",
    "not",
    ".a | not",
    '.spec.template.spec.containers[] | select(.name == "a") | .resources.limits.cpu',
    ".status",
    '.a.b.c | to_entries[] | select(.key | endswith("x")) | .value',
    'with_entries(select(.key != "x"))',
    ".a-1",
    "-1",
    "1 + 2 * 3",
    '.a["b"]["c"]',
    '.a.["b"]',
    ".a.[0]",
    ".a .b",
    "path(.a)",
    "paths",
    ".a[-1]",
    ".a[.b]",
    ".a[.b:.c]",
    "1e3",
    "1.",
    ".5",
    "{a:1,}",
    "..[]",
    "..?",
    "..|.image?",
    '.. | select(type == "object") | .x',
    "limit(1; .a[])",
    "first(.a[])",
    'getpath(["a","b"])',
    "del(.a)",
    ".a | walk(.)",
    "env.X",
    '.spec.template.metadata.annotations["kubectl.kubernetes.io/restartedAt"]',
    '.data["a.b"]',
    ".data.a.b",
    ".a != null",
    ".a = .b",
    "@json",
    ".spec.rules[].http.paths[].backend.service.port.name",
    '.spec.versions[] | select(.name=="v1") | .schema.openAPIV3Schema.properties | .. | .description?',
    '.["a","b"]',
    ".a | .b as $y | .c, $y",
    "{a:1}|.a",
    '.a["\\u0041"]',
    ".true",
    ".if.then",
    "{if:1}",
    "null",
    "true",
    "false.a",
    ".a.b[]?.c",
    "tojson",
    'splits("a")',
    'splits("a";"g")',
    "(.a,.b)|.c",
    "1 as $x | 2 as $y | $x",
    ". as {a: $x} ?// [$x] | $x",
    ". as {$a} | $a",
    '. as {"a": $x} | $x',
    '. as {("a"): $x} | $x',
    "- .a",
    "+ .a",
    ".a | -(.b)",
]
REFUSED = [
    ".metadata.annotations['a/b']",
    ".metadata.annotations.foo-bar",
    ".metadata.labels.app.kubernetes.io/name",
    "spec.replicas",
    "/spec/replicas",
    "",
    "   ",
    ".spec.",
    ".spec.containers.0.image",
    ".spec.containers[0",
    ".spec.containers]",
    '.spec.containers[] | select(.name=="x"',
    ".spec.containers[] | select(.name=='x')",
    '.spec.containers[] | select(name == "x")',
    '.spec.containers[] | selct(.name == "x")',
    ".spec.a[:]",
    ".a == .b == .c",
    "$x",
    "def f: .a;",
    '"x',
    '"x\\q"',
    ".a # comment",
    ".a..b",
    ".a . b",
    "$a.b",
    "1a",
    "?",
    ".a?//.b",
    ".a ?// .b",
    "%",
    "(.a",
    ".a | ",
    "| .a",
    ",.a",
    ".a,",
    "{a:}",
    "[,]",
    ".a[]..b",
    "..a",
    "!.a",
    ".a !== 1",
    ".a && .b",
    ".a || .b",
    "@",
    "$",
    ".$x",
    ".a.$x",
    ".a{b}",
    ".é",
    "'",
    "`",
    'import "a" as b; .a',
    'include "a"; .b',
    ".a as $x",
    "reduce .a as $x (0)",
    "if .a then",
    "end",
    '.a["\\u00"]',
    ". as [] | .",
]
# gojq refuses these too. What a newer one may have, and how many arguments a function takes, is not looked at.
PASSED = [
    "$__loc__",
    "{$__loc__}",
    "a::b",
    ".a;.b",
    "input",
    "inputs",
    "ascii",
    "isvalid(.a)",
    "keys_unsorted",
    'test("a";"b";"c")',
    "map(.a;.b)",
    "select",
]


def refused(expression: str) -> bool:
    try:
        check_path(expression)
    except BadExpression as error:
        assert str(error)
        return True
    return False


def test_what_gojq_reads_is_never_refused() -> None:
    assert [each for each in (*READ, *PASSED) if refused(each)] == []


def test_what_gojq_does_not_read_is_refused() -> None:
    assert [each for each in REFUSED if not refused(each)] == []


@given(st.sampled_from(READ), st.sampled_from(READ))
def test_what_is_read_is_read_in_brackets_and_in_a_pipe(one: str, other: str) -> None:
    assert not refused(f"({one}\n)")
    assert not refused(f"({one}\n) | ({other}\n)")


@given(st.text(alphabet=".abd[](){}\"'|,:;$?/=-+ \n#1", max_size=30))
def test_any_text_ends(text: str) -> None:
    refused(text)


def test_what_is_too_deep_or_too_long_passes() -> None:
    assert not refused("(" * 5_000)
    assert not refused("(" * 200 + ".a" + ")" * 200)


@pytest.mark.parametrize(
    ("expression", "words"),
    [
        (".metadata.annotations.foo-bar", "no function `bar`"),
        ("spec.replicas", "no function `spec`"),
        (".a['b']", "`'` stands"),
        (".a[0", "ends too early"),
        (".a as $x", "ends too early"),
        ("$x", "no variable `$x`"),
        ('"x', "a text in it is not closed"),
    ],
)
def test_what_is_wrong(expression: str, words: str) -> None:
    with pytest.raises(BadExpression) as caught:
        check_path(expression)
    assert words in str(caught.value)
