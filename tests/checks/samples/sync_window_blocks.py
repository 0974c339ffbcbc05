"""A window that is to allow and never opens."""

from tests.checks.samples import Sample, apps

PROJECT = """\
apiVersion: argoproj.io/v1alpha1
kind: AppProject
metadata: {name: default, namespace: argocd}
spec:
  sourceRepos: ['*']
  destinations: [{server: '*', namespace: '*'}]
  syncWindows:
    - kind: allow
      schedule: '0 22 * * *'
      duration: 0s
      applications: ['*']
"""
FILES = {"apps.yaml": apps("projects")}

FOUND = Sample({**FILES, "projects/default.yaml": PROJECT})
FINE = Sample({**FILES, "projects/default.yaml": PROJECT.replace("duration: 0s", "duration: 8h")})
