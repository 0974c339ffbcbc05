"""A reference stands where people wrote it: in the manifest, in a patch file or in an inline patch."""

from __future__ import annotations

import pytest

from bot.rendering.driver import Engine
from tests.checks.secret_keys.stage import APP, judged
from tests.scenarios import Files, kustomization, text

WEB = text(
    """
    # what serves the shop
    apiVersion: apps/v1
    kind: Deployment
    metadata:
      name: web
      namespace: shop
    spec:
      template:
        spec:
          initContainers:
            - name: migrate
              env:
                - name: URL
                  valueFrom:
                    secretKeyRef:
                      name: db
                      key: url
          containers:
            - name: web
              envFrom:
                - configMapRef: {name: settings, optional: true}
                - secretRef:
                    name: tokens
          volumes:
            - name: files
              secret:
                secretName: files
                items:
                  - {key: one, path: one}
                  - key: two
                    path: two
    """
)
BARE = text(
    """
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: web, namespace: shop}
    spec:
      template:
        spec:
          containers:
            - {name: log, image: l}
            - {name: web, image: w}
    """
)
MERGE = text(
    """
    apiVersion: apps/v1
    kind: Deployment
    metadata:
      name: web
      namespace: shop
    spec:
      template:
        spec:
          containers:
            - name: web
              env:
                - name: URL
                  valueFrom:
                    secretKeyRef:
                      name: db
                      key: url
    """
)
OPERATIONS = text(
    """
    - op: add
      path: /spec/template/spec/containers/1/env
      value:
        - name: URL
          valueFrom:
            secretKeyRef: {name: db, key: other, optional: true}
        - name: URL2
          valueFrom:
            secretKeyRef:
              name: db
              key: url
    """
)


def indented(source: str, by: int) -> str:
    return "".join(" " * by + line for line in source.splitlines(keepends=True))


async def places(engine: Engine, files: Files) -> set[str]:
    return {str(finding.span) for finding in (await judged(engine, APP | dict(files))).findings}


EXPECTED = {"a/web.yaml:17", "a/web.yaml:23", "a/web.yaml:29", "a/web.yaml:30"}


async def test_in_a_plain_manifest(engine: Engine) -> None:
    assert await places(engine, {"a/web.yaml": WEB}) == EXPECTED


async def test_in_the_second_document(engine: Engine) -> None:
    first = "apiVersion: v1\nkind: Service\nmetadata: {name: web, namespace: shop}\n---\n"
    moved = {f"{place.partition(':')[0]}:{int(place.partition(':')[2]) + 4}" for place in EXPECTED}
    assert await places(engine, {"a/web.yaml": first + WEB}) == moved


async def test_through_a_base_with_names_changed(engine: Engine) -> None:
    files = {
        "a/kustomization.yaml": kustomization("../base", extra="namePrefix: my-\nnameSuffix: -x\nnamespace: shop\n"),
        "base/kustomization.yaml": kustomization("web.yaml"),
        "base/web.yaml": WEB,
    }
    assert await places(engine, files) == {place.replace("a/", "base/") for place in EXPECTED}


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        (
            {
                "a/kustomization.yaml": kustomization("web.yaml", extra="patches:\n  - path: p.yaml\n"),
                "a/p.yaml": MERGE,
            },
            "a/p.yaml:16",
        ),
        (
            {
                "a/kustomization.yaml": kustomization("web.yaml", extra="patchesStrategicMerge: [p.yaml]\n"),
                "a/p.yaml": "# why\n" + MERGE,
            },
            "a/p.yaml:17",
        ),
        (
            {
                "a/kustomization.yaml": kustomization(
                    "web.yaml", extra="patches:\n  - patch: |-\n" + indented(MERGE, 6)
                )
            },
            "a/kustomization.yaml:22",
        ),
        (
            {
                "a/kustomization.yaml": kustomization(
                    "web.yaml",
                    extra="patches:\n  - target: {kind: Deployment, name: web}\n    path: ops.yaml\n",
                ),
                "a/ops.yaml": OPERATIONS,
            },
            "a/ops.yaml:11",
        ),
        (
            {
                "a/kustomization.yaml": kustomization(
                    "web.yaml",
                    extra="patches:\n  - target: {kind: Deployment}\n    patch: |\n" + indented(OPERATIONS, 6),
                )
            },
            "a/kustomization.yaml:18",
        ),
        (
            {
                "a/kustomization.yaml": kustomization("web.yaml", extra="components: [../c]\n"),
                "c/kustomization.yaml": text(
                    """
                    apiVersion: kustomize.config.k8s.io/v1alpha1
                    kind: Component
                    patches:
                      - path: p.yaml
                    """
                ),
                "c/p.yaml": MERGE,
            },
            "c/p.yaml:16",
        ),
    ],
    ids=["patch file", "strategic merge", "inline merge", "operations file", "inline operations", "component"],
)
async def test_in_a_patch(engine: Engine, files: Files, expected: str) -> None:
    assert await places(engine, {"a/web.yaml": BARE} | dict(files)) == {expected}


async def test_when_a_patch_drops_the_mark_of_the_origin(engine: Engine) -> None:
    extra = text(
        """
        patches:
          - target: {kind: Deployment}
            patch: |-
              - {op: add, path: /metadata/annotations, value: {a: b}}
        """
    )
    files = {"a/kustomization.yaml": kustomization("web.yaml", extra=extra), "a/web.yaml": WEB}
    assert await places(engine, files) == EXPECTED


async def test_generated_names_are_followed(engine: Engine) -> None:
    files = {
        "a/kustomization.yaml": kustomization(
            "web.yaml", extra="secretGenerator:\n  - name: db\n    literals: [uri=x]\nnamespace: shop\n"
        ),
        "a/web.yaml": MERGE.replace("  namespace: shop\n", ""),
    }
    assert await places(engine, files) == {"a/web.yaml:15"}
