"""The alerts that are added, under Prometheus' own rules: each is read, fires on what it is for, and nothing else."""

from __future__ import annotations

from pathlib import Path

import promql_parser
import pytest
from packaging.version import Version

from checks.planning.additions import certificates, monitoring, probes
from checks.planning.additions.prometheus import Alert, rule_groups
from gitops.installation.promql import metrics_in
from gitops.installation.releases import releases
from tests.promtool import Case, fires, needed

EVERY = (*monitoring.ALERTS, *certificates.OF_CERT_MANAGER, *certificates.OF_PROBES, probes.ALERT)
DAY = 24 * 3600
APP = {"name": "shop", "namespace": "argocd"}
CERT = {"name": "shop", "exported_namespace": "web"}


def series(metric: str, **labels: str) -> str:
    return f"{metric}{{{','.join(f'{key}={chr(34)}{value}{chr(34)}' for key, value in labels.items())}}}"


def info(health: str = "Healthy", sync: str = "Synced") -> dict[str, str]:
    return {series("argocd_app_info", **APP, health_status=health, sync_status=sync): "1x120"}


def ended(phase: str) -> dict[str, str]:
    return {series("argocd_app_sync_total", **APP, phase=phase): "1x5 2x20"}


def expiry(expires: int, renewed: int) -> dict[str, str]:
    kind = "certmanager_certificate_{}_timestamp_seconds"
    return {
        series(kind.format("expiration"), **CERT): f"{expires}x200",
        series(kind.format("renewal"), **CERT): f"{renewed}x200",
    }


def ready(condition: str) -> dict[str, str]:
    status = "certmanager_certificate_ready_status"
    return {
        series(status, **CERT, condition=each): f"{int(each == condition)}x200"
        for each in ("True", "False", "Unknown")
    }


def served(expires: int) -> dict[str, str]:
    return {series("probe_ssl_earliest_cert_expiry", instance="https://shop.example.com"): f"{expires}x200"}


def probed(values: str, job: str) -> dict[str, str]:
    return {series("probe_success", instance="https://cd.example.com/", job=job): values}


def unhealthy(health: str) -> dict[str, str]:
    return {**APP, "health_status": health, "sync_status": "Synced"}


UNHEALTHY, OUT, FAILED = (one.name for one in monitoring.ALERTS)
EXPIRES, NOT_READY = (one.name for one in certificates.OF_CERT_MANAGER)
(SERVED,) = (one.name for one in certificates.OF_PROBES)
NOT_READY_SAYS = "Certificate shop has not been ready for an hour"
CASES = (
    Case(UNHEALTHY, info("Degraded"), 16, unhealthy("Degraded"), "Application shop is Degraded"),
    Case(UNHEALTHY, info("Missing"), 16, unhealthy("Missing"), "Application shop is Missing"),
    Case(UNHEALTHY, info("Degraded"), 10, None),
    Case(UNHEALTHY, info("Progressing"), 60, None),
    Case(
        OUT,
        info(sync="OutOfSync"),
        61,
        {**APP, "health_status": "Healthy", "sync_status": "OutOfSync"},
        "Application shop has been OutOfSync for an hour",
    ),
    Case(OUT, info(), 100, None),
    Case(FAILED, ended("Failed"), 9, {**APP, "phase": "Failed"}, "A sync of Application shop ended as Failed"),
    Case(FAILED, ended("Error"), 9, {**APP, "phase": "Error"}, "A sync of Application shop ended as Error"),
    Case(FAILED, ended("Succeeded"), 9, None),
    Case(
        EXPIRES,
        expiry(3 * DAY, 60),
        63,
        CERT,
        "Certificate shop expires within a week and was not renewed when it was due",
    ),
    # One that lives for a day is within the week all the time.
    Case(EXPIRES, expiry(DAY, DAY // 2), 100, None),
    Case(EXPIRES, expiry(60 * DAY, 60), 100, None),
    Case(EXPIRES, expiry(0, 0), 100, None),
    Case(
        NOT_READY,
        ready("False"),
        61,
        {**CERT, "condition": "False"},
        "Certificate shop has not been ready for an hour",
    ),
    Case(
        NOT_READY,
        ready("Unknown"),
        61,
        {**CERT, "condition": "Unknown"},
        "Certificate shop has not been ready for an hour",
    ),
    Case(NOT_READY, ready("True"), 100, None),
    Case(
        SERVED,
        served(3 * DAY),
        61,
        {"instance": "https://shop.example.com"},
        "What https://shop.example.com serves has a certificate that expires within a week",
    ),
    Case(SERVED, served(30 * DAY), 100, None),
    Case(
        probes.ALERT.name,
        probed("0x5 0x5", "argocd-probes"),
        6,
        {"instance": "https://cd.example.com/", "job": "argocd-probes"},
        "https://cd.example.com/ does not answer as it should",
    ),
    Case(probes.ALERT.name, probed("0x2 1x8", "argocd-probes"), 6, None),
    Case(probes.ALERT.name, probed("0x10", "shop"), 6, None),
)


@needed
def test_each_alert_fires_on_what_it_is_for(tmp_path: Path) -> None:
    assert {case.alert for case in CASES if case.labels is not None} == {one.name for one in EVERY}
    assert {case.alert for case in CASES if case.labels is None} == {one.name for one in EVERY}
    fires(tmp_path, rule_groups("all", EVERY), CASES)


@pytest.mark.parametrize("alert", EVERY, ids=lambda one: one.name)
def test_each_is_over_a_metric_that_somebody_exports(alert: Alert) -> None:
    promql_parser.parse(alert.expression)
    known = releases().metrics(Version(releases().newest.removeprefix("v"))) | OTHERS
    read = {name for name in metrics_in(alert.expression) if "_" in name}
    assert alert.metric in read and read <= known


# cert-manager internal/collectors/certificate_collector.go, blackbox_exporter prober/prober.go and prober/handler.go.
OTHERS = {
    "certmanager_certificate_expiration_timestamp_seconds",
    "certmanager_certificate_renewal_timestamp_seconds",
    "certmanager_certificate_ready_status",
    "probe_ssl_earliest_cert_expiry",
    "probe_success",
}
