"""Generated templates of ApplicationSets: what our evaluator and Go's own have to agree on.

Arguments are mostly of the type that a function takes, by its declaration, and sometimes of another one: that an
error is one matters as much as a text.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from random import Random
from typing import Any

from gitops.gotemplate import TemplateError, render
from gitops.gotemplate.functions import LIBRARY
from gitops.gotemplate.values import from_json

# Their order is that of a Go map.
UNORDERED = frozenset({"keys", "values", "pluck"})
# `slugify` needs a library that is not in the engine; maps that are merged into what they hold overflow Go's stack,
# which nothing can catch.
_LEFT_OUT = {"slugify", "merge", "mustMerge", "mergeOverwrite", "mustMergeOverwrite"}
FUNCTIONS = sorted(LIBRARY.keys() - UNORDERED - _LEFT_OUT)

DATA: Any = {
    "name": "prod-eu",
    "Empty": "",
    "n": 3,
    "f": 2.5,
    "big": 1e21,
    "small": -7,
    "yes": True,
    "no": False,
    "nil": None,
    "text": "  Hello, wörld  ",
    "lines": "a: 1\nb: [x, y]\n",
    "path": {"basename": "web", "segments": ["apps", "web"], "path": "apps/web"},
    "list": ["b", "a", "c", "a"],
    "numbers": [3, 1, 2],
    "mixed": [1, "x", None, True, {"k": "v"}],
    "map": {"a": "1", "b": {"c": "deep"}},
    "none": {},
    "version": "1.27.3",
}
_PATHS = {
    "s": (".name", ".Empty", ".text", ".path.basename", ".map.b.c", ".version", ".lines", "$.name"),
    "f": (".n", ".f", ".small", ".big"),
    "b": (".yes", ".no"),
    "m": (".map", ".path", ".none", ".map.b"),
    "l": (".list", ".numbers", ".mixed", ".path.segments"),
    "a": (".nil", ".gone", ".map.gone", ".name.gone", ".", "$", ".path", ".n", ".list", ".name", ".yes"),
}
_STRINGS = (
    *('"a"', '""', '"x-y_z"', '"Web App"', "`raw \\n`", '"a,b,c"', '"1.2.3"', '"^1.20.0"', '"[a-z]+"', '"é"'),
    # What YAML would take for something else, and lines.
    *(
        '"- a"',
        '"a: b"',
        '"a #b"',
        '"true"',
        '"Off"',
        '"~"',
        '"null"',
        '"1e3"',
        '"0x1F"',
        '"010"',
        '"0o7"',
        '"1_000"',
    ),
    *('"2020-01-01"', '"12:30:45"', '".5"', '"+1"', '".inf"', '"<<"', '"="', '"!x"', '"&a"', '"*a"', '"%a"', '"@a"'),
    *('"? a"', '": b"', '"[a"', '"{a"', '"-"', '"y"', '"1.5e3"', '"99999999999999999999"', '"a:"', '"#"', '"<&>"'),
    *(
        r'"a\nb"',
        r'"\n"',
        r'"a\n\n"',
        r'" a\nb "',
        r'"a \nb"',
        r'"\ta"',
        r'"a\tb"',
        r'"\u2028"',
        r'"\u00a0"',
        r'"a\rb"',
    ),
    *(r'"\x00"', r'"\U0001F600"', '"%s-%d"', '"%v"', '"%q"', '"$1"', r'"a\"b"'),
)


# What makes a value of a type, so that most calls fit together.
_MAKERS = {
    "s": "upper lower trim trimAll replace quote squote join print printf toString toJson toYaml b64enc default "
    "ternary trunc substr title untitle snakecase kebabcase swapcase normalize sha256sum base dir ext cat "
    "regexReplaceAll regexFind typeOf kindOf coalesce plural abbrev initials first last nospace squote",
    "l": "list splitList sortAlpha uniq rest initial reverse concat append prepend without compact chunk slice "
    "toStrings fromYamlArray regexFindAll tuple mustUniq",
    "m": "dict set omit pick fromJson fromYaml unset split splitn deepCopy",
    "b": "eq ne lt le gt ge not empty has hasKey contains hasPrefix hasSuffix regexMatch kindIs typeIs all any "
    "deepEqual semverCompare isAbs",
    "i": "int len",
    "f": "float64 round ceil floor maxf minf addf mulf",
}


@dataclass(frozen=True)
class Difference:
    """What Go's text/template and our evaluator do not agree on."""

    source: str
    missing: str
    ours: str
    theirs: str


# Wilful ones (docs/templates.md), by our words.
_WILFUL = ("cannot be converted with certainty", "grows too large", "longer than", "more steps")


def difference(example: Mapping[str, Any]) -> Difference | None:
    """What is not the same for a template that text/template has rendered; None for the same, for what our evaluator
    refuses although it may well be rendered, and for what text/template itself renders in several ways."""
    if example.get("varies"):
        return None
    source, missing = example["source"], example["missing"]
    theirs = example.get("error", "") if example.get("failed") else example.get("text", "")
    try:
        ours, failed = render(source, from_json(DATA), missing), False
    except TemplateError as error:
        ours, failed = str(error), True
        if any(words in ours for words in _WILFUL):
            return None
    if "a map holds itself" in theirs or theirs.endswith(": too large"):
        return None  # the controller may overflow its stack over it; that ours ends is what matters
    same = bool(example.get("failed")) if failed else not example.get("failed") and ours == theirs
    return None if same else Difference(source, missing, ours, theirs)


@dataclass
class Generator:
    random: Random
    variables: list[str] = field(default_factory=list)

    def template(self) -> str:
        self.variables = []
        return "".join(self.piece(2) for _ in range(self.random.randint(1, 3)))

    def piece(self, depth: int) -> str:
        choice = self.random.random()
        if choice < 0.2:
            return self.random.choice(("x", " ", "\n", "a: ", "-", "\n  b: "))
        if choice < 0.62 or depth <= 0:
            return self.action(self.pipeline(2))
        if choice < 0.72:
            name = f"$v{len(self.variables)}"
            made = self.action(f"{name} := {self.pipeline(2)}")
            self.variables.append(name)
            return made
        if choice < 0.76 and self.variables:
            return self.action(f"{self.random.choice(self.variables)} = {self.pipeline(1)}")
        return self.block(depth)

    def block(self, depth: int) -> str:
        outer = len(self.variables)
        word = self.random.choice(("if", "if", "with", "range", "range2"))
        head = self.pipeline(1)
        if word == "range":
            head = self.value("l" if self.random.random() < 0.8 else "m", 0)
        if word == "range2":
            head = f"$i, $e := {self.value('l' if self.random.random() < 0.7 else 'm', 0)}"
            self.variables += ["$i", "$e"]
            word = "range"
        body = self.piece(depth - 1) + self.piece(depth - 1)
        if word == "range" and self.random.random() < 0.2:
            body += self.action(f"if {self.value('a', 0)}") + "{{break}}{{end}}"
        del self.variables[outer:]
        otherwise = ""
        if self.random.random() < 0.4:
            more = f" if {self.pipeline(1)}" if word == "if" and self.random.random() < 0.5 else ""
            otherwise = "{{else" + more + "}}" + self.piece(depth - 1)
            del self.variables[outer:]
        return self.action(f"{word} {head}") + body + otherwise + self.action("end")

    def action(self, inner: str) -> str:
        left = "{{- " if self.random.random() < 0.15 else "{{"
        right = " -}}" if self.random.random() < 0.15 else "}}"
        return f"{left}{inner}{right}"

    def pipeline(self, depth: int) -> str:
        made = self.operand(depth)
        for place in range(self.random.choice((0, 0, 1, 1, 2))):
            name = self.random.choice(FUNCTIONS)
            types = self.types(name)
            if not place and types:
                made = self.value(types[-1], depth)
            arguments = [self.value(letter, depth - 1) for letter in types[:-1]]
            made = " | ".join((made, " ".join((name, *arguments))))
        return made

    def made(self, letter: str, depth: int) -> str:
        name = self.random.choice(_MAKERS[letter].split())
        return f"({' '.join((name, *(self.value(each, depth - 1) for each in self.types(name))))})"

    def operand(self, depth: int) -> str:
        if depth > 0 and self.random.random() < 0.5:
            name = self.random.choice(FUNCTIONS)
            return " ".join((name, *(self.value(letter, depth - 1) for letter in self.types(name))))
        return self.value(self.random.choice("sssfbmlaa"), depth)

    def types(self, name: str) -> str:
        function = LIBRARY[name]
        letters = function.parameters + function.rest * self.random.randint(0, 2)
        if self.random.random() < 0.01:
            return letters + "a"
        return letters

    def value(self, letter: str, depth: int) -> str:
        random = self.random
        if random.random() < 0.02:
            letter = random.choice("sifbmla")
        if self.variables and random.random() < 0.05:
            return random.choice(self.variables)
        if letter == "a":
            letter = random.choice("saifbml")
        if depth > 0 and random.random() < 0.4:
            return self.made(letter, depth) if letter in _MAKERS else f"({self.pipeline(depth - 1)})"
        if letter == "i":
            return random.choice(("0", "1", "2", "5", "-1", "0x10", "1_000", "'a'"))
        if letter == "f" and random.random() < 0.5:
            return random.choice(("1.5", "2", "-0.25", "1e3", "0.1", "0.2", "1e-7", "123456789.25"))
        if letter == "s" and random.random() < 0.5:
            return random.choice(_STRINGS)
        if letter == "b" and random.random() < 0.4:
            return random.choice(("true", "false"))
        if letter == "l" and random.random() < 0.3:
            return random.choice(('(list 1 "a" .n)', "(list)", '(splitList "," "a,b")'))
        if letter == "m" and random.random() < 0.3:
            return random.choice(('(dict "k" .name "z" 1)', "(dict)"))
        return random.choice(_PATHS[letter if random.random() < 0.985 else "a"])


# Templates that were once another thing to us than to Go.
ONCE_WRONG = (
    r"{{urlquery .gone}}",
    r"{{html .nil .gone}}",
    r"{{round 5 1000}}",
    r"{{round 5 -1000}}",
    r"{{addf 0.1 0.2}} {{mulf -0.25 0}} {{divf 1 3}} {{subf 0.3 0.1}}",
    r'{{set (fromJson "x") "a" 1}}',
    r'{{regexFindAll "[a-z]+" "1" -1 | toJson}}{{concat | toJson}}{{rest list | toYaml}}',
    r'{{toYaml .lines}}|{{toYaml " a\nb "}}|{{list "\n" | toYaml}}',
    r'{{toYaml (dict "a10" 1 "a9" 2 "a-b" 3 "ab" 4 "a" 5)}}',
    r'{{toYaml (dict "a36893488147419103232" 1 "a2" 2 "a9223372036854775808" 3 "a٣" 4 "a1٣" 5 "a10" 6)}}'
    r'{{toYaml (dict "1.10" 1 "1.09" 2 "1.9" 3 "00" 4 "0" 5 "x100" 6 "x1" 7 (repeat 1022 "b") 8)}}',
    r'{{toYaml (list 1e21 1234567.5 0.1 1e-7 "0o7" "1e3" " a")}}',
    r"{{toJson 1e-7}} {{toJson 1e21}} {{toJson 0.000001}}",
    r'{{regexMatch "[" "a"}}',
    r'{{"é à" | initials}}{{abbrev 6 "wörld wide"}}',
    r'{{atoi "99999999999999999999"}} {{float64 "1_000"}} {{int "10.0"}} {{float64 " 1"}}',
    r'{{b64dec "a\nb"}}',
    r'{{get .nil "a"}}',
    r'{{js " "}}',
    r"{{typeOf (until 3)}}{{chunk -1 (list 1 2) | toJson}}",
)


def examples(seed: int, count: int) -> Iterator[dict[str, str]]:
    """`ONCE_WRONG`, then `count` templates for `DATA`, with their `missingkey`; the same for the same seed."""
    for source in ONCE_WRONG:
        yield {"source": source, "missing": "default"}
    for number in range(count):
        random = Random(f"{seed} {number}")
        missing = random.choice(("default", "default", "error", "zero"))
        yield {"source": Generator(random).template(), "missing": missing}
