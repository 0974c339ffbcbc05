"""A freeze in days, which Go does not know."""

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
      duration: 1d
      applications: ['*']
"""
FILES = {"apps.yaml": apps("projects")}

FOUND = Sample({**FILES, "projects/default.yaml": PROJECT})
FINE = Sample({**FILES, "projects/default.yaml": PROJECT.replace("duration: 1d", "duration: 24h")})
