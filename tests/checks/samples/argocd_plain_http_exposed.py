"""A load balancer in front of a server without TLS."""

from tests.checks.argocd_exposed import exposed

FOUND = exposed("--insecure", service="LoadBalancer")
FINE = exposed("--insecure", service="ClusterIP")
