"""A pod that asks for more than any node has."""

from tests.checks.samples import Sample, apps

DEPLOYMENT = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers: [{name: web, image: "web:1", resources: {requests: {cpu: CPU, memory: 1Gi}}}]
"""
FILES = {"apps.yaml": apps("web")}
NODES = "argocd: {nodes: [{cpu: 2, memory: 8Gi}, {cpu: 2, memory: 8Gi}]}"

FOUND = Sample({**FILES, "web/web.yaml": DEPLOYMENT.replace("CPU", "2500m")}, policy=NODES)
FINE = Sample({**FILES, "web/web.yaml": DEPLOYMENT.replace("CPU", "1500m")}, policy=NODES)
