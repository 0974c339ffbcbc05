"""References of custom resources: how grave they are, and where they stand."""

from __future__ import annotations

from typing import Any

import pytest

from bot.rendering.driver import Engine
from checks.model import Severity
from tests.checks.secret_keys.stage import APP, application, cluster, documents, judged, only_finding, said, secret
from tests.scenarios import manifest

MONITORING = "monitoring.coreos.com/v1"


def custom(api: str, kind: str, **spec: Any) -> str:
    return manifest(kind, "x", "shop", api, spec=spec)


TRIGGER = custom("keda.sh/v1alpha1", "TriggerAuthentication", secretTargetRef=[{"name": "db", "key": "url"}])


@pytest.mark.parametrize(
    ("resource", "alone", "certain"),
    [
        (TRIGGER, Severity.NOTICE, Severity.WARNING),
        (custom(MONITORING, "Alertmanager", secrets=["db"]), Severity.WARNING, Severity.ERROR),
        (custom(MONITORING, "Alertmanager", configSecret="db"), Severity.WARNING, Severity.WARNING),
        (custom("traefik.io/v1alpha1", "IngressRoute", tls={"secretName": "db"}), Severity.WARNING, Severity.ERROR),
    ],
)
async def test_how_grave_it_is(engine: Engine, resource: str, alone: Severity, certain: Severity) -> None:
    files = APP | {"a/w.yaml": resource}
    assert said(await judged(engine, files)) == [("secret-missing", alone, "Secret shop/db")]
    assert said(await judged(engine, files, live=cluster())) == [("secret-missing", certain, "Secret shop/db")]
    assert said(await judged(engine, files | {"a/s.yaml": secret("db", "url")})) == []


async def test_a_key_that_is_not_there(engine: Engine) -> None:
    found = await judged(engine, APP | {"a/w.yaml": TRIGGER, "a/s.yaml": secret("db", "URL")})
    assert said(found) == [("secret-key-missing", Severity.ERROR, "Secret shop/db")]
    assert "did you mean `URL`?" in only_finding(found).message


async def test_another_namespace_is_looked_at_where_the_reference_names_it(engine: Engine) -> None:
    mark = {"annotations": {"nginx.ingress.kubernetes.io/auth-secret": "web/db"}}
    ingress = manifest("Ingress", "i", "shop", "networking.k8s.io/v1", metadata=mark, spec={})
    apps = {"apps.yaml": documents(application("a", "a"), application("b", "b", namespace="web"))}
    assert said(await judged(engine, apps | {"a/i.yaml": ingress})) == [
        ("secret-missing", Severity.NOTICE, "Secret web/db")
    ]
    there = apps | {"a/i.yaml": ingress, "b/s.yaml": secret("db", "auth", namespace="web")}
    assert said(await judged(engine, there)) == []


@pytest.mark.parametrize(
    ("kind", "api", "spec", "namespace"),
    [
        (
            "ClusterIssuer",
            "cert-manager.io/v1",
            {"venafi": {"zone": "z", "cloud": {"apiTokenSecretRef": {"name": "db", "key": "url"}}}},
            "cert-manager",
        ),
        (
            "ClusterTriggerAuthentication",
            "keda.sh/v1alpha1",
            {"secretTargetRef": [{"parameter": "p", "name": "db", "key": "url"}]},
            "keda",
        ),
    ],
)
async def test_a_cluster_wide_kind_reads_where_its_controller_runs(
    engine: Engine, kind: str, api: str, spec: dict[str, Any], namespace: str
) -> None:
    resource = {"a/w.yaml": manifest(kind, "x", api=api, spec=spec)}
    alone = await judged(engine, APP | resource)
    assert said(alone) == [("secret-missing", Severity.NOTICE, f"Secret {namespace}/db")]
    assert f"taken to run in the namespace `{namespace}`" in only_finding(alone).topic.message
    for place in (namespace, "elsewhere"):
        there = APP | resource | {"a/s.yaml": secret("db", "url", namespace=place)}
        assert said(await judged(engine, there)) == []
        wrong = APP | resource | {"a/s.yaml": secret("db", "URL", namespace=place)}
        assert said(await judged(engine, wrong)) == [("secret-key-missing", Severity.ERROR, f"Secret {place}/db")]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (
            f"apiVersion: {MONITORING}\nkind: Alertmanager\nmetadata: {{name: m}}\n"
            "spec:\n  secrets:\n  - other\n  - db\n",
            7,
        ),
        (
            f"apiVersion: {MONITORING}\nkind: ServiceMonitor\nmetadata:\n  name: m\nspec:\n  endpoints:\n"
            "  - port: a\n  - port: b\n    basicAuth:\n      password:\n        name: db\n        key: nope\n",
            12,
        ),
        (
            "apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata:\n  name: i\n  annotations:\n"
            "    a: b\n    nginx.ingress.kubernetes.io/auth-secret: shop/db\n",
            7,
        ),
    ],
)
async def test_a_reference_is_placed_at_its_line(engine: Engine, text: str, line: int) -> None:
    files = APP | {"a/w.yaml": text, "a/o.yaml": secret("other", "x")}
    (finding,) = (await judged(engine, files)).findings
    assert (finding.span.path, finding.span.line) == ("a/w.yaml", line)
