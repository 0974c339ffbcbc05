"""A test that cleans up too much."""

from tests.checks.samples import APP, Sample, apps

JOB = """\
apiVersion: batch/v1
kind: Job
metadata:
  name: smoke-test
  annotations: {argocd.argoproj.io/hook: PostSync}
spec:
  template:
    spec:
      restartPolicy: Never
      containers: [{name: test, image: "tools:1", command: [sh, -c, "COMMAND"]}]
---
"""
SERVER = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: argocd-server}
spec:
  selector: {matchLabels: {app: server}}
  template:
    metadata: {labels: {app: server}}
    spec:
      containers: [{name: server, image: "quay.io/argoproj/argocd:v3.2.2", args: [/usr/local/bin/argocd-server]}]
"""
ARGO_CD = APP.replace("NAME", "argocd").replace("namespace: shop", "namespace: argocd")
FILES = {"apps.yaml": f"{ARGO_CD}---\n{apps('web')}", "argocd/server.yaml": SERVER}

FOUND = Sample({**FILES, "web/job.yaml": JOB.replace("COMMAND", "./run && kubectl delete namespace argocd")})
FINE = Sample({**FILES, "web/job.yaml": JOB.replace("COMMAND", "./run && kubectl delete namespace test")})
