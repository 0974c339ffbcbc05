"""TLS ends at the Ingress, and the server sends plain HTTP back to https."""

from tests.checks.argocd_exposed import exposed

FOUND = exposed(protocol="HTTP")
FINE = exposed("--insecure", protocol="HTTP")
