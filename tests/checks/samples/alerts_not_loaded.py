"""Rules whose label the Prometheus does not select."""

from tests.checks.samples import Sample, apps

PROMETHEUS = """\
apiVersion: monitoring.coreos.com/v1
kind: Prometheus
metadata: {name: main}
spec:
  ruleSelector: {matchLabels: {release: main}}
---
apiVersion: monitoring.coreos.com/v1
kind: PrometheusRule
metadata:
  name: argocd
  labels: {release: RELEASE}
spec:
  groups:
    - name: argocd
      rules:
        - {alert: ArgoCDOutOfSync, expr: 'argocd_app_info{sync_status="OutOfSync"} > 0'}
"""
FILES = {"apps.yaml": apps("monitoring")}

FOUND = Sample({**FILES, "monitoring/all.yaml": PROMETHEUS.replace("RELEASE", "other")})
FINE = Sample({**FILES, "monitoring/all.yaml": PROMETHEUS.replace("RELEASE", "main")})
