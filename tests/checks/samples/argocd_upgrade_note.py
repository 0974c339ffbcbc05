"""A step to 3.0, with a role that may see Applications and, from then on, no logs."""

from tests.checks.argocd_exposed import server
from tests.checks.samples import Sample, apps

POLICY = """\
apiVersion: v1
kind: ConfigMap
metadata: {name: argocd-rbac-cm, namespace: argocd}
data:
  policy.csv: |
    p, role:dev, applications, get, */*, allow
"""
LOGS = "    p, role:dev, logs, get, */*, allow\n"


def _moved(policy: str) -> Sample:
    files = {
        "apps.yaml": apps("argocd"),
        "argocd/server.yaml": server("v3.0.0", namespace="argocd"),
        "argocd/policy.yaml": policy,
    }
    return Sample(files, base={"argocd/server.yaml": server("v2.14.0", namespace="argocd")})


FOUND = _moved(POLICY)
FINE = _moved(POLICY + LOGS)
