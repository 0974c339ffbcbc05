"""Objects that git brings, and yet are not there when somebody needs them: hooks, and classes that nobody mounts."""

from __future__ import annotations

import pytest

from bot.rendering.driver import Engine
from checks.model import Severity
from gitops.facts.secrets.survey import survey as survey_of
from tests.checks.secret_keys.stage import (
    APP,
    application,
    cluster,
    deployment,
    documents,
    judged,
    only_finding,
    said,
    secret,
)
from tests.checks.secret_keys.test_properties import snapshot
from tests.scenarios import Files, manifest

NEEDS = deployment(("db", "url"))
MISSING = [("secret-missing", Severity.WARNING, "Secret shop/db")]
ARGO, HELM = "argocd.argoproj.io/hook", "helm.sh/hook"
POLICY = "argocd.argoproj.io/hook-delete-policy"


def hooked(**annotations: str) -> str:
    return manifest("Secret", "db", "shop", metadata={"annotations": annotations}, stringData={"url": "v"})


def job(**annotations: str) -> str:
    container = {"name": "app", "envFrom": [{"secretRef": {"name": "db"}}]}
    metadata = {"annotations": annotations}
    return manifest(
        "Job", "j", "shop", "batch/v1", metadata=metadata, spec={"template": {"spec": {"containers": [container]}}}
    )


def cron_job() -> str:
    pod = {"containers": [{"name": "app", "envFrom": [{"secretRef": {"name": "db"}}]}]}
    return manifest("CronJob", "c", "shop", "batch/v1", spec={"jobTemplate": {"spec": {"template": {"spec": pod}}}})


@pytest.mark.parametrize(
    ("provider", "consumer", "why"),
    [
        (hooked(**{ARGO: "Skip"}), NEEDS, "never applies"),
        (hooked(**{ARGO: "PostSync"}), NEEDS, "PostSync hook"),
        (hooked(**{ARGO: "PostSync"}), job(**{ARGO: "PreSync"}), "PostSync hook"),
        (hooked(**{HELM: "post-install,post-upgrade"}), NEEDS, "PostSync hook"),
        (hooked(**{HELM: "test"}), NEEDS, "never applies"),
        (hooked(**{ARGO: "SyncFail"}), NEEDS, "SyncFail hook"),
        (hooked(**{ARGO: "PostDelete"}), NEEDS, "deletion hook"),
        (hooked(**{ARGO: "PreSync", POLICY: "HookSucceeded"}), NEEDS, "deleted again"),
        (hooked(**{HELM: "pre-install", "helm.sh/hook-delete-policy": "hook-succeeded"}), NEEDS, "deleted again"),
        (hooked(**{ARGO: "PreSync"}), NEEDS, ""),
        (hooked(**{ARGO: "Sync"}), NEEDS, ""),
        (hooked(**{ARGO: "PreSync,PostSync"}), NEEDS, ""),
        (hooked(**{ARGO: "PostSync"}), job(**{ARGO: "PostSync"}), ""),
        (hooked(**{ARGO: "PostSync"}), cron_job(), ""),  # healthy without its pods
        (hooked(**{ARGO: "PreSync", POLICY: "HookSucceeded"}), job(**{ARGO: "PreSync"}), ""),
        (hooked(**{ARGO: "PreSync", POLICY: "BeforeHookCreation"}), NEEDS, ""),
        (hooked(**{HELM: "crd-install"}), NEEDS, ""),
        (hooked(**{ARGO: "Skip"}), job(**{ARGO: "Skip"}), ""),  # neither is applied
    ],
)
async def test_what_a_hook_brings(engine: Engine, provider: str, consumer: str, why: str) -> None:
    evaluation = await judged(engine, APP | {"a/s.yaml": provider, "a/w.yaml": consumer})
    if not why:
        assert said(evaluation) == []
        return
    finding = only_finding(evaluation)
    assert finding.severity is Severity.WARNING
    assert "is not there when it is needed" in finding.topic.title
    assert (
        f"`Secret db` (a/s.yaml:1) {'is' if 'deleted again' not in why else 'is a hook that is'}"
        in finding.topic.message
    )
    assert why in finding.topic.message
    assert "Take the hook annotations off `Secret db` (a/s.yaml:1)" in finding.topic.advice
    assert "kubectl" not in finding.topic.commands


async def test_the_advice_about_a_hook_works(engine: Engine) -> None:
    assert said(await judged(engine, APP | {"a/s.yaml": hooked(), "a/w.yaml": NEEDS})) == []


async def test_a_post_sync_hook_of_another_application_comes_by_itself(engine: Engine) -> None:
    apps = {"apps.yaml": documents(application("a", "a"), application("b", "b"))}
    late = apps | {"a/w.yaml": NEEDS, "b/s.yaml": hooked(**{ARGO: "PostSync"})}
    assert said(await judged(engine, late)) == []
    never = apps | {"a/w.yaml": NEEDS, "b/s.yaml": hooked(**{ARGO: "Skip"})}
    assert said(await judged(engine, never)) == MISSING


async def test_a_secret_that_becomes_a_skip_hook_is_taken_away(engine: Engine) -> None:
    before = APP | {"a/s.yaml": secret("db", "url"), "a/w.yaml": NEEDS}
    after = before | {"a/s.yaml": hooked(**{ARGO: "Skip"})}
    assert said(await judged(engine, after, base=before))[0][1] is Severity.ERROR


async def test_what_the_cluster_holds_is_there_whatever_the_hook(engine: Engine) -> None:
    files = APP | {"a/s.yaml": hooked(**{ARGO: "PostSync"}), "a/w.yaml": NEEDS}
    assert said(await judged(engine, files, live=cluster({"db": ["url"]}))) == []


CLASS = manifest(
    "SecretProviderClass",
    "vault",
    "shop",
    "secrets-store.csi.x-k8s.io/v1",
    spec={"secretObjects": [{"secretName": "db", "data": [{"key": "url"}]}]},
)


def mounting(class_name: str = "vault", namespace: str = "shop") -> str:
    csi = {"driver": "secrets-store.csi.k8s.io", "volumeAttributes": {"secretProviderClass": class_name}}
    return deployment(name="other", namespace=namespace, volumes=[{"name": "v", "csi": csi}])


@pytest.mark.parametrize(
    ("files", "there"),
    [
        ({}, False),
        ({"a/m.yaml": mounting()}, True),
        ({"a/m.yaml": mounting("other")}, False),
        ({"a/m.yaml": mounting(namespace="web")}, False),
        (
            {
                "a/m.yaml": manifest(
                    "Database", "d", "shop", "acme.example/v1", spec={"volumes": [{"secretProviderClass": "vault"}]}
                )
            },
            True,  # a controller makes pods of it
        ),
    ],
)
async def test_a_class_makes_secrets_while_a_pod_mounts_it(engine: Engine, files: Files, there: bool) -> None:
    evaluation = await judged(engine, {**APP, "a/c.yaml": CLASS, "a/w.yaml": NEEDS, **files})
    if there:
        assert said(evaluation) == []
        return
    finding = only_finding(evaluation)
    assert said(evaluation) == MISSING
    assert "no pod of this namespace does" in finding.topic.message
    assert "Mount `SecretProviderClass vault` (a/c.yaml:1) in a pod" in finding.topic.advice


async def test_keys_of_a_mounted_class_are_known(engine: Engine) -> None:
    files = APP | {"a/c.yaml": CLASS, "a/m.yaml": mounting(), "a/w.yaml": deployment(("db", "uri"))}
    assert said(await judged(engine, files)) == [("secret-key-missing", Severity.ERROR, "Secret shop/db")]


async def test_a_pull_secret_does_not_hold_up_what_brings_it(engine: Engine) -> None:
    """Without it images may be pulled all the same, so the PostSync phase may well come."""
    pulls = deployment(imagePullSecrets=[{"name": "db"}])
    files = APP | {"a/s.yaml": hooked(**{ARGO: "PostSync"}), "a/w.yaml": pulls}
    assert said(await judged(engine, files)) == []


def test_a_skipped_secret_provides_nothing_to_the_sync_order_either() -> None:
    survey = snapshot([NEEDS], [hooked(**{ARGO: "Skip"})]).once(survey_of)
    assert not survey.provisions
    ((provision, why),) = survey.idle[survey.needed[0].id]
    assert (provision.owner.resource.id.name, "never applies" in why) == ("db", True)
