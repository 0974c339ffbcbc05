"""A migration before the sync that reads a Secret of the sync."""

from tests.checks.samples import Sample, apps

JOB = """\
apiVersion: batch/v1
kind: Job
metadata:
  name: migrate
  annotations: {argocd.argoproj.io/hook: PHASE}
spec:
  template:
    spec:
      restartPolicy: Never
      containers:
        - name: migrate
          image: migrate:1
          envFrom: [{secretRef: {name: db}}]
---
apiVersion: v1
kind: Secret
metadata: {name: db}
stringData: {password: x}
"""

FOUND = Sample({"apps.yaml": apps("web"), "web/all.yaml": JOB.replace("PHASE", "PreSync")})
FINE = Sample({"apps.yaml": apps("web"), "web/all.yaml": JOB.replace("PHASE", "PostSync")})
