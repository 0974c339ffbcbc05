"""A cluster whose Secret stands in git, and a generator that takes it."""

from tests.checks.samples import Sample

CLUSTER = """\
apiVersion: v1
kind: Secret
metadata:
  name: east
  namespace: argocd
  labels: {argocd.argoproj.io/secret-type: cluster, env: prod}
stringData: {name: east, server: 'https://east.example:6443'}
"""

SET = """\
apiVersion: argoproj.io/v1alpha1
kind: ApplicationSet
metadata: {name: web, namespace: argocd}
spec:
  generators: [GENERATOR]
  template:
    metadata: {name: 'web-{{name}}'}
    spec:
      project: default
      source: {repoURL: https://github.com/acme/platform, targetRevision: HEAD, path: web}
      destination: {server: '{{server}}', namespace: shop}
"""

MAP = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: web}\n"
BY_LABEL = "{clusters: {selector: {matchLabels: {env: prod}}}}"
LISTED = "{list: {elements: [{name: east, server: 'https://east.example:6443'}]}}"

FOUND = Sample({"clusters/east.yaml": CLUSTER, "set.yaml": SET.replace("GENERATOR", BY_LABEL), "web/map.yaml": MAP})
FINE = Sample({"clusters/east.yaml": CLUSTER, "set.yaml": SET.replace("GENERATOR", LISTED), "web/map.yaml": MAP})
