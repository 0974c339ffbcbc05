"""A smoke test before the sync, and one behind it."""

from tests.checks.samples import Sample, apps

JOB = """\
apiVersion: batch/v1
kind: Job
metadata:
  name: smoke-test
  annotations: {argocd.argoproj.io/hook: PHASE}
spec:
  template:
    spec:
      restartPolicy: Never
      containers: [{name: test, image: "tools:1", command: [sh, -c, "COMMAND"]}]
---
"""
SERVICE = """\
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {selector: {app: web}, ports: [{port: 80}]}
"""
FILES = {"apps.yaml": apps("web")}
ASKING = JOB.replace("COMMAND", "curl -f http://web/healthz") + SERVICE

FOUND = Sample({**FILES, "web/all.yaml": ASKING.replace("PHASE", "PreSync")})
FINE = Sample({**FILES, "web/all.yaml": ASKING.replace("PHASE", "PostSync")})
