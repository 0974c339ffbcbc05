"""A Deployment of the controller beside the StatefulSet, which runs on."""

from tests.checks.samples import Sample, apps

WORKLOAD = """\
apiVersion: apps/v1
kind: KIND
metadata: {name: argocd-application-controller}
spec:
  replicas: REPLICAS
  selector: {matchLabels: {app: controller}}
  template:
    metadata: {labels: {app: controller}}
    spec:
      containers:
        - name: controller
          image: quay.io/argoproj/argocd:v3.2.2
          args: [/usr/local/bin/argocd-application-controller]
---
"""
DEPLOYMENT = WORKLOAD.replace("KIND", "Deployment").replace("REPLICAS", "1")
STATEFUL_SET = WORKLOAD.replace("KIND", "StatefulSet")
FILES = {"apps.yaml": apps("argocd")}

FOUND = Sample({**FILES, "argocd/all.yaml": DEPLOYMENT + STATEFUL_SET.replace("REPLICAS", "1")})
FINE = Sample({**FILES, "argocd/all.yaml": DEPLOYMENT + STATEFUL_SET.replace("REPLICAS", "0")})
