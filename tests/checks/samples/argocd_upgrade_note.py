"""A step to 3.0, with a role that may see Applications and, from then on, no logs."""

from tests.checks.samples import Sample, apps

SERVER = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: argocd-server, namespace: argocd}
spec:
  selector: {matchLabels: {app: server}}
  template:
    metadata: {labels: {app: server}}
    spec:
      containers:
        - name: server
          image: quay.io/argoproj/argocd:VERSION
          args: [/usr/local/bin/argocd-server]
"""
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
        "argocd/server.yaml": SERVER.replace("VERSION", "v3.0.0"),
        "argocd/policy.yaml": policy,
    }
    return Sample(files, base={"argocd/server.yaml": SERVER.replace("VERSION", "v2.14.0")})


FOUND = _moved(POLICY)
FINE = _moved(POLICY + LOGS)
