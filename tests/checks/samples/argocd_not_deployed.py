"""A ConfigMap of Argo CD's in a directory that nobody lists, and one that a script applies."""

from tests.checks.samples import Sample, apps

SETTINGS = """\
apiVersion: v1
kind: ConfigMap
metadata: {name: argocd-cm, namespace: argocd}
data: {exec.enabled: "false"}
"""
FILES = {"apps.yaml": apps("web"), "web/a.yaml": "", "argocd/argocd-cm.yaml": SETTINGS}

FOUND = Sample(FILES)
FINE = Sample({**FILES, "Makefile": "argocd:\n\tkubectl apply -f argocd/argocd-cm.yaml\n"})
