"""A chart that makes up a password each time, and one that is given it."""

from tests.checks.samples import Sample, apps

CHART = {"apps.yaml": apps("web"), "web/Chart.yaml": "apiVersion: v2\nname: web\nversion: 1.0.0\n"}
SECRET = "apiVersion: v1\nkind: Secret\nmetadata: {name: web}\ndata:\n  password: %s\n"

FOUND = Sample({**CHART, "web/templates/secret.yaml": SECRET % "{{ randAlphaNum 16 | b64enc }}"})
FINE = Sample(
    {
        **CHART,
        "web/values.yaml": "password: from-the-values\n",
        "web/templates/secret.yaml": SECRET % "{{ .Values.password | default (randAlphaNum 16) | b64enc }}",
    }
)
