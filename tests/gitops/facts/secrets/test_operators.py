"""What operators make: for each row, what it makes and what it does not."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import Any

import pytest

from gitops.facts.secrets.providers.operators import OPERATORS
from gitops.facts.secrets.providers.provided import Provided
from tests.gitops.facts.secrets.test_providers import given

ZALANDO = "credentials.postgresql.acid.zalan.do"


def api_of(group: str) -> str:
    return f"{group}/v1"


def sure(found: list[Provided]) -> set[str]:
    return {each.name for each in found if each.sure and each.creates and each.kind == "Secret"}


def possible(found: list[Provided], name: str) -> bool:
    return any(not each.sure and fnmatchcase(name, each.name) for each in found)


CEPH = ("mon", "mons-keyring", "admin-keyring", "config")
ELASTIC = ("elastic-user", "http-certs-public", "http-certs-internal")

# kind, spec, what is made for certain, what may be made, what is not
TABLE: list[tuple[str, str, dict[str, Any], set[str], str, str]] = [
    ("postgresql.cnpg.io", "Cluster", {}, {"x-app", "x-ca", "x-server", "x-replication"}, "x-pooler", "x-superuser"),
    (
        "postgresql.cnpg.io",
        "Cluster",
        {"enableSuperuserAccess": True},
        {"x-app", "x-superuser", "x-ca", "x-server", "x-replication"},
        "x-pull-secret",
        "x-postgres",
    ),
    (
        "postgresql.cnpg.io",
        "Cluster",
        {"bootstrap": {"initdb": {"secret": {"name": "mine"}}}, "certificates": {"serverTLSSecret": "s"}},
        {"x-ca", "x-replication"},
        "x-pooler",
        "x-app",
    ),
    (
        "postgresql.cnpg.io",
        "Cluster",
        {"bootstrap": {"recovery": {"source": "old"}}},
        {"x-app", "x-ca", "x-server", "x-replication"},
        "x-pooler",
        "x-superuser",
    ),
    (
        "acid.zalan.do",
        "postgresql",
        {"users": {"my_app": [], "group": ["nologin"]}},
        {f"{user}.x.{ZALANDO}" for user in ("my-app", "postgres", "standby")},
        f"orders-owner-user.x.{ZALANDO}",
        f"my-app.y.{ZALANDO}",
    ),
    (
        "postgres-operator.crunchydata.com",
        "PostgresCluster",
        {},
        {"x-pguser-x"},
        "x-cluster-cert",
        "y-pguser-y",
    ),
    (
        "postgres-operator.crunchydata.com",
        "PostgresCluster",
        {"users": [{"name": "api"}, {"name": "web"}]},
        {"x-pguser-api", "x-pguser-web"},
        "x-pgbackrest",
        "pguser-x1",
    ),
    ("postgres-operator.crunchydata.com", "PostgresCluster", {"users": []}, set(), "x-monitoring", "x"),
    (
        "mongodbcommunity.mongodb.com",
        "MongoDBCommunity",
        {"users": [{"name": "My_User", "db": "admin", "scramCredentialsSecretName": "u"}]},
        {"x-admin-my-user", "u-scram-credentials"},
        "x-agent-password",
        "admin-my-user",
    ),
    (
        "mongodbcommunity.mongodb.com",
        "MongoDBCommunity",
        {"users": [{"name": "u", "db": "d", "connectionStringSecretName": "chosen"}]},
        {"chosen"},
        "x-keyfile",
        "u",
    ),
    (
        "mongodb.com",
        "MongoDBUser",
        {"mongodbResourceRef": {"name": "rs"}, "db": "$external", "username": "CN=me"},
        {"rs-x-external"},
        "",
        "x",
    ),
    ("rabbitmq.com", "RabbitmqCluster", {}, {"x-default-user"}, "x-erlang-cookie", "default-user"),
    ("rabbitmq.com", "User", {"rabbitmqClusterReference": {"name": "mq"}}, {"x-user-credentials"}, "", "mq-x"),
    ("kafka.strimzi.io", "KafkaUser", {"authentication": {"type": "tls"}}, {"x"}, "team-x", "y"),
    ("kafka.strimzi.io", "KafkaUser", {"authentication": {"type": "tls-external"}}, set(), "", "x"),
    ("kafka.strimzi.io", "KafkaUser", {}, set(), "", "x"),
    ("kafka.strimzi.io", "Kafka", {}, {"x-cluster-ca-cert", "x-clients-ca-cert"}, "x-cluster-ca", "clients-ca"),
    ("grafana.integreatly.org", "Grafana", {}, {"x-admin-credentials"}, "x-tls", "admin-credentials"),
    ("grafana.integreatly.org", "Grafana", {"disableDefaultAdminSecret": True}, set(), "x-tls", "admin"),
    ("k8s.keycloak.org", "Keycloak", {}, {"x-initial-admin"}, "x-db", "initial-admin"),
    ("k8s.keycloak.org", "Keycloak", {"bootstrapAdmin": {"user": {}}}, set(), "x-initial-admin", "admin"),
    ("ceph.rook.io", "CephObjectStoreUser", {"store": "s"}, {"rook-ceph-object-user-s-x"}, "", "x"),
    ("ceph.rook.io", "CephClient", {}, {"rook-ceph-client-x"}, "", "x"),
    ("ceph.rook.io", "CephClient", {"secretName": "y"}, {"y"}, "", "rook-ceph-client-x"),
    ("ceph.rook.io", "CephClient", {"removeSecret": True}, set(), "", "rook-ceph-client-x"),
    ("ceph.rook.io", "CephCluster", {}, {f"rook-ceph-{w}" for w in CEPH}, "rook-csi-rbd-node", "ceph"),
    ("moco.cybozu.com", "MySQLCluster", {}, {"moco-x", "moco-my-cnf-x"}, "moco-x-grpc", "mysql"),
    ("rabbitmq.com", "RabbitmqCluster", {"secretBackend": {"vault": {}}}, set(), "x-default-user", "default-user"),
    ("elasticsearch.k8s.elastic.co", "Elasticsearch", {}, {f"x-es-{w}" for w in ELASTIC}, "x-es-remote-ca", "es"),
    ("kibana.k8s.elastic.co", "Kibana", {}, {"x-kb-http-certs-public"}, "x-kb-config", "kb"),
    ("hive.openshift.io", "ClusterDeployment", {}, set(), "x-0-abcde-admin-kubeconfig", "admin-kubeconfig"),
    ("monitoring.coreos.com", "Prometheus", {}, set(), "prometheus-x-web-config", "x"),
    ("monitoring.coreos.com", "PrometheusAgent", {}, set(), "prom-agent-x", "x"),
    ("monitoring.coreos.com", "Alertmanager", {}, set(), "alertmanager-x-generated", "alertmanager-x"),
    ("monitoring.coreos.com", "ThanosRuler", {}, set(), "thanos-ruler-x-tls-assets-0", "thanos"),
    ("postgresql.cnpg.io", "Pooler", {"cluster": {"name": "c"}}, {"c-pooler"}, "", "x-pooler"),
    ("cluster.x-k8s.io", "Cluster", {}, {"x-kubeconfig"}, "x-ca", "kubeconfig"),
]


@pytest.mark.parametrize(("group", "kind", "spec", "made", "maybe", "never"), TABLE)
def test_what_an_operator_makes(
    group: str, kind: str, spec: dict[str, Any], made: set[str], maybe: str, never: str
) -> None:
    found = given(api_of(group), kind, spec=spec)
    assert sure(found) == made
    assert not maybe or possible(found, maybe)
    assert never not in made
    assert not possible(found, never)


def test_every_row_is_tried() -> None:
    assert {(group, kind) for group, kind, *_ in TABLE} == set(OPERATORS)


@pytest.mark.parametrize(("group", "kind"), sorted(OPERATORS))
def test_an_operator_without_a_specification_is_read(group: str, kind: str) -> None:
    junks: tuple[Any, ...] = (None, [], "text", {"users": "x", "bootstrap": [], "certificates": 1})
    for junk in junks:
        given(api_of(group), kind, spec=junk)


def test_keys_are_known_where_the_operator_fixes_them() -> None:
    app = next(each for each in given("postgresql.cnpg.io/v1", "Cluster", spec={}) if each.name == "x-app")
    assert app.keys is not None
    assert {"uri", "fqdn-uri", "pgpass"} <= app.keys
    assert "url" not in app.keys
