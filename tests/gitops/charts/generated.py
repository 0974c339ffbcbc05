"""Generated charts: what the engine and `helm template` have to agree on, resources as well as the words of errors.

Charts are made by a `random.Random`, so that a seed tells one again and hypothesis (`strategies.randoms`) can shrink
what differs. Most of what is made renders; some of each fails, at the loader, in the values, in a template or in what
it wrote.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random

Files = dict[str, str]


def _listed(text: str) -> tuple[str, ...]:
    return tuple(each.strip() for line in text.strip().splitlines() for each in line.split(";;"))


_SCALARS = _listed(r"""
    1 ;; 0 ;; -7 ;; 1000000 ;; 1.5 ;; 1e3 ;; 0x10 ;; 010 ;; true ;; no ;; ~ ;; '' ;; "yes" ;; "1" ;; web
    a-b ;; 12345678901234567890 ;; "{{ .Release.Name }}" ;; "a: b" ;; "# no" ;; 2020-01-01 ;; "two\nlines"
    é ;; {} ;; []
""")
_VALUES = _listed("""
    name ;; name ;; text ;; count ;; flag ;; image ;; labels ;; ports ;; env ;; extra ;; gone ;; global
    nested ;; list ;; empty ;; ref
""")
_LISTS, _MAPS = ("ports", "list", "env"), ("labels", "image", "nested", "empty", "extra")
_DEFAULTS = """name: cart
count: {count}
flag: {flag}
text: {text}
image: {{repository: example/app, tag: {tag}}}
labels: {{team: shop, "app.kubernetes.io/x": 'y'}}
ports: [{{name: http, port: 80}}, {{name: https, port: 443}}]
env: [{{name: A, value: "1"}}, {{name: B, value: two}}]
extra: {{a: [1, {{b: null}}], c: "{{{{ .Values.name }}}}-x"}}
nested: {{deep: {{value: 3, other: [x]}}}}
list: [b, a, c]
empty: {{}}
ref: "{{{{ .Values.text }}}}"
"""
_PIPES = _listed(r"""
    quote ;; squote ;; toString ;; toJson ;; toYaml ;; default 7 ;; default "d" ;; printf "%v" ;; kindOf
    typeOf ;; toJson | fromJson | toJson ;; toYaml | nindent 4 | trim ;; toRawJson ;; empty ;; not
    mustToJson ;; quote | squote ;; toString | upper ;; toString | trunc 3 ;; toString | b64enc
    toString | replace "a" "b" ;; toJson | sha256sum ;; int ;; int64 ;; float64 ;; toString | nospace
    toString | title ;; coalesce nil ;; list | join "," ;; list | first ;; toYaml | fromYaml | toJson
    toToml | quote ;; dict "k" | toJson ;; toYaml | indent 4 | trim ;; toJson | len
""")
_STRICT = _listed(r"""
    upper ;; trim ;; len ;; required "it is needed" ;; first ;; keys ;; ternary "y" "n" ;; sortAlpha
    join "," ;; nospace ;; trunc 3 ;; b64enc ;; sha256sum ;; atoi ;; uniq | toJson ;; reverse | toJson
    add 1 ;; mulf 1.5 ;; until | len
""")
_TESTS = _listed(r"""
    $.Values.flag ;; eq $.Values.name {s} ;; hasKey $.Values {s} ;; not $.Values.gone
    gt (int $.Values.count) 1 ;; $.Values.image.tag ;; and $.Values.flag $.Values.name
    contains "a" $.Values.name ;; $.Values.empty ;; or $.Values.gone 0
    $.Capabilities.APIVersions.Has "batch/v1" ;; semverCompare ">=1.20-0" $.Capabilities.KubeVersion.Version
    kindIs "string" $.Values.text ;; eq $.Release.Service {s} ;; $.Release.IsInstall
    lookup "v1" "Secret" "a" "b"
""")
_GIVEN = _listed("""
    $.Release.Name ;; $.Release.Namespace ;; $.Chart.Name ;; $.Chart.Version ;; $.Chart.AppVersion
    $.Template.Name ;; $.Capabilities.KubeVersion.Version ;; $.Release.Revision ;; $.Template.BasePath
    $.Chart.Type
""")
_CALLS = _listed("""
    tpl $.Values.ref $ ;; tpl (toYaml $.Values.extra) $ ;; tpl $.Values.extra.c $
    tpl "{{ .x }}" (dict "x" 1) ;; $.Files.Get "conf/a.txt" ;; ($.Files.Glob "conf/*").AsConfig
    $.Files.Get "gone" ;; $.Files | len ;; dict "k" $.Values.name ;; list 1 "a" nil
    merge (dict "x" 1) (dict "x" 2 "y" 3) ;; until 3 ;; $.Chart.IsRoot ;; ($.Files.Glob "conf/*").AsSecrets
    $.Files.Lines "conf/a.txt" ;; $.Subcharts | keys | sortAlpha
""")
_OVERRIDES = _listed("""
    name: ANY ;; count: ANY ;; labels: {team: null, more: 1} ;; labels: null ;; ports: [] ;; ports: [{name: x}]
    image: {tag: 9.9} ;; image: text ;; extra: {a: null} ;; nested: {deep: {value: null}} ;; flag: true
    gone: {deeper: here} ;; global: {domain: example.com} ;; child: {name: from-parent, on: false} ;; list: {a: 1}
    empty: {x: 1} ;; two: {name: aliased} ;; child: {enabled: true} ;; tags: {front: false} ;; - a ;; child: {}
    child: {labels: null} ;; other: {enabled: false} ;; again: {name: twice} ;; "a.b": {c: 1} ;; global: null
""")
_DEPENDING = (
    "",
    "",
    *_listed("""
    condition: child.enabled ;; condition: 'gone.x,child.on' ;; tags: [front, back] ;; alias: two
    import-values: [data] ;; import-values: [{child: exports.data, parent: got}] ;; alias: two, condition: two.on
    import-values: [gone] ;; import-values: [{child: nested, parent: .}] ;; condition: global.domain
"""),
)
_SET = _listed(r"""
    name ;; count ;; image.tag ;; ports[0].port ;; labels.a\.b ;; new.key ;; list ;; list[1] ;; text ;; gone
    child.name ;; global.domain ;; ports[0] ;; nested.deep ;; empty.x.y
""")
_KINDS = (
    *(("v1", "ConfigMap"), ("apps/v1", "Deployment"), ("v1", "Service"), ("v1", "Secret"), ("batch/v1", "Job")),
    *(
        ("v1", "Namespace"),
        ("v1", "ServiceAccount"),
        ("example.com/v1", "Widget"),
        ("rbac.authorization.k8s.io/v1", "Role"),
    ),
)
_HOOKS = (
    "pre-install",
    "post-install,post-upgrade",
    "test",
    "pre-delete",
    "crd-install",
    "unknown",
    "pre-install, test",
)
_BETWEEN = (
    "\n---\n",
    "\n---\n\n---\n",
    "\n--- # next\n",
    "\n---\n# only a comment\n---\n",
    "\n\n\n---\n",
    "\n---   \n",
)
_BROKEN = _listed(r"""
    {{ .Values.gone.deeper }} ;; {{ fail "no" }} ;; {{ required "give it" .Values.gone }} ;; {{ nothing }}
    {{ end }} ;; {{ include "gone" . }} ;; {{ .Values.name.deeper }} ;; a: [ ;; {{ index .Values.list 9 }}
    {{ if }} ;; {{ tpl "{{ .Values.gone.deeper }}" . }} ;; {{ template "gone" }} ;; {{ add 1 | nindent }}
    a: b
""")


@dataclass
class _Maker:
    random: Random
    names: list[str] = field(default_factory=list)  # of templates that are defined
    count: int = 0

    def some(self, values: Sequence[str]) -> str:
        return self.random.choice(values)

    def chance(self, share: float) -> bool:
        return self.random.random() < share

    def expression(self, depth: int = 2) -> str:
        choice = self.random.random()
        if depth and choice < 0.1 and self.names:
            return f'include "{self.some(self.names)}" {"." if self.chance(0.01) else "$"}'
        if choice < 0.2:
            return self.some(_GIVEN)
        if depth and choice < 0.3:
            return f"({self.expression(depth - 1)} | {self.pipe()})"
        if choice < 0.47:
            return self.some(_CALLS)
        return f"$.Values.{self.some(_VALUES)}"

    def action(self) -> str:
        pipes = "".join(f" | {self.pipe()}" for _ in range(self.random.choice((0, 0, 1, 1, 2))))
        left = "{{- " if self.chance(0.07) else "{{ "
        right = " -}}" if self.chance(0.1) else " }}"
        plain = self.some(("", " | toJson", " | toJson", " | toJson", " | toString | quote"))
        return f"{left}{self.expression()}{pipes}{plain}{right}"

    def pipe(self) -> str:
        return self.some(_STRICT if self.chance(0.02) else _PIPES)

    def field(self, indent: int) -> str:
        """Lines of a mapping at an indent."""
        pad, choice = " " * indent, self.random.random()
        self.count += 1
        key = self.some(("a", "b", "key")) + ("" if self.chance(0.03) else str(self.count))
        if choice < 0.35:
            return f"{pad}{key}: {self.action()}\n"
        if choice < 0.42:
            return f"{pad}{key}: {{{{- {self.expression()} | toYaml | nindent {indent + 2} }}}}\n"
        if choice < 0.5:
            body = self.field(indent)
            otherwise = f"{pad}{{{{- else }}}}\n{self.field(indent)}" if self.chance(0.4) else ""
            return f"{pad}{{{{- if {self.test()} }}}}\n{body}{otherwise}{pad}{{{{- end }}}}\n"
        if choice < 0.58:
            what = self.some(_MAPS)
            return f"{pad}{{{{- with $.Values.{what} }}}}\n{pad}{key}: {{{{ . | toJson }}}}\n{pad}{{{{- end }}}}\n"
        if choice < 0.68:
            what = self.some(_LISTS if self.chance(0.7) else _MAPS)
            named = "{{ .name }}" if what in ("ports", "env") else "{{ . }}"
            inner = self.some(("{{ . | toJson }}", "{{ . | toJson | sha256sum | trunc 4 }}", named))
            return f"{pad}{key}:\n{pad}{{{{- range $.Values.{what} }}}}\n{pad}- {inner}\n{pad}{{{{- end }}}}\n"
        if choice < 0.76:
            what = self.some(_MAPS if self.chance(0.8) else _LISTS)
            return (
                f"{pad}{{{{- range $k, $v := $.Values.{what} }}}}\n"
                f"{pad}{key}-{{{{ $k }}}}: {{{{ $v | toJson }}}}\n{pad}{{{{- end }}}}\n"
            )
        if choice < 0.8:
            return f"{pad}{{{{/* a comment */}}}}\n{pad}# another {self.action()}\n"
        if choice < 0.84:
            return f"{pad}{key}: |\n{pad}  {self.action()}\n{pad}  end\n"
        if choice < 0.9 and self.names:
            return f'{pad}{key}: {{{{- include "{self.some(self.names)}" $ | nindent {indent + 2} }}}}\n'
        if choice < 0.94:
            return f"{pad}{{{{- $v := {self.expression()} }}}}\n{pad}{key}: {{{{ $v | toJson }}}}\n"
        return f"{pad}{key}: {self.some(_SCALARS)}\n"

    def test(self) -> str:
        return self.some(_TESTS).replace("{s}", self.some(('"cart"', '"name"', '"Helm"', '"x"')))

    def document(self, number: str) -> str:
        version, kind = self.random.choice(_KINDS)
        name = self.some((f"d{number}", "{{ .Release.Name }}-" + f"d{number}", "{{ .Values.name }}" + number))
        hook = f", annotations: {{helm.sh/hook: '{self.some(_HOOKS)}'}}" if self.chance(0.12) else ""
        text = f"apiVersion: {version}\nkind: {kind}\nmetadata: {{name: {name}{hook}}}\n"
        if self.chance(0.2):
            text = f"# Source\n{text}"
        body = "".join(self.field(2) for _ in range(self.random.randint(1, 4)))
        return f"{text}data:\n{body}"

    def template(self, number: str) -> str:
        if self.chance(0.04):
            return self.some(
                ("", "\n\n", "# nothing\n", "---\n---\n", "{{- if false }}a: b{{ end }}", "text\n", "- a\n", "null\n")
            )
        documents = [self.document(f"{number}{part}") for part in "xyz"[: self.random.choice((1, 1, 1, 2, 3))]]
        text = documents[0]
        for one in documents[1:]:
            text += self.some(_BETWEEN).lstrip("\n") + one
        if self.chance(0.1):
            text = f"{{{{- if {self.test()} }}}}\n{text}{{{{- end }}}}\n"
        if self.chance(0.08):
            text = (
                f"{{{{- range $i, $e := $.Values.list }}}}\n---\n{self.document(number + '{{ $i }}')}{{{{- end }}}}\n"
            )
        if self.chance(0.02):
            text += f"  z: {self.some(_BROKEN)}\n" if self.chance(0.6) else self.some(_BROKEN) + "\n"
        return self.some(("", "", "---\n", "\n\n", "\ufeff" if self.chance(0.1) else "")) + text

    def partials(self, prefix: str) -> str:
        text = ""
        for name in ("name", "labels", "block"):
            whole = f"{prefix}.{name}"
            body = {
                "name": '{{ .Release.Name | default "r" | trunc 20 }}',
                "labels": 'team: a\nchart: {{ .Chart.Name | default "none" | quote }}',
                "block": f"one: {{{{ {self.expression(0)} | toJson }}}}",
            }[name]
            text += f'{{{{- define "{whole}" -}}}}\n{body}\n{{{{- end }}}}\n'
            self.names.append(whole)
        return text

    def values(self) -> str:
        tag = self.some(('"1.2"', "1.20", "latest", "~", "0123"))
        flag = self.some(("true", "false", '"false"', "~"))
        text = _DEFAULTS.format(count=self.some(_SCALARS[:6]), flag=flag, text=self.some(_SCALARS), tag=tag)
        if self.chance(0.06):
            text += "name: twice\n"
        return text

    def overrides(self) -> str:
        lines = self.random.sample(_OVERRIDES, self.random.randint(0, 4))
        kept = (line for line in lines if line != "- a" or self.chance(0.05))
        return "".join(f"{line.replace('ANY', self.some(_SCALARS))}\n" for line in kept)

    def child(self, files: Files, at: str, name: str) -> None:
        is_library = self.chance(0.2)
        kind = "type: library\n" if is_library else ""
        files[f"{at}/Chart.yaml"] = f"apiVersion: v2\nname: {name}\nversion: 0.1.0\n{kind}"
        files[f"{at}/values.yaml"] = self.values() + "exports: {data: {exported: 1, list: [e]}}\nenabled: true\n"
        kept = list(self.names)
        files[f"{at}/templates/_lib.tpl"] = self.partials(name)
        if not is_library or self.chance(0.3):
            files[f"{at}/templates/{name}.yaml"] = self.template(name)
        if self.chance(0.2):
            files[f"{at}/crds/c.yaml"] = _CRD.format(name=name)
        self.names = kept + [each for each in self.names if each not in kept and self.chance(0.5)]


_CRD = """apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {{name: {name}s.example.com}}
spec: {{group: example.com}}
---
# the end
"""


def chart(random: Random) -> Files:
    """The files of a repository with a chart, and `ask.json`, the `helm` of a request to the engine."""
    make = _Maker(random)
    files: Files = {}
    head = "apiVersion: v2\nname: web\nversion: 1.2.3\n" + (
        "appVersion: 1.10\n" if make.chance(0.3) else 'appVersion: "2"\n'
    )
    dependencies = ""
    for name in ("child", "other"):
        if not make.chance(0.4):
            continue
        make.child(files, f"chart/charts/{name}", name)
        if make.chance(0.85):
            extra = make.some(_DEPENDING)
            extra = f", {extra}" if extra else ""
            version = make.some(("0.1.0", "0.x.x", "~0.1", "9.9.9" if make.chance(0.1) else ">=0.0.1"))
            dependencies += f"- {{name: {name}, version: '{version}', repository: ''{extra}}}\n"
            if make.chance(0.15):
                dependencies += f"- {{name: {name}, version: '{version}', repository: '', alias: again}}\n"
    files["chart/Chart.yaml"] = head + (f"dependencies:\n{dependencies}" if dependencies else "")
    if make.chance(0.95):
        files["chart/values.yaml"] = make.values()
    files["chart/templates/_helpers.tpl"] = make.partials("web")
    for number in range(random.randint(1, 3)):
        files[f"chart/templates/{make.some('abc')}{number}.yaml"] = make.template(str(number))
    if make.chance(0.3):
        files["chart/templates/NOTES.txt"] = f"Thanks {make.action()}\n"
    files["chart/conf/a.txt"] = "one\ntwo\n"
    if make.chance(0.3):
        files["chart/conf/b.yaml"] = "x: {{ .Values.name }}\n"
    if make.chance(0.2):
        files["chart/crds/crd.yaml"] = _CRD.format(name="web")
    if make.chance(0.1):
        files["chart/.helmignore"] = make.some(("conf/\n", "*.txt\n", "templates/a*\n", "# nothing\n", "*.yml\nb*\n"))
    asked: dict[str, object] = {"chart": "chart", "releaseName": "web", "namespace": "shop", "kubeVersion": "1.33.0"}
    names = [f"v{number}.yaml" for number in range(random.choice((0, 0, 1, 2)))]
    for name in names:
        files[f"chart/{name}"] = make.overrides()
    if names:
        asked["valueFiles"] = names
    if make.chance(0.3):
        asked["values"] = make.overrides()
    if make.chance(0.4):
        asked["parameters"] = [
            {"name": name, "value": make.some(_PARAMETERS), "forceString": make.chance(0.3)}
            for name in random.sample(_SET, 2)
        ]
    for flag in ("skipCrds", "skipTests"):
        if make.chance(0.15):
            asked[flag] = True
    files["ask.json"] = json.dumps(asked)
    return files


_PARAMETERS = (
    "1",
    "1000000",
    "01",
    "true",
    "null",
    "",
    "a b",
    "{x,y}",
    "a,b",
    "1.50",
    "text",
    "v{{ .Release.Name }}",
    "a=b",
)


def text_of(files: Files) -> str:
    """One text, each file below a line `-- path --`."""
    return "".join(
        f"-- {path} --\n{text if text.endswith(chr(10)) or not text else text + chr(10)}"
        for path, text in files.items()
    )
