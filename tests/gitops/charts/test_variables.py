"""The build environment in an Application's kustomize options."""

from __future__ import annotations

import pytest

from gitops.resources.rendering import Rendered
from tests.rendered import EngineProcess, application, state_of
from tests.scenarios import URL

FILES = {
    "app/kustomization.yaml": "resources: [all.yaml]",
    "app/all.yaml": "apiVersion: batch/v1\nkind: Job\nmetadata: {name: x}\n"
    "spec: {template: {spec: {containers: [{name: a, image: nginx}]}}}\n",
}


@pytest.mark.parametrize(
    ("options", "expected", "absent"),
    [
        ("commonLabels: {of: 'a-${ARGOCD_APP_NAME}'}", "of: a-web", "$"),
        ("commonLabels: {of: 'a$ARGOCD_APP_NAME'}, labelWithoutSelector: true", "of: aweb", "$"),
        ("commonLabels: {of: 'x${NOBODY_SAYS}'}", "of: x\n", "$"),
        ("commonAnnotations: {of: 'a-${ARGOCD_APP_NAME}'}", "of: a-${ARGOCD_APP_NAME}", "a-web"),
        ("commonAnnotations: {of: 'a-${ARGOCD_APP_NAME}'}, commonAnnotationsEnvsubst: false", "a-${ARGOCD", "a-web"),
        ("commonAnnotations: {of: 'a-${ARGOCD_APP_NAME}'}, commonAnnotationsEnvsubst: true", "of: a-web", "$"),
        ("commonAnnotations: {of: '$$x'}, commonAnnotationsEnvsubst: true", "of: $x", "$$"),
        ("images: ['nginx=own/${ARGOCD_APP_NAME}:1']", "image: own/web:1", "$"),
        ("images: ['nginx:${ARGOCD_APP_REVISION_SHORT}']", "image: nginx:0000000", "$"),
    ],
)
def test_variables_go_where_argo_cd_puts_them(
    engine: EngineProcess, options: str, expected: str, absent: str
) -> None:
    manifest = application("web", f"  source: {{repoURL: {URL}, path: app, kustomize: {{{options}}}}}")
    made = state_of(engine, {**FILES, "apps.yaml": manifest}).rendering
    assert isinstance(made, Rendered), made
    text = made.resources[0].text.decode()
    assert expected in text
    assert absent not in text
