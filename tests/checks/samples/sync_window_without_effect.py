"""A window that names Argo CD's own cluster in another way than the Applications."""

from tests.checks.samples import in_project

WINDOW = """\
  syncWindows:
    - kind: deny
      schedule: '0 0 24 12 *'
      duration: 24h
      clusters: [in-cluster]
"""

FOUND = in_project(WINDOW)
FINE = in_project(WINDOW.replace("in-cluster", "https://kubernetes.default.svc"))
