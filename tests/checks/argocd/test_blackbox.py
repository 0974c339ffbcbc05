"""Modules that probes ask the blackbox exporter for."""

from __future__ import annotations

import pytest

from tests.checks.argocd.stage import judged, messages
from tests.checks.argocd.test_alerts import prometheus
from tests.scenarios import config_map, manifest

RULE = "blackbox-target"
ARGO_CD = config_map("argocd-cm", "argocd")


def exporter(*modules: str, name: str = "blackbox") -> str:
    listed = "".join(f"  {module}: {{prober: http}}\n" for module in modules)
    return manifest("ConfigMap", name, "monitoring", data={"blackbox.yml": f"modules:\n{listed}"})


def probe(module: str) -> str:
    return manifest("Probe", "argocd", "monitoring", "monitoring.coreos.com/v1", spec={"module": module})


def scraping(module: str, path: str = "/probe") -> str:
    """A plain Prometheus with a job of that module."""
    job = f"{{job_name: blackbox, metrics_path: {path}, params: {{module: [{module}]}}}}"
    return prometheus("/etc/prometheus/*.yml").replace("{job_name: argocd-repo-server}", job)


@pytest.mark.parametrize(
    ("made", "said"),
    [
        ([exporter("http_2xx"), probe("http_argocd")], "asks the blackbox exporter for the module `http_argocd`"),
        ([exporter("http_2xx"), scraping("icmp")], "job `blackbox` asks the blackbox exporter for the module `icmp`"),
        ([exporter("http_2xx"), probe("http_2xx"), scraping("http_2xx")], ""),
        ([exporter("http_2xx"), scraping("other", "/metrics")], ""),
        ([probe("http_argocd")], ""),
        # Which of two is asked, nobody can tell.
        ([exporter("a"), exporter("b", name="other"), probe("c")], ""),
        ([exporter("a"), exporter("a", name="other"), probe("a")], ""),
    ],
)
def test_a_module_has_to_be_one_of_the_exporter_s(made: list[str], said: str) -> None:
    found = messages(judged(RULE, ARGO_CD, *made))
    assert [said in one for one in found] == ([True] if said else [])
