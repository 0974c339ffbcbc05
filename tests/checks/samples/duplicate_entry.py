"""One file that is listed twice."""

from tests.checks.samples import Sample, apps

FILES = {"apps.yaml": apps("web"), "web/map.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: web}\n"}

FOUND = Sample({**FILES, "web/kustomization.yaml": "resources:\n  - map.yaml\n  - map.yaml\n"})
FINE = Sample({**FILES, "web/kustomization.yaml": "resources:\n  - map.yaml\n"})
