"""A CRD that is longer than an annotation may be."""

import json

from tests.checks.samples import APP, Sample

CRD = json.dumps(
    {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": "applicationsets.argoproj.io"},
        "spec": {"group": "argoproj.io", "scope": "Namespaced", "description": "x" * 262_144},
    }
)
ALONE = APP.replace("NAME", "argocd")
SERVER_SIDE = f"{ALONE}  syncPolicy: {{syncOptions: [ServerSideApply=true]}}\n"

FOUND = Sample({"apps.yaml": ALONE, "argocd/crd.json": CRD})
FINE = Sample({"apps.yaml": SERVER_SIDE, "argocd/crd.json": CRD})
