"""Template functions: examples of sprig's documentation and test files, and of Argo CD's GoTemplate.md."""

from __future__ import annotations

import pytest

from gitops.gotemplate import TemplateError, render
from gitops.gotemplate.functions import LIBRARY
from gitops.gotemplate.functions.refused import REFUSED

CASES: list[tuple[str, str]] = [
    # docs/strings.md, strings_test.go
    ('{{trim "   hello    "}}', "hello"),
    ('{{trimAll "$" "$5.00"}}', "5.00"),
    ('{{trimSuffix "-" "hello-"}}{{trimPrefix "-" "-hello"}}', "hellohello"),
    ('{{upper "hello"}} {{lower "HELLO"}} {{title "hello world"}} {{untitle "Hello World"}}',
     "HELLO hello Hello World hello world"),
    ('{{repeat 3 "hello"}}', "hellohellohello"),
    ('{{"fooo" | substr 0 3 }} {{"foo" | substr 0 10}} {{substr 0 5 "hello world"}}', "foo foo hello"),
    ('{{trunc 5 "hello world"}}|{{trunc -5 "hello world"}}|{{"baaaaaar" | trunc -999}}', "hello|world|baaaaaar"),
    ('{{abbrev 5 "hello world"}}', "he..."),
    ('{{initials "First Try"}} {{nospace "h e l l o "}}', "FT hello"),
    ('{{contains "cat" "catch"}} {{hasPrefix "cat" "catch"}} {{hasSuffix "cat" "ducat"}}', "true true true"),
    ('{{quote "a" "b" "c"}} {{squote "a" "b"}} {{quote 1 2}}', "\"a\" \"b\" \"c\" 'a' 'b' \"1\" \"2\""),
    ('{{cat "hello" "beautiful" "world"}}', "hello beautiful world"),
    ('{{indent 4 "a\\nb\\nc"}}', "    a\n    b\n    c"),
    ('{{nindent 4 "a\\nb"}}', "\n    a\n    b"),
    ('{{"I Am Henry VIII" | replace " " "-"}}', "I-Am-Henry-VIII"),
    ('{{len "two" | plural "1 char" "chars"}} {{len "t" | plural "cheese" "many"}}', "chars cheese"),
    ('{{snakecase "FirstName"}} {{kebabcase "FirstName"}} {{camelcase "some_words"}}',
     "first_name first-name SomeWords"),
    ('{{swapcase "This Is A.Test"}}', "tHIS iS a.tEST"),
    ('{{$v := "foo$bar$baz" | split "$"}}{{$v._0}}{{$v._2}}', "foobaz"),
    ('{{$v := "foo$bar$baz" | splitn "$" 2}}{{$v._0}} {{$v._1}}', "foo bar$baz"),
    ('{{splitList "$" "foo$bar$baz"}} {{splitList "/" "a" | first}}', "[foo bar baz] a"),
    ('{{ tuple "a" "b" "c" | join "-" }} {{ list 1 2 3 | join "-" }}', "a-b-c 1-2-3"),
    ('{{ list "c" "a" "b" | sortAlpha | join "" }}', "abc"),
    ('{{ $s := list 1 2 3 | toStrings }}{{ index $s 1 | kindOf }}', "string"),
    # docs/math.md, functions_test.go
    ("{{ 3 | add 1 2}} {{add1 1}} {{sub 5 2}} {{div 7 2}} {{div -7 2}} {{mod 10 3}} {{mod -7 3}} {{mul 1 2 3}}",
     "6 2 3 3 -3 1 -1 6"),
    ("{{ biggest 1 2 3 345 5 6 7}} {{max 1 2 3}} {{min 1 2 3}}", "345 3 1"),
    ("{{floor 123.9999}} {{ceil 123.001}} {{round 123.555555 3}} {{round 10.5 0}}", "123 124 123.556 11"),
    ("{{addf 1.5 2}} {{maxf 1 2.5}}", "3.5 2.5"),
    ("{{until 5}} {{untilStep 3 6 2}} {{untilStep 3 1 2}} {{until 0}}", "[0 1 2 3 4] [3 5] [] []"),
    ("{{seq 5}}|{{seq -3}}|{{seq 0 2}}|{{seq 2 -2}}|{{seq 0 2 10}}|{{seq 0 -2 -5}}",
     "1 2 3 4 5|1 0 -1 -2 -3|0 1 2|2 1 0 -1 -2|0 2 4 6 8 10|0 -2 -4"),
    ('{{int "12"}} {{int64 3.7}} {{float64 "1.5"}} {{atoi "42"}} {{atoi "x"}} {{int "x"}} {{toString 1}}',
     "12 3 1.5 42 0 0 1"),
    # docs/defaults.md
    ('{{"" | default "foo"}} {{default "foo" 234}} {{default "foo" .no}}', "foo 234 foo"),
    ('{{empty 0}} {{empty "a"}} {{coalesce 0 1 2}} {{ternary "foo" "bar" true}} {{true | ternary "b" "c"}}',
     "true false 1 foo b"),
    ('{{all 1 "a"}} {{any 0 ""}}', "true false"),
    # docs/lists.md
    ("{{$l := list 1 2 3 4 5}}{{first $l}} {{rest $l}} {{last $l}} {{initial $l}}", "1 [2 3 4 5] 5 [1 2 3 4]"),
    ("{{append (list 1 2) 6}} {{prepend (list 1 2) 0}} {{concat (list 1) (list 2 3)}}", "[1 2 6] [0 1 2] [1 2 3]"),
    ("{{reverse (list 1 2 3)}} {{list 1 1 1 2 | uniq}} {{without (list 1 2 3) 3}} {{has 4 (list 1 4)}}",
     "[3 2 1] [1 2] [1 2] true"),
    ('{{compact (list 1 "a" "foo" "")}} {{slice (list 1 2 3 4 5) 1 3}} {{chunk 3 (list 1 2 3 4)}}',
     "[1 a foo] [2 3] [[1 2 3] [4]]"),
    # docs/dicts.md
    ('{{$d := dict "name1" "value1" "name2" "value2"}}{{get $d "name1"}}{{$_ := set $d "name4" "v4"}}{{$d.name4}}',
     "value1v4"),
    ('{{$d := dict "a" 1 "b" 2}}{{$_ := unset $d "a"}}{{$d}} {{hasKey $d "b"}}', "map[b:2] true"),
    ('{{pluck "n" (dict "n" 1) (dict "m" 2) (dict "n" 3)}}', "[1 3]"),
    ('{{keys (dict "b" 1 "a" 2) | sortAlpha}} {{pick (dict "a" 1 "b" 2) "a"}} {{omit (dict "a" 1 "b" 2) "a"}}',
     "[a b] map[a:1] map[b:2]"),
    ('{{merge (dict "a" 1 "m" (dict "x" 1)) (dict "a" 2 "b" 3 "m" (dict "y" 2))}}', "map[a:1 b:3 m:map[x:1 y:2]]"),
    ('{{mergeOverwrite (dict "a" 1) (dict "a" 2 "b" 3)}}', "map[a:2 b:3]"),
    ('{{dig "user" "role" "name" "guest" (dict "user" (dict "role" (dict "name" "curator")))}}', "curator"),
    ('{{dig "user" "role" "name" "guest" (dict "user" (dict))}}', "guest"),
    ('{{$a := dict "k" "v"}}{{$b := deepCopy $a}}{{$_ := set $b "k" "w"}}{{$a.k}}', "v"),
    # docs/encoding.md, docs/crypto.md
    ('{{b64enc "coffee"}} {{b64dec "Y29mZmVl"}} {{b32enc "coffee"}}', "Y29mZmVl coffee MNXWMZTFMU======"),
    ('{{sha256sum "Hello world!"}}', "c0535e4be2b79ffd93291305436bf889314e4a3faec05ecffcbb7df31ad9e51a"),
    ('{{sha1sum "Hello world!"}}', "d3486ae9136e7856bc42212385ea797094475802"),
    ('{{adler32sum "Hello world!"}}', "487130206"),
    ('{{toJson (dict "b" 1 "a" (list 1.5 "x<y"))}}', '{"a":[1.5,"x\\u003cy"],"b":1}'),
    ('{{toRawJson "x<y"}} {{toPrettyJson (dict "a" 1)}}', '"x<y" {\n  "a": 1\n}'),
    ('{{(fromJson `{"a": {"b": 2}}`).a.b}}', "2"),
    ('{{ toYaml (dict "b" (list 1 "two") "a" "x") }}', "a: x\nb:\n- 1\n- two"),
    ('{{ (fromYaml "a: [1, 2]").a }} {{ index (fromYamlArray "- x\\n- z") 1 }}', "[1 2] z"),
    # docs/reflection.md, docs/paths.md, docs/semver.md
    ('{{kindOf "a"}} {{kindIs "map" (dict)}} {{typeOf (list)}} {{kindOf (add 1 2)}} {{typeIs "int" 3}}',
     "string true []interface {} int64 true"),
    ('{{base "foo/bar/baz"}} {{dir "foo/bar/baz"}} {{ext "foo.bar"}} {{clean "foo/bar/../baz"}} {{isAbs "/a"}}',
     "baz foo/bar .bar foo/baz true"),
    ('{{semverCompare "^1.2.0" "1.2.3"}} {{semverCompare "~1.2.0" "1.3.0"}} {{semverCompare ">=1.0.0, <2" "1.9"}}',
     "true false true"),
    ('{{semverCompare "~0.0.0" "1.2.3"}} {{semverCompare "^*" "1.2.3"}} {{semverCompare "<=*" "1.2.3"}}',
     "true false false"),
    ('{{(semver "1.2.3-alpha.1+123").Prerelease}} {{(semver "1.2.3").Minor}}', "alpha.1 2"),
    # docs/strings.md: regular expressions
    ('{{regexMatch "^[A-Za-z0-9._%+-]+@[A-Za-z0-9.-]+$" "test@acme.com"}}', "true"),
    ('{{regexFindAll "[2,4,6,8]" "123456789" -1}} {{regexFind "[a-zA-Z][1-9]" "abcd1234"}}', "[2 4 6 8] d1"),
    ('{{regexReplaceAll "a(x*)b" "-ab-axxb-" "${1}W"}}', "-W-xxW-"),
    ('{{regexReplaceAllLiteral "a(x*)b" "-ab-axxb-" "${1}"}}', "-${1}-${1}-"),
    ('{{regexSplit "z+" "pizza" -1}} {{regexQuoteMeta "1.2.3"}}', "[pi a] 1\\.2\\.3"),
    # docs/operator-manual/applicationset/GoTemplate.md
    ('{{normalize "My_Feature/ABC."}}', "my-feature-abc"),
    ('{{slugify 23 "feat/areally+long_pull_request_name_to_test_argo_slugification"}}', "feat-areally-long-pull"),
    ('{{slugify 23 false "feat/areally+long_pull_request_name_to_test"}}', "feat-areally-long-pull"),
    ('{{slugify "Hello, World"}}', "hello-world"),
    ('{{index (splitList "/" "org/repo") 1}}', "repo"),
]  # fmt: skip


@pytest.mark.parametrize(("source", "expected"), CASES)
def test_function(source: str, expected: str) -> None:
    assert render(source, {}) == expected


@pytest.mark.parametrize("name", sorted(REFUSED))
def test_what_cannot_be_reproduced_is_refused_by_name(name: str) -> None:
    assert name not in LIBRARY
    with pytest.raises(TemplateError, match=f"'{name}'"):
        render("{{" + name + "}}", {})


@pytest.mark.parametrize(
    "source",
    [
        '{{regexMatch "(a+)+$" (repeat 30 "a")}}',
        '{{regexMatch "(a|a)*b" "aaaa"}}',
        '{{regexMatch ".*.*.*.*x" (repeat 100 "a")}}',
        '{{regexFind "(?=a)" "a"}}',
        '{{regexFind "(a)\\\\1" "aa"}}',
        '{{regexFind "[" "a"}}',
        '{{toYaml (dict (repeat 4400 "1") 1 (repeat 4400 "2") 2)}}',
        '{{toYaml (dict (repeat 1023 "é") 1)}}',
        '{{repeat 1000000 "aaaaaaaaaa"}}',
        "{{until 100000000}}",
        "{{seq 1 1000000000}}",
        "{{indent 100000000 `a`}}",
        "{{printf `%0999999999d` 1}}",
        "{{printf `%*d` 900000000 1}}",
        '{{$x := repeat 1000 "a"}}{{replace "" $x $x | replace "" $x}}',
        "{{range until 1000}}{{range until 1000}}{{end}}{{end}}",
        "{{range 100000000}}{{end}}",
        "{{$x := list 1}}{{range until 60}}{{$x = list $x $x}}{{end}}{{$x}}",
        "{{$x := list 1}}{{range until 60}}{{$x = list $x $x}}{{end}}{{toJson $x}}",
        "{{$x := list 1}}{{range until 60}}{{$x = list $x $x}}{{end}}{{toYaml $x}}",
        "{{$x := list 1}}{{range until 60}}{{$x = list $x $x}}{{end}}{{deepEqual $x $x}}",
        "{{$x := list 1}}{{range until 60}}{{$x = list $x $x}}{{end}}{{has $x $x}}",
        "{{$x := list 1}}{{range until 60}}{{$x = concat $x $x}}{{end}}",
        "{{$d := dict}}{{$_ := set $d `a` $d}}",
        "{{define `a`}}{{template `a`}}{{end}}{{template `a`}}",
        "{{define `a`}}{{template `a`}}{{template `a`}}{{end}}{{template `a`}}",
        "{{" + "(" * 500 + "1" + ")" * 500 + "}}",
        "{{if true}}" * 500 + "{{end}}" * 500,
        "{{$s := `a`}}{{range until 60}}{{$s = print $s $s}}{{end}}",
        "{{$x := 1}}{{range until 1000}}{{$x = mul $x 9223372036854775807}}{{printf `%1000000d` 1}}{{end}}",
    ],
)  # fmt: skip
def test_costly_or_foreign_templates_end_in_an_error(source: str) -> None:
    with pytest.raises(TemplateError):
        render(source, {})


def test_integers_wrap_as_int64() -> None:
    assert render("{{add 9223372036854775807 1}}", {}) == "-9223372036854775808"
