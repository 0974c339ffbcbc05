"""A Probe that asks for a module which the exporter does not have."""

from tests.checks.samples import Sample, apps

ALL = """\
apiVersion: v1
kind: ConfigMap
metadata: {name: blackbox-exporter}
data:
  blackbox.yml: |
    modules:
      http_2xx: {prober: http}
---
apiVersion: monitoring.coreos.com/v1
kind: Probe
metadata: {name: argocd-server}
spec:
  module: MODULE
  targets: {staticConfig: {static: ["https://argocd.example.com/healthz"]}}
"""
FILES = {"apps.yaml": apps("monitoring")}

FOUND = Sample({**FILES, "monitoring/all.yaml": ALL.replace("MODULE", "http_argocd")})
FINE = Sample({**FILES, "monitoring/all.yaml": ALL.replace("MODULE", "http_2xx")})
