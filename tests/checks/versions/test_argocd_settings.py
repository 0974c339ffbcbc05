"""Settings that a version on the way no longer knows are told with the line on which the overlay uses them."""

from __future__ import annotations

import pytest

from tests.checks.versions.stage import OLD, STAGING, K, bump
from tests.checks.versions.test_pins_in_manifests import upstream
from tests.scenarios import kustomization

PIN = f"images: [{{name: quay.io/argoproj/argocd, newTag: {OLD}}}]\n"
FILE = f"{STAGING}/server.yaml"
STRICT = "is deprecated: `--repo-server-ca-cert-path` takes its place"


def notes(text: str, to: str = "v3.5.1", at: str = OLD) -> list[str]:
    files = {K: kustomization("server.yaml") + PIN.replace(OLD, at), FILE: text}
    return list(bump(files, to).notes)


@pytest.mark.parametrize(
    ("text", "line", "word"),
    [
        ("kind: A\nargs:\n- --insecure\n- --repo-server-strict-tls\n", 4, "--repo-server-strict-tls"),
        ("kind: A\nargs: ['--repo-server-strict-tls=true']\n", 2, "--repo-server-strict-tls"),
        ("kind: A\nenv:\n- name: ARGOCD_SERVER_REPO_SERVER_STRICT_TLS\n", 3, "ARGOCD_SERVER_REPO_SERVER_STRICT_TLS"),
        (
            "kind: ConfigMap\ndata:\n  controller.repo.server.strict.tls: 'true'\n",
            3,
            "controller.repo.server.strict.tls",
        ),
        (
            "kind: A\nvalues: |\n  params:\n    server.repo.server.strict.tls: true\n",
            4,
            "server.repo.server.strict.tls",
        ),
    ],
)
def test_where_a_setting_is_used(text: str, line: int, word: str) -> None:
    assert notes(text) == [f"{FILE}:{line}: as of 3.5 `{word}` {STRICT}"]


def test_generators_and_patches_in_the_kustomization_itself() -> None:
    text = (
        "configMapGenerator:\n- name: argocd-cmd-params-cm\n  literals:\n  - server.repo.server.strict.tls=true\n"
        "patches:\n- patch: |-\n    - op: add\n      path: /data/controller.self.heal.backoff.cooldown.seconds\n"
        "      value: '9'\n"
    )
    plan = bump({K: PIN + text}, "v3.5.1")
    assert plan.notes == (
        f"{K}:5: as of 3.5 `server.repo.server.strict.tls` {STRICT}",
        f"{K}:9: as of 3.3 `controller.self.heal.backoff.cooldown.seconds` is deprecated and will be removed: "
        "take it out",
    )


def test_only_versions_on_the_way_count() -> None:
    text = "kind: A\nargs: [--repo-server-strict-tls]\n"
    assert notes(text, "v3.4.9") == []
    assert notes(text, "v3.5.2", at="v3.5.0") == []
    log = "kind: ConfigMap\ndata: {server.rbac.log.enforce.enable: 'true'}\n"
    assert notes(log) == []
    assert "as of 3.0 `server.rbac.log.enforce.enable` is no longer read" in notes(log, "v3.0.0", at="v2.14.1")[0]


def test_upstreams_own_manifest_is_renewed_as_a_whole() -> None:
    text = upstream(OLD) + "---\nkind: A\nargs: [--repo-server-strict-tls]\n"
    assert notes(text) == []
