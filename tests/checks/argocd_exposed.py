"""A small Argo CD that is reached from outside, for the samples of the rules about exposure."""

from __future__ import annotations

from tests.checks.samples import Sample, apps

SERVER = """\
apiVersion: apps/v1
kind: Deployment
metadata: {METADATA}
spec:
  selector: {matchLabels: {app: server}}
  template:
    metadata: {labels: {app: server}}
    spec:
      containers:
        - name: server
          image: quay.io/argoproj/argocd:VERSION
          args: [ARGUMENTS]
"""
SERVICE = """\
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


def server(version: str, *arguments: str, namespace: str = "") -> str:
    """The Deployment of argocd-server, with `namespace` where it says one."""
    words = ", ".join(("/usr/local/bin/argocd-server", *arguments))
    metadata = "name: argocd-server" + (f", namespace: {namespace}" if namespace else "")
    return SERVER.replace("METADATA", metadata).replace("VERSION", version).replace("ARGUMENTS", words)


def exposed(*arguments: str, service: str = "ClusterIP", protocol: str = "") -> Sample:
    """argocd-server with these arguments behind a Service of this type, and behind an Ingress that speaks `protocol`
    to it ('' for none)."""
    both = server("v3.2.2", *arguments) + SERVICE.replace("TYPE", service)
    files = {"apps.yaml": apps("argocd"), "argocd/server.yaml": both}
    if protocol:
        files["argocd/ingress.yaml"] = INGRESS.replace("PROTOCOL", protocol)
    return Sample(files)
