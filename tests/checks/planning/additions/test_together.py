"""Several additions to one repository: none keeps another from coming, and what is there is not offered again."""

from __future__ import annotations

import json
from typing import Any

import pytest
import yaml

from checks.planning.additions.items import ITEMS
from checks.policy.file import Policy, parse_policy
from tests.checks.argocd.stage import workload
from tests.checks.planning.additions.stage import SELECTS, WATCHED, directory, prometheus, proven, refused, rendered
from tests.checks.planning.additions.test_certificates import CONTROLLER, SERVICE
from tests.checks.planning.additions.test_dns01 import CLOUDFLARE
from tests.checks.planning.additions.test_probes import EXPORTER, RUNNING, ingress, modules, plain
from tests.checks.planning.additions.test_probes import SERVICE as FRONT
from tests.checks.planning.additions.test_redis import redis
from tests.checks.planning.additions.test_redis import service as redis_service
from tests.promtool import needed, reads_configuration

SEES: Any = {
    **SELECTS,
    "ruleNamespaceSelector": {},
    "serviceMonitorNamespaceSelector": {},
    "probeSelector": {},
    "probeNamespaceSelector": {},
}
PARTS = (
    *WATCHED,
    redis({"image": "redis:8", "args": ["--save", "", "--appendonly", "no"]}),
    redis_service(),
    FRONT,
    *EXPORTER,
    modules(http_2xx={"prober": "http"}),
    CONTROLLER,
    SERVICE,
)
EVERY = ("spread", "redis-persistence", "monitoring", "certificate-expiry", "probes", "dns01-issuers")


def block(text: str) -> str:
    """As people write it, so that lines can be edited."""
    return yaml.safe_dump(json.loads(text), sort_keys=False)


def repository(*more: str) -> dict[str, str]:
    server = block(workload("argocd-server", "--insecure", spec={"replicas": 2}))
    files = directory(*PARTS, *more)
    return {
        **files,
        "argocd/server.yaml": server,
        "argocd/ingress.yaml": block(ingress()),
    }


def grown(files: dict[str, str], items: tuple[str, ...], policy: Policy) -> dict[str, str]:
    """The repository with all items, each added after the ones before."""
    for item in items:
        plan, proof, after = proven(item, files, policy)
        assert proof.holds, (item, proof.failure)
        changed = {edit.span.path for edit in plan.edits}
        files = {**files, **{path: after.tree.read(path).decode() for path in changed}}
        refused(item, files, policy)
    return files


@pytest.mark.parametrize("items", [EVERY, EVERY[::-1]], ids=["one way", "and the other"])
def test_each_comes_after_the_others_and_once(items: tuple[str, ...]) -> None:
    assert set(EVERY) == {item for item in ITEMS if item != "smoke-test"}
    files = grown(repository(prometheus("monitoring", **SEES)), items, parse_policy(CLOUDFLARE.encode()))
    made = list(yaml.safe_load_all(files["argocd/argocd-monitoring.yaml"]))
    # Whoever else has a monitor in that namespace.
    assert [one["metadata"]["name"] for one in made] == ["argocd-metrics", "argocd-alerts"]


@needed
def test_so_they_do_in_one_configuration(tmp_path: Any) -> None:
    files = grown({**repository(RUNNING), "argocd/prometheus.yaml": plain()}, EVERY[4:1:-1], Policy())
    _, _, after = proven("spread", files)
    (config,) = (one for one in rendered(after, "ConfigMap") if one["metadata"]["name"] == "prometheus")
    read = yaml.safe_load(config["data"]["prometheus.yml"])
    assert {one["job_name"] for one in read["scrape_configs"]} == {
        "web",
        "argocd-metrics",
        "argocd-probes",
        "cert-manager",
    }
    assert len(read["rule_files"]) == 3
    reads_configuration(tmp_path, config["data"], "/etc/prometheus")
