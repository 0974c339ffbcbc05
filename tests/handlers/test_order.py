"""The sticky comment about the sync order: created, updated in place, turned into one line, never twice."""

from __future__ import annotations

import re

import pytest

import bot.server.app
from bot.formats.order.comment import MARK, SETTLED
from bot.github.pace import ContentLimits
from checks.policy.file import PATH
from demo.story import BEFORE, PROPOSED
from tests.github import PullRequest, SimulatedGitHub, User
from tests.github.faults import Effect, Fault
from tests.gitops.facts.order.test_evidence import crd, deployment, widget
from tests.handlers.asking import asked
from tests.handlers.conftest import FAILED, GOOD, PASSED, Bot, Contents, checked, proposed
from tests.scenarios import application, config_map, documents, kustomization, manifest

PROTECTED = {"argocd.argoproj.io/sync-options": "Prune=false"}
AUTOMATED = {"automated": {"prune": True}}


def comments_of(pull: PullRequest) -> list[str]:
    return [comment.body for comment in pull.issue.comments if comment.body.startswith(MARK)]


def commands(body: str) -> list[str]:
    return [line.strip() for line in body.splitlines() if line.strip().startswith(("argocd ", "kubectl "))]


SMALL: Contents = {
    "apps.yaml": documents(
        application("crds", "crds", sync=AUTOMATED), application("web", "web"), application("objects", "objects")
    ),
    "crds/kustomization.yaml": kustomization("x.yaml"),
    "crds/x.yaml": config_map("x"),
    "objects/kustomization.yaml": kustomization("y.yaml"),
    "objects/y.yaml": config_map("y"),
    "web/kustomization.yaml": kustomization("z.yaml"),
    "web/z.yaml": deployment(),
}
# One change brings the definition and the first object.
BOTH: Contents = {
    "crds/x.yaml": documents(config_map("x"), crd()),
    "objects/y.yaml": documents(config_map("y"), widget()),
}


async def test_whoever_had_it_takes_nothing_over_from_whom_copies_it(
    github: SimulatedGitHub, bot_: Bot, alice: User
) -> None:
    """In the origin story `infrastructure` brought the Namespace before, and has nothing to do."""
    _, pull = await proposed(github, alice)
    assert await checked(github, pull) == FAILED
    assert comments_of(pull) == []


async def test_whom_the_configuration_lets_keep_what_it_copies_goes_first(
    github: SimulatedGitHub, bot_: Bot, alice: User
) -> None:
    keep = "ownership:\n  keep:\n    Namespace/shop: api-backend\n"
    repo, pull = await proposed(github, alice, before={**BEFORE, PATH: keep})
    assert await checked(github, pull) == FAILED
    (body,) = comments_of(pull)
    assert commands(body) == [
        "argocd app sync api-backend",
        "argocd app wait api-backend --health",
        "argocd app sync infrastructure",
        "argocd app wait infrastructure --health",
    ]
    assert body.index("1. **`api-backend`**") < body.index("2. **`infrastructure`**")
    assert "`api-backend` is to keep `Namespace shop`, which `infrastructure` also brings" in body
    assert "takes over" not in body
    assert "```mermaid\nflowchart LR\n" in body
    assert re.search(r"\(\[`apps/infrastructure/namespace\.yaml:1`\]\(http.*/blob/[0-9a-f]{40}/apps/.*#L1", body)

    repo.push("copy", GOOD, author=alice)
    assert await checked(github, pull) == PASSED
    await bot_.idle()
    assert comments_of(pull) == [SETTLED]


async def test_what_is_there_already_needs_no_order(github: SimulatedGitHub, bot_: Bot, alice: User) -> None:
    before = {**SMALL, **BOTH}
    change: Contents = {
        "crds/x.yaml": documents(config_map("x", more="1"), crd()),
        "objects/y.yaml": documents(config_map("y", more="1"), widget()),
    }
    _, pull = await proposed(github, alice, before=before, files=change)
    assert await checked(github, pull) == PASSED
    assert comments_of(pull) == []


LABELLED = manifest("Namespace", "shop", metadata={"labels": {"team": "a"}})


@pytest.mark.parametrize(
    "change",
    [
        # What needs it is not touched.
        {"crds/x.yaml": documents(config_map("x"), crd())},
        # Of a Namespace it matters only whether it is there.
        {"web/z.yaml": documents(deployment(), config_map("z")), "infra/n.yaml": LABELLED},
    ],
)
async def test_a_change_on_one_side_needs_no_order(
    github: SimulatedGitHub, bot_: Bot, alice: User, change: Contents
) -> None:
    before: Contents = {
        **SMALL,
        "more.yaml": application("infra", "infra"),
        "infra/n.yaml": manifest("Namespace", "shop"),
        "objects/y.yaml": widget(),
    }
    _, pull = await proposed(github, alice, before=before, files=change)
    await checked(github, pull)
    assert comments_of(pull) == []


async def test_another_content_of_a_generated_object_deletes_nothing(
    github: SimulatedGitHub, bot_: Bot, alice: User
) -> None:
    generator = "configMapGenerator:\n  - name: made\n    literals: [a={}]\n"
    before: Contents = {**SMALL, "crds/kustomization.yaml": kustomization("x.yaml", extra=generator.format(1))}
    change: Contents = {"crds/kustomization.yaml": kustomization("x.yaml", extra=generator.format(2))}
    _, pull = await proposed(github, alice, before=before, files=change)
    await checked(github, pull)
    assert comments_of(pull) == []


async def test_the_comment_follows_the_change_in_place(github: SimulatedGitHub, bot_: Bot, alice: User) -> None:
    repo, pull = await proposed(github, alice, before=SMALL, files=BOTH)
    assert await checked(github, pull) == PASSED
    (body,) = comments_of(pull)
    assert "**`crds`**" in body
    assert "`web`" not in body
    assert "`crds` by itself as soon as this is merged" in body
    (first,) = [c for c in pull.issue.comments if MARK in c.body]

    repo.push("copy", {"web/z.yaml": deployment() + "---\n" + widget().replace('"w"', '"v"')}, author=alice)
    await checked(github, pull)
    await bot_.idle()
    (again,) = [c for c in pull.issue.comments if MARK in c.body]
    assert again.id == first.id
    assert "2. **`objects`** and **`web`**" in again.body
    assert "   - `web`: `crds` brings `CustomResourceDefinition widgets.acme.example`" in again.body

    # The same deliveries once more change nothing.
    for delivery in [d for d in github.deliveries if d.event == "pull_request"]:
        github.redeliver(delivery)
    await bot_.idle()
    assert [c.id for c in pull.issue.comments if MARK in c.body] == [first.id]


async def test_what_merging_deletes_comes_with_the_worst_first(
    github: SimulatedGitHub, bot_: Bot, alice: User
) -> None:
    before: Contents = {
        **SMALL,
        "crds/x.yaml": documents(
            config_map("x", "team"),
            config_map("y", "team"),
            manifest("PersistentVolumeClaim", "data", "team"),
            manifest("Namespace", "team"),
            crd(),
            manifest("ConfigMap", "kept", "other", metadata={"annotations": PROTECTED}),
            manifest("ConfigMap", "sunk", "team", metadata={"annotations": PROTECTED}),
        ),
        "web/z.yaml": documents(deployment(), config_map("w", "team")),
    }  # fmt: skip
    change: Contents = {"crds/x.yaml": config_map("z"), "web/z.yaml": config_map("w", "team")}
    _, pull = await proposed(github, alice, before=before, files=change)
    await checked(github, pull)
    _, (body,) = await asked(github, bot_, pull, alice, "/argofix order")
    listed = body[body.index("### What merging this deletes") :]
    positions = [
        listed.index(text)
        for text in (
            "`crds` no longer contains these and prunes by itself",
            "**`Namespace team`**",
            "with all objects in it, 1 of them from Applications that stay",
            "**`PersistentVolumeClaim team/data`**",
            "2 ConfigMaps: `x` and `y`",
            "With a Namespace that goes, whatever protects them from Argo CD:\n\n- 2 ConfigMaps: `sunk` and `w`",
            "`web` does not prune by itself: Deployment shop/api stays",
            "Protected, and left in the cluster: ConfigMap other/kept",
            "CustomResourceDefinition widgets.acme.example stays, and so do its custom resources",
        )
    ]
    assert positions == sorted(positions)


async def test_what_changes_hands_is_not_told_as_deleted(github: SimulatedGitHub, bot_: Bot, alice: User) -> None:
    before: Contents = {**SMALL, "crds/x.yaml": documents(config_map("x"), manifest("Namespace", "team"))}
    change: Contents = {
        "crds/x.yaml": config_map("x"),
        "web/z.yaml": documents(deployment(), manifest("Namespace", "team")),
    }
    _, pull = await proposed(github, alice, before=before, files=change)
    await checked(github, pull)
    (body,) = comments_of(pull)
    assert "What merging this deletes" not in body
    assert "`web` takes over `Namespace team` from `crds`." in body
    assert commands(body) == [
        "argocd app sync web",
        "argocd app wait web --health",
        "argocd app sync crds",
        "argocd app wait crds --health",
        "kubectl annotate namespace team argocd.argoproj.io/sync-options=Prune=false",
    ]
    assert "`web` takes over `Namespace team`, which `crds` no longer brings" in body


async def test_what_is_protected_may_change_hands_without_a_word(
    github: SimulatedGitHub, bot_: Bot, alice: User
) -> None:
    team = manifest("Namespace", "team", metadata={"annotations": PROTECTED})
    before: Contents = {**SMALL, "crds/x.yaml": documents(config_map("x"), team)}
    change: Contents = {"crds/x.yaml": config_map("x"), "web/z.yaml": documents(deployment(), team)}
    _, pull = await proposed(github, alice, before=before, files=change)
    await checked(github, pull)
    (body,) = comments_of(pull)
    assert "`web` takes over `Namespace team` from `crds`." in body
    assert "prunes by itself" not in body
    assert "kubectl annotate" not in body


async def test_hostile_names_stay_text(github: SimulatedGitHub, bot_: Bot, alice: User) -> None:
    evil = 'x`@bob <!-- argofix:sync-order --> [a](http://b) ```"];--><img src=q>$(reboot)'
    before: Contents = {
        "apps.yaml": documents(application(evil, "a", sync=AUTOMATED), application("b", "b")),
        "a/x.yaml": config_map("x"),
        "b/y.yaml": config_map("y"),
    }
    change: Contents = {
        "a/x.yaml": manifest("Namespace", evil),
        "b/y.yaml": config_map("y", evil),
    }
    _, pull = await proposed(github, alice, before=before, files=change)
    await checked(github, pull)
    (body,) = comments_of(pull)
    assert body.count(MARK) == 1
    assert body.startswith(MARK)
    assert "@bob" not in body
    assert "<img" not in re.sub(r"`+[^\n]*?`+|```.*?```", "", body, flags=re.DOTALL)
    chart = body[body.index("```mermaid") :].split("```")[1]
    assert all('"' not in label for label in re.findall(r'\["(.*)"\]|\|"(.*)"\|', chart)[0])
    assert commands(body) == ["argocd app sync b", "argocd app wait b --health"]  # no such Application can exist


async def test_a_locked_conversation_does_not_stop_the_checks(
    github: SimulatedGitHub, bot_: Bot, alice: User
) -> None:
    refused = Effect(403, {"content-type": "application/json"}, '{"message": "Unable to create comment: locked"}')
    github.faults.append(Fault(refused, "POST", r"/issues/\d+/comments", times=None))
    _, pull = await proposed(github, alice, files=PROPOSED, before=BEFORE)
    assert await checked(github, pull) == FAILED
    assert comments_of(pull) == []


async def test_a_run_that_was_killed_before_the_comment_makes_it_after_the_restart(
    github: SimulatedGitHub, bot_: Bot, alice: User
) -> None:
    _, pull = await proposed(github, alice, before=SMALL, files=BOTH)
    await github.wait_for(lambda: bool(pull.checks), within=30)
    await bot_.kill()
    await bot_.start()
    assert await checked(github, pull) == PASSED
    await bot_.idle()
    assert len(comments_of(pull)) == 1


async def test_a_branch_that_is_not_deployed_needs_no_order(github: SimulatedGitHub, bot_: Bot, alice: User) -> None:
    repo = github.repository("acme/platform", SMALL)
    github.install(repo)
    repo.push("long-lived", {"README.md": "x"}, author=alice)
    repo.push("topic", BOTH, author=alice)
    pull = github.open_pull(repo, "topic", base="long-lived", title="Both", user=alice)
    assert await checked(github, pull) == PASSED
    assert comments_of(pull) == []


async def test_what_a_keeper_has_already_is_to_be_synced_before_merging(
    github: SimulatedGitHub, bot_: Bot, alice: User
) -> None:
    both = documents(config_map("x"), manifest("Namespace", "team"))
    web = documents(deployment(), manifest("Namespace", "team"))
    before: Contents = {**SMALL, "crds/x.yaml": both, "web/z.yaml": web}
    _, pull = await proposed(github, alice, before=before, files={"crds/x.yaml": config_map("x")})
    await checked(github, pull)
    (body,) = comments_of(pull)
    assert "Sync `web` **before you merge**, so that it carries its tracking id: `crds` prunes by itself" in body


@pytest.mark.parametrize(
    ("metadata", "said"),
    [
        (
            '"finalizers": ["resources-finalizer.argocd.argoproj.io"]',
            "`leaf` is deleted, and takes along:\n\n- ConfigMap shop/z",
        ),
        ('"finalizers": []', "`leaf` is deleted without its finalizer: what it brought stays, and nobody owns it."),
    ],
)
async def test_an_application_that_goes_takes_what_it_owns_along(
    github: SimulatedGitHub, bot_: Bot, alice: User, metadata: str, said: str
) -> None:
    before: Contents = {
        "root.yaml": application("root", "apps", namespace="argocd", sync=AUTOMATED),
        "apps/leaf.yaml": application("leaf", "web").replace('"argocd"}', f'"argocd", {metadata}}}'),
        "apps/settings.yaml": config_map("settings", "argocd"),
        "web/z.yaml": config_map("z"),
    }
    _, pull = await proposed(github, alice, before=before, files={"apps/leaf.yaml": None})
    await checked(github, pull)
    _, (body,) = await asked(github, bot_, pull, alice, "/argofix order")
    assert "`root` no longer contains these and prunes by itself:\n\n- **`Application argocd/leaf`** (" in body
    assert said in body


async def test_a_comment_that_is_one_too_many_holds_up_no_verdict(
    github: SimulatedGitHub, bot_: Bot, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    await bot_.stop()
    monkeypatch.setattr(bot.server.app, "ContentLimits", lambda *_: ContentLimits(per_minute=1, per_hour=0))
    await bot_.start()
    repo, first = await proposed(github, alice, before=SMALL, files=BOTH)
    assert await checked(github, first) == PASSED
    # Not the very same commit, which within one second it would be: both pull requests would have one head.
    repo.push("again", {**BOTH, "README.md": "again\n"}, author=alice)
    second = github.open_pull(repo, "again", title="Again", user=alice)
    assert await checked(github, second) == PASSED
    await bot_.idle()
    assert [len(comments_of(pull)) for pull in (first, second)] == [1, 1]
    # Judged once, in the run that could not comment.
    assert len([run for run in repo.check_runs.values() if run.head_sha == second.head_sha]) == len(PASSED) + 1
    assert bot_.running is not None
    runs = bot_.running.worker.metrics.runs
    assert runs.labels("pull_request", "limited")._value.get() == 0
    assert runs.labels("argofix_order", "ok")._value.get() >= 1
