"""Production goes to a version before the test of staging has seen it."""

from tests.checks.argocd_exposed import server
from tests.checks.samples import Sample, apps

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


def _promoted(production: str) -> Sample:
    files = {
        "apps.yaml": apps("staging", "production"),
        "staging/server.yaml": server("v3.2.2", namespace="argocd-staging"),
        "staging/test.yaml": TEST,
        "production/server.yaml": server(production, namespace="argocd"),
    }
    return Sample(files, base={"production/server.yaml": server("v3.2.2", namespace="argocd")})


FOUND = _promoted("v3.2.3")
FINE = _promoted("v3.2.2")
