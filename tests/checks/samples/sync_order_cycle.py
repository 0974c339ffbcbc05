"""Two Applications that each bring the kind of which the other one has an object."""

from tests.checks.samples import Sample, apps

CRD = """\
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: PLURAL.acme.example}
spec:
  group: acme.example
  scope: Namespaced
  names: {kind: KIND, plural: PLURAL}
  versions: [{name: v1, served: true, storage: true}]
---
"""
WIDGETS = CRD.replace("PLURAL", "widgets").replace("KIND", "Widget")
GADGETS = CRD.replace("PLURAL", "gadgets").replace("KIND", "Gadget")
WIDGET = "apiVersion: acme.example/v1\nkind: Widget\nmetadata: {name: w}\n"
GADGET = "apiVersion: acme.example/v1\nkind: Gadget\nmetadata: {name: g}\n"
APPS = {"apps.yaml": apps("backup", "operator")}

FOUND = Sample({**APPS, "operator/all.yaml": WIDGETS + GADGET, "backup/all.yaml": GADGETS + WIDGET})
FINE = Sample({**APPS, "operator/all.yaml": WIDGETS + GADGETS, "backup/all.yaml": f"{GADGET}---\n{WIDGET}"})
