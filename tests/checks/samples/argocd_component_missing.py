"""An installation by hand that has forgotten the Service of its redis."""

from tests.checks.samples import Sample, apps

DEPLOYMENT = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: NAME}
spec:
  selector: {matchLabels: {app: NAME}}
  template:
    metadata: {labels: {app: NAME}}
    spec: {containers: [{name: main, image: "quay.io/argoproj/argocd:v3.2.2", args: [/usr/local/bin/NAME]}]}
---
"""
SERVICE = """\
apiVersion: v1
kind: Service
metadata: {name: NAME}
spec: {selector: {app: NAME}, ports: [{port: 80}]}
---
"""
WORKLOADS = "".join(
    DEPLOYMENT.replace("NAME", name)
    for name in ("argocd-server", "argocd-repo-server", "argocd-application-controller")
)
FILES = {"apps.yaml": apps("argocd"), "argocd/argocd.yaml": WORKLOADS + SERVICE.replace("NAME", "argocd-repo-server")}

FOUND = Sample(FILES)
FINE = Sample({**FILES, "argocd/redis.yaml": SERVICE.replace("NAME", "argocd-redis")})
