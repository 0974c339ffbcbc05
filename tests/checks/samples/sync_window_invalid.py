"""A freeze in days, which Go does not know."""

from tests.checks.samples import in_project

WINDOW = """\
  syncWindows:
    - kind: deny
      schedule: '0 0 24 12 *'
      duration: 1d
      applications: ['*']
"""

FOUND = in_project(WINDOW)
FINE = in_project(WINDOW.replace("duration: 1d", "duration: 24h"))
