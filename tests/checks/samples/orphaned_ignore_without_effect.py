"""An entry with a group and a kind that Kubernetes does not have."""

from tests.checks.samples import Sample, apps

PROJECT = """\
apiVersion: argoproj.io/v1alpha1
kind: AppProject
metadata: {name: default, namespace: argocd}
spec:
  sourceRepos: ['*']
  destinations: [{server: '*', namespace: '*'}]
  orphanedResources:
    warn: true
    ignore:
      - ENTRY
"""
FILES = {"apps.yaml": apps("projects")}

FOUND = Sample({**FILES, "projects/default.yaml": PROJECT.replace("ENTRY", "{group: core, kind: configmap}")})
FINE = Sample({**FILES, "projects/default.yaml": PROJECT.replace("ENTRY", "{kind: ConfigMap, name: 'istio-*'}")})
