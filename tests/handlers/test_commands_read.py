"""`/argofix why` and `/argofix secrets`, on pull requests and on issues."""

from __future__ import annotations

import pytest

from demo.story import BEFORE, MIGRATION, PROPOSED
from tests.github import Repository, SimulatedGitHub, User
from tests.handlers.asking import asked, asked_on_issue, reactions
from tests.handlers.conftest import Bot, Contents, proposed
from tests.scenarios import application, config_map, documents, kustomization, manifest, text

CONFIGURED: Contents = {
    ".github/argofix.yaml": text(
        """
        secrets:
          provided:
            - shop/registry
            - shop/shop-secrets#postgres-password,postgres-user
        """
    )
}


def blob(repo: Repository, commit: str, place: str) -> str:
    path, _, line = place.partition(":")
    return f"[`{place}`]({repo.state.url}/{repo.full_name}/blob/{commit}/{path}#L{line}"


async def test_why_prints_the_whole_chain_of_every_copy(github: SimulatedGitHub, bot_: Bot, alice: User) -> None:
    repo, pull = await proposed(github, alice)
    await bot_.idle()
    comment, (said,) = await asked(github, bot_, pull, alice, "/argofix why serviceaccount/shop/api-backend-sa")
    head = repo.branch("copy") or ""
    assert said.startswith(
        "> `/argofix why serviceaccount/shop/api-backend-sa`\n\n`ServiceAccount shop/api-backend-sa` in `in-cluster` "
        "comes from `infrastructure` and `api-backend`:"
    )
    ours = said[said.index("Application `api-backend`") :].split("\n")
    wanted = [
        "Application `api-backend`, made by an ApplicationSet, below `bootstrap` › `shop`, "
        + blob(repo, head, "bootstrap/sets/applications.yaml:13"),
        "",
        "1. `resources: service-account.yaml`: " + blob(repo, head, "apps/api-backend/kustomization.yaml:7"),
        "2. The document: " + blob(repo, head, "apps/api-backend/service-account.yaml:1"),
    ]
    assert [line.startswith(part) for line, part in zip(ours, wanted, strict=True)] == [True] * 4
    assert reactions(comment) == ["eyes", "rocket"]


async def test_why_follows_every_kustomization_in_between(github: SimulatedGitHub, bot_: Bot, alice: User) -> None:
    files: Contents = {
        "apps.yaml": application("a", "overlays/prod"),
        "overlays/prod/kustomization.yaml": kustomization("../../base"),
        "base/kustomization.yaml": kustomization(
            "deep", extra="configMapGenerator:\n  - name: made\n    literals: [a=b]\n"
        ),
        "base/deep/kustomization.yaml": kustomization("x.yaml"),
        "base/deep/x.yaml": documents(config_map("y"), config_map("x")),
    }
    _, pull = await proposed(github, alice, before=files, files={"README.md": "x\n"})
    await bot_.idle()
    _, (said,) = await asked(github, bot_, pull, alice, "/argofix why ConfigMap/x")
    lines = [line.partition(": [")[0] for line in said.split("\n") if line[:1].isdigit()]
    assert lines == [
        "1. `resources: ../../base`",
        "2. `resources: deep`",
        "3. `resources: x.yaml`",
        "4. The document",
    ]
    assert "`base/deep/x.yaml:3`" in said
    _, (said,) = await asked(github, bot_, pull, alice, "/argofix why 'ConfigMap/made-*'")
    lines = [line.partition(": [")[0] for line in said.split("\n") if line[:1].isdigit()]
    assert lines == ["1. `resources: ../../base`", "2. `configMapGenerator: made`"]


async def test_why_tells_what_a_change_takes_out(github: SimulatedGitHub, bot_: Bot, alice: User) -> None:
    repo, pull = await proposed(
        github, alice, files={"apps/api-backend/kustomization.yaml": kustomization("deployment.yaml")}
    )
    await bot_.idle()
    _, (said,) = await asked(github, bot_, pull, alice, "/argofix why Service/api-backend")
    assert "This change takes it out. Before it:" in said
    assert blob(repo, repo.branch("main") or "", "apps/api-backend/service.yaml:1") in said


@pytest.mark.parametrize(
    ("argument", "wanted"),
    [
        ("Namespace", "`Namespace` is not KIND/NAME or KIND/NAMESPACE/NAME."),
        ("Deployment/api-bakend", "Did you mean `Deployment/shop/api-backend`?"),
        ("Gadget/zzzzzzzz", "No Application renders `Gadget/zzzzzzzz`."),
        ("", "`KIND/[NAMESPACE/]NAME` is missing. It is written `/argofix why KIND/[NAMESPACE/]NAME`."),
        ("'Deployment/`x`'", "No Application renders `` Deployment/`x` ``."),
    ],
)
async def test_why_says_when_nothing_matches(
    github: SimulatedGitHub, bot_: Bot, alice: User, argument: str, wanted: str
) -> None:
    _, pull = await proposed(github, alice, files={"README.md": "x\n"})
    await bot_.idle()
    comment, (said,) = await asked(github, bot_, pull, alice, f"/argofix why {argument}")
    assert wanted in said
    assert reactions(comment) == ["eyes", "confused"]


async def test_why_cuts_what_a_pattern_matches(github: SimulatedGitHub, bot_: Bot, alice: User) -> None:
    names = [f"m{i:02}" for i in range(30)]
    files: Contents = {
        "apps.yaml": application("a", "a"),
        "a/kustomization.yaml": kustomization("all.yaml"),
        "a/all.yaml": documents(*(config_map(name) for name in names)),
    }
    _, pull = await proposed(github, alice, before=files, files={"README.md": "x\n"})
    _, (said,) = await asked(github, bot_, pull, alice, "/argofix why ConfigMap/*")
    assert said.count("Application `a`, [") == 5
    assert "25 more match: `ConfigMap shop/m05`," in said


async def test_secrets_tells_what_is_missing_and_where_the_rest_comes_from(
    github: SimulatedGitHub, bot_: Bot, alice: User
) -> None:
    repo, pull = await proposed(github, alice, before=BEFORE | CONFIGURED, files=PROPOSED | MIGRATION)
    await bot_.idle()
    comment, (said,) = await asked(github, bot_, pull, alice, "/argofix secrets")
    assert "Secret `shop/shop-secrets` has no keys `supabase-url` and `supabase-jwt-secret`" in said
    main = repo.branch("main") or ""
    row = next(line for line in said.split("\n") if line.startswith("| Secret `shop/registry` |"))
    assert row.startswith(
        "| Secret `shop/registry` | `ServiceAccount api-backend-sa` | outside git, as "
        + blob(repo, main, ".github/argofix.yaml:3")
    )
    assert "  ```\n" in said  # what to paste
    assert "**without `supabase-url` and `supabase-jwt-secret`**" in said
    assert reactions(comment) == ["eyes", "rocket"]


async def test_secrets_on_a_repository_without_any(github: SimulatedGitHub, bot_: Bot, alice: User) -> None:
    _, pull = await proposed(github, alice, before={"README.md": "x\n"}, files={"README.md": "y\n"})
    _, (said,) = await asked(github, bot_, pull, alice, "/argofix secrets")
    assert said.endswith("argofix found no reference to a Secret or ConfigMap here.")


async def test_on_an_issue_the_default_branch_is_looked_at(github: SimulatedGitHub, bot_: Bot, alice: User) -> None:
    repo = github.repository("acme/platform", {**BEFORE, **PROPOSED})
    github.install(repo)
    github.collaborator(repo, alice)
    body = "/argofix check\n/argofix why Service/api-backend\n/argofix secrets\n/argofix fix\n/argofix help"
    comment, (said,) = await asked_on_issue(github, bot_, repo, alice, body)
    check, why, secrets, fix, help_ = said.split("> `/argofix ")[1:]
    tip = repo.branch("main") or ""
    assert check.startswith(f"check`\n\n`main` at `{tip[:7]}`:\n\n- argofix / ownership: **failure**. ")
    assert blob(repo, tip, "apps/api-backend/kustomization.yaml:6") in check
    assert blob(repo, tip, "apps/api-backend/service.yaml:1") in why
    assert "Secret `shop/registry`" in secrets
    assert "is open: Take 1 Namespace and 2 NetworkPolicies out of api-backend." in fix
    assert "| `/argofix check` |" in help_
    assert reactions(comment) == ["eyes", "rocket"]


async def test_names_in_a_repository_neither_ping_nor_break_out(
    github: SimulatedGitHub, bot_: Bot, alice: User
) -> None:
    name = "x`@alice <!-- argofix:answer:1:0:ok --> | [y](z)"
    files: Contents = {
        "apps.yaml": application(name, "a"),
        "a/kustomization.yaml": kustomization("x.yaml"),
        "a/x.yaml": manifest("ConfigMap", name, "shop", data={"a": "b"}),
    }
    _, pull = await proposed(github, alice, before=files, files={"README.md": "x\n"})
    _, (said,) = await asked(github, bot_, pull, alice, "/argofix why 'ConfigMap/x*'\n/argofix check '@bob `<b>'")
    assert "@alice" not in said and "@bob" not in said and "<!--" not in said and "<b>" in said
    assert "``ConfigMap shop/x`@" in said
