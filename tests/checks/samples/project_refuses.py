"""A project that permits another namespace than its Application's."""

from tests.checks.samples import in_project

FOUND = in_project(namespace="team-a")
FINE = in_project(namespace="'sh*'")
