"""A wave without quotes."""

from tests.checks.samples import Sample, apps

MAP = """\
apiVersion: v1
kind: ConfigMap
metadata:
  name: settings
  annotations:
    argocd.argoproj.io/sync-wave: WAVE
"""

FOUND = Sample({"apps.yaml": apps("web"), "web/settings.yaml": MAP.replace("WAVE", "5")})
FINE = Sample({"apps.yaml": apps("web"), "web/settings.yaml": MAP.replace("WAVE", '"5"')})
