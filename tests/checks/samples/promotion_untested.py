"""Production goes to a version before the test of staging has seen it."""

from tests.checks.samples import Sample, apps

SERVER = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: argocd-server, namespace: WHERE}
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
TEST = """\
apiVersion: batch/v1
kind: Job
metadata:
  name: test
  namespace: argocd-staging
  annotations: {argocd.argoproj.io/hook: PostSync}
spec:
  template:
    spec:
      restartPolicy: Never
      containers: [{name: test, image: "quay.io/argoproj/argocd:v3.2.2", command: [argocd, version]}]
"""


def _server(where: str, version: str) -> str:
    return SERVER.replace("WHERE", where).replace("VERSION", version)


def _promoted(staging: str) -> Sample:
    files = {
        "apps.yaml": apps("staging", "production"),
        "staging/server.yaml": _server("argocd-staging", staging),
        "staging/test.yaml": TEST,
        "production/server.yaml": _server("argocd", "v3.2.3"),
    }
    return Sample(files, base={"production/server.yaml": _server("argocd", "v3.2.2")})


FOUND = _promoted("v3.2.2")
FINE = _promoted("v3.2.2")
FINE = Sample({**FINE.files, "production/server.yaml": _server("argocd", "v3.2.2")}, base=FINE.base)
