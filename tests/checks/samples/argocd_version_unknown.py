"""An image whose tag tells no version."""

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
          image: quay.io/argoproj/argocd:VERSION
          args: [/usr/local/bin/argocd-repo-server, --disable-tls]
"""
FILES = {"apps.yaml": apps("argocd")}

FOUND = Sample({**FILES, "argocd/repo-server.yaml": DEPLOYMENT.replace("VERSION", "latest")})
FINE = Sample({**FILES, "argocd/repo-server.yaml": DEPLOYMENT.replace("VERSION", "v3.2.2")})
