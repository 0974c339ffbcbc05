"""Ports of Argo CD's programs: probes, Services and monitors against where they listen."""

from __future__ import annotations

from typing import Any

import pytest

from checks.model import Severity
from tests.checks.argocd.stage import judged, messages, workload
from tests.scenarios import manifest

RULE = "argocd-wrong-port"


def probed(component: str, port: int | str, *args: str, how: str = "httpGet", **more: Any) -> str:
    """A workload whose liveness probe asks for a port."""
    return workload(component, *args, container={"livenessProbe": {how: {"port": port}}, **more})


def service(component: str, port: int = 80, target: int | str = 8080, name: str = "http", **metadata: Any) -> str:
    ports = [{"name": name, "port": port, "targetPort": target}]
    spec = {"selector": {"app.kubernetes.io/name": component}, "ports": ports}
    return manifest("Service", component, "argocd", spec=spec, metadata=metadata)


@pytest.mark.parametrize(
    ("made", "instead"),
    [
        (probed("argocd-repo-server", 8081), "8084"),
        (probed("argocd-repo-server", 8085, "--port=8085"), "8084"),
        (probed("argocd-repo-server", 8081, "--metrics-port", "9000"), "9000"),
        (probed("argocd-repo-server", "grpc", ports=[{"name": "grpc", "containerPort": 8081}]), "8084"),
        (probed("argocd-repo-server", 8080), "8084"),
        (probed("argocd-application-controller", 8083, how="tcpSocket"), "8082"),
        (probed("argocd-server", 8443), "8080"),
        (probed("argocd-applicationset-controller", 8082), "8081"),
    ],
)
def test_a_probe_that_cannot_succeed_is_an_error_that_names_the_port_that_would(made: str, instead: str) -> None:
    (found,) = judged(RULE, made)
    assert found.severity is Severity.ERROR
    assert found.message.endswith(f"it answers /healthz on {instead}")


@pytest.mark.parametrize(
    "made",
    [
        probed("argocd-repo-server", 8084),
        probed("argocd-repo-server", 9000, "--metrics-port=9000"),
        probed("argocd-repo-server", 8081, how="tcpSocket"),
        probed("argocd-repo-server", 8081, "--disable-tls"),
        probed("argocd-repo-server", "unheard-of"),
        probed("argocd-server", 8080),
        probed("argocd-applicationset-controller", 9999, "--probe-addr=:9999"),
        probed("argocd-application-controller", 1, "--metrics-port=$(PORT)"),
        workload("argocd-repo-server", image="acme/argocd", container={"livenessProbe": {"httpGet": {"port": 8081}}}),
        # A proxy beside it may be what listens.
        workload(
            "argocd-server",
            pod={
                "containers": [
                    {
                        "name": "main",
                        "image": "quay.io/argoproj/argocd:v3.2.2",
                        "args": ["/usr/local/bin/argocd-server"],
                        "livenessProbe": {"httpGet": {"port": 4180}},
                    },
                    {"name": "proxy", "image": "quay.io/oauth2-proxy/oauth2-proxy:v7"},
                ]
            },
        ),
    ],
)
def test_a_probe_that_may_succeed_is_left_alone(made: str) -> None:
    assert messages(judged(RULE, made)) == []


@pytest.mark.parametrize(
    ("made", "said"),
    [
        (service("argocd-server", 443, 8083, "https"), "ends at 8083, where `argocd-server` serves its metrics"),
        (service("argocd-server", 8082, 8082, "metrics"), "ends at 8082, on which `argocd-server` does not listen"),
        (service("argocd-server", 80, "web"), "ends at `web`, and no container has a port of that name"),
    ],
)
def test_a_service_that_leads_elsewhere_is_a_warning(made: str, said: str) -> None:
    (found,) = judged(RULE, workload("argocd-server"), made)
    assert found.severity is Severity.WARNING and said in found.message


@pytest.mark.parametrize(
    "made",
    [
        service("argocd-server", 443, 8080, "https"),
        service("argocd-server", 8083, 8083, "metrics"),
        service("argocd-server", 80, 8080),
        service("shop", 80, 9999),
    ],
)
def test_a_service_that_leads_to_the_server_is_left_alone(made: str) -> None:
    assert judged(RULE, workload("argocd-server"), made) == []


def test_a_service_that_picks_another_program_says_whose_port_it_wanted() -> None:
    controller = workload("argocd-application-controller", kind="StatefulSet")
    (found,) = judged(RULE, controller, workload("argocd-server"), service("argocd-server", 8082, 8082, "metrics"))
    assert found.message.endswith("8082 is the port of the metrics of `argocd-application-controller`")


def test_two_programs_of_one_pod_on_one_port_end_each_other() -> None:
    def pod(*more: str) -> str:
        image = "quay.io/argoproj/argocd:v3.2.2"
        containers = [
            {"name": "one", "image": image, "args": ["/usr/local/bin/argocd-repo-server"]},
            {"name": "two", "image": image, "args": ["/usr/local/bin/argocd-repo-server", *more]},
        ]
        return workload("argocd-repo-server", pod={"containers": containers})

    (found,) = judged(RULE, pod())
    assert "both listen on 8081 (gRPC)" in found.message and found.severity is Severity.ERROR
    assert judged(RULE, pod("--port=9081", "--metrics-port=9084")) == []


def monitor(label: str, port: str = "metrics", **spec: Any) -> str:
    made = {"selector": {"matchLabels": {"app": label}}, "endpoints": [{"port": port}], **spec}
    return manifest("ServiceMonitor", "argocd", "argocd", "monitoring.coreos.com/v1", spec=made)


@pytest.mark.parametrize(
    ("made", "said"),
    [
        (monitor("argocd-server", "http"), "asks for the port `http`, which `argocd-server` does not have"),
        (monitor("argocd-server-metrics"), "finds no Service: none of `argocd-server` has its labels"),
        (monitor("argocd-server"), ""),
        (monitor("argocd-server-metrics", namespaceSelector={"any": True}), ""),
        (monitor("something-else"), ""),
    ],
)
def test_a_monitor_needs_a_service_with_its_labels_and_its_port(made: str, said: str) -> None:
    served = service("argocd-server", 8083, 8083, "metrics", labels={"app": "argocd-server"})
    found = messages(judged(RULE, workload("argocd-server"), served, made))
    assert [said in one for one in found] == [True] if said else found == []


def test_the_line_is_that_of_the_container_s_own_probe() -> None:
    text = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: argocd-repo-server, namespace: argocd}
spec:
  template:
    metadata: {labels: {a: b}}
    spec:
      containers:
      - name: other
        image: acme/other
        livenessProbe: {httpGet: {port: 1}}
      - name: main
        image: quay.io/argoproj/argocd:v3.2.2
        args: [/usr/local/bin/argocd-repo-server]
        livenessProbe: {httpGet: {port: 8081}}
"""
    (found,) = judged(RULE, files={"ops/repo.yaml": text}, deployed=False)
    assert (found.span.line, found.severity) == (15, Severity.WARNING)
