"""Ways in which a kustomization gives values to charts, each with the line that a person edits."""

from tests.checks.judgement.shapes import APPLICATION, CM

KUSTOMIZED = APPLICATION.replace("path: c\n    helm:\n", "path: k\n")
K = "-- k/kustomization.yaml --\nhelmCharts:\n- name: web\n"
HOME = "-- k/charts/web/Chart.yaml --\napiVersion: v2\nname: web\nversion: 1.0.0\n"
WRITES = HOME + "-- k/charts/web/templates/t.yaml --\n" + CM + "{{ .Values.name }}-{{ .Release.Name }}\n"
DEFAULT = "-- k/charts/web/values.yaml --\nname: own\n"

# What a kustomization inflates: the files, the name of the ConfigMap, and where it is decided.
INFLATED = {
    "inline": (
        K + "  releaseName: x\n  valuesInline:\n    other: cm\n    name: cm\n" + WRITES + DEFAULT,
        "cm-x",
        "k/kustomization.yaml:6",
    ),
    "inline, behind a prefix": (
        K + "  valuesInline: {name: cm}\nnamePrefix: web-\n" + WRITES + DEFAULT,
        "web-cm-release-name",
        "k/kustomization.yaml:3",
    ),
    "inline, of the second chart": (
        "-- k/kustomization.yaml --\nhelmCharts:\n- {name: db}\n- name: web\n  valuesInline:\n    name: cm\n"
        + WRITES
        + DEFAULT
        + (HOME + "-- k/charts/web/templates/t.yaml --\n" + CM + "cm\n" + DEFAULT).replace("web", "db"),
        "cm-release-name",
        "k/kustomization.yaml:5",
    ),
    "inline over a file": (
        K + "  valuesFile: v.yaml\n  valuesInline:\n    name: cm\n-- k/v.yaml --\nname: cm\n" + WRITES,
        "cm-release-name",
        "k/kustomization.yaml:5",
    ),
    "a file": (
        K + "  valuesFile: v.yaml\n-- k/v.yaml --\n\nname: cm\n" + WRITES + DEFAULT,
        "cm-release-name",
        "k/v.yaml:2",
    ),
    "an additional file": (
        K + "  additionalValuesFiles: [v.yaml]\n-- k/v.yaml --\nx: cm\nname: cm\n" + WRITES + DEFAULT,
        "cm-release-name",
        "k/v.yaml:2",
    ),
    "the chart": (K + WRITES + DEFAULT, "own-release-name", "k/charts/web/values.yaml:1"),
    "a patch, so nothing of the chart": (
        K + "  valuesInline: {name: cm}\npatches:\n- target: {kind: ConfigMap}\n"
        "  options: {allowNameChange: true}\n"
        '  patch: \'[{"op": "replace", "path": "/metadata/name", "value": "web"}]\'\n' + WRITES + DEFAULT,
        "web",
        "k/kustomization.yaml:1",
    ),
}
