"""Two Applications that bring one Namespace."""

from tests.checks.samples import Sample, apps

NAMESPACE = "apiVersion: v1\nkind: Namespace\nmetadata: {name: shop}\n"
MAP = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: web}\n"

FINE = Sample(
    {
        "apps.yaml": apps("base", "web"),
        "base/kustomization.yaml": "resources: [namespace.yaml]\n",
        "base/namespace.yaml": NAMESPACE,
        "web/kustomization.yaml": "resources:\n  - config.yaml\n",
        "web/config.yaml": MAP,
    }
)
FOUND = Sample(
    {
        **FINE.files,
        "web/kustomization.yaml": "resources:\n  - config.yaml\n  - namespace.yaml\n",
        "web/namespace.yaml": NAMESPACE,
    }
)
