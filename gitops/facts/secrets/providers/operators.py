"""Rows for operators of databases, brokers and clusters, whose Secrets have names made of their resources' names.

Sources, by row: cloudnative-pg api/v1/cluster_funcs.go and cluster_defaults.go (`ShouldCreateApplicationSecret`,
`defaultInitDB`), internal/controller/cluster_create.go, pkg/specs/secrets.go (the keys); zalando/postgres-operator
pkg/cluster/k8sres.go and util.go (`secret_name_template` can be configured); CrunchyData/postgres-operator
internal/naming/names.go and internal/controller/postgrescluster/postgres.go; rabbitmq/cluster-operator
internal/resource/default_user_secret.go and messaging-topology-operator internal/controller/user_controller.go;
strimzi KafkaResources.java and KafkaUserModel.java (`secretPrefix` can be configured); mongodb/mongodb-kubernetes
mongodb-community-operator/api/v1/mongodbcommunity_types.go and api/mongodb/v1/user/mongodbuser_types.go;
grafana/grafana-operator controllers/resources/resources.go; keycloak operator `KeycloakAdminSecretDependentResource`;
rook pkg/operator/ceph; elastic/cloud-on-k8s pkg/controller; cybozu-go/moco api/v1beta2; openshift/hive
pkg/installmanager; cluster-api util/secret; prometheus-operator pkg/prometheus/common.go, pkg/alertmanager. Operators
that may make more than their rows tell have `lends` in them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from gitops.facts.secrets.pods import at, mapping, sequence
from gitops.facts.secrets.providers.provided import ANY_NAMESPACE, CONFIG_MAP, SECRET, Manifest, Provided
from gitops.facts.secrets.providers.rows import NAME, Row, every, lends, named
from gitops.resources.manifests import text_of

_CNPG_USER = frozenset(
    {
        *("username", "user", "password", "dbname", "host", "port", "pgpass"),
        *("uri", "jdbc-uri", "fqdn-uri", "fqdn-jdbc-uri"),
    }
)
_CRUNCHY_USER = frozenset(
    {
        *("host", "port", "user", "password", "verifier", "dbname", "uri", "jdbc-uri"),
        *("pgbouncer-host", "pgbouncer-port", "pgbouncer-uri", "pgbouncer-jdbc-uri"),
    }
)
_RABBITMQ = frozenset(
    {
        *("username", "password", "default_user.conf", "provider", "type", "host", "port", "connection_string"),
        *(f"{name}-port" for name in ("mqtt", "stomp", "stream", "web-mqtt", "web-stomp", "web-amqp")),
    }
)
_MONGODB_USER = frozenset({"connectionString.standard", "connectionString.standardSrv", "username", "password"})
_PAIR = frozenset({"tls.crt", "tls.key"})


def cloudnative_pg(manifest: Manifest) -> Iterator[Provided]:
    """NAME-app unless the bootstrap brings a Secret of its own or has no application database; NAME-superuser only
    with `enableSuperuserAccess`; certificates unless they are given."""
    name, spec = text_of(at(manifest, NAME)), mapping(manifest.get("spec"))
    bootstrap = mapping(spec.get("bootstrap"))
    method = next((word for word in ("recovery", "pg_basebackup") if bootstrap.get(word) is not None), "initdb")
    chosen = mapping(bootstrap.get(method))
    whole = text_of(at(chosen, ("import", "type"))) == "monolith" and not chosen.get("database")
    if not text_of(at(chosen, ("secret", "name"))) and not whole:
        replica = at(spec, ("replica", "enabled")) is True and method != "initdb"
        yield Provided(SECRET, f"{name}-app", _CNPG_USER, sure=not replica)
    if spec.get("enableSuperuserAccess") is True and not text_of(at(spec, ("superuserSecret", "name"))):
        yield Provided(SECRET, f"{name}-superuser", _CNPG_USER)
    given = mapping(spec.get("certificates"))
    for suffix, field, keys in (
        ("ca", "serverCASecret", frozenset({"ca.crt", "ca.key"})),
        ("ca", "clientCASecret", frozenset({"ca.crt", "ca.key"})),
        ("server", "serverTLSSecret", _PAIR),
        ("replication", "replicationTLSSecret", _PAIR),
    ):
        if not text_of(given.get(field)):
            yield Provided(SECRET, f"{name}-{suffix}", keys)
    yield Provided(SECRET, f"{name}-pull-secret", None, sure=False)
    yield Provided(SECRET, f"{name}-pooler", _PAIR, sure=False)


def zalando_postgresql(manifest: Manifest) -> Iterator[Provided]:
    name = text_of(at(manifest, NAME))
    users = mapping(at(manifest, ("spec", "users")))
    silent = {user for user, flags in users.items() if "nologin" in {text_of(f).lower() for f in sequence(flags)}}
    keys = frozenset({"username", "password"})
    for user in sorted({"postgres", "standby", *users} - silent):
        secret_name = f"{user.replace('_', '-')}.{name}.credentials.postgresql.acid.zalan.do"
        if "." not in user:  # else it is made in another namespace, where that is switched on
            yield Provided(SECRET, secret_name, keys)
    # Prepared databases, poolers, streams, teams and the operator's own users.
    yield Provided(SECRET, f"*.{name}.credentials.postgresql.acid.zalan.do", keys, ANY_NAMESPACE, sure=False)
    yield from lends(manifest)


def crunchy(manifest: Manifest) -> Iterator[Provided]:
    """A user like the cluster, when `users` is not there at all."""
    name = text_of(at(manifest, NAME))
    users = at(manifest, ("spec", "users"))
    names = [text_of(mapping(user).get("name")) for user in sequence(users)] if users is not None else [name]
    for user in filter(None, names):
        yield Provided(SECRET, f"{name}-pguser-{user}", _CRUNCHY_USER)
    yield from lends(manifest)


def mongodb_community(manifest: Manifest) -> Iterator[Provided]:
    name = text_of(at(manifest, NAME))
    for entry in sequence(at(manifest, ("spec", "users"))):
        user = mapping(entry)
        chosen = text_of(user.get("connectionStringSecretName"))
        made = chosen or _normalised(f"{name}-{text_of(user.get('db')) or 'admin'}-{text_of(user.get('name'))}")
        where = text_of(user.get("connectionStringSecretNamespace"))
        yield Provided(SECRET, made, _MONGODB_USER, where or None)
        scram = text_of(user.get("scramCredentialsSecretName"))
        if scram:
            yield Provided(SECRET, f"{scram}-scram-credentials", None)
    yield from lends(manifest)


def mongodb_user(manifest: Manifest) -> Iterator[Provided]:
    """Of the enterprise operator: RESOURCE-USER-DATABASE, the user being the manifest's name."""
    spec = mapping(manifest.get("spec"))
    resource = text_of(at(spec, ("mongodbResourceRef", "name")))
    database = text_of(spec.get("db")).removeprefix("$")
    made = _normalised("-".join(filter(None, (resource, text_of(at(manifest, NAME)), database))))
    yield Provided(SECRET, text_of(spec.get("connectionStringSecretName")) or made, _MONGODB_USER)


def _normalised(name: str) -> str:
    """The operator's `normalizeName`: what is no DNS subdomain is made one."""
    if re.fullmatch(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*", name):
        return name
    return re.sub(r"-+", "-", re.sub(r"[^a-z0-9-]+", "-", name.lower())).strip("-")


def rabbitmq_cluster(manifest: Manifest) -> Iterator[Provided]:
    """No Secret of its own with `secretBackend`: the user then comes from Vault or from a Secret that others make."""
    if not mapping(at(manifest, ("spec", "secretBackend"))):
        yield Provided(SECRET, f"{text_of(at(manifest, NAME))}-default-user", _RABBITMQ)
    yield from lends(manifest)


def rabbitmq_user(manifest: Manifest) -> Iterator[Provided]:
    name = text_of(at(manifest, NAME))
    yield Provided(SECRET, f"{name}-user-credentials", frozenset({"username", "password", "passwordHash"}))


def kafka_user(manifest: Manifest) -> Iterator[Provided]:
    """A user without authentication, or with certificates from elsewhere, has no Secret."""
    name = text_of(at(manifest, NAME))
    keys = {
        "tls": frozenset({"ca.crt", "user.key", "user.crt", "user.p12", "user.password"}),
        "scram-sha-512": frozenset({"password", "sasl.jaas.config"}),
    }.get(text_of(at(manifest, ("spec", "authentication", "type"))))
    if keys is not None:
        yield Provided(SECRET, name, keys)
        yield Provided(SECRET, f"*{name}", keys, sure=False)  # the operator's `secretPrefix`


def grafana(manifest: Manifest) -> Iterator[Provided]:
    name = text_of(at(manifest, NAME))
    if at(manifest, ("spec", "disableDefaultAdminSecret")) is not True:
        keys = frozenset({"GF_SECURITY_ADMIN_USER", "GF_SECURITY_ADMIN_PASSWORD"})
        yield Provided(SECRET, f"{name}-admin-credentials", keys)
    yield from lends(manifest)


def keycloak(manifest: Manifest) -> Iterator[Provided]:
    name = text_of(at(manifest, NAME))
    given = at(manifest, ("spec", "bootstrapAdmin")) is not None
    yield Provided(SECRET, f"{name}-initial-admin", frozenset({"username", "password"}), sure=not given)
    yield from lends(manifest)


def ceph_client(manifest: Manifest) -> Iterator[Provided]:
    if at(manifest, ("spec", "removeSecret")) is not True:
        chosen = text_of(at(manifest, ("spec", "secretName")))
        yield Provided(SECRET, chosen or f"rook-ceph-client-{text_of(at(manifest, NAME))}", None)


def monitoring(prefix: str) -> Row:
    """What the Prometheus operator makes beside its pods: `PREFIX-NAME` and `PREFIX-NAME-tls-assets` and so on."""

    def row(manifest: Manifest) -> Iterator[Provided]:
        own = f"{prefix}-{text_of(at(manifest, NAME))}"
        for name in (own, f"{own}-*") if prefix != "alertmanager" else (f"{own}-*",):  # the plain one is people's
            yield Provided(SECRET, name, None, sure=False)

    return row


def ceph_object_store_user(manifest: Manifest) -> Iterator[Provided]:
    store, user = text_of(at(manifest, ("spec", "store"))), text_of(at(manifest, NAME))
    keys = frozenset({"AccessKey", "SecretKey", "Endpoint", "SSLCertSecretName"})
    yield Provided(SECRET, f"rook-ceph-object-user-{store}-{user}", keys)


def _ceph(manifest: Manifest) -> Iterator[Provided]:
    """Keyrings of its daemons and of the CSI driver."""
    yield Provided(SECRET, "rook-*", None, sure=False)
    yield Provided(CONFIG_MAP, "rook-*", None, sure=False)
    yield from lends(manifest)


OPERATORS: Mapping[tuple[str, str], Row] = {
    ("postgresql.cnpg.io", "Cluster"): cloudnative_pg,
    ("postgresql.cnpg.io", "Pooler"): named(("spec", "cluster", "name"), *sorted(_PAIR), pattern="{}-pooler"),
    ("acid.zalan.do", "postgresql"): zalando_postgresql,
    ("postgres-operator.crunchydata.com", "PostgresCluster"): crunchy,
    ("mongodbcommunity.mongodb.com", "MongoDBCommunity"): mongodb_community,
    ("mongodb.com", "MongoDBUser"): mongodb_user,
    ("rabbitmq.com", "RabbitmqCluster"): rabbitmq_cluster,
    ("rabbitmq.com", "User"): rabbitmq_user,
    ("kafka.strimzi.io", "KafkaUser"): kafka_user,
    ("kafka.strimzi.io", "Kafka"): every(
        *(
            named(NAME, "ca.crt", "ca.p12", "ca.password", pattern="{}-" + suffix)
            for suffix in ("cluster-ca-cert", "clients-ca-cert")
        ),
        lends,
    ),
    ("grafana.integreatly.org", "Grafana"): grafana,
    ("k8s.keycloak.org", "Keycloak"): keycloak,
    ("moco.cybozu.com", "MySQLCluster"): every(
        named(pattern="moco-{}"),
        named(pattern="moco-my-cnf-{}"),
        named(pattern="moco-{}", kinds=(CONFIG_MAP,)),
        lends,
    ),
    ("ceph.rook.io", "CephCluster"): every(
        *(named(pattern=f"rook-ceph-{s}") for s in ("mon", "mons-keyring", "admin-keyring", "config")),
        named(NAME, "data", "mapping", "maxMonId", pattern="rook-ceph-mon-endpoints", kinds=(CONFIG_MAP,)),
        _ceph,
    ),
    ("ceph.rook.io", "CephClient"): ceph_client,
    ("ceph.rook.io", "CephObjectStoreUser"): ceph_object_store_user,
    ("elasticsearch.k8s.elastic.co", "Elasticsearch"): every(
        named(NAME, "elastic", pattern="{}-es-elastic-user"),
        named(NAME, "ca.crt", "tls.crt", pattern="{}-es-http-certs-public"),
        named(NAME, "ca.crt", "tls.crt", "tls.key", pattern="{}-es-http-certs-internal"),
        lends,
    ),
    ("kibana.k8s.elastic.co", "Kibana"): every(named(pattern="{}-kb-http-certs-public"), lends),
    ("hive.openshift.io", "ClusterDeployment"): lends,  # the name of an installation has random letters in it
    ("monitoring.coreos.com", "Prometheus"): monitoring("prometheus"),
    ("monitoring.coreos.com", "PrometheusAgent"): monitoring("prom-agent"),
    ("monitoring.coreos.com", "Alertmanager"): monitoring("alertmanager"),
    ("monitoring.coreos.com", "ThanosRuler"): monitoring("thanos-ruler"),
    ("cluster.x-k8s.io", "Cluster"): every(named(NAME, "value", pattern="{}-kubeconfig"), lends),
}
