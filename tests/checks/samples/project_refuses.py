"""A project that permits another namespace than its Application's."""

from tests.checks.samples import Sample, apps

PROJECT = """\
apiVersion: argoproj.io/v1alpha1
kind: AppProject
metadata: {name: default, namespace: argocd}
spec:
  sourceRepos: ['*']
  destinations: [{server: '*', namespace: NAMESPACE}]
"""
FILES = {"apps.yaml": apps("projects")}

FOUND = Sample({**FILES, "projects/default.yaml": PROJECT.replace("NAMESPACE", "team-a")})
FINE = Sample({**FILES, "projects/default.yaml": PROJECT.replace("NAMESPACE", "'sh*'")})
