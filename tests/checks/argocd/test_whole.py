"""What is seen only when the parts of an installation are looked at together."""

from __future__ import annotations

from typing import Any

import pytest
from packaging.version import Version

from checks.model import Severity
from checks.policy.file import Policy
from checks.registry import rules
from gitops.discovery.snapshot import Change
from gitops.installation.releases import releases
from tests.checks.argocd.stage import ANALYSIS, APP, judged, messages, workload
from tests.checks.argocd.upgrade_cases import app_set
from tests.scenarios import application, discovered, documents, manifest, tree

KIND, MIXED, LOST = "argocd-controller-kind", "argocd-mixed-versions", "argocd-not-deployed"
REDIS = "redis-persistence-without-effect"
CONTROLLER = "argocd-application-controller"
REPLICAS = "ARGOCD_CONTROLLER_REPLICAS"
DYNAMIC = {"ARGOCD_ENABLE_DYNAMIC_CLUSTER_DISTRIBUTION": "true"}


def controller(kind: str = "StatefulSet", replicas: int | None = 1, name: str = "", **env: str) -> str:
    return workload(
        CONTROLLER, kind=kind, name=name, env=env, spec={"replicas": replicas} if replicas is not None else {}
    )


def test_two_controllers_of_whatever_name_are_an_error() -> None:
    (found,) = judged(KIND, controller("Deployment", name="mine"), controller())
    assert found.severity is Severity.ERROR and "both run the application controller" in found.message
    assert judged(KIND, controller("Deployment"), controller(replicas=0)) == []
    assert judged(KIND, controller("Deployment", 1), workload("argocd-server", kind="StatefulSet")) == []


@pytest.mark.parametrize(
    ("made", "wrong"),
    [
        (controller(replicas=2), True),
        (controller(replicas=3, **{REPLICAS: "2"}), True),
        (controller(replicas=2, **{REPLICAS: "3"}), True),
        (controller(replicas=2, **{REPLICAS: "2"}), False),
        (controller(replicas=1), False),
        (controller(replicas=None, **{REPLICAS: "1"}), False),
        (controller("Deployment", 2, **DYNAMIC), False),
        (controller(replicas=2, **{REPLICAS: "$(N)"}), False),
    ],
)
def test_the_controller_has_to_know_how_many_it_is(made: str, wrong: bool) -> None:
    assert len(judged(KIND, made)) == int(wrong)


def test_what_scales_the_controller_is_not_second_guessed() -> None:
    target = {"scaleTargetRef": {"kind": "StatefulSet", "name": CONTROLLER}}
    scaler = manifest("HorizontalPodAutoscaler", "c", "argocd", "autoscaling/v2", spec=target)
    assert judged(KIND, controller(replicas=2), scaler) == []


def test_a_change_of_the_kind_is_told_once_where_the_old_one_is_not_kept() -> None:
    def after(*manifests: str) -> list[str]:
        head = discovered(tree({**APP, "argocd/c.yaml": documents(*manifests)}), ANALYSIS)
        base = discovered(tree({**APP, "argocd/c.yaml": controller()}), ANALYSIS)
        check = next(one.check for one in rules() if one.id == KIND)
        return messages(list(check(Change(base, head), Policy())))

    (found,) = after(controller("Deployment"))
    assert "becomes a Deployment" in found
    assert after(controller()) == [] and after(controller("Deployment"), controller(replicas=0)) == []


def test_parts_of_different_versions_are_told_init_containers_among_them() -> None:
    server = workload("argocd-server", version="v3.2.2")
    (minor,) = judged(MIXED, server, workload("argocd-repo-server", version="v3.1.0"))
    assert minor.severity is Severity.WARNING
    (patch,) = judged(MIXED, server, workload("argocd-repo-server", version="v3.2.1"))
    assert patch.severity is Severity.NOTICE
    init = {"name": "copyutil", "image": "quay.io/argoproj/argocd:v3.0.0", "command": ["cp"]}
    (copied,) = judged(MIXED, workload("argocd-server", pod={"initContainers": [init]}))
    assert "init container `copyutil`" in copied.message
    for fine in (
        workload("argocd-repo-server", version="v3.1.0", image="acme/argocd"),
        workload("argocd-repo-server", version="v3.1.0-custom.1"),
        workload("argocd-repo-server", version="latest"),
    ):
        assert judged(MIXED, server, fine) == []


def test_an_image_by_its_digest_is_moved_by_nobody() -> None:
    pinned = workload("argocd-server", version="v3.2.2@sha256:" + "0" * 64)
    (found,) = judged(MIXED, pinned, workload("argocd-repo-server", version="v3.1.0"))
    assert found.repair is None
    (found,) = judged(MIXED, workload("argocd-server"), workload("argocd-repo-server", version="v3.1.0"))
    assert found.repair is not None


def test_the_versions_of_files_are_not_compared() -> None:
    """`images` of a kustomization lifts them."""
    files = {"ops/a.yaml": documents(workload("argocd-server"), workload("argocd-repo-server", version="v2.8.0"))}
    assert judged(MIXED, files=files, deployed=False) == []


def vendored(minor: str, image: str) -> str:
    """The server as upstream's manifests of a minor have it, with another image."""
    known = releases()
    version = Version(known.data["newest_patch"][minor])
    env: dict[str, Any] = {
        reader.env: {"key": key}
        for key in known.params(version)
        for reader in known.readers(key, version)
        if reader.workload == "argocd-server"
    }
    return workload("argocd-server", env=env, version=image)


def test_manifests_of_an_older_minor_are_known_by_what_they_hand_on() -> None:
    (found,) = judged(MIXED, vendored("2.9", "v3.2.2"))
    assert "is v3.2.2, and its manifests are of 2.8 or 2.9" in found.message
    # The server is handed the same in both: which of them it was, nobody can tell.
    (found,) = judged(MIXED, vendored("3.2", "v3.4.1"))
    assert "is v3.4.1, and its manifests are of one of 3.1 to 3.3" in found.message
    assert judged(MIXED, vendored("3.2", "v3.2.2")) == []
    assert judged(MIXED, workload("argocd-server", env={"ARGOCD_SERVER_INSECURE": {"key": "server.insecure"}})) == []


def crd(name: str, *fields: str, **schema: Any) -> str:
    """A CRD of Argo CD's whose schema has these fields."""
    properties: dict[str, Any] = {}
    for field in fields:
        here = properties
        for word in field.split("."):
            here = here.setdefault(word, {"type": "object", "properties": {}})["properties"]
    version = {"name": "v1alpha1", "schema": {"openAPIV3Schema": {"properties": properties, **schema}}}
    return manifest("CustomResourceDefinition", name, api="apiextensions.k8s.io/v1", spec={"versions": [version]})


def crd_of(minor: str, name: str = "applications.argoproj.io") -> str:
    """As a minor version has it."""
    known = {field: Version(since) for field, since in releases().crd_fields(name).items()}
    always = {"applications.argoproj.io": "spec.destination", "appprojects.argoproj.io": "spec.sourceRepos"}
    return crd(name, always[name], *(field for field, since in known.items() if since <= Version(minor)))


@pytest.mark.parametrize(
    ("version", "crds", "said"),
    [
        (
            "v3.2.2",
            [crd_of("3.0")],
            "of 3.0 or before: applications.argoproj.io has no `spec.syncPolicy.automated.enabled`",
        ),
        ("v3.1.0", [crd_of("2.8")], "of 2.8 or before"),
        ("v3.3.1", [crd_of("3.2"), crd_of("3.3", "appprojects.argoproj.io")], "of 3.2 or before"),
        ("v3.3.1", [crd_of("3.2", "appprojects.argoproj.io")], "appprojects.argoproj.io has no"),
        ("v3.2.2", [crd_of("3.2")], ""),
        ("v3.2.2", [crd_of("3.5")], ""),  # newer ones know what is written
        ("v2.12.0", [crd_of("2.11")], ""),  # 2.12 brought no field
        ("v9.0.0", [crd_of("2.8")], ""),
        ("latest", [crd_of("2.8")], ""),
        ("v3.2.2", [crd("applications.argoproj.io")], ""),  # a schema that says nothing
        ("v3.2.2", [crd("applications.argoproj.io", **{"x-kubernetes-preserve-unknown-fields": True})], ""),
        ("v3.2.2", [crd("workflows.argoproj.io", "spec.destination")], ""),
    ],
)
def test_the_crds_that_come_with_the_image_have_its_fields(version: str, crds: list[str], said: str) -> None:
    found = messages(judged(MIXED, workload("argocd-server", version=version), *crds))
    assert [said in one for one in found] == [True] if said else found == []


def test_crds_of_another_cluster_are_not_this_installation_s() -> None:
    files = {"other/crd.yaml": crd_of("2.8"), "more.yaml": application("crds", "other", server="https://far")}
    assert judged(MIXED, workload("argocd-server"), files=files) == []
    near = {**files, "more.yaml": application("crds", "other")}
    assert len(judged(MIXED, workload("argocd-server"), files=near)) == 1
    # Of two of one name nobody can tell which one stays.
    assert judged(MIXED, workload("argocd-server"), crd_of("3.5"), files=near) == []


@pytest.mark.parametrize(
    ("base", "told"),
    [
        ("https://raw.githubusercontent.com/argoproj/argo-cd/stable/manifests/install.yaml", True),
        ("github.com/argoproj/argo-cd//manifests/cluster-install?ref=master", True),
        ("https://raw.githubusercontent.com/argoproj/argo-cd/v3.2.2/manifests/install.yaml", False),
        ("github.com/argoproj/argo-cd//manifests/cluster-install?ref=v3.2.2", False),
    ],
)
def test_a_base_that_follows_a_branch_beside_a_pinned_image(base: str, told: bool) -> None:
    pinned = "images: [{name: quay.io/argoproj/argocd, newTag: v3.2.2}]\n"
    files = {"argocd/kustomization.yaml": f"resources: ['{base}']\n{pinned}"}
    assert len(judged(MIXED, files=files)) == int(told)
    free = {"argocd/kustomization.yaml": f"resources: ['{base}']\n"}
    assert judged(MIXED, files=free) == []


@pytest.mark.parametrize(
    ("path", "more", "told"),
    [
        ("ops/server.yaml", {}, True),
        ("ops/server.yaml", {"up.sh": "kubectl apply -f ops/ # argocd\n"}, False),
        (
            "ops/server.yaml",
            {"main.tf": 'resource "kubectl_manifest" "argocd" { yaml = file("ops/server.yaml") }'},
            False,
        ),
        ("ops/server.yaml", {"ops/README.md": "kubectl apply -f server.yaml"}, False),
        ("ops/server.yaml", {"ops/kustomization.yaml": "resources: [server.yaml]\n"}, False),
        ("examples/server.yaml", {}, False),
        ("ops/server.patch.yaml", {}, False),  # what a kustomization would list, and lists no more
        ("chart/templates/server.yaml", {"chart/Chart.yaml": "name: a\nversion: 1.0.0\n"}, False),
    ],
)
def test_what_nothing_reaches_is_told_and_what_something_does_is_not(
    path: str, more: dict[str, str], told: bool
) -> None:
    found = judged(LOST, files={path: workload("argocd-server"), **more}, deployed=False)
    assert [one.severity for one in found] == [Severity.NOTICE] * told


@pytest.mark.parametrize(
    ("generators", "told"),
    [
        ([{"clusters": {}}], False),
        ([{"scmProvider": {"github": {"organization": "acme"}}}], False),
        ([{"matrix": {"generators": [{"list": {"elements": [{"a": "b"}]}}, {"clusters": {}}]}}], False),
        ([{"git": {"repoURL": "https://elsewhere.example/a/b", "directories": [{"path": "*"}]}}], False),
        ([{"list": {"elements": [{"a": "b"}]}}], True),
        ([], True),  # nothing comes of it
        ([{"matrix": {"generators": [{"list": {"elements": []}}]}}], True),  # Argo CD refuses it, so neither
    ],
)
def test_what_a_set_that_git_does_not_tell_may_deploy_is_not_said_to_be_deployed_by_nothing(
    generators: list[dict[str, Any]], told: bool
) -> None:
    files = {"ops/server.yaml": workload("argocd-server"), "set.yaml": app_set(generators)}
    assert len(judged(LOST, files=files, deployed=False)) == int(told)


def redis(kind: str, *args: str, claim: bool = False, **spec: Any) -> str:
    pod: dict[str, Any] = {"containers": [{"name": "redis", "image": "redis:8", "args": list(args)}]}
    if claim:
        pod["volumes"] = [{"name": "data", "persistentVolumeClaim": {"claimName": "redis"}}]
    template = {"metadata": {"labels": {"app": "argocd-redis"}}, "spec": pod}
    return manifest(kind, "argocd-redis", "argocd", "apps/v1", spec={"template": template, **spec})


OFF = ("--save", "", "--appendonly", "no")
CLAIM = manifest("PersistentVolumeClaim", "redis", "argocd", spec={"accessModes": ["ReadWriteOnce"]})
SERVICE = manifest("Service", "argocd-redis", "argocd", spec={"selector": {"app": "argocd-redis"}})


@pytest.mark.parametrize(
    ("made", "said"),
    [
        ([redis("StatefulSet", *OFF, volumeClaimTemplates=[{"spec": {}}])], "its arguments switch writing off"),
        ([redis("StatefulSet", "--appendonly", "yes", volumeClaimTemplates=[{"spec": {}}])], ""),
        ([redis("StatefulSet", *OFF)], ""),
        ([redis("Deployment", "--appendonly", "yes", claim=True), CLAIM], "can be mounted on one node at a time"),
        ([redis("Deployment", "--appendonly", "yes", claim=True)], ""),
        ([redis("Deployment", "--appendonly", "yes", claim=True, strategy={"type": "Recreate"}), CLAIM], ""),
        ([redis("Deployment"), redis("StatefulSet"), SERVICE], "leads to both"),
        ([redis("Deployment", replicas=0), redis("StatefulSet"), SERVICE], ""),
    ],
)
def test_a_volume_of_redis_has_to_be_of_use(made: list[str], said: str) -> None:
    found = messages(judged(REDIS, workload("argocd-server"), *made))
    assert [said in one for one in found] == [True] if said else found == []


def test_without_argo_cd_there_is_nothing_to_say() -> None:
    """Of somebody else's redis, Prometheus and Services."""
    shop = {"apps.yaml": application("shop", "shop"), "shop/a.yaml": redis("StatefulSet", *OFF)}
    snapshot = discovered(tree(shop), ANALYSIS)
    quiet = [one for one in rules() if one.check_name == "argofix / argocd"]
    assert [found for one in quiet for found in one.check(Change(None, snapshot), Policy())] == [] and quiet
