"""A small Argo CD that is reached from outside, for the samples of the rules about exposure."""

from __future__ import annotations

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


def exposed(*arguments: str, service: str = "ClusterIP", protocol: str = "") -> Sample:
    """argocd-server with these arguments behind a Service of this type, and behind an Ingress that speaks `protocol`
    to it ('' for none)."""
    words = ", ".join(("/usr/local/bin/argocd-server", *arguments))
    files = {
        "apps.yaml": apps("argocd"),
        "argocd/server.yaml": SERVER.replace("ARGUMENTS", words).replace("TYPE", service),
    }
    if protocol:
        files["argocd/ingress.yaml"] = INGRESS.replace("PROTOCOL", protocol)
    return Sample(files)
