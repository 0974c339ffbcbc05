"""A cluster that is named twice."""

from tests.checks.samples import APP, Sample

TWICE = APP.replace("NAME", "web").replace("{server:", "{name: in-cluster, server:")
MAP = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings}\n"

FOUND = Sample({"apps.yaml": TWICE, "web/settings.yaml": MAP})
FINE = Sample({"apps.yaml": APP.replace("NAME", "web"), "web/settings.yaml": MAP})
