"""A `$ref` with a letter too few."""

from tests.checks.samples import Sample

APPLICATION = """\
apiVersion: argoproj.io/v1alpha1
kind: Application
metadata: {name: web, namespace: argocd}
spec:
  project: default
  sources:
    - repoURL: https://charts.example.com
      chart: web
      targetRevision: 1.0.0
      helm:
        valueFiles:
          - $REF/web.yaml
    - {repoURL: https://github.com/acme/platform, targetRevision: HEAD, ref: values}
  destination: {server: https://kubernetes.default.svc, namespace: shop}
"""
FILES = {"web.yaml": "replicas: 2\n"}

FOUND = Sample({**FILES, "apps.yaml": APPLICATION.replace("REF", "value")})
FINE = Sample({**FILES, "apps.yaml": APPLICATION.replace("REF", "values")})
