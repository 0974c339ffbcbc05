"""A load balancer in front of a server without TLS."""

from tests.checks.samples import Sample, apps

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
          args: [ARGUMENTS]
---
apiVersion: v1
kind: Service
metadata: {name: argocd-server}
spec:
  type: TYPE
  selector: {app: server}
  ports: [{name: http, port: 80, targetPort: 8080}]
"""


def repository(type_: str) -> Sample:
    server = SERVER.replace("ARGUMENTS", "/usr/local/bin/argocd-server, --insecure").replace("TYPE", type_)
    return Sample({"apps.yaml": apps("argocd"), "argocd/server.yaml": server})


FOUND = repository("LoadBalancer")
FINE = repository("ClusterIP")
