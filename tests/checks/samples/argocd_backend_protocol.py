"""The Ingress speaks HTTPS to a server that has none."""

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
INGRESS = """\
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: argocd
  annotations: {nginx.ingress.kubernetes.io/backend-protocol: "PROTOCOL"}
spec:
  ingressClassName: nginx
  tls: [{hosts: [argocd.example.com], secretName: argocd-tls}]
  rules:
    - host: argocd.example.com
      http:
        paths:
          - {path: /, pathType: Prefix, backend: {service: {name: argocd-server, port: {name: http}}}}
"""


def repository(arguments: str) -> Sample:
    server = SERVER.replace("ARGUMENTS", arguments).replace("TYPE", "ClusterIP")
    ingress = INGRESS.replace("PROTOCOL", "HTTPS")
    return Sample({"apps.yaml": apps("argocd"), "argocd/server.yaml": server, "argocd/ingress.yaml": ingress})


FOUND = repository("/usr/local/bin/argocd-server, --insecure")
FINE = repository("/usr/local/bin/argocd-server")
