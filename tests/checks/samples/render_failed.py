"""An entry whose file was renamed."""

from tests.checks.samples import Sample, apps

FILES = {"apps.yaml": apps("web"), "web/service.yaml": "apiVersion: v1\nkind: Service\nmetadata: {name: web}\n"}

FOUND = Sample({**FILES, "web/kustomization.yaml": "resources:\n  - svc.yaml\n"})
FINE = Sample({**FILES, "web/kustomization.yaml": "resources:\n  - service.yaml\n"})
