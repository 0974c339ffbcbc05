"""An argument that this program never had, and one that it has."""

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
          image: quay.io/argoproj/argocd:v3.2.2
          args: [/usr/local/bin/argocd-repo-server, ARGUMENT]
"""
FILES = {"apps.yaml": apps("argocd")}

FOUND = Sample({**FILES, "argocd/repo-server.yaml": DEPLOYMENT.replace("ARGUMENT", "--repo-cache-root=/tmp")})
FINE = Sample({**FILES, "argocd/repo-server.yaml": DEPLOYMENT.replace("ARGUMENT", "--parallelismlimit=10")})
