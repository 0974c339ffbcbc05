"""An option in a field whose name lacks a letter."""

from tests.checks.samples import APP, Sample

SYNC = "  syncPolicy: {FIELD: [CreateNamespace=true]}\n"
APPLICATION = APP.replace("NAME", "web") + SYNC

FOUND = Sample({"apps.yaml": APPLICATION.replace("FIELD", "syncOption"), "web/none.yaml": ""})
FINE = Sample({"apps.yaml": APPLICATION.replace("FIELD", "syncOptions"), "web/none.yaml": ""})
