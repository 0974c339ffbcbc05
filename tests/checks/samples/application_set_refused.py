"""A name that two elements share."""

from tests.checks.samples import Sample

SET = """\
apiVersion: argoproj.io/v1alpha1
kind: ApplicationSet
metadata: {name: shops, namespace: argocd}
spec:
  generators:
    - list: {elements: [{name: eu, path: web}, {name: SECOND, path: web}]}
  template:
    metadata: {name: 'shop-{{name}}'}
    spec:
      project: default
      source: {repoURL: https://github.com/acme/platform, targetRevision: HEAD, path: '{{path}}'}
      destination: {server: https://kubernetes.default.svc, namespace: 'shop-{{name}}'}
"""
MAP = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: web}\n"

FOUND = Sample({"shops.yaml": SET.replace("SECOND", "eu"), "web/map.yaml": MAP})
FINE = Sample({"shops.yaml": SET.replace("SECOND", "us"), "web/map.yaml": MAP})
