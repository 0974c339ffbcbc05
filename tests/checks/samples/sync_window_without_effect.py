"""A window that names Argo CD's own cluster in another way than the Applications."""

from tests.checks.samples import Sample, apps

PROJECT = """\
apiVersion: argoproj.io/v1alpha1
kind: AppProject
metadata: {name: default, namespace: argocd}
spec:
  sourceRepos: ['*']
  destinations: [{server: '*', namespace: '*'}]
  syncWindows:
    - kind: deny
      schedule: '0 0 24 12 *'
      duration: 24h
      clusters: [in-cluster]
"""
FILES = {"apps.yaml": apps("projects")}

FOUND = Sample({**FILES, "projects/default.yaml": PROJECT})
FINE = Sample({**FILES, "projects/default.yaml": PROJECT.replace("in-cluster", "https://kubernetes.default.svc")})
