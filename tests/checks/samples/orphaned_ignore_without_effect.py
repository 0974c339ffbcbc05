"""An entry with a group and a kind that Kubernetes does not have."""

from tests.checks.samples import in_project

ORPHANED = """\
  orphanedResources:
    warn: true
    ignore:
      - ENTRY
"""

FOUND = in_project(ORPHANED.replace("ENTRY", "{group: core, kind: configmap}"))
FINE = in_project(ORPHANED.replace("ENTRY", "{kind: ConfigMap, name: 'istio-*'}"))
