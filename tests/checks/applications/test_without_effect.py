"""Options, hooks and waves that Argo CD passes over, and those that it heeds."""

from __future__ import annotations

import json

import pytest

from bot.rendering.driver import Engine
from gitops.applications.options import is_wave
from tests.checks.applications.test_application_invalid import applications
from tests.scenarios import Files, application, documents, evaluated, manifest, of_rule

OPTION, ANNOTATION = "sync-option-without-effect", "annotation-without-effect"


def annotated(**values: str) -> str:
    annotations = {f"argocd.argoproj.io/{key.replace('_', '-')}": value for key, value in values.items()}
    return manifest("ConfigMap", "m", metadata={"annotations": annotations})


async def said(engine: Engine, rule: str, files: Files) -> list[tuple[str, str]]:
    return [(one.message, one.topic.advice) for one in of_rule(await evaluated(engine, files, only=rule), rule)]


@pytest.mark.parametrize(
    ("option", "advice"),
    [
        ("CreateNamespace: true", "Write `CreateNamespace=true`."),
        ("createNamespace=true", "Write `CreateNamespace=true`."),
        ("CreateNamespaces", "Write `CreateNamespace=true`."),
        ("CreateNamespace=True", "Write `CreateNamespace=true`."),
        ("PrunePropagationPolicy=Foreground", "Write `PrunePropagationPolicy=foreground`."),
        ("Prune=no", "Write `Prune=false` or `Prune=confirm` or `Prune=true`."),
        ("Force=true", "Annotate the resources that need it with `argocd.argoproj.io/sync-options: Force=true`."),
        ("ServerSideDiff=true", "Put it into the annotation `argocd.argoproj.io/compare-options`."),
        ("Validate=false,PruneLast=true", "List each of them by itself."),
        ("Nonsense=1", "Take it out."),
        ("CreateNamespace=false", None),
        ("Delete=confirm", None),
        ("ClientSideApplyMigration=false", None),
    ],
)
async def test_options_of_an_application(engine: Engine, option: str, advice: str | None) -> None:
    files = {"apps.yaml": application("a", "a", sync={"syncOptions": [option]}), "a/m.yaml": annotated()}
    assert [told for _, told in await said(engine, OPTION, files)] == ([] if advice is None else [advice])


async def test_what_a_field_beside_it_does_is_done(engine: Engine) -> None:
    for empty, count in ((True, 0), (False, 1)):
        sync = {"automated": {"allowEmpty": empty, "prune": True}, "syncOptions": ["allowEmpty=true"]}
        files = {"apps.yaml": application("a", "a", sync=sync), "a/m.yaml": annotated()}
        assert len(await said(engine, OPTION, files)) == count


async def test_an_option_in_the_template_of_a_set_is_told_once(engine: Engine) -> None:
    made = json.dumps(applications(syncPolicy={"syncOptions": ["Replace=true", "ServerSideApply=true"]}))
    [(message, _)] = await said(engine, OPTION, {"apps.yaml": made, "a/m.yaml": annotated()})
    assert (
        message == "ApplicationSet `all`: the sync option `ServerSideApply=true` does nothing beside `Replace=true`"
    )


@pytest.mark.parametrize(
    ("value", "advice"),
    [
        ("Prune=False", "Write `Prune=false`."),
        ("Prune:false", "Write `Prune=false`."),
        ("CreateNamespace=true", "Put it into `spec.syncPolicy.syncOptions` of the Application."),
        ("Replace=true,ServerSideApply=true", "Keep one of the two."),
        ("IgnoreExtraneous", "Put it into the annotation `argocd.argoproj.io/compare-options`."),
        ("Prune=false, Delete=confirm", None),
        ("Force=true,Replace=true", None),
    ],
)
async def test_options_of_a_resource(engine: Engine, value: str, advice: str | None) -> None:
    apps = documents(application("a", "base"), application("b", "base", namespace="other"))
    files = {"apps.yaml": apps, "base/m.yaml": annotated(sync_options=value)}
    # Two Applications bring what stands in one place: that is one problem.
    assert [told for _, told in await said(engine, OPTION, files)] == ([] if advice is None else [advice])


@pytest.mark.parametrize(
    ("annotations", "advice"),
    [
        ({"hook": "presync"}, "Write `PreSync`."),
        ({"hook": "PreSync,Postsync"}, "Write `PostSync`."),
        ({"hook": "Sync", "hook_delete_policy": "HookSucceded"}, "Write `HookSucceeded`."),
        (
            {"hook_delete_policy": "HookSucceeded"},
            "Annotate it with `argocd.argoproj.io/hook` too, or take the policy out.",
        ),
        ({"sync_wave": "first"}, "Write a whole number in quotes."),
        ({"sync_wave": "1.5"}, "Write a whole number in quotes."),
        ({"sync_waves": "1"}, "Write `argocd.argoproj.io/sync-wave`."),
        ({"compare_options": "IgnoreExtraneos"}, "Write `IgnoreExtraneous`."),
        ({"compare_options": "ServerSideDiff=true"}, "Annotate the Application with it."),
        ({"compare_options": "Prune=false"}, "Put it into `argocd.argoproj.io/sync-options`."),
        ({"hook": "PostDelete", "hook_delete_policy": "BeforeHookCreation,HookSucceeded"}, None),
        ({"sync_wave": "-5"}, None),
        ({"sync_wave": "+5"}, None),
        ({"own_thing_of_ours": "1"}, None),
    ],
)
async def test_annotations_of_a_resource(engine: Engine, annotations: dict[str, str], advice: str | None) -> None:
    files = {"apps.yaml": application("a", "a"), "a/m.yaml": annotated(**annotations)}
    assert [told for _, told in await said(engine, ANNOTATION, files)] == ([] if advice is None else [advice])


def test_a_wave_is_what_go_reads_as_a_number() -> None:
    assert all(map(is_wave, ("0", "-1", "+1", "007")))
    assert not any(map(is_wave, ("", " 1", "1 ", "1.0", "1e3", "one", "0x1", "9" * 20, "١")))
