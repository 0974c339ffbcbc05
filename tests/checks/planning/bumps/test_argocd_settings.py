"""Settings that a version on the way no longer knows are told with the line on which the overlay uses them."""

from __future__ import annotations

import pytest

from gitops.versions.components import ARGO_CD
from tests.checks.planning.bumps.stage import OLD, STAGING, K, bump
from tests.checks.planning.bumps.test_pins_in_manifests import upstream
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


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("patches:\n- patch: |-\n    - {op: add, path: /a/-, value: --repo-server-strict-tls}\n", 3),
        ("patches:\n- patch: '[{op: add, path: /a/-, value: --repo-server-strict-tls}]'\n", 2),
        ("patches:\n- patch: >-\n    - {op: add, path: /a/-,\n      value: --repo-server-strict-tls=true}\n", 4),
        ("kind: A\nargs: [sh, -c, 'exec argocd-server --repo-server-strict-tls']\n", 2),
        ("kind: ConfigMap\ndata:\n  run.sh: |\n    #!/bin/sh\n    argocd-server --repo-server-strict-tls\n", 5),
        ('{"args": ["--insecure",\n "--repo-server-strict-tls"]}\n', 2),
    ],
    ids=["a block of one line", "a quoted patch", "a folded block", "a command line", "a script", "JSON"],
)
def test_a_flag_is_found_however_it_is_written(text: str, line: int) -> None:
    files = {K: kustomization("server.yaml") + PIN, FILE: text}
    assert list(bump(files, "v3.5.1").notes) == [f"{FILE}:{line}: as of 3.5 `--repo-server-strict-tls` {STRICT}"]


@pytest.mark.parametrize("comment", ["# --repo-server-strict-tls\n", "kind: A # was --repo-server-strict-tls\n"])
def test_a_comment_uses_nothing(comment: str) -> None:
    assert notes(comment) == []


@pytest.mark.parametrize(
    "word", ["--repo-server-strict-tls-x", "x--repo-server-strict-tls", "my.server.repo.server.strict.tls"]
)
def test_a_part_of_a_longer_word_is_another_one(word: str) -> None:
    assert notes(f"kind: A\nargs: [{word}]\n") == []


def test_files_of_generators_that_are_no_yaml() -> None:
    files = {
        K: PIN + "configMapGenerator:\n- name: argocd-cmd-params-cm\n  envs: [params.env]\n",
        f"{STAGING}/params.env": "# x\nserver.insecure=true\nserver.repo.server.strict.tls=true\n",
    }
    assert list(bump(files, "v3.5.1").notes) == [
        f"{STAGING}/params.env:3: as of 3.5 `server.repo.server.strict.tls` {STRICT}"
    ]


def test_values_files_outside_of_the_overlay() -> None:
    helm = "https://argoproj.github.io/argo-helm"
    files = {
        K: kustomization("app.yaml"),
        f"{STAGING}/app.yaml": "kind: Application\napiVersion: argoproj.io/v1alpha1\nmetadata: {name: a}\n"
        "spec:\n  sources:\n"
        f"  - {{repoURL: {helm}, chart: argo-cd, targetRevision: 9.1.0, helm: {{valueFiles: [$v/argocd/v.yaml]}}}}\n",
        "argocd/v.yaml": "configs: {params: {server.repo.server.strict.tls: true}}\n",
    }
    charts = {ARGO_CD.charts[0]: {"9.1.0": OLD, "9.9.0": "v3.5.1"}}
    assert list(bump(files, "v3.5.1", charts=charts).notes) == [
        f"argocd/v.yaml:1: as of 3.5 `server.repo.server.strict.tls` {STRICT}"
    ]


@pytest.mark.parametrize(
    ("text", "word"),
    [
        (
            "kind: ConfigMap\ndata:\n  policy.csv: |\n    p, role:dev, applications, delete, default/*, allow\n",
            "applications, delete",
        ),
        (
            "kind: ConfigMap\ndata: {policy.csv: 'p, role:dev, applications, update, default/*, allow'}\n",
            "applications, update",
        ),
        (
            "kind: AppProject\nspec:\n  roles:\n  - policies: ['p,proj:a:b,applications,delete,a/*,allow']\n",
            "applications, delete",
        ),
        (
            "configs:\n  rbac:\n    policy.csv: |\n      p, role:a,  applications,  update , */*, allow\n",
            "applications, update",
        ),
    ],
    ids=["policy.csv", "one line", "a project's role", "values of the chart"],
)
def test_policies_that_no_longer_reach_sub_resources(text: str, word: str) -> None:
    line = text[: text.index("applications")].count("\n") + 1
    assert notes(text, "v3.0.1", at="v2.14.9") == [
        f"{FILE}:{line}: as of 3.0 `{word}` no longer reaches the sub-resources of an Application: add `update/*` or "
        "`delete/*` where it should"
    ]
    assert notes(text, "v3.3.1") == []  # told when 3.0 was passed
    kept = "---\nkind: ConfigMap\ndata: {server.rbac.disableApplicationFineGrainedRBACInheritance: 'false'}\n"
    assert notes(text + kept, "v3.0.1", at="v2.14.9") == []


@pytest.mark.parametrize("action", ["*", "get", "sync", "delete/*", "update/*/Pod/*/*"])
def test_policies_that_go_on_to_mean_what_they_say(action: str) -> None:
    text = f"kind: ConfigMap\ndata:\n  policy.csv: |\n    p, role:dev, applications, {action}, default/*, allow\n"
    assert notes(text, "v3.0.1", at="v2.14.9") == []


def test_many_uses_in_one_file_are_one_sentence() -> None:
    lines = "".join(f"    p, role:r{n}, applications, delete, */*, allow\n" for n in range(6))
    (note,) = notes(f"kind: ConfigMap\ndata:\n  policy.csv: |\n{lines}", "v3.0.1", at="v2.14.9")
    assert note.startswith(f"{FILE}:4: ")
    assert note.endswith("(also on line 5, 6, 7 and 2 more)")


@pytest.mark.parametrize(
    ("text", "to", "at", "word"),
    [
        ("data: {application.instanceLabelKey: acme/x}\n", "v3.0.1", "v2.14.9", "application.instanceLabelKey"),
        ("data:\n  resource.exclusions: |\n    - kinds: [X]\n", "v3.0.1", "v2.14.9", "resource.exclusions"),
        ("data: {cluster.inClusterEnabled: 'false'}\n", "v3.0.1", "v2.14.9", "cluster.inClusterEnabled"),
        ("data: {oidc.config: 'enablePKCEAuthentication: true'}\n", "v3.1.1", "v3.0.9", "enablePKCEAuthentication"),
        ("env: [{name: ARGOCD_K8S_TCP_TIMEOUT, value: 9s}]\n", "v3.3.1", OLD, "ARGOCD_K8S_TCP_TIMEOUT"),
        (
            "data: {application.sync.impersonation.enabled: 'true'}\n",
            "v3.5.1",
            OLD,
            "application.sync.impersonation.enabled",
        ),
        (
            "data:\n  policy.csv: |\n    g, ChdleGFtcGxlQGFyZ29wcm9qLmlvEgJkZXhfY29ubl9pZA, role:admin\n",
            "v3.0.1",
            "v2.14.9",
            "ChdleGFtcGxlQGFyZ29wcm9qLmlvEgJkZXhfY29ubl9pZA",
        ),
    ],
)  # fmt: skip
def test_what_the_upgrade_guides_name(text: str, to: str, at: str, word: str) -> None:
    (note,) = notes(f"kind: ConfigMap\n{text}", to, at=at)
    assert f"`{word}`" in note
    assert notes(f"kind: ConfigMap\n{text}", at, at=at) == []


def test_tracking_that_is_set_is_not_changed_by_the_new_default() -> None:
    text = "kind: ConfigMap\ndata: {application.instanceLabelKey: a, application.resourceTrackingMethod: label}\n"
    assert notes(text, "v3.0.1", at="v2.14.9") == []


def test_behind_a_chart_of_an_unknown_version_those_of_the_same_major_are_told() -> None:
    helm = "https://argoproj.github.io/argo-helm"
    files = {
        K: f"helmCharts:\n- name: argo-cd\n  repo: {helm}\n  version: 9.0.0\n  valuesInline:\n"
        "    server: {extraArgs: [--repo-server-strict-tls]}\n"
        "    configs: {cm: {server.rbac.log.enforce.enable: 'true'}}\n",
    }
    charts = {ARGO_CD.charts[0]: {"9.9.0": "v3.5.1"}}
    assert list(bump(files, "v3.5.1", charts=charts).notes) == [
        f"{K}:6: as of 3.5 `--repo-server-strict-tls` {STRICT}"
    ]
