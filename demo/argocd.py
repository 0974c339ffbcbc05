"""The demo's Argo CD: one base, a staging and a production overlay, and what upstream publishes meanwhile."""

from __future__ import annotations

from textwrap import dedent

from demo.story import REPO_URL
from tests.github import File, SimulatedGitHub
from tests.quay import SimulatedQuay

_DAY = 86_400


def _text(text: str) -> bytes:
    return dedent(text).lstrip("\n").encode()


def _overlay(tag: str, comment: str) -> bytes:
    return _text(
        f"""
        apiVersion: kustomize.config.k8s.io/v1beta1
        kind: Kustomization
        namespace: argocd
        resources:
          - ../../base
        images:
          - name: quay.io/argoproj/argocd
            newTag: {tag}  # {comment}
        """
    )


def _deployment(name: str, flag: str) -> bytes:
    return _text(
        f"""
        apiVersion: apps/v1
        kind: Deployment
        metadata:
          name: {name}
        spec:
          selector:
            matchLabels: {{app.kubernetes.io/name: {name}}}
          template:
            metadata:
              labels: {{app.kubernetes.io/name: {name}}}
            spec:
              containers:
                - name: {name}
                  image: quay.io/argoproj/argocd:latest
                  args: [/usr/local/bin/{name}, {flag}]
        """
    )


ARGO_CD: dict[str, bytes | str | File | None] = {
    "bootstrap/sets/argocd.yaml": _text(
        f"""
        apiVersion: argoproj.io/v1alpha1
        kind: Application
        metadata:
          name: argocd
          namespace: argocd
        spec:
          project: default
          source:
            repoURL: {REPO_URL}
            targetRevision: main
            path: argocd/overlays/staging
          destination:
            server: https://kubernetes.default.svc
            namespace: argocd
        """
    ),
    "argocd/base/kustomization.yaml": _text(
        """
        apiVersion: kustomize.config.k8s.io/v1beta1
        kind: Kustomization
        resources:
          - server.yaml
          - repo-server.yaml
          - controller.yaml
        """
    ),
    # Its TLS is switched off, as with a service mesh: with 3.5 it would not start that way.
    "argocd/base/repo-server.yaml": _deployment("argocd-repo-server", "--disable-tls"),
    "argocd/base/server.yaml": _deployment("argocd-server", "--repo-server-plaintext")
    + _text(
        """
        ---
        apiVersion: v1
        kind: Service
        metadata:
          name: argocd-server
        spec:
          selector: {app.kubernetes.io/name: argocd-server}
          ports: [{name: http, port: 80, targetPort: 8080}]
        """
    ),
    "argocd/base/controller.yaml": _text(
        """
        apiVersion: apps/v1
        kind: StatefulSet
        metadata:
          name: argocd-application-controller
        spec:
          serviceName: argocd-application-controller
          selector:
            matchLabels: {app.kubernetes.io/name: argocd-application-controller}
          template:
            metadata:
              labels: {app.kubernetes.io/name: argocd-application-controller}
            spec:
              containers:
                - name: argocd-application-controller
                  image: quay.io/argoproj/argocd:latest
                  args:
                    - /usr/local/bin/argocd-application-controller
                    - --repo-server-strict-tls=false
                    - --repo-server-plaintext
        """
    ),
    "argocd/overlays/staging/kustomization.yaml": _overlay("v3.4.6", "staging goes first"),
    "argocd/overlays/production/kustomization.yaml": _overlay("v3.4.4", "a week after staging"),
}

# The tunnel ends TLS, and speaks plain HTTP to a server that sends everybody back to HTTPS.
EXPOSED: dict[str, bytes | str | File | None] = {
    "argocd/overlays/staging/tunnel.yaml": _text(
        """
        apiVersion: v1
        kind: ConfigMap
        metadata:
          name: cloudflared
        data:
          config.yaml: |
            tunnel: platform
            ingress:
              - hostname: argocd.example.com
                service: http://argocd-server.argocd:80
              - service: http_status:404
        """
    ),
    "argocd/overlays/staging/kustomization.yaml": _overlay("v3.4.6", "staging goes first").replace(
        b"  - ../../base\n", b"  - ../../base\n  - tunnel.yaml\n"
    ),
}

_NOTES = {
    "v3.4.6": "Fixes a crash of the repo-server.",
    "v3.4.7": "## Changelog\n\n### Bug fixes\n\n* Compare server-side applied fields by @maintainer in #25101\n",
    "v3.5.0": "## Changelog\n\n### Features\n\n* Source hydrator: credentials by Secret (#24512)\n\n"
    "Upgrading? Read [the notes](https://argo-cd.readthedocs.io/en/stable/operator-manual/upgrading/3.4-3.5/).\n",
    "v3.5.1": "## Changelog\n\n### Bug fixes\n\n* Do not sync twice after a restart (#25333)\n",
}


def publish(github: SimulatedGitHub, quay: SimulatedQuay) -> None:
    """Release these versions on GitHub, with images on quay.io, and what is no version beside them."""
    upstream = github.repository("argoproj/argo-cd", {"README.md": "# Argo CD\n"}, private=False)
    image = quay.repository("argoproj/argocd")
    start = github.clock().timestamp() - 60 * _DAY
    for number, (tag, notes) in enumerate(_NOTES.items()):
        at = start + number * 14 * _DAY
        github.release(upstream, tag, body=notes, at=at)
        image.push(tag, at=at + 600)
    image.push("latest", at=start + 45 * _DAY)
    github.release(upstream, "v3.6.0-rc1", prerelease=True)
    image.push("v3.6.0-rc1", at=start + 59 * _DAY)
