"""The demo's repository: one team's platform, told in a dozen files.

`infrastructure` owns the namespace and its network policies. Then `api-backend` is made self-contained by copying
those files into it: a pull request that looks harmless, and after which two Applications own the same Namespace.
"""

from __future__ import annotations

from textwrap import dedent

from tests.github import File

REPO_URL = "https://github.com/acme/platform"


def _text(text: str) -> bytes:
    return dedent(text).lstrip("\n").encode()


NAMESPACE = _text(
    """
    apiVersion: v1
    kind: Namespace
    metadata:
      name: shop
      labels:
        name: shop
    """
)

NETWORK_POLICIES = _text(
    """
    # Nothing gets in unless a policy says so.
    apiVersion: networking.k8s.io/v1
    kind: NetworkPolicy
    metadata:
      name: default-deny
      namespace: shop
    spec:
      podSelector: {}
      policyTypes: [Ingress]
    ---
    apiVersion: networking.k8s.io/v1
    kind: NetworkPolicy
    metadata:
      name: allow-api
      namespace: shop
    spec:
      podSelector:
        matchLabels: {app: api-backend}
      ingress:
        - from:
            - podSelector:
                matchLabels: {app: web}
          ports:
            - port: 8080
      policyTypes: [Ingress]
    """
)

SERVICE_ACCOUNT = _text(
    """
    apiVersion: v1
    kind: ServiceAccount
    metadata:
      name: api-backend-sa
      namespace: shop
    """
)

DEPLOYMENT = _text(
    """
    apiVersion: apps/v1
    kind: Deployment
    metadata:
      name: api-backend
      namespace: shop
    spec:
      selector:
        matchLabels: {app: api-backend}
      template:
        metadata:
          labels: {app: api-backend}
        spec:
          serviceAccountName: api-backend-sa
          containers:
            - name: api-backend
              image: registry.example/api-backend:1.4.2
    """
)

BEFORE: dict[str, bytes | str | File | None] = {
    "README.md": b"# The platform of Acme\n",
    "bootstrap/root-app.yaml": _text(
        f"""
        apiVersion: argoproj.io/v1alpha1
        kind: Application
        metadata:
          name: bootstrap
          namespace: argocd
        spec:
          project: default
          source:
            repoURL: {REPO_URL}
            targetRevision: main
            path: bootstrap/sets
          destination:
            server: https://kubernetes.default.svc
            namespace: argocd
          syncPolicy:
            automated: {{prune: true, selfHeal: true}}
        """
    ),
    "bootstrap/sets/applications.yaml": _text(
        f"""
        apiVersion: argoproj.io/v1alpha1
        kind: ApplicationSet
        metadata:
          name: shop
          namespace: argocd
        spec:
          generators:
            - list:
                elements:
                  - name: infrastructure
                    path: apps/infrastructure
                    wave: "-1"
                  - name: api-backend
                    path: apps/api-backend
                    wave: "5"
          template:
            metadata:
              name: '{{{{name}}}}'
              annotations:
                argocd.argoproj.io/sync-wave: '{{{{wave}}}}'
            spec:
              project: default
              source:
                repoURL: {REPO_URL}
                targetRevision: main
                path: '{{{{path}}}}'
              destination:
                server: https://kubernetes.default.svc
                namespace: shop
              syncPolicy:
                automated: {{prune: true, selfHeal: true}}
                syncOptions: [CreateNamespace=true, ApplyOutOfSyncOnly=true]
        """
    ),
    "apps/infrastructure/kustomization.yaml": _text(
        """
        apiVersion: kustomize.config.k8s.io/v1beta1
        kind: Kustomization
        resources:
          - namespace.yaml
          - network-policies.yaml
          - service-accounts.yaml
        """
    ),
    "apps/infrastructure/namespace.yaml": NAMESPACE,
    "apps/infrastructure/network-policies.yaml": NETWORK_POLICIES,
    "apps/infrastructure/service-accounts.yaml": SERVICE_ACCOUNT,
    "apps/api-backend/kustomization.yaml": _text(
        """
        apiVersion: kustomize.config.k8s.io/v1beta1
        kind: Kustomization

        # Only what belongs to api-backend
        resources:
          - deployment.yaml
          - service.yaml
        """
    ).replace(b"\n", b"\r\n"),
    "apps/api-backend/deployment.yaml": DEPLOYMENT,
    "apps/api-backend/service.yaml": _text(
        """
        apiVersion: v1
        kind: Service
        metadata:
          name: api-backend
          namespace: shop
        spec:
          selector: {app: api-backend}
          ports:
            - port: 8080
        """
    ),
}

# The harmless-looking pull request.
PROPOSED: dict[str, bytes | str | File | None] = {
    "apps/api-backend/kustomization.yaml": _text(
        """
        apiVersion: kustomize.config.k8s.io/v1beta1
        kind: Kustomization

        # Only what belongs to api-backend
        resources:
          - namespace.yaml  # so that it can be deployed by itself
          - service-account.yaml
          - network-policies.yaml
          - deployment.yaml
          - service.yaml
        """
    ).replace(b"\n", b"\r\n"),
    "apps/api-backend/namespace.yaml": NAMESPACE,
    "apps/api-backend/network-policies.yaml": NETWORK_POLICIES,
    "apps/api-backend/service-account.yaml": SERVICE_ACCOUNT + b"imagePullSecrets:\n  - name: registry\n",
}

# The same pull request lets api-backend migrate its database before it starts, with two keys that the
# pipeline which makes that Secret does not know of.
_MIGRATING = DEPLOYMENT + _text(
    """
    ######
          initContainers:
            - name: db-migrate
              image: registry.example/api-backend:1.4.2
              command: [node, migrate.js]
              env:
                - name: DB_USER
                  valueFrom:
                    secretKeyRef:
                      name: shop-secrets
                      key: postgres-user
                - name: DB_PASSWORD
                  valueFrom:
                    secretKeyRef:
                      name: shop-secrets
                      key: postgres-password
                - name: SUPABASE_URL
                  valueFrom:
                    secretKeyRef:
                      name: shop-secrets
                      key: supabase-url
                - name: SUPABASE_JWT_SECRET
                  valueFrom:
                    secretKeyRef:
                      name: shop-secrets
                      key: supabase-jwt-secret
    """
).removeprefix(b"######\n")
MIGRATION: dict[str, bytes | str | File | None] = {"apps/api-backend/deployment.yaml": _MIGRATING}

# It also hands the migration its settings, from a ConfigMap of `infrastructure`: which has to be synced first.
SETTINGS: dict[str, bytes | str | File | None] = {
    "apps/infrastructure/kustomization.yaml": _text(
        """
        apiVersion: kustomize.config.k8s.io/v1beta1
        kind: Kustomization
        resources:
          - namespace.yaml
          - network-policies.yaml
          - service-accounts.yaml
          - settings.yaml
        """
    ),
    "apps/infrastructure/settings.yaml": _text(
        """
        apiVersion: v1
        kind: ConfigMap
        metadata:
          name: api-settings
          namespace: shop
        data:
          log-level: info
        """
    ),
    "apps/api-backend/deployment.yaml": _MIGRATING
    + b"          envFrom:\n            - configMapRef:\n                name: api-settings\n",
}
