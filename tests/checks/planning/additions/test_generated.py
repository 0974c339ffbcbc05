"""A Prometheus whose configuration a kustomization generates from files: what is added stands in those."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from bot.rendering.driver import Engine
from checks.planning.additions.plain import RELOADS, RESTARTS
from checks.planning.additions.plan import AdditionPlan, NotPossible
from tests.checks.planning.additions.stage import WATCHED, added, rendered
from tests.checks.planning.additions.test_certificates import CONTROLLER, SERVICE
from tests.checks.planning.additions.test_probes import CONFIGURATION, RUNNING
from tests.promtool import needed, reads_configuration
from tests.scenarios import application, documents, kustomization

GENERATOR = "configMapGenerator:\n- name: prometheus\n  files:\n"
TAKEN = f"{GENERATOR}  - prometheus.yml\n"


def repository(generator: str = TAKEN, file: str = "prometheus.yml", **more: str) -> dict[str, str]:
    return {
        "apps.yaml": documents(
            application("argocd", "argocd", namespace="argocd"),
            application("monitoring", "monitoring", namespace="monitoring"),
        ),
        "argocd/all.yaml": documents(*WATCHED, CONTROLLER, SERVICE),
        "monitoring/kustomization.yaml": kustomization("all.yaml", extra=f"namespace: monitoring\n{generator}"),
        "monitoring/all.yaml": RUNNING,
        f"monitoring/{file}": CONFIGURATION,
        **more,
    }


async def configured(
    engine: Engine, files: dict[str, str], item: str = "monitoring"
) -> tuple[Any, AdditionPlan, Any]:
    plan, proof, after = await added(engine, item, files)
    assert proof.holds, proof.failure
    (config,) = (one for one in rendered(after, "ConfigMap") if "prometheus.yml" in one["data"])
    (pod,) = (one for one in rendered(after, "Deployment") if one["metadata"]["name"] == "prometheus")
    (volume,) = pod["spec"]["template"]["spec"]["volumes"]
    assert volume["configMap"]["name"] == config["metadata"]["name"]
    return config, plan, after


@needed
async def test_jobs_and_rules_stand_in_files_that_prometheus_reads(engine: Engine, tmp_path: Path) -> None:
    files = repository()
    config, plan, after = await configured(engine, files)
    assert {edit.span.path for edit in plan.edits} == {
        "monitoring/prometheus.yml",
        "monitoring/argocd-alerts.yml",
        "monitoring/kustomization.yaml",
    }
    assert RESTARTS in plan.notes
    text = config["data"]["prometheus.yml"]
    assert text.startswith(CONFIGURATION.partition("rule_files")[0])  # comments and all
    assert [one["job_name"] for one in yaml.safe_load(text)["scrape_configs"]] == ["web", "argocd-metrics"]
    reads_configuration(tmp_path, config["data"], "/etc/prometheus")
    # Another item comes after it, and the same one does not.
    grown = {path: after.tree.read(path).decode() for path in after.tree.paths()}
    config, _, _ = await configured(engine, grown, "certificate-expiry")
    assert len(yaml.safe_load(config["data"]["prometheus.yml"])["rule_files"]) == 2
    with pytest.raises(NotPossible, match="are there already"):
        await added(engine, "monitoring", grown)


@pytest.mark.parametrize(
    ("generator", "file", "note"),
    [
        (f"{GENERATOR}  - prometheus.yml=own.yaml\n", "own.yaml", RESTARTS),
        (f"{GENERATOR}  - conf/prometheus.yml\n", "conf/prometheus.yml", RESTARTS),
        (f"{TAKEN}  options: {{disableNameSuffixHash: true}}\n", "prometheus.yml", RELOADS),
        (f"generatorOptions:\n  disableNameSuffixHash: true\n{TAKEN}", "prometheus.yml", RELOADS),
        ("configMapGenerator:\n- {name: prometheus, files: [prometheus.yml]}\n", "prometheus.yml", RESTARTS),
        (
            f"configMapGenerator:\n- name: other\n  literals: [a=b]\n{TAKEN.partition(chr(10))[2]}",
            "prometheus.yml",
            RESTARTS,
        ),
    ],
)
async def test_so_they_do_however_the_file_is_named(engine: Engine, generator: str, file: str, note: str) -> None:
    config, plan, _ = await configured(engine, repository(generator, file))
    assert f"monitoring/{file}" in {edit.span.path for edit in plan.edits} and note in plan.notes
    assert "argocd-alerts.yml" in config["data"]


async def test_what_is_no_file_as_it_stands_is_left(engine: Engine) -> None:
    literal = "configMapGenerator:\n- name: prometheus\n  literals: ['prometheus.yml=scrape_configs: []']\n"
    with pytest.raises(NotPossible, match="from no file that is it as it stands"):
        await added(engine, "monitoring", repository(literal))
