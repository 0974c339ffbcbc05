"""A set that makes an Application which a manifest makes too."""

from tests.checks.samples import APP, Sample

SET = """\
apiVersion: argoproj.io/v1alpha1
kind: ApplicationSet
metadata: {name: all, namespace: argocd}
spec:
  generators:
    - list: {elements: [{name: ELEMENT}]}
  template:
    metadata: {name: '{{name}}'}
    spec:
      project: default
      source: {repoURL: https://github.com/acme/platform, targetRevision: HEAD, path: web}
      destination: {server: https://kubernetes.default.svc, namespace: shop}
"""
FILES = {
    "root.yaml": APP.replace("NAME", "root"),
    "root/web.yaml": APP.replace("NAME", "web"),
    "web/map.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: web}\n",
}

FOUND = Sample({**FILES, "root/all.yaml": SET.replace("ELEMENT", "web")})
FINE = Sample({**FILES, "root/all.yaml": SET.replace("ELEMENT", "web-eu")})
