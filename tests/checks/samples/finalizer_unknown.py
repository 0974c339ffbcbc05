"""A finalizer that nobody ever takes off."""

from tests.checks.samples import APP, Sample

APPLICATION = APP.replace("NAME", "web").replace(
    "namespace: argocd}", "namespace: argocd, finalizers: [FIRST-finalizer.argocd.argoproj.io]}"
)

FOUND = Sample({"apps.yaml": APPLICATION.replace("FIRST", "resource"), "web/none.yaml": ""})
FINE = Sample({"apps.yaml": APPLICATION.replace("FIRST", "resources"), "web/none.yaml": ""})
