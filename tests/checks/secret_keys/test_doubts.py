"""Something in git may make the object: then it is a notice that says so, whatever else is known."""

from __future__ import annotations

from typing import Any

import pytest

from bot.rendering.driver import Engine
from checks.model import Severity
from gitops.applications.live import Live
from tests.checks.secret_keys.stage import APP, application, cluster, deployment, documents, judged, said
from tests.scenarios import manifest

NAME = "orders-db"
NEEDS = {"a/w.yaml": deployment((NAME, "password"))}
NOTICE = [("secret-missing", Severity.NOTICE, f"Secret shop/{NAME}")]
WARNING = [("secret-missing", Severity.WARNING, f"Secret shop/{NAME}")]
ERROR = [("secret-missing", Severity.ERROR, f"Secret shop/{NAME}")]


def pod(kind: str, *, namespace: str = "shop", hook: str = "", **container: Any) -> str:
    api = "batch/v1" if kind == "Job" else "apps/v1"
    metadata = {"annotations": {"helm.sh/hook": hook}} if hook else {}
    spec = {"template": {"spec": {"containers": [{"name": "c", **container}]}}}
    return manifest(kind, "maker", namespace, api, metadata=metadata, spec=spec)


def custom(kind: str, name: str, namespace: str = "shop", api: str = "acme.example/v1", **spec: Any) -> str:
    return manifest(kind, name, namespace, api, spec=spec)


def role(**rule: Any) -> str:
    rules = [{"apiGroups": [""], "resources": ["secrets"], **rule}]
    return manifest("Role", "writer", "shop", "rbac.authorization.k8s.io/v1", rules=rules)


SCRIPT = f"set -e\nkubectl -n shop create secret generic {NAME} --from-literal=password=x\n"

MAKERS = [
    pod("Job", args=["create", f"--secret-name={NAME}"]),
    pod("Job", hook="pre-install", args=["create", "--secret-name", NAME]),
    pod("Job", command=["kubectl", "create", "secret", "generic", NAME]),
    pod("Job", command=["sh", "-c", SCRIPT]),
    pod("Deployment", env=[{"name": "ML_SECRET_NAME", "value": NAME}]),
    pod("Deployment", args=[f"--tls-secret=shop/{NAME}"]),
    pod("Job", namespace="tools", command=["sh", "-c", SCRIPT]),
    manifest("ConfigMap", "scripts", "shop", data={"run.sh": SCRIPT}),
    manifest("ConfigMap", "scripts", "shop", data={"run.py": f"api.create_namespaced_secret('shop', '{NAME}')\n"}),
    manifest("ConfigMap", "settings", "shop", data={"SECRET_NAME": NAME}),
    role(verbs=["create", "update"], resourceNames=[NAME]),
    custom("ServiceBinding", "any", api="servicecatalog.k8s.io/v1beta1", secretName=NAME),
    manifest("ClusterTenant", "any", api="acme.example/v1", spec={"secret": NAME}),  # of the whole cluster
    custom("Database", "any", credentials=NAME),
    custom("Database", "orders"),
    custom("Database", NAME),
    custom("Database", "db"),
    custom("PostgresCluster", "orders", api="postgres-operator.crunchydata.com/v1beta1"),
    custom("ArgoCD", "orders", api="argoproj.io/v1beta1"),
    custom("Tenant", "far", "tools", secretName=NAME, targets=["shop"]),
    manifest(
        "Gateway",
        "any",
        "shop",
        "networking.istio.io/v1",
        metadata={"annotations": {"cert-manager.io/cluster-issuer": "le"}},
        spec={"servers": [{"tls": {"credentialName": NAME}}]},
    ),
    custom("KafkaUser", "db", api="kafka.strimzi.io/v1", authentication={"type": "tls"}),
]
NOT_MAKERS = [
    pod("Job", args=["create", f"--secret-name={NAME}-2"]),
    pod("Job", args=[f"--host={NAME}"]),  # says where the database is, not which Secret to make
    pod("Job", namespace="tools", args=[f"--secret-name={NAME}"]),
    pod("Deployment", env=[{"name": "DB_HOST", "value": NAME}]),
    manifest("ConfigMap", "settings", "shop", data={"host": NAME}),
    role(verbs=["get"], resourceNames=[NAME]),
    role(verbs=["create"]),
    custom("Database", "shop"),
    custom("Database", "order"),  # not a word of the name
    custom("Database", "orders", "tools"),
    custom("ServiceMonitor", "orders", api="monitoring.coreos.com/v1", endpoints=[]),
    custom("VirtualService", "orders", api="networking.istio.io/v1", hosts=[NAME]),
    custom("KafkaUser", "db", api="kafka.strimzi.io/v1"),  # no authentication, no Secret
]


@pytest.mark.parametrize("maker", MAKERS)
@pytest.mark.parametrize("live", [None, cluster()], ids=["git alone", "not in the cluster yet"])
async def test_what_may_make_it_is_a_doubt(engine: Engine, maker: str, live: Live | None) -> None:
    evaluation = await judged(engine, APP | NEEDS | {"a/m.yaml": maker}, live=live)
    assert said(evaluation) == NOTICE
    topic = evaluation.findings[0].topic
    assert "may make it" in topic.message
    assert "is made by no manifest in git" in topic.title
    assert topic.commands == ""  # nobody makes by hand what a controller makes


@pytest.mark.parametrize(
    ("wanted", "words", "namespace", "doubtful"),
    [
        ("kedaorg-certs", ["--enable-cert-rotation=true"], "shop", True),
        ("webhook-tls", ["--enable-cert-rotation"], "shop", True),
        ("kedaorg-certs", ["--enable-cert-rotation=false"], "shop", False),
        ("kedaorg-certs", ["--enable-cert-rotation=true"], "tools", False),
        ("database", ["--enable-cert-rotation=true"], "shop", False),
    ],
)
async def test_a_program_that_renews_certificates_makes_them(
    engine: Engine, wanted: str, words: list[str], namespace: str, doubtful: bool
) -> None:
    files = {
        "a/w.yaml": deployment((wanted, "tls.crt")),
        "a/m.yaml": pod("Deployment", namespace=namespace, args=words),
    }
    [(_, severity, _)] = said(await judged(engine, APP | files))
    assert severity is (Severity.NOTICE if doubtful else Severity.WARNING)


@pytest.mark.parametrize("other", NOT_MAKERS)
async def test_what_only_looks_like_it_is_none(engine: Engine, other: str) -> None:
    assert said(await judged(engine, APP | NEEDS | {"a/m.yaml": other})) == WARNING
    assert said(await judged(engine, APP | NEEDS | {"a/m.yaml": other}, live=cluster())) == ERROR


async def test_a_skipped_job_makes_nothing(engine: Engine) -> None:
    job = pod("Job", args=["create", f"--secret-name={NAME}"])
    skipped = job.replace(
        '"namespace": "shop"', '"namespace": "shop", "annotations": {"argocd.argoproj.io/hook": "Skip"}'
    )
    assert skipped != job
    assert said(await judged(engine, APP | NEEDS | {"a/m.yaml": skipped})) == WARNING


async def test_notices_are_one_an_object(engine: Engine) -> None:
    files = {f"a/{n}.yaml": deployment((NAME, "password"), name=f"w{n}") for n in range(5)}
    doubtful = await judged(engine, APP | files | {"a/m.yaml": custom("Database", "orders")})
    assert said(doubtful) == NOTICE
    assert "5 references" in doubtful.findings[0].topic.message
    assert len({related.span.path for related in doubtful.findings[0].related}) == 4
    assert len((await judged(engine, APP | files)).findings) == 5  # a warning stands at each


async def test_what_was_summed_up_before_is_not_new_when_it_is_told_one_by_one(engine: Engine) -> None:
    base = APP | {f"a/{n}.yaml": deployment((NAME, "password"), name=f"w{n}") for n in range(3)}
    evaluation = await judged(engine, base, base=base | {"a/m.yaml": custom("Database", "orders")})
    assert [finding.introduced for finding in evaluation.findings] == [False] * 3
    more = base | {"a/9.yaml": deployment((NAME, "password"), name="w9")}
    added = await judged(engine, more, base=base | {"a/m.yaml": custom("Database", "orders")})
    assert [f.introduced for f in sorted(added.findings, key=lambda f: f.span.path)] == [False, False, False, True]


async def test_what_only_reads_it_makes_nothing(engine: Engine) -> None:
    reads = {"valueFrom": {"secretKeyRef": {"name": NAME, "key": "password"}}, "name": "E"}
    collector = custom("OpenTelemetryCollector", "any", api="opentelemetry.io/v1beta1", env=[reads])
    evaluation = await judged(engine, APP | NEEDS | {"a/m.yaml": collector})
    assert {severity for _, severity, _ in said(evaluation)} == {Severity.WARNING}


PUSH = "external-secrets.io/v1alpha1"


def push(**data: Any) -> str:
    remote = {"remoteKey": NAME, **data}
    spec = {
        "secretStoreRefs": [{"name": "k8s"}],
        "selector": {"secret": {"name": "source"}},
        "data": [{"match": {"secretKey": "password", "remoteRef": remote}}],
    }
    return manifest("PushSecret", "push", "data", PUSH, spec=spec)


def store(**provider: Any) -> str:
    return manifest("SecretStore", "k8s", "data", "external-secrets.io/v1", spec={"provider": provider})


SOURCE = manifest("Secret", "source", "data", stringData={"password": "v"})


@pytest.mark.parametrize(
    ("stores", "pushed", "expected"),
    [
        ([store(kubernetes={"remoteNamespace": "shop"})], push(property="password"), []),
        ([store(kubernetes={"remoteNamespace": "shop"})], push(), []),
        (
            [store(kubernetes={"remoteNamespace": "shop"})],
            push(property="user"),
            [("secret-key-missing", Severity.ERROR, f"Secret shop/{NAME}")],
        ),
        ([store(kubernetes={"remoteNamespace": "web"})], push(property="password"), WARNING),
        ([store(kubernetes={})], push(property="password"), WARNING),  # "default"
        (
            [store(kubernetes={"remoteNamespace": "shop", "server": {"url": "https://far.example"}})],
            push(property="password"),
            WARNING,
        ),
        ([store(vault={"server": "https://vault.example"})], push(property="password"), WARNING),
        ([], push(property="password"), NOTICE),  # the store is not in git
    ],
)
async def test_push_secrets_write_where_their_store_says(
    engine: Engine, stores: list[str], pushed: str, expected: list[tuple[str, Severity, str]]
) -> None:
    apps = {"apps.yaml": documents(application("a", "a"), application("b", "b", namespace="data"))}
    files = apps | NEEDS | {"b/all.yaml": documents(SOURCE, pushed, *stores)}
    assert said(await judged(engine, files)) == expected
