"""For each note of an upgrade guide: what it is about, and what is alike and is not."""

from __future__ import annotations

import base64
import json
from typing import Any

from tests.checks.argocd.stage import params, workload
from tests.scenarios import application, config_map, manifest

_KEY = "argocd.argoproj.io/kubernetes-version"


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


DEV = "p, role:dev, applications, get, */*, allow"
_REDIS = manifest(
    "Deployment",
    "argocd-redis",
    "argocd",
    "apps/v1",
    spec={"template": {"spec": {"containers": [{"name": "redis", "image": "redis:7.2-alpine"}]}}},
)
_MTLS = manifest("Secret", "argocd-repo-server-mtls", "argocd", stringData={"tls.crt": "x"})
CRON = manifest("CronJob", "tidy", "argocd", "batch/v1", spec={})

# Of each note: the version that it comes with, what it is about, and what it is not about.
CASES: dict[str, tuple[str, list[Any], list[Any]]] = {
    "plugins-in-argocd-cm": ("2.8.0", [cm(configManagementPlugins="- name: a")], [cm(other="a")]),
    "entrypoint-script": (
        "2.8.0",
        [workload("argocd-repo-server", command=["entrypoint.sh", "argocd-repo-server"])],
        [workload("argocd-repo-server")],
    ),
    "wildcard-actions": ("2.8.0", [rbac("p, a, applications, action/*, */*, allow")], [rbac(DEV)]),
    "managed-namespace-metadata": (
        "2.10.0",
        [[app(syncPolicy={"managedNamespaceMetadata": {"labels": {"a": "b"}}})]],
        [[app(syncPolicy={"automated": {}})]],
    ),
    "self-heal-backoff": (
        "2.11.0",
        [
            params(controller__self__heal__timeout__seconds="30"),
            workload("argocd-application-controller", "--self-heal-timeout-seconds=30"),
        ],
        # The chart writes the default out.
        [
            params(controller__sync__timeout__seconds="30"),
            params(controller__self__heal__timeout__seconds="5"),
            workload("argocd-application-controller", "--self-heal-timeout-seconds", "5"),
        ],
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
            rbac(DEV),
            rbac("p, a, applications, *, */*, allow"),
            project(roles=[{"name": "ci", "policies": ["p, proj:p:ci, applications, get, p/*, allow"]}]),
        ],
        [
            rbac(DEV, "role:readonly"),
            rbac(f"{DEV}\ng, role:dev, role:readonly"),
            rbac(f"{DEV}\np, role:dev, logs, get, */*, allow"),
            rbac("p, a, *, *, */*, allow"),
            rbac("# " + DEV),
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
    "static-assets": (
        "3.1.0",
        [params(server__staticassets="/assets"), workload("argocd-server", "--staticassets=/assets")],
        # The chart writes the default out.
        [
            params(server__basehref="/"),
            params(server__staticassets="/shared/app"),
            workload("argocd-server", "--staticassets", "/shared/app"),
        ],
    ),
    "pkce": (
        "3.1.0",
        [cm(oidc__config="enablePKCEAuthentication: true")],
        [cm(oidc__config="enablePKCEAuthentication: false")],
    ),
    "hydrator-root": ("3.2.0", [[hydrator("")], [hydrator(".")]], [[hydrator("env")]]),
    "cron-job-health": (
        "3.2.0",
        [CRON],
        [manifest("Job", "tidy", "argocd", "batch/v1", spec={})],
    ),
    "redis-pinned": (
        "3.2.0",
        [_REDIS],
        # The last one is upstream's: with its next manifests another one comes.
        [_REDIS.replace("7.2", "8.2"), _REDIS.replace("redis:", "valkey:"), _REDIS.replace("7.2", "7.2.11")],
    ),
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
        [params(server__repo__server__plaintext="true"), params(server__repo__server__strict__tls="false")],
    ),
    "otlp-headers": (
        "3.5.0",
        [workload("argocd-repo-server", env={"ARGOCD_REPO_OTLP_HEADERS": "a=b"})],
        [workload("argocd-repo-server", env={"ARGOCD_REPO_SERVER_OTLP_HEADERS": "a=b"})],
    ),
    "mtls-secret": ("3.5.0", [_MTLS], [_MTLS.replace("mtls", "tls")]),
}
