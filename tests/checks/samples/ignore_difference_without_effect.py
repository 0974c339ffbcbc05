"""An entry whose group has a version."""

from tests.checks.samples import APP, Sample
from tests.checks.samples.autoscaler_against_replicas import DEPLOYMENT

ENTRY = "  ignoreDifferences: [{group: GROUP, kind: Deployment, jsonPointers: [/spec/replicas]}]\n"
APPLICATION = APP.replace("NAME", "web") + ENTRY
FILES = {"web/web.yaml": DEPLOYMENT.replace("REPLICAS", "")}

FOUND = Sample({**FILES, "apps.yaml": APPLICATION.replace("GROUP", "apps/v1")})
FINE = Sample({**FILES, "apps.yaml": APPLICATION.replace("GROUP", "apps")})
