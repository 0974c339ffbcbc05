"""A hook that is never run."""

from tests.checks.samples import Sample, apps

JOB = """\
apiVersion: batch/v1
kind: Job
metadata:
  name: migrate
  annotations:
    argocd.argoproj.io/hook: KIND
spec: {template: {spec: {restartPolicy: Never, containers: [{name: migrate, image: 'web:1'}]}}}
"""

FOUND = Sample({"apps.yaml": apps("web"), "web/job.yaml": JOB.replace("KIND", "Presync")})
FINE = Sample({"apps.yaml": apps("web"), "web/job.yaml": JOB.replace("KIND", "PreSync")})
