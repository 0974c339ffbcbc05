"""A claim that is to be kept, and is not."""

from tests.checks.samples import Sample, apps

CLAIM = """\
apiVersion: v1
kind: PersistentVolumeClaim
metadata:
  name: data
  annotations:
    argocd.argoproj.io/sync-options: Prune=VALUE
spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}
"""

FOUND = Sample({"apps.yaml": apps("web"), "web/claim.yaml": CLAIM.replace("VALUE", "False")})
FINE = Sample({"apps.yaml": apps("web"), "web/claim.yaml": CLAIM.replace("VALUE", "false")})
