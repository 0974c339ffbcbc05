"""A step of versions tells what changes for these manifests, and no other note of the guides."""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from typing import Any

import pytest
from packaging.version import Version

from checks.argocd.argocd_upgrade_note import PREDICATES
from checks.policy.file import Policy
from checks.registry import rules
from gitops.discovery.snapshot import Change
from gitops.installation.releases import releases
from tests.checks.argocd.stage import ANALYSIS, APP, params, workload
from tests.scenarios import Files, application, config_map, discovered, manifest, tree

RULE = "argocd-upgrade-note"
_LOGS = "server.rbac.log.enforce.enable"
_KEY = "argocd.argoproj.io/kubernetes-version"


def notes(old: str, new: str, *manifests: str, apps: Sequence[str] = (), files: Files | None = None) -> list[str]:
    """What is said of a change of the server's version, with these manifests before and after it."""

    def at(version: str) -> Any:
        images = [text.replace("argocd:v3.2.2", f"argocd:{version}") for text in manifests]
        made = {f"argocd/{number}.yaml": text for number, text in enumerate(images)}
        more = {f"more-{number}.yaml": text for number, text in enumerate(apps)}
        server = {"argocd/server.yaml": workload("argocd-server", version=version)}
        return discovered(tree({**APP, **made, **more, **server, **(files or {})}), ANALYSIS)

    check = next(one.check for one in rules() if one.id == RULE)
    return [one.message for one in check(Change(at(old), at(new)), Policy())]


def cm(**data: str) -> str:
    return config_map("argocd-cm", "argocd", **{key.replace("__", "."): value for key, value in data.items()})


def rbac(policy: str, default: str = "", **more: str) -> str:
    data = {"policy.csv": policy, "policy.default": default, **more}
    return config_map("argocd-rbac-cm", "argocd", **data)


def secret(kind: str, *keys: str) -> str:
    labels = {"argocd.argoproj.io/secret-type": kind}
    return manifest(
        "Secret",
        "c",
        "argocd",
        metadata={"labels": labels, "namespace": "argocd"},
        stringData=dict.fromkeys(keys, "x"),
    )


def project(**spec: Any) -> str:
    return manifest("AppProject", "p", "argocd", "argoproj.io/v1alpha1", spec=spec)


def app(**spec: Any) -> str:
    whole = json.loads(application("other", "other"))
    whole["spec"] |= spec
    return json.dumps(whole)


def app_set(generators: list[Any], **spec: Any) -> str:
    template = json.loads(application("made", "other"))
    made = {"metadata": template["metadata"], "spec": template["spec"]}
    return manifest(
        "ApplicationSet",
        "s",
        "argocd",
        "argoproj.io/v1alpha1",
        spec={"generators": generators, "template": made, **spec},
    )


def with_init(**container: Any) -> str:
    return workload("argocd-repo-server", pod={"initContainers": [{"name": "i", "image": "a/b", **container}]})


def hydrator(path: str) -> str:
    dry = {"repoURL": "https://github.com/acme/platform", "path": "other", "targetRevision": "main"}
    whole = {"drySource": dry, "syncSource": {"targetBranch": "env", "path": path}}
    text = json.loads(app(sourceHydrator=whole))
    del text["spec"]["source"]
    return json.dumps(text)


def crd(**spec: Any) -> str:
    return manifest("CustomResourceDefinition", "a.b.c", api="apiextensions.k8s.io/v1", spec=spec)


def _dex(user: str = "someone-of-the-team") -> str:
    raw = bytes([0x0A, len(user)]) + user.encode() + bytes([0x12, 4]) + b"ldap"
    return base64.urlsafe_b64encode(raw).decode()


_DEV = "p, role:dev, applications, get, */*, allow"
_REDIS = manifest(
    "Deployment",
    "argocd-redis",
    "argocd",
    "apps/v1",
    spec={"template": {"spec": {"containers": [{"name": "redis", "image": "redis:7.2-alpine"}]}}},
)
_MTLS = manifest("Secret", "argocd-repo-server-mtls", "argocd", stringData={"tls.crt": "x"})
_CRON = manifest("CronJob", "tidy", "argocd", "batch/v1", spec={})

# Of each note: the version that it comes with, what it is about, and what it is not about.
CASES: dict[str, tuple[str, list[Any], list[Any]]] = {
    "plugins-in-argocd-cm": ("2.8.0", [cm(configManagementPlugins="- name: a")], [cm(other="a")]),
    "entrypoint-script": (
        "2.8.0",
        [workload("argocd-repo-server", command=["entrypoint.sh", "argocd-repo-server"])],
        [workload("argocd-repo-server")],
    ),
    "wildcard-actions": ("2.8.0", [rbac("p, a, applications, action/*, */*, allow")], [rbac(_DEV)]),
    "managed-namespace-metadata": (
        "2.10.0",
        [[app(syncPolicy={"managedNamespaceMetadata": {"labels": {"a": "b"}}})]],
        [[app(syncPolicy={"automated": {}})]],
    ),
    "self-heal-backoff": (
        "2.11.0",
        [
            params(controller__self__heal__timeout__seconds="5"),
            workload("argocd-application-controller", "--self-heal-timeout-seconds=5"),
        ],
        [params(controller__sync__timeout__seconds="5")],
    ),
    "cluster-secret-with-project": (
        "2.12.0",
        [secret("cluster", "name", "project"), secret("repository", "url", "project")],
        [secret("cluster", "name"), secret("repo-creds", "project")],
    ),
    "dex-ldap": ("2.13.0", [cm(dex__config="connectors:\n- type: ldap\n")], [cm(dex__config="connectors: []")]),
    "new-health-checks": (
        "2.13.0",
        [manifest("PodDisruptionBudget", "a", "argocd", "policy/v1", spec={})],
        [config_map("a", "argocd")],
    ),
    "repository-proxy": ("2.13.0", [secret("repository", "url", "proxy")], [secret("repository", "url")]),
    "rbac-sub-resources": (
        "3.0.0",
        [
            rbac("p, a, applications, update, */*, allow"),
            rbac("", **{"policy.more.csv": "p, a, applications, delete, x/*, allow"}),
            project(roles=[{"name": "ci", "policies": ["p, proj:p:ci, applications, delete, p/*, allow"]}]),
        ],
        [
            rbac("p, a, applications, update, */*, allow\np, a, applications, update/*, */*, allow"),
            rbac("p, a, applications, update, */*, allow\ng, a, b\np, b, applications, *, */*, allow"),
            rbac("p, a, applications, update, */*, deny"),
            rbac("p, a, applications, delete/*, */*, allow"),
            rbac("p, a, applications, update, */*, allow\ng, a, role:admin"),
        ],
    ),
    "rbac-logs": (
        "3.0.0",
        [
            rbac(_DEV),
            rbac("p, a, applications, *, */*, allow"),
            project(roles=[{"name": "ci", "policies": ["p, proj:p:ci, applications, get, p/*, allow"]}]),
        ],
        [
            rbac(_DEV, "role:readonly"),
            rbac(f"{_DEV}\ng, role:dev, role:readonly"),
            rbac(f"{_DEV}\np, role:dev, logs, get, */*, allow"),
            rbac("p, a, *, *, */*, allow"),
            rbac("# " + _DEV),
        ],
    ),
    "resource-exclusions": (
        "3.0.0",
        [cm(resource__exclusions="- kinds: [Pod]")],
        [cm(resource__exclusions="- kinds: [Endpoints, EndpointSlice]")],
    ),
    "legacy-metrics": (
        "3.0.0",
        [workload("argocd-application-controller", env={"ARGOCD_LEGACY_CONTROLLER_METRICS": "true"})],
        [workload("argocd-application-controller")],
    ),
    "dex-subject": (
        "3.0.0",
        [rbac(f"g, {_dex()}, role:readonly")],
        [rbac("g, ChangeManagementTeamOfAcme, role:readonly")],
    ),
    "repositories-in-argocd-cm": ("3.0.0", [cm(repositories="- url: a")], [cm(url="a")]),
    "nested-selectors": (
        "3.0.0",
        [
            [
                app_set(
                    [
                        {
                            "matrix": {
                                "generators": [{"list": {"elements": []}, "selector": {}}, {"list": {"elements": []}}]
                            }
                        }
                    ]
                )
            ]
        ],
        [
            [app_set([{"list": {"elements": []}, "selector": {}}])],
            [app_set([{"matrix": {"generators": [{"list": {}, "selector": {}}]}}], applyNestedSelectors=True)],
        ],
    ),
    "tracking-by-annotation": (
        "3.0.0",
        [[app(syncPolicy={"syncOptions": ["ApplyOutOfSyncOnly=true"]})]],
        [[app(syncPolicy={"syncOptions": ["CreateNamespace=true"]})]],
    ),
    "in-cluster-disabled": ("3.0.0", [cm(cluster__inClusterEnabled="false")], [cm(cluster__inClusterEnabled="true")]),
    "compare-options": ("3.0.0", [cm(resource__compareoptions="a: b")], [cm(a="b")]),
    "preserve-unknown-fields": ("3.0.0", [crd(preserveUnknownFields=False)], [crd(preserveUnknownFields=True)]),
    "static-assets": ("3.1.0", [params(server__staticassets="/shared/app")], [params(server__basehref="/")]),
    "pkce": (
        "3.1.0",
        [cm(oidc__config="enablePKCEAuthentication: true")],
        [cm(oidc__config="enablePKCEAuthentication: false")],
    ),
    "hydrator-root": ("3.2.0", [[hydrator("")], [hydrator(".")]], [[hydrator("env")]]),
    "cron-job-health": (
        "3.2.0",
        [_CRON],
        [manifest("Job", "tidy", "argocd", "batch/v1", spec={})],
    ),
    "redis-pinned": ("3.2.0", [_REDIS], [_REDIS.replace("7.2", "8.2"), _REDIS.replace("redis:", "valkey:")]),
    "hydrator-notes": ("3.3.0", [[hydrator("env")]], [[app()]]),
    "kubernetes-timeout": (
        "3.3.0",
        [workload("argocd-application-controller", env={"ARGOCD_K8S_TCP_TIMEOUT": "1m"})],
        [workload("argocd-application-controller", env={"ARGOCD_K8S_SERVER_SIDE_TIMEOUT": "1m"})],
    ),
    "self-heal-cooldown": (
        "3.3.0",
        [workload("argocd-application-controller", "--self-heal-backoff-cooldown-seconds", "120")],
        [
            workload(
                "argocd-application-controller",
                env={
                    "ARGOCD_APPLICATION_CONTROLLER_SELF_HEAL_BACKOFF_COOLDOWN_SECONDS": {
                        "key": "controller.self.heal.backoff.cooldown.seconds"
                    }
                },
            )
        ],
    ),
    "cluster-version": (
        "3.4.0",
        [
            [app_set([{"clusters": {"selector": {"matchLabels": {_KEY: "1.30"}}}}])],
            [
                app_set(
                    [
                        {
                            "clusters": {
                                "selector": {
                                    "matchExpressions": [{"key": _KEY, "operator": "In", "values": ["1.30"]}]
                                }
                            }
                        }
                    ]
                )
            ],
        ],
        [[app_set([{"clusters": {"selector": {"matchLabels": {_KEY: "v1.30.2"}}}}])]],
    ),
    "health-missing": (
        "3.4.0",
        [
            config_map(
                "argocd-notifications-cm", "argocd", **{"trigger.a": "- when: app.status.health.status == 'Missing'"}
            ),
            manifest(
                "PrometheusRule",
                "a",
                "argocd",
                "monitoring.coreos.com/v1",
                spec={"groups": [{"rules": [{"alert": "A", "expr": 'argocd_app_info{health_status="Missing"}'}]}]},
            ),
        ],
        [
            config_map(
                "argocd-notifications-cm", "argocd", **{"trigger.a": "- when: app.status.health.status == 'Degraded'"}
            )
        ],
    ),
    "dex-continues": (
        "3.4.0",
        [cm(dex__config="connectors:\n- type: github\n")],
        [cm(oidc__config="name: a")],
    ),
    "helm-version": (
        "3.5.0",
        [
            [
                app(
                    source={
                        "repoURL": "https://charts.example",
                        "chart": "a",
                        "targetRevision": "1",
                        "helm": {"version": "v3"},
                    }
                )
            ]
        ],
        [[app(source={"repoURL": "https://charts.example", "chart": "a", "targetRevision": "1", "helm": {}})]],
    ),
    "ui-extensions": (
        "3.5.0",
        [with_init(image="quay.io/argoprojlabs/argocd-extension-installer:v0.0.8")],
        [with_init(image="busybox:1")],
    ),
    "impersonation": (
        "3.5.0",
        [cm(application__sync__impersonation__enabled="true")],
        [cm(application__sync__impersonation__enabled="false")],
    ),
    "known-hosts": (
        "3.5.0",
        [
            workload(
                "argocd-repo-server",
                container={"volumeMounts": [{"name": "a", "mountPath": "/app/.ssh/known_hosts"}]},
            ),
            workload("argocd-repo-server", env={"SSH_KNOWN_HOSTS": "/a"}),
        ],
        [workload("argocd-repo-server", container={"volumeMounts": [{"name": "a", "mountPath": "/app/config/ssh"}]})],
    ),
    "signature-keys": ("3.5.0", [project(signatureKeys=[{"keyID": "A"}])], [project(signatureKeys=[])]),
    "strict-tls": (
        "3.5.0",
        [
            params(server__repo__server__strict__tls="true"),
            workload("argocd-server", "--repo-server-strict-tls", name="b"),
        ],
        [params(server__repo__server__plaintext="true")],
    ),
    "otlp-headers": (
        "3.5.0",
        [workload("argocd-repo-server", env={"ARGOCD_REPO_OTLP_HEADERS": "a=b"})],
        [workload("argocd-repo-server", env={"ARGOCD_REPO_SERVER_OTLP_HEADERS": "a=b"})],
    ),
    "mtls-secret": ("3.5.0", [_MTLS], [_MTLS.replace("mtls", "tls")]),
}
# Of these below, and of a version that is none yet.
ELSEWHERE = {"helm-charts-namespace", "otlp-sample-ratio"}


def test_every_note_of_the_data_has_a_predicate_and_a_case() -> None:
    named = {one["id"] for told in releases().data["upgrade_notes"].values() for one in told if "id" in one}
    assert named == set(PREDICATES) == set(CASES) | ELSEWHERE


def _said(note: str, new: str, case: Any) -> list[str]:
    text = next(
        one["change"] for told in releases().data["upgrade_notes"].values() for one in told if one.get("id") == note
    )
    before = {f"{one}.0" for one in releases().data["newest_patch"]} | {"2.7.0"}
    old = max((Version(one) for one in before if Version(one) < Version(new)), default=Version("2.8.0"))
    manifests, apps = ([], case) if isinstance(case, list) else ([case], [])
    found = notes(f"v{old}", f"v{new}", *manifests, apps=apps)
    return [one for one in found if f"as of {new[:-2]} {text}: " in one]


@pytest.mark.parametrize("note", CASES)
def test_a_note_is_told_for_what_it_is_about_and_for_nothing_else(note: str) -> None:
    new, told, silent = CASES[note]
    for case in told:
        assert _said(note, new, case), case
    for case in silent:
        assert not _said(note, new, case), case


def test_nothing_is_told_within_a_minor_nor_of_versions_that_are_not_known() -> None:
    assert notes("v2.14.0", "v3.0.0", rbac(_DEV)) != []
    for old, new in (("v3.0.0", "v3.0.23"), ("v3.0.0", "v3.1.0"), ("v3.1.0", "v2.14.0"), ("latest", "v3.0.0")):
        assert notes(old, new, rbac(_DEV)) == []
    # Over several minors all notes on the way count.
    assert len(notes("v2.11.0", "v3.2.0", rbac(_DEV), secret("cluster", "project"))) == 2
    mixed = workload("argocd-repo-server", version="v2.13.0")
    assert notes("v2.14.0", "v3.0.0", rbac(_DEV), mixed) == []


def test_a_value_that_keeps_the_old_behaviour_silences_the_note() -> None:
    for keeps, policy in (
        (cm(**{_LOGS: "true"}), _DEV),
        (
            cm(**{"server.rbac.disableApplicationFineGrainedRBACInheritance": "false"}),
            "p, a, applications, update, */*, allow",
        ),
    ):
        assert notes("v2.14.0", "v3.0.0", keeps, rbac(policy)) == []
    lazy = [app(syncPolicy={"syncOptions": ["ApplyOutOfSyncOnly=true"]})]
    assert notes("v2.14.0", "v3.0.0", cm(application__resourceTrackingMethod="label"), apps=lazy) == []
    judged = cm(**{"resource.customizations.health.batch_CronJob": "a"})
    assert notes("v3.1.0", "v3.2.0", judged, _CRON) == []


def test_the_line_to_add_gives_back_what_the_role_had() -> None:
    server = {v: workload("argocd-server", version=v) for v in ("v2.14.0", "v3.0.0")}
    policy = "p, role:dev, applications, get, dev/*, allow\n"

    def found(text: str) -> list[Any]:
        files = {**APP, "argocd/rbac.yaml": rbac(text)}
        base, head = (discovered(tree({**files, "argocd/s.yaml": server[v]}), ANALYSIS) for v in server)
        check = next(one.check for one in rules() if one.id == RULE)
        return list(check(Change(base, head), Policy()))

    (one,) = found(policy)
    assert one.topic.commands == "p, role:dev, logs, get, dev/*, allow"
    assert found(policy + one.topic.commands + "\n") == []


def test_a_namespace_beside_charts_of_a_kustomization_is_told_of_3_3() -> None:
    charts = "namespace: a\nhelmCharts: [{name: b}]\n"
    for content, told in ((charts, 1), (charts.partition("\n")[2], 0), ("namespace: a\n", 0)):
        files = {"web.yaml": application("web", "web"), "web/kustomization.yaml": content}
        found = [one for one in notes("v3.2.0", "v3.3.0", files=files) if "stand together" in one]
        assert len(found) == told
