"""TLS of the repo-server switched off: Argo CD 3.5 ends at its start, unless the path is empty."""

from tests.checks.samples import Sample, apps

DEPLOYMENT = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: argocd-repo-server}
spec:
  selector: {matchLabels: {app: repo-server}}
  template:
    metadata: {labels: {app: repo-server}}
    spec:
      containers:
        - name: repo-server
          image: quay.io/argoproj/argocd:v3.5.0
          args: [/usr/local/bin/argocd-repo-server, ARGUMENTS]
"""
FILES = {"apps.yaml": apps("argocd")}

FOUND = Sample({**FILES, "argocd/repo-server.yaml": DEPLOYMENT.replace("ARGUMENTS", "--disable-tls")})
FINE = Sample(
    {**FILES, "argocd/repo-server.yaml": DEPLOYMENT.replace("ARGUMENTS", "--disable-tls, --client-ca-path=")}
)
