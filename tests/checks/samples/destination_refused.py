"""A cluster's name where its server belongs."""

from tests.checks.samples import APP, Sample

NAMED = APP.replace("NAME", "web").replace("server: https://kubernetes.default.svc", "server: in-cluster")
MAP = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings}\n"

FOUND = Sample({"apps.yaml": NAMED, "web/settings.yaml": MAP})
FINE = Sample({"apps.yaml": APP.replace("NAME", "web"), "web/settings.yaml": MAP})
