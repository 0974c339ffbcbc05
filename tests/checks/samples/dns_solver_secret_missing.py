"""A token for DNS in the wrong namespace: a ClusterIssuer reads that of cert-manager."""

from tests.checks.samples import Sample, apps

CONTROLLER = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: cert-manager, namespace: cert-manager}
spec:
  selector: {matchLabels: {app: cert-manager}}
  template:
    metadata: {labels: {app: cert-manager}}
    spec:
      containers:
        - name: controller
          image: quay.io/jetstack/cert-manager-controller:v1.19.1
          args: ["--cluster-resource-namespace=$(POD_NAMESPACE)"]
"""
ISSUER = """\
apiVersion: cert-manager.io/v1
kind: ClusterIssuer
metadata: {name: letsencrypt}
spec:
  acme:
    server: https://acme-v02.api.letsencrypt.org/directory
    privateKeySecretRef: {name: letsencrypt-account}
    solvers:
      - dns01:
          cloudflare:
            apiTokenSecretRef:
              name: cloudflare-api-token
              key: api-token
"""
TOKEN = """\
apiVersion: external-secrets.io/v1
kind: ExternalSecret
metadata: {name: cloudflare, namespace: NAMESPACE}
spec:
  secretStoreRef: {kind: ClusterSecretStore, name: vault}
  target: {name: cloudflare-api-token}
  data: [{secretKey: api-token, remoteRef: {key: cloudflare, property: token}}]
"""
FILES = {"apps.yaml": apps("tls"), "tls/cert-manager.yaml": CONTROLLER, "tls/issuer.yaml": ISSUER}

FOUND = Sample({**FILES, "tls/token.yaml": TOKEN.replace("NAMESPACE", "shop")})
FINE = Sample({**FILES, "tls/token.yaml": TOKEN.replace("NAMESPACE", "cert-manager")})
