"""A set that pull requests make Applications of, and what a live Argo CD made of it."""

from tests.checks.samples import Sample

SET = """\
apiVersion: argoproj.io/v1alpha1
kind: ApplicationSet
metadata: {name: previews, namespace: argocd}
spec:
  generators: [{pullRequest: {github: {owner: acme, repo: shop}}}]
  template:
    metadata: {name: 'preview-{{number}}'}
    spec:
      project: default
      source: {repoURL: https://github.com/acme/platform, targetRevision: HEAD, path: web}
      destination: {server: https://kubernetes.default.svc, namespace: 'preview-{{number}}'}
"""
LIVE = """\
apiVersion: argoproj.io/v1alpha1
kind: Application
metadata:
  name: preview-7
  namespace: argocd
  ownerReferences: [{apiVersion: argoproj.io/v1alpha1, kind: ApplicationSet, name: previews}]
spec:
  project: default
  source: {repoURL: https://github.com/acme/platform, targetRevision: HEAD, path: web}
  destination: {server: https://kubernetes.default.svc, namespace: preview-7}
"""
FILES = {"set.yaml": SET, "web/map.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: web}\n"}

FOUND = Sample(FILES, applications=LIVE)
FINE = Sample(FILES)
