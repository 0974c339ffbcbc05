"""Ways in which charts are written, each with the line that a person edits."""

from tests.scenarios import URL

APPLICATION = f"""apiVersion: argoproj.io/v1alpha1
kind: Application
metadata: {{name: web, namespace: argocd}}
spec:
  project: default
  destination: {{server: https://kubernetes.default.svc, namespace: shop}}
  source:
    repoURL: {URL}
    path: c
    helm:
"""
CHART = "-- c/Chart.yaml --\napiVersion: v2\nname: c\nversion: 1.0.0\n"
DB = "-- c/charts/db/Chart.yaml --\napiVersion: v2\nname: db\nversion: 1.0.0\n"
DB_TEMPLATE = "-- c/charts/db/templates/t.yaml --\n"
CM = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: "
FILE = "      valueFiles: [v.yaml]\n"
V, T, H = "-- c/v.yaml --\n", "-- c/templates/t.yaml --\n", "-- c/templates/_h.tpl --\n"
DEFAULTS = "-- c/values.yaml --\n"
DB_DEFAULTS = "-- c/charts/db/values.yaml --\n"
NEEDS = "dependencies:\n- name: db\n  version: 1.0.0\n"


# The Application's `helm`, the files, the name of the ConfigMap, and where it is decided.
SHAPES = {
    "the name of an entry of valuesObject, in a range": (
        "      valuesObject:\n        maps:\n          a: {x: y}\n          web-cm: {x: y}\n          z: {x: y}\n",
        CHART + T + "{{- range $n, $_ := .Values.maps }}\n---\n" + CM + "{{ $n }}\n{{- end }}",
        "web-cm",
        "a.yaml:14",
    ),
    "the name of an entry of a values file, behind a prefix": (
        FILE,
        CHART
        + V
        + "maps:\n  alpha:\n    a: b\n  cm:\n    a: b\n"
        + T
        + "{{- range $n, $_ := .Values.maps }}\n---\n"
        + CM
        + "{{ $.Release.Name }}-{{ $n }}\n{{- end }}",
        "web-cm",
        "c/v.yaml:4",
    ),
    "names in names": (
        FILE,
        CHART
        + V
        + "teams:\n  red:\n    apps:\n      web:\n        size: 1\n  blue:\n    apps:\n      web: {a: b}\n"
        + T
        + "{{- range $t, $team := .Values.teams }}{{ range $a, $_ := $team.apps }}\n---\n"
        + CM
        + "{{ $t }}-{{ $a }}\n{{ end }}{{- end }}",
        "red-web",
        "c/v.yaml:4",
    ),
    "the name of an entry of valuesObject that is a block": (
        "      valuesObject:\n        maps:\n          web-cm:\n            x: y\n",
        CHART + T + "{{- range $n, $_ := .Values.maps }}\n---\n" + CM + "{{ $n }}\n{{- end }}",
        "web-cm",
        "a.yaml:13",
    ),
    "an item of a list": (
        FILE,
        CHART
        + V
        + "names:\n- alpha\n- web-cm\n"
        + T
        + "{{- range .Values.names }}\n---\n"
        + CM
        + "{{ . }}\n{{- end }}",
        "web-cm",
        "c/v.yaml:3",
    ),
    "a field of an item": (
        FILE,
        CHART
        + V
        + "items:\n- name: alpha\n- x: y\n  name: web-cm\n"
        + T
        + "{{- range .Values.items }}\n---\n"
        + CM
        + "{{ .name }}\n{{- end }}",
        "web-cm",
        "c/v.yaml:4",
    ),
    "in another case, and cut": (
        FILE,
        CHART + V + "full: Web-CM-and-more\n" + T + CM + "{{ .Values.full | lower | trunc 6 }}",
        "web-cm",
        "c/v.yaml:1",
    ),
    "a digest of it": (
        FILE,
        CHART + V + "other: 1\nseed: hello\n" + T + CM + "w{{ .Values.seed | sha256sum | trunc 4 }}",
        "w2cf2",
        "c/v.yaml:2",
    ),
    "a choice by it": (
        FILE,
        CHART + V + "other: true\nprod: true\n" + T + CM + '{{ ternary "web-prod" "web-dev" .Values.prod }}',
        "web-prod",
        "c/v.yaml:2",
    ),
    "a helper with an override": (
        FILE,
        CHART
        + V
        + "fullnameOverride: web-cm\n"
        + DEFAULTS
        + "nameOverride: ''\nfullnameOverride: ''\n"
        + H
        + '{{ define "full" }}{{ with .Values.fullnameOverride }}{{ . | trunc 63 | trimSuffix "-" }}{{ else }}'
        "{{ .Release.Name }}-{{ default .Chart.Name $.Values.nameOverride }}{{ end }}{{ end }}\n"
        + T
        + CM
        + '{{ include "full" . }}',
        "web-cm",
        "c/v.yaml:1",
    ),
    "a helper that is given a part": (
        FILE,
        CHART
        + V
        + "components:\n  api:\n    name: web-cm\n"
        + H
        + '{{ define "one" }}'
        + CM
        + "{{ .cfg.name }}{{ end }}\n"
        + T
        + '{{ include "one" (dict "cfg" .Values.components.api "root" $) }}',
        "web-cm",
        "c/v.yaml:3",
    ),
    "the release's name": (
        "      releaseName: rel\n",
        CHART + DEFAULTS + "x: rel\n" + T + CM + "{{ .Release.Name }}-cm",
        "rel-cm",
        "a.yaml:11",
    ),
    "nothing, though values say parts of it": (
        FILE,
        CHART + V + "x: web\ny: c\nz: web-c\n" + T + CM + "{{ .Release.Name }}-{{ .Chart.Name }}",
        "web-c",
        "c/templates/t.yaml:1",
    ),
    "nothing, though a value before it moves it": (
        FILE,
        CHART + V + "first: true\n" + T + "{{ if .Values.first }}\n" + CM + "first\n{{ end }}\n---\n" + CM + "web-cm",
        "web-cm",
        "c/templates/t.yaml:8",
    ),
    "whether it is there": (
        "      values: |\n        ingress:\n          enabled: true\n",
        CHART
        + DEFAULTS
        + "ingress: {enabled: false}\nother: {enabled: true}\n"
        + T
        + "{{ if .Values.ingress.enabled }}\n"
        + CM
        + "{{ .Release.Name }}-cm\n{{ end }}",
        "web-cm",
        "a.yaml:13",
    ),
    "whether there is anything to put into it": (
        FILE,
        CHART + V + "other: {a: b}\ndata:\n  a: b\n" + T + "{{ with .Values.data }}\n" + CM + "web-cm\n{{ end }}",
        "web-cm",
        "c/v.yaml:2",
    ),
    "a condition of a dependency": (
        FILE,
        CHART
        + NEEDS
        + "  condition: db.enabled\n"
        + V
        + "db:\n  enabled: true\n  x: y\n"
        + DB
        + DB_TEMPLATE
        + CM
        + "{{ .Release.Name }}-db",
        "web-db",
        "c/v.yaml:2",
    ),
    "a tag of a dependency": (
        FILE,
        CHART
        + NEEDS
        + "  tags: [back]\n"
        + V
        + "tags:\n  back: true\n"
        + DEFAULTS
        + "tags: {back: false}\n"
        + DB
        + DB_TEMPLATE
        + CM
        + "{{ .Release.Name }}-db",
        "web-db",
        "c/v.yaml:2",
    ),
    "an alias": (
        FILE,
        CHART
        + NEEDS
        + "  alias: one\n- {name: db, version: 1.0.0, alias: two}\n"
        + V
        + "one:\n  name: other\ntwo:\n  name: web-cm\n"
        + DB
        + DB_DEFAULTS
        + "name: none\n"
        + DB_TEMPLATE
        + CM
        + "{{ .Values.name }}",
        "web-cm",
        "c/v.yaml:4",
    ),
    "the default of one of two aliases": (
        FILE,
        CHART
        + NEEDS
        + "  alias: one\n- {name: db, version: 1.0.0, alias: two}\n"
        + V
        + "two:\n  name: other\n"
        + DB
        + DB_DEFAULTS
        + "# its own\nname: web-cm\n"
        + DB_TEMPLATE
        + CM
        + "{{ .Values.name }}",
        "web-cm",
        "c/charts/db/values.yaml:2",
    ),
    "a global value": (
        FILE,
        CHART
        + NEEDS
        + V
        + "global:\n  prefix: web\n"
        + DB
        + DB_DEFAULTS
        + "global: {prefix: none}\n"
        + DB_TEMPLATE
        + CM
        + "{{ .Values.global.prefix }}-cm",
        "web-cm",
        "c/v.yaml:2",
    ),
    "what the parent says of its subchart": (
        FILE,
        CHART
        + NEEDS
        + V
        + "x: web-cm\n"
        + DEFAULTS
        + "db:\n  # over its own\n  name: web-cm\n"
        + DB
        + DB_DEFAULTS
        + "name: web-cm\n"
        + DB_TEMPLATE
        + CM
        + "{{ .Values.name }}",
        "web-cm",
        "c/values.yaml:3",
    ),
    "imported from a subchart": (
        FILE,
        CHART
        + NEEDS
        + "  import-values: [{child: exported, parent: mine}]\n"
        + V
        + "x: web-cm\n"
        + DB
        + DB_DEFAULTS
        + "exported:\n  name: web-cm\n"
        + T
        + CM
        + "{{ .Values.mine.name }}",
        "web-cm",
        "c/charts/db/values.yaml:2",
    ),
    "a library chart": (
        FILE,
        CHART + NEEDS + V + "db: {a: b}\nname: web-cm\n" + DB + "type: library\n-- c/charts/db/templates/_h.tpl --\n"
        '{{ define "lib.cm" }}\n' + CM + "{{ .Values.name }}\n{{ end }}\n" + T + '{{ include "lib.cm" . }}',
        "web-cm",
        "c/v.yaml:2",
    ),
    "a template in a value": (
        FILE,
        CHART + V + "x: y\nname: '{{ .Release.Name }}-cm'\n" + T + CM + "{{ tpl .Values.name . }}",
        "web-cm",
        "c/v.yaml:2",
    ),
    "objects in values": (
        FILE,
        CHART + V + "extra:\n- apiVersion: v1\n  kind: ConfigMap\n  metadata: {name: other}\n- apiVersion: v1\n"
        "  kind: ConfigMap\n  metadata:\n    name: web-cm\n"
        + T
        + "{{ range .Values.extra }}\n---\n{{ tpl (toYaml .) $ }}\n{{ end }}",
        "web-cm",
        "c/v.yaml:8",
    ),
    "a manifest as a text in a values file": (
        FILE,
        CHART
        + V
        + "extra:\n- |\n  apiVersion: v1\n  kind: ConfigMap\n  metadata:\n    name: web-cm\n"
        + T
        + "{{ range .Values.extra }}\n---\n{{ tpl . $ }}\n{{ end }}",
        "web-cm",
        "c/v.yaml:6",
    ),
    "a manifest as a text in valuesObject": (
        "      valuesObject:\n        extra: |\n          apiVersion: v1\n          kind: ConfigMap\n"
        "          metadata:\n            name: web-cm\n",
        CHART + T + "{{ .Values.extra }}",
        "web-cm",
        "a.yaml:16",
    ),
    "the later of two files": (
        "      valueFiles: [v.yaml, w.yaml]\n",
        CHART + V + "name: web-cm\n-- c/w.yaml --\n\n\nname: web-cm\n" + T + CM + "{{ .Values.name }}",
        "web-cm",
        "c/w.yaml:3",
    ),
    "the last of two parameters of one name": (
        "      parameters:\n      - {name: name, value: web-cm}\n      - {name: name, value: web-cm}\n",
        CHART + T + CM + "{{ .Values.name }}",
        "web-cm",
        "a.yaml:13",
    ),
    "a parameter that is a list": (
        "      parameters:\n      - {name: x, value: y}\n      - {name: names, value: '{x,web-cm}'}\n",
        CHART + T + CM + "{{ index .Values.names 1 }}",
        "web-cm",
        "a.yaml:13",
    ),
    "a part of a parameter's name": (
        "      parameters:\n      - {name: maps.web-cm.a, value: b}\n",
        CHART + T + "{{- range $n, $_ := .Values.maps }}\n---\n" + CM + "{{ $n }}\n{{- end }}",
        "web-cm",
        "a.yaml:12",
    ),
    "a file parameter": (
        "      fileParameters:\n      - {name: name, path: name.txt}\n",
        CHART + "-- c/name.txt --\nweb-cm\n" + T + CM + "{{ .Values.name | trim }}",
        "web-cm",
        "a.yaml:12",
    ),
    "merged from an anchor": (
        FILE,
        CHART + V + "base: &base\n  name: web-cm\nobj:\n  <<: *base\n  x: y\n" + T + CM + "{{ .Values.obj.name }}",
        "web-cm",
        "c/v.yaml:2",
    ),
}
