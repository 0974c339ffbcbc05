"""Three replicas that may not share one of two nodes."""

from tests.checks.samples import Sample, apps

DEPLOYMENT = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 3
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers: [{name: web, image: "web:1"}]
      affinity:
        podAntiAffinity:
          requiredDuringSchedulingIgnoredDuringExecution:
            - topologyKey: kubernetes.io/hostname
              labelSelector: {matchLabels: {app: web}}
"""
FILES = {"apps.yaml": apps("web"), "web/web.yaml": DEPLOYMENT}
NODE = "{cpu: 2, memory: 8Gi}"

FOUND = Sample(FILES, policy=f"argocd: {{nodes: [{NODE}, {NODE}]}}")
FINE = Sample(FILES, policy=f"argocd: {{nodes: [{NODE}, {NODE}, {NODE}, {NODE}]}}")
