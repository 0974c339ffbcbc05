"""What was meant by a name that nobody provides, and advice that leads there when it is followed."""

from __future__ import annotations

import re

import pytest

from bot.rendering.driver import Engine
from checks.model import Severity
from gitops.facts.secrets import undelivered
from gitops.facts.secrets.providers.provided import Provided
from gitops.facts.secrets.providers.registry import provided_by
from gitops.resources.resource import Resource
from tests.checks.secret_keys.stage import APP, application, deployment, documents, judged, only_finding, said, secret
from tests.scenarios import Files, kustomization, manifest

HASHED = re.compile(r"`bar-[2456789bcdfghkmt]{10}`")
WEB = deployment(("bar", "A"))
PLAIN = deployment(("bar", "A"), namespace="")


def generator(kind: str = "secret", extra: str = "", **options: str) -> str:
    entry = "".join(f", {key}: {value}" for key, value in options.items())
    return f"{kind}Generator: [{{name: bar, literals: [A=1]{entry}}}]\n{extra}"


def monitor() -> str:
    return manifest("Prometheus", "m", "", "monitoring.coreos.com/v1", spec={"secrets": ["bar"]})


def built(resource: str, extra: str, **more: str) -> Files:
    return {**APP} | {"a/kustomization.yaml": kustomization("w.yaml", extra=extra), "a/w.yaml": resource} | more


@pytest.mark.parametrize(
    ("files", "said_why", "mended"),
    [
        (
            built(WEB, generator()),
            "the manifest says `shop`, the generator none",
            built(WEB, generator(namespace="shop")),
        ),
        (
            built(PLAIN, generator(namespace="shop")),
            "the manifest says none, the generator `shop`",
            built(WEB, generator(namespace="shop")),
        ),
        (
            built(WEB, generator()),
            "disableNameSuffixHash: true",
            built(WEB, generator(options="{disableNameSuffixHash: true}")),
        ),
        (
            built(WEB, generator(namespace="web")),
            "but in the namespace `web`",
            built(WEB, generator(namespace="shop")),
        ),
        (
            built(monitor(), generator()),
            "does not write it into this field of `Prometheus m`",
            built(monitor(), generator(options="{disableNameSuffixHash: true}")),
        ),
        (
            built(deployment(("bar-2222222222", "A")), generator(namespace="shop")),
            "has the hash of another content",
            built(WEB, generator(namespace="shop")),
        ),
    ],
)
async def test_a_generated_name_that_is_not_written(
    engine: Engine, files: Files, said_why: str, mended: Files
) -> None:
    finding = only_finding(await judged(engine, files))
    assert (finding.rule, finding.severity) == ("secret-missing", Severity.ERROR)
    assert HASHED.search(finding.topic.message), finding.topic.message
    assert "(a/kustomization.yaml:" in finding.topic.message
    assert "is there under a generated name only" in finding.message
    assert said_why in finding.topic.message + finding.topic.advice
    assert "kubectl" not in finding.topic.commands
    # What is advised, done to the letter, mends it.
    assert said(await judged(engine, mended)) == []


async def test_a_generated_name_in_another_application(engine: Engine) -> None:
    files = {
        "apps.yaml": documents(application("a", "a"), application("b", "b")),
        "a/w.yaml": WEB,
        "b/kustomization.yaml": generator(namespace="shop"),
    }
    finding = only_finding(await judged(engine, files))
    assert finding.severity is Severity.WARNING  # it may have been made for others
    assert "a manifest of another build" in finding.topic.message
    plain = files | {"b/kustomization.yaml": generator(namespace="shop", options="{disableNameSuffixHash: true}")}
    assert said(await judged(engine, plain)) == []


async def test_a_generated_name_of_another_environment_is_no_cause(engine: Engine) -> None:
    files = {
        "apps.yaml": documents(application("a", "a"), application("b", "b", namespace="staging")),
        "a/w.yaml": WEB,
        "b/kustomization.yaml": generator(namespace="staging"),
    }
    finding = only_finding(await judged(engine, files))
    assert finding.severity is Severity.WARNING
    assert "generates" not in finding.topic.message


async def test_a_custom_resource_that_kustomize_does_not_know(engine: Engine) -> None:
    asks = {"secretTargetRef": [{"parameter": "p", "name": "bar", "key": "A"}]}
    trigger = manifest("TriggerAuthentication", "t", "", "keda.sh/v1alpha1", spec=asks)
    finding = only_finding(await judged(engine, built(trigger, generator())))
    assert finding.severity is Severity.ERROR  # without a generator it is a notice
    assert HASHED.search(finding.topic.message)


async def test_a_prefix_stays_when_the_hash_goes(engine: Engine) -> None:
    files = built(monitor(), generator(extra="namePrefix: eu-\n"))
    finding = only_finding(await judged(engine, files))
    assert "and write `eu-bar` at a/w.yaml:1" in finding.topic.advice
    mended = monitor().replace('"bar"', '"eu-bar"')
    plain = generator(extra="namePrefix: eu-\n", options="{disableNameSuffixHash: true}")
    assert said(await judged(engine, built(mended, plain))) == []


async def test_config_maps_are_generated_alike(engine: Engine) -> None:
    container = {"name": "c", "envFrom": [{"configMapRef": {"name": "bar"}}]}
    files = built(manifest("Pod", "p", "shop", spec={"containers": [container]}), generator("configMap"))
    finding = only_finding(await judged(engine, files))
    assert finding.severity is Severity.ERROR
    assert HASHED.search(finding.topic.message)


@pytest.mark.parametrize(
    ("wanted", "there", "meant"),
    [
        ("acme-backend-secrets", "backend-secrets", True),
        ("backend-secrets", "acme-backend-secrets", True),
        ("backend-secrets", "backend-secrets-v2", True),
        ("backend_secrets", "backend-secrets", False),  # no name at all: something substitutes it
        ("backend-secret", "backend-secrets", True),
        ("end-secrets", "backend-secrets", False),  # not at a word's end; the ratio is too low
    ],
)
async def test_a_name_with_another_prefix_or_spelling(engine: Engine, wanted: str, there: str, meant: bool) -> None:
    files = APP | {
        "a/w.yaml": deployment((wanted, "url"), ("x", "k")),
        "a/s.yaml": secret(there, "url"),
        "a/x.yaml": secret("x", "k"),
    }
    evaluation = await judged(engine, files)
    text = " ".join(f"{f.topic.message} {f.topic.advice}" for f in evaluation.findings)
    assert (f"Did you mean `{there}`?" in text) is meant
    assert not meant or f"If `{there}` is meant, write that name at a/w.yaml:1." in text


async def test_a_longer_name_without_the_keys_was_not_meant(engine: Engine) -> None:
    files = APP | {
        "a/w.yaml": deployment(("backend-secrets", "url")),
        "a/s.yaml": secret("backend-secrets-tls", "crt"),
    }
    assert "mean" not in only_finding(await judged(engine, files)).topic.message


async def test_the_only_one_with_the_key_is_named(engine: Engine) -> None:
    needs = {"a/w.yaml": deployment(("database", "DATABASE_URL"))}
    one = APP | needs | {"a/s.yaml": secret("credentials", "DATABASE_URL"), "a/t.yaml": secret("others", "x")}
    finding = only_finding(await judged(engine, one))
    assert "known to have this key is `credentials`" in finding.topic.message
    two = one | {"a/t.yaml": secret("others", "DATABASE_URL")}
    assert "known to have" not in only_finding(await judged(engine, two)).topic.message


async def test_a_sealed_secret_that_kustomize_renames(engine: Engine) -> None:
    """kustomize knows no reference to a SealedSecret, so it renames that alone; its template's name says nothing."""
    spec = {"encryptedData": {"url": "Ag"}, "template": {"metadata": {"name": "db"}}}
    sealed = manifest("SealedSecret", "db", "shop", "bitnami.com/v1alpha1", spec=spec)
    files = {"a/kustomization.yaml": kustomization("s.yaml", "w.yaml", extra="namePrefix: eu-\n"), "a/s.yaml": sealed}
    lost = {**APP, **files} | {"a/w.yaml": deployment(("db", "url"))}
    finding = only_finding(await judged(engine, lost))
    assert "Did you mean `eu-db`?" in finding.topic.message
    assert said(await judged(engine, {**APP, **files} | {"a/w.yaml": deployment(("eu-db", "url"))})) == []


EXTERNAL = manifest("ExternalSecret", "db", "shop", "external-secrets.io/v1", spec={"data": [{"secretKey": "url"}]})
NEEDS = {"a/w.yaml": deployment(("db", "url"))}


@pytest.mark.parametrize(
    ("files", "severity", "where"),
    [
        ({"secrets/db.yaml": EXTERNAL}, Severity.WARNING, "secrets/db.yaml:1"),
        (
            {"secrets/all.yaml": documents(secret("x", "y"), secret("db", "url"))},
            Severity.WARNING,
            "secrets/all.yaml:",
        ),
        ({"secrets/db.yaml": secret("db", "url", namespace="")}, Severity.WARNING, "secrets/db.yaml:1"),
        ({"secrets/db.yaml": secret("db", "url", namespace="web")}, Severity.WARNING, ""),
        ({"secrets/db.yaml": secret("db-2", "url")}, Severity.WARNING, ""),
        ({"secrets/db.yaml": manifest("Deployment", "db", "shop", "apps/v1")}, Severity.WARNING, ""),
        ({"secrets/db.yaml": "kind: Secret\n{{ db }}"}, Severity.WARNING, ""),
    ],
)
async def test_a_manifest_that_no_application_deploys(
    engine: Engine, files: Files, severity: Severity, where: str
) -> None:
    finding = only_finding(await judged(engine, {**APP, **NEEDS, **files}))
    assert finding.severity is severity
    assert ("lies in git and no Application deploys it" in finding.topic.title) is bool(where)
    assert where in finding.topic.message
    assert any(where in str(related.span) for related in finding.related) is bool(where)
    assert bool(finding.topic.commands) is not bool(where)


@pytest.mark.parametrize(
    ("files", "advice", "mended"),
    [
        (
            {"a/kustomization.yaml": kustomization("w.yaml"), "a/s/db.yaml": EXTERNAL},
            "add `s/db.yaml` to the `resources` of a/kustomization.yaml",
            {"a/kustomization.yaml": kustomization("w.yaml", "s/db.yaml")},
        ),
        (
            {"a/kustomization.yaml": kustomization("w.yaml"), "s/db.yaml": EXTERNAL},
            "list s/db.yaml in an Application",
            {"apps.yaml": documents(application("a", "a"), application("s", "s"))},
        ),
        (
            {
                "a/kustomization.yaml": kustomization("w.yaml"),
                "s/kustomization.yaml": "namespace: shop\nsecretGenerator: [{name: db, literals: [url=x]}]\n"
                "generatorOptions: {disableNameSuffixHash: true}\n",
            },
            "let an Application build s",
            {"apps.yaml": documents(application("a", "a"), application("s", "s"))},
        ),
    ],
)
async def test_the_way_to_bring_it_is_right(engine: Engine, files: Files, advice: str, mended: Files) -> None:
    finding = only_finding(await judged(engine, {**APP, **NEEDS, **files}))
    assert advice in finding.topic.advice
    assert said(await judged(engine, {**APP, **NEEDS, **files, **mended})) == []


async def test_what_lies_beside_the_applications_is_applied_with_them(engine: Engine) -> None:
    listed = {
        "apps/kustomization.yaml": kustomization("a.yaml", "es.yaml"),
        "apps/a.yaml": application("a", "a"),
        "apps/es.yaml": EXTERNAL,
    }
    plain = {"apps/a.yaml": application("a", "a"), "apps/es.yaml": EXTERNAL}
    for files, beside in ((listed, "apps/kustomization.yaml"), (plain, "apps/")):
        finding = only_finding(await judged(engine, {**files, **NEEDS}))
        assert finding.severity is Severity.NOTICE
        assert "apps/es.yaml:1 would provide it" in finding.topic.message
        assert f"{beside} holds it beside Applications" in finding.topic.message
        assert "provided by nothing" not in finding.topic.title


async def test_an_application_that_could_not_be_analysed_may_deploy_what_lies_below_it(engine: Engine) -> None:
    remote = kustomization("https://github.com/acme/other//base?ref=main")
    apps = {"apps.yaml": documents(application("a", "a"), application("b", "b"))}
    finding = only_finding(
        await judged(engine, {**apps, **NEEDS, "b/kustomization.yaml": remote, "b/x/db.yaml": EXTERNAL})
    )
    assert "no Application deploys" not in finding.topic.title + finding.topic.message
    assert "could not be analysed" in finding.topic.message or "in part" in finding.topic.message


async def test_values_of_secrets_that_lie_about_are_not_told(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    lying = manifest("Secret", "db", "shop", stringData={"url": "hunter2-in-the-open"})
    seen: list[bytes] = []

    def noting(resource: Resource) -> tuple[Provided, ...]:
        seen.append(resource.text)
        return provided_by(resource)

    monkeypatch.setattr(undelivered, "provided_by", noting)
    evaluation = await judged(engine, APP | NEEDS | {"secrets/db.yaml": lying})
    assert "hunter2" not in repr(evaluation.findings)
    assert seen
    assert not any(b"hunter2" in text for text in seen)  # what is read is kept in a cache
