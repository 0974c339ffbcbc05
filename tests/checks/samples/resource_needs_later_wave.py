"""A workload of wave 0 that reads a Secret of a later wave."""

from tests.checks.samples import Sample, apps
from tests.checks.samples.secret_missing import DEPLOYMENT

SECRET = """\
---
apiVersion: v1
kind: Secret
metadata:
  name: db
  annotations: {argocd.argoproj.io/sync-wave: "WAVE"}
stringData: {password: x}
"""

FOUND = Sample({"apps.yaml": apps("web"), "web/web.yaml": DEPLOYMENT + SECRET.replace("WAVE", "1")})
FINE = Sample({"apps.yaml": apps("web"), "web/web.yaml": DEPLOYMENT + SECRET.replace("WAVE", "-1")})
