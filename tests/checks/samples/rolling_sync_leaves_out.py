"""An element with a label that no step takes."""

from tests.checks.samples import Sample

SET = """\
apiVersion: argoproj.io/v1alpha1
kind: ApplicationSet
metadata: {name: all, namespace: argocd}
spec:
  generators:
    - list: {elements: [{name: base, tier: infra}, {name: web, tier: TIER}]}
  strategy:
    type: RollingSync
    rollingSync:
      steps:
        - matchExpressions: [{key: tier, operator: In, values: [infra]}]
        - matchExpressions: [{key: tier, operator: In, values: [apps]}]
  template:
    metadata: {name: '{{name}}', labels: {tier: '{{tier}}'}}
    spec:
      project: default
      source: {repoURL: https://github.com/acme/platform, targetRevision: HEAD, path: '{{name}}'}
      destination: {server: https://kubernetes.default.svc, namespace: shop}
      syncPolicy: {automated: {}}
"""
FILES = {
    f"{name}/map.yaml": f"apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {name}}}\n" for name in ("base", "web")
}

FOUND = Sample({**FILES, "all.yaml": SET.replace("TIER", "app")})
FINE = Sample({**FILES, "all.yaml": SET.replace("TIER", "apps")})
