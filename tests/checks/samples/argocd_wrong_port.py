"""A probe that asks gRPC for HTTP, and one that asks where /healthz is."""

from tests.checks.samples import Sample, apps

DEPLOYMENT = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: argocd-repo-server}
spec:
  selector: {matchLabels: {app: repo-server}}
  template:
    metadata: {labels: {app: repo-server}}
    spec:
      containers:
        - name: repo-server
          image: quay.io/argoproj/argocd:v3.2.2
          args: [/usr/local/bin/argocd-repo-server]
          livenessProbe:
            httpGet: {path: /healthz, port: PORT}
"""
FILES = {"apps.yaml": apps("argocd")}

FOUND = Sample({**FILES, "argocd/repo-server.yaml": DEPLOYMENT.replace("PORT", "8081")})
FINE = Sample({**FILES, "argocd/repo-server.yaml": DEPLOYMENT.replace("PORT", "8084")})
