"""A redis that asks for a password which the server does not have."""

from tests.checks.samples import Sample, apps

REDIS = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: argocd-redis}
spec:
  selector: {matchLabels: {app: redis}}
  template:
    metadata: {labels: {app: redis}}
    spec: {containers: [{name: redis, image: "redis:8.2.3-alpine", args: [--requirepass $(REDIS_PASSWORD)]}]}
---
apiVersion: v1
kind: Service
metadata: {name: argocd-redis}
spec: {selector: {app: redis}, ports: [{port: 6379}]}
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
      containers:
        - name: server
          image: quay.io/argoproj/argocd:v3.2.2
          args: [/usr/local/bin/argocd-server]
          env: [ENV]
"""
PASSWORD = "{name: REDIS_PASSWORD, valueFrom: {secretKeyRef: {name: argocd-redis, key: auth}}}"
FILES = {"apps.yaml": apps("argocd"), "argocd/redis.yaml": REDIS}

FOUND = Sample({**FILES, "argocd/server.yaml": SERVER.replace("ENV", "")})
FINE = Sample({**FILES, "argocd/server.yaml": SERVER.replace("ENV", PASSWORD)})
