"""The Ingress speaks HTTPS to a server that has none."""

from tests.checks.argocd_exposed import exposed

FOUND = exposed("--insecure", protocol="HTTPS")
FINE = exposed(protocol="HTTPS")
