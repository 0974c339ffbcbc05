"""The order inside one Application: hooks and waves that need what comes later in the same sync."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.rendering.driver import Engine
from checks.model import Finding, Severity
from gitops.facts.order.inside import wave_of
from gitops.resources.resource import Resource, ResourceId
from tests.gitops.facts.order.test_evidence import apps, crd, deployment, widget
from tests.scenarios import Files, config_map, documents, evaluated, manifest, of_rule

HOOK, WAVE = "hook-needs-later-phase", "resource-needs-later-wave"


def noted(document: str, **annotations: str) -> str:
    """The document with these annotations (`hook`, `wave`, `helm`, `weight`, `options`)."""
    names = {
        "hook": "argocd.argoproj.io/hook",
        "wave": "argocd.argoproj.io/sync-wave",
        "options": "argocd.argoproj.io/sync-options",
        "helm": "helm.sh/hook",
        "weight": "helm.sh/hook-weight",
    }
    content = json.loads(document)
    content["metadata"]["annotations"] = {names[key]: value for key, value in annotations.items()}
    return json.dumps(content) + "\n"


def job(name: str = "migrate", **spec: Any) -> str:
    return manifest(
        "Job", name, "shop", "batch/v1",
        spec={"template": {"spec": {"containers": [{"name": "c", "image": "x"}], **spec}}},
    )  # fmt: skip


def secret(name: str = "db") -> str:
    return manifest("Secret", name, "shop", stringData={"password": "x"})


def reading(name: str = "db", **more: Any) -> dict[str, Any]:
    ref = {"secretKeyRef": {"name": name, "key": "password", **more}}
    return {"containers": [{"name": "c", "image": "x", "env": [{"name": "A", "valueFrom": ref}]}]}


async def found(engine: Engine, *parts: str, more: Files | None = None) -> list[Finding]:
    files = {
        "apps.yaml": apps("web", *(("other",) if more else ())),
        "web/all.yaml": documents(*parts),
        **(more or {}),
    }
    evaluation = await evaluated(engine, files)
    return [*of_rule(evaluation, HOOK), *of_rule(evaluation, WAVE)]


CLAIM = manifest("PersistentVolumeClaim", "data", "shop", spec={"accessModes": ["ReadWriteOnce"]})
MOUNT: dict[str, Any] = {"volumes": [{"name": "v", "persistentVolumeClaim": {"claimName": "data"}}]}


@pytest.mark.parametrize(
    ("parts", "rule", "words"),
    [
        ((noted(job(**reading()), hook="PreSync"), secret()), HOOK, "phase PreSync, wave 0, a hook) needs `Secret"),
        ((noted(job(**reading()), helm="pre-install,pre-upgrade"), secret()), HOOK, "applies only in wave 0"),
        (
            (
                noted(job(serviceAccountName="mover"), hook="PreSync"),
                manifest("ServiceAccount", "mover", "shop"),
            ),
            HOOK,
            "`ServiceAccount shop/mover`",
        ),
        ((noted(job(**MOUNT), hook="Sync", wave="-1"), CLAIM), HOOK, "`PersistentVolumeClaim shop/data`"),
        (
            (noted(job(**reading()), hook="PreSync", wave="1"), noted(secret(), hook="PreSync", wave="2")),
            HOOK,
            "only in phase PreSync, wave 2",
        ),
        ((deployment(**reading()), noted(secret(), wave="1")), WAVE, "only in wave 1"),
        ((noted(deployment(**MOUNT), wave="3"), noted(CLAIM, wave="4")), WAVE, "needs `PersistentVolumeClaim"),
        ((deployment(**reading()), noted(secret(), hook="Sync", wave="5")), WAVE, "only in wave 5"),
        ((widget(), noted(crd(), wave="1")), WAVE, "`CustomResourceDefinition widgets.acme.example`"),
        (
            (noted(manifest("Namespace", "shop"), wave="1"), config_map("a")),
            WAVE,
            "needs `Namespace shop`",
        ),
        (
            (noted(job(**reading()), hook="PreSync"), manifest("SealedSecret", "db", "shop", "bitnami.com/v1alpha1")),
            HOOK,
            "(made by `SealedSecret shop/db`)",
        ),
    ],
)  # fmt: skip
async def test_what_comes_too_late_is_told(engine: Engine, parts: tuple[str, ...], rule: str, words: str) -> None:
    findings = await found(engine, *parts)
    assert [finding.rule for finding in findings] == [rule]
    assert words in findings[0].message
    assert findings[0].severity is Severity.WARNING  # without a base nobody knows what is there already
    assert findings[0].span.path == "web/all.yaml"


@pytest.mark.parametrize(
    "parts",
    [
        (noted(job(**reading()), hook="PostSync"), secret()),
        (noted(job(**reading()), hook="Sync"), secret()),  # in one wave a Secret comes before a Job
        (noted(job(**reading()), hook="PreSync"), noted(secret(), hook="PreSync", wave="-1")),
        (noted(job(**reading()), hook="PreSync,Sync"), noted(secret(), hook="PreSync")),
        (noted(job(**reading(optional=True)), hook="PreSync"), secret()),
        (noted(job(serviceAccountName="default"), hook="PreSync"), secret()),
        (noted(job(**reading()), hook="Skip"), secret()),
        (noted(job(**reading()), hook="PostDelete"), secret()),
        (noted(deployment(**reading()), wave="1"), secret()),
        (deployment(**reading()), noted(secret(), wave="no number")),
        (noted(config_map("a"), wave="-1"), secret()),
        (
            noted(
                manifest(
                    "CronJob", "c", "shop", "batch/v1",
                    spec={"jobTemplate": {"spec": {"template": {"spec": reading()}}}},
                ),
                wave="-1",
            ),
            secret(),
        ),
    ],
)  # fmt: skip
async def test_what_comes_in_time_or_holds_nothing_up_is_silent(engine: Engine, parts: tuple[str, ...]) -> None:
    assert await found(engine, *parts) == []


async def test_what_another_application_brings_too_is_not_judged_here(engine: Engine) -> None:
    late = (noted(job(**reading()), hook="PreSync"), secret())
    assert await found(engine, *late, more={"other/s.yaml": secret()}) == []


async def test_it_is_an_error_only_where_the_change_brings_what_is_needed(engine: Engine) -> None:
    before = {"apps.yaml": apps("web"), "web/all.yaml": config_map("a")}
    after = before | {"web/all.yaml": documents(noted(job(**reading()), hook="PreSync"), secret())}
    (new,) = of_rule(await evaluated(engine, after, base=before), HOOK)
    assert (new.severity, new.introduced) == (Severity.ERROR, True)
    known = before | {"web/all.yaml": documents(config_map("a"), secret())}
    (there,) = of_rule(await evaluated(engine, after, base=known), HOOK)
    assert there.severity is Severity.WARNING
    assert "on a cluster that does not have it from before" in there.topic.message


async def test_the_advice_followed_to_the_letter_ends_it(engine: Engine) -> None:
    (finding,) = await found(engine, noted(job(**reading()), hook="PreSync"), secret())
    assert "a hook of the Sync phase in wave -1" in finding.topic.advice
    assert "(web/all.yaml:" in finding.topic.advice
    assert "give `Secret shop/db`" in finding.topic.advice
    assert finding.topic.advice.endswith("in this order.")
    assert "wave -2" in finding.topic.advice
    mended = (noted(job(**reading()), hook="Sync", wave="-1"), noted(secret(), wave="-2"), deployment(**reading()))
    assert await found(engine, *mended) == []
    (finding,) = await found(engine, deployment(**reading()), noted(secret(), wave="1"))
    assert '`argocd.argoproj.io/sync-wave: "-1"` or lower' in finding.topic.advice
    assert await found(engine, deployment(**reading()), noted(secret(), wave="-1")) == []
    assert await found(engine, noted(deployment(**reading()), wave="2"), noted(secret(), wave="1")) == []


async def test_a_claim_or_a_namespace_is_never_to_become_a_hook(engine: Engine) -> None:
    """Hooks are deleted before each sync, and a claim takes its data along."""
    (finding,) = await found(engine, noted(job(**MOUNT), hook="PreSync"), CLAIM)
    assert "Do not make a hook of PersistentVolumeClaim data itself" in finding.topic.advice


async def test_a_claim_is_to_come_with_its_pod_and_not_before(engine: Engine) -> None:
    """A claim that waits for its first pod is Progressing, so that nothing of a later wave would ever come."""
    pod = deployment(**MOUNT, containers=[])
    (finding,) = await found(engine, pod, noted(CLAIM, wave="1"))
    assert '`argocd.argoproj.io/sync-wave: "0"`, the wave of `Deployment' in finding.topic.advice
    assert "or lower" not in finding.topic.advice
    assert "WaitForFirstConsumer" in finding.topic.advice
    assert await found(engine, pod, noted(CLAIM, wave="0"), noted(config_map("a"), wave="-1")) == []
    (finding,) = await found(engine, noted(job(**MOUNT), hook="PreSync"), CLAIM)
    assert "give both wave -1" in finding.topic.advice
    mended = (noted(job(**MOUNT), hook="Sync", wave="-1"), noted(CLAIM, wave="-1"), config_map("a"))
    assert await found(engine, *mended) == []


TEXTS = st.text(st.characters(min_codepoint=32, max_codepoint=0x24F, exclude_categories=["Cc"]), max_size=6)


@settings(max_examples=60)
@given(
    st.one_of(
        st.integers(-(10**20), 10**20).map(str),
        TEXTS,
        st.sampled_from(["+1", " 1", "1.0", "٣"]),
    )
)
def test_waves_are_read_as_go_reads_them(text: str) -> None:
    """`strconv.Atoi`: an optional sign and ASCII digits that fit 64 bits; else the annotation counts as absent."""
    body = f"metadata:\n  annotations:\n    argocd.argoproj.io/sync-wave: {json.dumps(text, ensure_ascii=False)}\n"
    resource = Resource(ResourceId("", "ConfigMap", "", "a"), body.encode("utf-8", "replace"))
    digits = text[1:] if text[:1] in "+-" else text
    valid = digits.isascii() and digits.isdigit() and abs(int(digits)) < 10**18
    assert wave_of(resource) == (int(text) if valid else 0)
