"""A retry that never happens."""

from tests.checks.samples import APP, Sample

RETRY = "  syncPolicy:\n    retry:\n      LIMITbackoff: {duration: 5s}\n"
APPLICATION = APP.replace("NAME", "web") + RETRY

FOUND = Sample({"apps.yaml": APPLICATION.replace("LIMIT", ""), "web/none.yaml": ""})
FINE = Sample({"apps.yaml": APPLICATION.replace("LIMIT", "limit: 5\n      "), "web/none.yaml": ""})
