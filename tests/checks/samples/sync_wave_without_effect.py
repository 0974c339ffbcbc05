"""Waves below a parent, where nothing tells Argo CD how an Application's health is told."""

from tests.checks.samples import Sample
from tests.checks.samples.sync_wave_contradiction import FILES, HEALTH, child

FINE = Sample({**FILES, "root/crds.yaml": child("crds", -5)})
FOUND = Sample({**FINE.files, "argocd/cm.yaml": HEALTH.split("data:")[0] + "data: {}\n"})
