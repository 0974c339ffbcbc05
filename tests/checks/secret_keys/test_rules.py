"""Who provides what, how sure it is, and what is said about it."""

from __future__ import annotations

import json

import pytest

from bot.rendering.driver import Engine
from checks.model import Severity
from checks.policy.file import parse_policy
from gitops.applications.live import Live
from tests.checks.secret_keys.stage import (
    APP,
    CHECK,
    cluster,
    deployment,
    judged,
    keys_missing,
    only_finding,
    said,
    secret,
)
from tests.scenarios import Files, application, documents, kustomization, manifest

NEEDS = {"a/web.yaml": deployment(("db", "url"))}
MISSING = ("secret-missing", Severity.WARNING, "Secret shop/db")
GONE = ("secret-missing", Severity.ERROR, "Secret shop/db")
LACKS = ("secret-key-missing", Severity.ERROR, "Secret shop/db")
CHART = json.dumps(
    {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Application",
        "metadata": {"name": "chart", "namespace": "argocd"},
        "spec": {
            "source": {"repoURL": "https://charts.example", "chart": "db", "targetRevision": "1"},
            "destination": {"server": "https://kubernetes.default.svc", "namespace": "shop"},
        },
    }
)
NOTICE = ("secret-missing", Severity.NOTICE, "Secret shop/db")
POLICY = "secrets:\n  provided: "

EXTERNAL = manifest("ExternalSecret", "db", "shop", "external-secrets.io/v1", spec={"dataFrom": [{"extract": {}}]})
WIDE = manifest(
    "ClusterExternalSecret",
    "db",
    api="external-secrets.io/v1",
    spec={"namespaceSelectors": [{}], "externalSecretSpec": {"data": [{"secretKey": "url"}]}},
)
MERGES = manifest(
    "ExternalSecret",
    "db",
    "shop",
    "external-secrets.io/v1",
    spec={"data": [{"secretKey": "url"}], "target": {"creationPolicy": "Merge"}},
)

TABLE: list[tuple[str, Files, str | None, Live | None, list[tuple[str, Severity, str]]]] = [
    ("nobody", APP | NEEDS, None, None, [MISSING]),
    ("the same Application", APP | NEEDS | {"a/s.yaml": secret("db", "url")}, None, None, []),
    ("without the key", APP | NEEDS | {"a/s.yaml": secret("db", "uri")}, None, None, [LACKS]),
    ("in another namespace", APP | NEEDS | {"a/s.yaml": secret("db", "url", namespace="web")}, None, None, [MISSING]),
    (
        "another Application of the namespace",
        {"apps.yaml": documents(application("a", "a"), application("b", "b")), "b/s.yaml": secret("db", "url")}
        | NEEDS,
        None,
        None,
        [],
    ),
    (
        "the namespace of the destination",
        {
            "apps.yaml": documents(application("a", "a"), application("b", "b")),
            "a/web.yaml": deployment(("db", "url"), namespace=""),
            "b/s.yaml": secret("db", "url", namespace=""),
        },
        None,
        None,
        [],
    ),
    (
        "another cluster",
        {
            "apps.yaml": documents(application("a", "a"), application("b", "b", cluster="west")),
            "b/s.yaml": secret("db", "url"),
        }
        | NEEDS,
        None,
        None,
        [MISSING],
    ),
    ("unknown keys", APP | NEEDS | {"a/s.yaml": EXTERNAL}, None, None, []),
    ("any namespace", APP | NEEDS | {"a/s.yaml": WIDE}, None, None, []),
    ("only fills", APP | NEEDS | {"a/s.yaml": MERGES}, None, None, [MISSING]),
    ("fills what the cluster holds", APP | NEEDS | {"a/s.yaml": MERGES}, None, cluster({"db": ["x"]}), []),
    ("a chart may bring it", {"apps.yaml": documents(application("a", "a"), CHART)} | NEEDS, None, None, [NOTICE]),
    (
        "a custom resource may make it",
        APP | NEEDS | {"a/c.yaml": manifest("Database", "x", "shop", "acme.example/v1", spec={"out": "db"})},
        None,
        None,
        [NOTICE],
    ),
    ("declared by name", APP | NEEDS, POLICY + "[db]", None, []),
    ("declared with namespace", APP | NEEDS, POLICY + "[shop/db]", None, []),
    ("declared by pattern", APP | NEEDS, POLICY + "['shop/*']", None, []),
    ("declared elsewhere", APP | NEEDS, POLICY + "[web/db]", None, [GONE]),
    ("nothing is declared", APP | NEEDS, POLICY + "[]", None, [GONE]),
    ("declared with the key", APP | NEEDS, POLICY + "['shop/db#url,password']", None, []),
    ("declared without the key", APP | NEEDS, POLICY + "['shop/db#uri']", None, [LACKS]),
    ("held by the cluster", APP | NEEDS, None, cluster({"db": ["url"]}), []),
    ("held with unknown keys", APP | NEEDS, None, cluster({"db": None}), []),
    ("held without the key", APP | NEEDS, None, cluster({"db": ["uri"]}), [LACKS]),
    ("not held", APP | NEEDS, None, cluster(), [GONE]),
    ("not all was listed", APP | NEEDS, None, cluster(complete=["web"]), [MISSING]),
    ("everything was listed", APP | NEEDS, None, cluster(complete=["*"]), [GONE]),
    ("another cluster was asked", APP | NEEDS, None, cluster(name="https://west"), [MISSING]),
    (
        "git and cluster together",
        APP | NEEDS | {"a/s.yaml": secret("db", "uri")},
        None,
        cluster({"db": ["uri", "url"]}),
        [],
    ),
    (
        "declared without keys, known to the cluster",
        APP | NEEDS,
        POLICY + "[shop/db]",
        cluster({"db": ["uri"]}),
        [LACKS],
    ),
]


@pytest.mark.parametrize(("files", "policy", "live", "expected"), [c[1:] for c in TABLE], ids=[c[0] for c in TABLE])
async def test_what_is_said(
    engine: Engine,
    files: Files,
    policy: str | None,
    live: Live | None,
    expected: list[tuple[str, Severity, str]],
) -> None:
    assert said(await judged(engine, files, policy=policy, live=live)) == expected


async def test_the_story(engine: Engine) -> None:
    """An init container asks for two keys that the Secret of the cluster does not have."""
    migrate = {
        "name": "db-migrate",
        "envFrom": [{"secretRef": {"name": "cloudtolocalllm-secrets"}}],
        "env": [
            {"name": key, "valueFrom": {"secretKeyRef": {"name": "cloudtolocalllm-secrets", "key": key}}}
            for key in ("postgres-password", "supabase-jwt-secret", "supabase-url")
        ],
    }
    files = APP | {"a/api.yaml": deployment(name="api-backend", initContainers=[migrate])}
    live = cluster({"cloudtolocalllm-secrets": ["jwt-secret", "postgres-password"]})
    evaluation = await judged(engine, files, live=live)
    assert keys_missing(evaluation) == {"supabase-jwt-secret", "supabase-url"}
    assert len(evaluation.findings) == 2
    assert len({finding.topic.key for finding in evaluation.findings}) == 1
    topic = evaluation.findings[0].topic
    assert topic.title == (
        "Secret `shop/cloudtolocalllm-secrets` has no keys `supabase-jwt-secret` and `supabase-url`"
    )
    assert "Init container `db-migrate` of `Deployment api-backend` needs them." in topic.message
    assert topic.commands == (
        "kubectl patch secret cloudtolocalllm-secrets -n shop --type=json -p "
        """'[{"op": "add", "path": "/data/supabase-jwt-secret", "value": "<base64 of supabase-jwt-secret>"}, """
        """{"op": "add", "path": "/data/supabase-url", "value": "<base64 of supabase-url>"}]'"""
    )
    assert evaluation.report(CHECK).conclusion == "failure"


async def test_sixteen_references_are_one_topic(engine: Engine) -> None:
    files = APP | {f"a/{n}.yaml": deployment(("db", f"k{n}"), name=f"w{n}") for n in range(16)}
    evaluation = await judged(engine, files)
    assert len(evaluation.findings) == 16
    assert len({finding.topic.key for finding in evaluation.findings}) == 1
    assert "16 references" in evaluation.findings[0].topic.message


async def test_one_manifest_in_many_namespaces_is_one_topic(engine: Engine) -> None:
    apps = documents(*(application(f"a{n}", "a", namespace=f"team-{n}") for n in range(3)))
    evaluation = await judged(engine, {"apps.yaml": apps, "a/web.yaml": deployment(("db", "url"), namespace="")})
    assert {finding.topic.title for finding in evaluation.findings} == {
        "Secret `db` in 3 namespaces is provided by nothing in git"
    }


@pytest.mark.parametrize(
    ("key", "hint"),
    [
        ("supabase_url", "supabase-url"),
        ("Supabase-URL", "supabase-url"),
        ("supabse-url", "supabase-url"),
        ("x", None),
    ],
)
async def test_did_you_mean(engine: Engine, key: str, hint: str | None) -> None:
    files = APP | {"a/web.yaml": deployment(("db", key)), "a/s.yaml": secret("db", "supabase-url", "other")}
    finding = only_finding(await judged(engine, files))
    assert (f"did you mean `{hint}`?" in finding.message) is (hint is not None)
    assert ("Did you mean" in finding.topic.message) is (hint is not None)


async def test_a_misspelt_or_misplaced_secret(engine: Engine) -> None:
    misspelt = APP | {"a/web.yaml": deployment(("db-credential", "x")), "a/s.yaml": secret("db-credentials", "x")}
    assert "Did you mean `db-credentials`?" in only_finding(await judged(engine, misspelt)).topic.message
    misplaced = APP | NEEDS | {"a/s.yaml": secret("db", "url", namespace="web")}
    assert "in the namespace `web`" in only_finding(await judged(engine, misplaced)).topic.message


async def test_config_maps_are_judged_alike(engine: Engine) -> None:
    source = [{"configMapRef": {"name": "settings"}}, {"configMapRef": {"name": "kube-root-ca.crt"}}]
    container = {"name": "app", "envFrom": source}
    files = APP | {"a/web.yaml": manifest("Pod", "p", "shop", spec={"containers": [container]})}
    assert said(await judged(engine, files)) == [("secret-missing", Severity.WARNING, "ConfigMap shop/settings")]
    assert said(await judged(engine, files, live=cluster(config_maps={"settings": ["a"]}))) == []
    assert said(await judged(engine, files, policy=POLICY + "[ConfigMap/shop/settings]")) == []
    assert said(await judged(engine, files, policy=POLICY + "[shop/settings]"))[0][1] is Severity.WARNING


async def test_a_hook_needs_and_provides_like_the_rest(engine: Engine) -> None:
    hook = {"annotations": {"argocd.argoproj.io/hook": "PreSync"}}
    container = {"name": "app", "envFrom": [{"secretRef": {"name": "db"}}]}
    job = manifest(
        "Job", "j", "shop", "batch/v1", metadata=hook, spec={"template": {"spec": {"containers": [container]}}}
    )
    assert said(await judged(engine, APP | {"a/j.yaml": job})) == [MISSING]
    provided = manifest("Secret", "db", "shop", metadata=hook, stringData={"a": "b"})
    assert said(await judged(engine, APP | {"a/j.yaml": job, "a/s.yaml": provided})) == []


async def test_a_pull_secret_never_fails_a_check(engine: Engine) -> None:
    files = APP | {"a/web.yaml": deployment(imagePullSecrets=[{"name": "db"}])}
    finding = only_finding(await judged(engine, files, live=cluster()))
    assert finding.severity is Severity.WARNING
    assert finding.topic.commands.startswith("kubectl create secret docker-registry db -n shop")


async def test_only_what_the_change_brings_fails_it(engine: Engine) -> None:
    base = APP | NEEDS | {"a/s.yaml": secret("db", "uri")}
    known = await judged(engine, base | {"a/other.yaml": secret("o", "x")}, base=base)
    assert [finding.introduced for finding in known.findings] == [False]
    assert known.report(CHECK).conclusion == "success"
    more = base | {"a/web.yaml": deployment(("db", "url"), ("db", "password"))}
    added = await judged(engine, more, base=base)
    assert sorted((finding.introduced, finding.span.line) for finding in added.findings) == [(False, 1), (True, 1)]
    assert added.report(CHECK).conclusion == "failure"


async def test_roots_that_may_be_one_argo_cd_provide_for_each_other(engine: Engine) -> None:
    files = {
        "one/apps.yaml": application("a", "a"),
        "two/apps.yaml": application("b", "b"),
        "b/s.yaml": secret("db", "url"),
    } | NEEDS
    assert said(await judged(engine, files)) == []
    settled = "instances: {one: [a], two: [b]}"
    assert said(await judged(engine, files, policy=settled)) == [MISSING]


async def test_ignored_by_configuration(engine: Engine) -> None:
    policy = "ignore:\n  - {rule: secret-missing, resource: Secret/shop/db, reason: made by hand}\n"
    assert only_finding(await judged(engine, APP | NEEDS, policy=policy)).suppressed == "made by hand"


async def test_a_generated_secret_keeps_its_identity(engine: Engine) -> None:
    def files(value: str) -> dict[str, str]:
        generator = f"secretGenerator:\n  - name: db\n    literals: [uri={value}]\nnamespace: shop\n"
        return APP | {
            "a/kustomization.yaml": kustomization("web.yaml", extra=generator),
            "a/web.yaml": deployment(("db", "url"), namespace=""),
        }

    evaluation = await judged(engine, files("new"), base=files("old"))
    finding = only_finding(evaluation)
    assert (finding.rule, finding.introduced) == ("secret-key-missing", False)
    assert finding.topic.commands == "literals:\n  - url=<value>" or "url=<value>" in finding.topic.commands


def test_declarations() -> None:
    policy = parse_policy(b"secrets:\n  provided: [a, n/b, 'n/c#x, y', ConfigMap/n/d, 'e#', f/g/h]\n")
    assert [(d.kind, d.namespace, d.name, d.keys) for d in policy.secrets_provided or ()] == [
        ("Secret", "*", "a", None),
        ("Secret", "n", "b", None),
        ("Secret", "n", "c", frozenset({"x", "y"})),
        ("ConfigMap", "n", "d", None),
    ]
    assert [problem.line for problem in policy.problems] == [2, 2]


async def test_of_repeated_copies_only_the_last_one_provides(engine: Engine) -> None:
    """Argo CD applies the last copy: files of a directory go by their names, sources as they are listed."""
    files = APP | {"a/web.yaml": deployment(("db", "url")), "a/1.yaml": secret("db", "url")}
    assert (await judged(engine, files)).findings == ()
    assert said(await judged(engine, files | {"a/2.yaml": secret("db", "uri")})) == [LACKS]
    assert (await judged(engine, files | {"a/0.yaml": secret("db", "uri")})).findings == ()
    elsewhere = secret("db", "uri", namespace="other")
    assert (await judged(engine, files | {"a/2.yaml": elsewhere})).findings == ()
