"""An alert on a metric that nobody has."""

from tests.checks.samples import Sample, apps

RULES = """\
apiVersion: monitoring.coreos.com/v1
kind: PrometheusRule
metadata: {name: argocd}
spec:
  groups:
    - name: argocd
      rules:
        - alert: ArgoCDUnhealthy
          expr: METRIC{health_status!="Healthy"} > 0
"""
FILES = {"apps.yaml": apps("argocd")}

FOUND = Sample({**FILES, "argocd/rules.yaml": RULES.replace("METRIC", "argocd_application_health")})
FINE = Sample({**FILES, "argocd/rules.yaml": RULES.replace("METRIC", "argocd_app_info")})
