"""`deploy/` fits the server, the image and Kubernetes' API, and keeps the server in."""

from __future__ import annotations

import json
import re
import subprocess
import tomllib
from pathlib import Path
from types import SimpleNamespace

import pytest
from kubernetes_asyncio.client import ApiClient, Configuration

from bot.rendering.turns import Turns
from bot.server.settings import Settings, SetupSettings
from bot.server.setup import KEPT
from bot.server.worker import Worker
from tests.deploy.manifests import (
    CLUSTER_SCOPED,
    COMPONENTS,
    FIRST_RUN,
    VARIANTS,
    Json,
    container,
    kustomize,
    of_kind,
    pod,
    secret_keys,
    settings,
    the,
    with_components,
)
from tests.project.repository import ROOT, read

BUILT_IN = {
    "ClusterRole", "ClusterRoleBinding", "ConfigMap", "Deployment", "Ingress", "NetworkPolicy",
    "PersistentVolumeClaim", "PodDisruptionBudget", "Service", "ServiceAccount",
}  # fmt: skip
MEBI = 2**20


def quantity(text: str) -> float:
    units = {"m": 0.001, "": 1, "Mi": MEBI, "Gi": 1024 * MEBI}
    match = re.fullmatch(r"(\d+)(\w*)", text)
    assert match
    return int(match[1]) * units[match[2]]


async def test_no_field_is_unknown_to_kubernetes(everything: list[Json]) -> None:
    """Kubernetes' own models drop what they do not know, so what comes back must be what went in."""
    # Not the Configuration of the process: that one would look for credentials.
    async with ApiClient(Configuration()) as api:
        kinds = set()
        for document in everything:
            if document["kind"] in BUILT_IN:
                kinds.add(document["kind"])
                known = api.deserialize(SimpleNamespace(data=json.dumps(document)), f"V1{document['kind']}")
                assert api.sanitize_for_serialization(known) == document
        assert kinds >= BUILT_IN - {"PersistentVolumeClaim"}


def test_everything_is_in_the_namespace_of_the_bot(everything: list[Json]) -> None:
    for document in everything:
        expected = None if document["kind"] in CLUSTER_SCOPED else "argofix"
        assert document["metadata"].get("namespace") == expected, document["metadata"]["name"]
    assert not of_kind(everything, "Namespace")  # whoever prunes one takes all that is in it


def test_another_namespace_takes_the_rights_along(tmp_path: Path, variant: str) -> None:
    documents = kustomize(with_components(tmp_path, variant, namespace="bots"))
    bindings = of_kind(documents, "ClusterRoleBinding")
    assert bindings and all(binding["subjects"][0]["namespace"] == "bots" for binding in bindings)


def test_the_pod_is_restricted(everything: list[Json]) -> None:
    """What the Pod Security Standard "restricted" asks for, and a read-only root on top."""
    spec, inner = pod(everything), container(everything)
    assert spec["securityContext"]["runAsNonRoot"] is True
    assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    own = inner["securityContext"]
    assert own["allowPrivilegeEscalation"] is False and own["readOnlyRootFilesystem"] is True
    assert own["privileged"] is False and own["capabilities"] == {"drop": ["ALL"]}
    assert not {"hostNetwork", "hostPID", "hostIPC", "initContainers"} & spec.keys()
    assert all(set(volume) - {"name"} <= {"emptyDir", "persistentVolumeClaim"} for volume in spec["volumes"])
    assert all("hostPort" not in port for port in inner["ports"])


def test_its_user_is_the_one_of_the_image(everything: list[Json]) -> None:
    user, group = re.findall(r"^USER (\d+):(\d+)$", read("Dockerfile"), re.MULTILINE)[-1]
    context = pod(everything)["securityContext"]
    assert (context["runAsUser"], context["runAsGroup"], context["fsGroup"]) == (int(user), int(group), int(group))


def test_what_it_writes_to_is_a_volume(everything: list[Json]) -> None:
    mounts = {mount["mountPath"]: mount for mount in container(everything)["volumeMounts"]}
    assert set(mounts) == {"/state", "/tmp"}
    assert not any(mount.get("readOnly") for mount in mounts.values())
    named = {volume["name"] for volume in pod(everything)["volumes"]}
    assert {mount["name"] for mount in mounts.values()} == named
    image = dict(re.findall(r"^(?:ENV |    )(\w+)=(\S+)(?: \\)?$", read("Dockerfile"), re.MULTILINE))
    assert settings(everything)["ARGOFIX_STATE_DIR"] == image["ARGOFIX_STATE_DIR"] in mounts
    assert image["TMPDIR"] in mounts and image["HOME"] in mounts


def test_the_server_takes_these_settings(
    everything: list[Json], variant: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.server.settings._private_key", lambda _env: "key")
    secrets = {variable: "1" for variable, _, _ in secret_keys(everything)}
    if "ARGOFIX_DATABASE_URL" in secrets:
        secrets["ARGOFIX_DATABASE_URL"] = "postgresql://db/argofix"
    taken = Settings.from_environment({**settings(everything), **secrets})
    known = set(re.findall(r'"((?:GITHUB|ARGOFIX|QUAY)_[A-Z_]+|HOST|PORT)"', read("bot/server/settings.py")))
    assert set(settings(everything)) | set(secrets) <= known
    assert taken.database_url.startswith("postgresql:" if "postgresql" in variant else "sqlite:////state/")
    assert [port["containerPort"] for port in container(everything)["ports"]] == [taken.port]
    assert taken.cluster  # all components are in
    assert f"EXPOSE {taken.port}" in read("Dockerfile").splitlines()


def test_a_secret_is_asked_for_by_the_name_of_its_setting(everything: list[Json]) -> None:
    for variable, _, key in secret_keys(everything):
        assert variable == key
    assert not of_kind(everything, "Secret")


def test_probes_and_service_lead_to_the_server(everything: list[Json]) -> None:
    inner = container(everything)
    pages = read("bot/server/http.py") + read("bot/server/setup.py")
    served = set(re.findall(r'router\.add_\w+\("(/\w+)"', pages))
    probes = {name: inner[f"{name}Probe"]["httpGet"] for name in ("startup", "liveness", "readiness")}
    assert {name: probe["path"] for name, probe in probes.items()} == {
        "startup": "/healthz", "liveness": "/healthz", "readiness": "/readyz",
    }  # fmt: skip
    assert {probe["path"] for probe in probes.values()} <= served
    ports = {port["name"] for port in inner["ports"]}
    service = the(everything, "Service")["spec"]
    assert {probe["port"] for probe in probes.values()} | {port["targetPort"] for port in service["ports"]} == ports
    labels = the(everything, "Deployment")["spec"]["template"]["metadata"]["labels"]
    selectors = [service["selector"], the(everything, "Deployment")["spec"]["selector"]["matchLabels"]]
    selectors += [each["spec"]["podSelector"]["matchLabels"] for each in of_kind(everything, "NetworkPolicy")]
    selectors += [each["spec"]["selector"]["matchLabels"] for each in of_kind(everything, "PodDisruptionBudget")]
    assert all(selector and selector.items() <= labels.items() for selector in selectors)
    (ingress,) = of_kind(everything, "Ingress")
    for path in ingress["spec"]["rules"][0]["http"]["paths"]:
        assert path["path"] in served
        assert path["backend"]["service"]["port"]["name"] in {port["name"] for port in service["ports"]}


def test_there_is_time_to_drain(everything: list[Json]) -> None:
    grace = Worker.stop.__defaults__[0] if Worker.stop.__defaults__ else 0
    *words, seconds = container(everything)["lifecycle"]["preStop"]["exec"]["command"]
    assert words == ["env", "-i", "sleep"] and int(seconds) >= 5  # without the credentials, which others could read
    subprocess.run([*words, "0"], check=True)
    shutdown = re.search(r"shutdown_timeout=([\d.]+)", read("bot/server/http.py"))
    assert shutdown and grace + float(shutdown[1]) <= 25  # what deploy/README.md promises
    assert pod(everything)["terminationGracePeriodSeconds"] >= int(seconds) + 25 + 5


def test_memory_is_enough_for_the_renderers(everything: list[Json]) -> None:
    limits = container(everything)["resources"]["limits"]
    assert quantity(limits["memory"]) >= (quantity(limits["cpu"]) + Turns(1).spare) * 768 * MEBI + 512 * MEBI
    for resource, least in container(everything)["resources"]["requests"].items():
        assert quantity(least) <= quantity(limits[resource])


def test_the_network_is_open_where_the_server_needs_it(everything: list[Json], variant: str) -> None:
    policies = [each["spec"] for each in of_kind(everything, "NetworkPolicy")]
    ports = {port["port"] for policy in policies for rule in policy.get("egress", ()) for port in rule["ports"]}
    assert ports == {53, 443, 6443} | ({5432} if "postgresql" in variant else set())
    https = [r for p in policies for r in p.get("egress", ()) if {port["port"] for port in r["ports"]} == {443}]
    assert all(peer["ipBlock"]["except"] for rule in https for peer in rule["to"])  # not the metadata service
    assert set(the(everything, "NetworkPolicy")["spec"]["policyTypes"]) == {"Ingress", "Egress"}
    assert all(rule["from"] for policy in policies for rule in policy.get("ingress", ()))


def test_one_server_on_sqlite_and_several_on_postgresql(everything: list[Json], variant: str) -> None:
    spec = the(everything, "Deployment")["spec"]
    state = next(volume for volume in pod(everything)["volumes"] if volume["name"] == "state")
    claims = of_kind(everything, "PersistentVolumeClaim")
    if variant == "deploy/sqlite":
        assert spec["replicas"] == 1 and spec["strategy"] == {"type": "Recreate"}
        assert state["persistentVolumeClaim"]["claimName"] == claims[0]["metadata"]["name"]
        assert "Prune=false" in claims[0]["metadata"]["annotations"]["argocd.argoproj.io/sync-options"]
    else:
        assert spec["replicas"] >= 2 and spec["strategy"]["rollingUpdate"]["maxUnavailable"] == 0
        assert "emptyDir" in state and not claims
    budget = the(everything, "PodDisruptionBudget")["spec"]
    assert budget["maxUnavailable"] == 1  # one server alone must not keep its node from being drained


def test_without_the_cluster_components_there_is_no_token_and_no_right(variant: str) -> None:
    documents = kustomize(ROOT / variant)
    assert pod(documents)["automountServiceAccountToken"] is False
    assert the(documents, "ServiceAccount")["automountServiceAccountToken"] is False
    assert settings(documents)["ARGOFIX_CLUSTER"] == "off"
    assert not [document for document in documents if "Role" in document["kind"]]


def test_for_the_first_start_no_secret_is_needed_and_the_page_is_reachable(tmp_path: Path, variant: str) -> None:
    documents = kustomize(with_components(tmp_path, variant, [FIRST_RUN, "deploy/components/ingress"]))
    references = {each["name"]: each["valueFrom"]["secretKeyRef"] for each in container(documents)["env"]}
    assert {name for name, each in references.items() if each.get("optional")} == set(KEPT)
    environ = settings(documents)
    found = SetupSettings.from_environment(environ)
    assert found is not None
    (rule,) = the(documents, "Ingress")["spec"]["rules"]
    assert found.public_url == f"https://{rule['host']}"
    assert {path["path"] for path in rule["http"]["paths"]} == {"/webhook", "/setup"}
    assert container(documents)["readinessProbe"]["httpGet"] == {"path": "/healthz", "port": "http"}


def test_the_image_is_the_released_one(everything: list[Json]) -> None:
    version = tomllib.loads(read("pyproject.toml"))["project"]["version"]
    assert container(everything)["image"] == f"argofix:{version}"
    assert "docker build -t argofix " in read("README.md")


def test_the_parts_are_all_there() -> None:
    parts = {"cluster", "cluster-secrets", "live-differences", "ingress"}
    assert {f"deploy/components/{part}" for part in parts} <= set(COMPONENTS)
    assert all((ROOT / variant / "kustomization.yaml").is_file() for variant in VARIANTS)
