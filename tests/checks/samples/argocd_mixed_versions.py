"""A repo-server that has stayed behind."""

from tests.checks.samples import Sample, apps

DEPLOYMENT = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: NAME}
spec:
  selector: {matchLabels: {app: NAME}}
  template:
    metadata: {labels: {app: NAME}}
    spec: {containers: [{name: main, image: "quay.io/argoproj/argocd:VERSION", args: [/usr/local/bin/NAME]}]}
---
"""
SERVER = DEPLOYMENT.replace("NAME", "argocd-server").replace("VERSION", "v3.2.2")
REPO_SERVER = DEPLOYMENT.replace("NAME", "argocd-repo-server")
FILES = {"apps.yaml": apps("argocd")}

FOUND = Sample({**FILES, "argocd/all.yaml": SERVER + REPO_SERVER.replace("VERSION", "v3.0.6")})
FINE = Sample({**FILES, "argocd/all.yaml": SERVER + REPO_SERVER.replace("VERSION", "v3.2.2")})
