"""An annotation with half of an issuer's name."""

from tests.checks.samples import Sample, apps

ISSUER = """\
apiVersion: cert-manager.io/v1
kind: ClusterIssuer
metadata: {name: letsencrypt-prod}
spec: {acme: {server: https://acme-v02.api.letsencrypt.org/directory}}
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: web
  annotations: {cert-manager.io/cluster-issuer: ISSUER}
spec: {tls: [{hosts: [web.example.com], secretName: web-tls}]}
"""
FILES = {"apps.yaml": apps("web")}

FOUND = Sample({**FILES, "web/all.yaml": ISSUER.replace(": ISSUER", ": letsencrypt")})
FINE = Sample({**FILES, "web/all.yaml": ISSUER.replace(": ISSUER", ": letsencrypt-prod")})
