"""A window that is to allow and never opens."""

from tests.checks.samples import in_project

WINDOW = """\
  syncWindows:
    - kind: allow
      schedule: '0 22 * * *'
      duration: 0s
      applications: ['*']
"""

FOUND = in_project(WINDOW)
FINE = in_project(WINDOW.replace("duration: 0s", "duration: 8h"))
