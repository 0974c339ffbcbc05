"""A key with a word missing, and the key."""

from tests.checks.samples import Sample, apps

PARAMS = """\
apiVersion: v1
kind: ConfigMap
metadata: {name: argocd-cmd-params-cm}
data:
  KEY: "true"
"""
FILES = {"apps.yaml": apps("argocd")}

FOUND = Sample(
    {**FILES, "argocd/params.yaml": PARAMS.replace("KEY", "applicationsetcontroller.tokenref.strict.mode")}
)
FINE = Sample(
    {**FILES, "argocd/params.yaml": PARAMS.replace("KEY", "applicationsetcontroller.enable.tokenref.strict.mode")}
)
