"""Who may do what."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tests.checks.changes.sample import Sample
from tests.gitops.facts.changes.stage import one_app
from tests.gitops.facts.deletions.stage import obj
from tests.scenarios import Files

RBAC = "rbac.authorization.k8s.io/v1"


def rules(*listed: Mapping[str, Any], kind: str = "ClusterRole") -> Files:
    return one_app(obj(kind, "web", RBAC, rules=list(listed)))


def rule(verbs: Sequence[str], resources: Sequence[str] = ("pods",)) -> Mapping[str, Any]:
    return {"apiGroups": [""], "resources": list(resources), "verbs": list(verbs)}


def binding(role: str, *names: str, kind: str = "ClusterRoleBinding") -> Files:
    ref = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": role}
    subjects = [{"kind": "ServiceAccount", "name": name, "namespace": "a"} for name in names]
    return one_app(obj(kind, "web", RBAC, roleRef=ref, subjects=subjects))


def project(**spec: Any) -> Files:
    return one_app(obj("AppProject", "web", "argoproj.io/v1alpha1", spec=spec))


SAMPLES: Mapping[str, Sample] = {
    "role-widened": Sample(
        "web",
        [
            ("all on all", rules(rule(["get"])), rules(rule(["*"], ["*"]))),
            ("every verb", rules(rule(["get"])), rules(rule(["*"]))),
            ("every resource", rules(rule(["get"])), rules(rule(["get"], ["*"]))),
            (
                "a rule more, in a Role",
                rules(rule(["get"]), kind="Role"),
                rules(rule(["get"]), rule(["*"], ["secrets"]), kind="Role"),
            ),
        ],
        [
            ("it was so before", rules(rule(["*"])), rules(rule(["*"]), rule(["get"], ["nodes"]))),
            ("one verb more", rules(rule(["get"])), rules(rule(["get", "list"]))),
            ("narrower", rules(rule(["*"], ["*"])), rules(rule(["get"]))),
        ],
        asks="ask",
    ),
    "role-may-rise": Sample(
        "web",
        [
            ("escalate", rules(rule(["get"])), rules(rule(["escalate"], ["clusterroles"]))),
            ("bind", rules(rule(["get"])), rules(rule(["get"]), rule(["bind"], ["roles"]))),
            ("impersonate", rules(rule(["get"])), rules(rule(["impersonate"], ["users"]))),
            ("in a Role", rules(kind="Role"), rules(rule(["bind"], ["roles"]), kind="Role")),
        ],
        [("it was so before", rules(rule(["bind"])), rules(rule(["bind", "get"])))],
        asks="ask",
    ),
    "administrator-added": Sample(
        "web",
        [
            ("another subject", binding("cluster-admin", "one"), binding("cluster-admin", "one", "two")),
            ("another role", binding("view", "one"), binding("cluster-admin", "one")),
            (
                "within a namespace",
                binding("view", "one", kind="RoleBinding"),
                binding("cluster-admin", "one", kind="RoleBinding"),
            ),
            ("a subject for another one", binding("cluster-admin", "one"), binding("cluster-admin", "two")),
        ],
        [
            ("another role", binding("view", "one"), binding("edit", "one")),
            ("one less", binding("cluster-admin", "one", "two"), binding("cluster-admin", "one")),
        ],
        asks="ask",
    ),
    "project-widened": Sample(
        "web",
        [
            ("repositories", project(sourceRepos=["https://a"]), project(sourceRepos=["*"])),
            ("destinations", project(), project(destinations=[{"server": "*", "namespace": "*"}])),
            ("by the cluster's name", project(), project(destinations=[{"name": "*", "namespace": "*"}])),
            ("kinds", project(), project(clusterResourceWhitelist=[{"group": "*", "kind": "*"}])),
        ],
        [
            ("it was so before", project(sourceRepos=["*"]), project(sourceRepos=["*", "https://a"])),
            ("one namespace everywhere", project(), project(destinations=[{"server": "*", "namespace": "a"}])),
        ],
        asks="ask",
    ),
}
