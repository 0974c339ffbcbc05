"""This repository is recognised under its other names, on evidence, and whoever reads the result is told."""

from __future__ import annotations

from dataclasses import replace

import pytest
import yaml

from bot.rendering.driver import Engine
from bot.rendering.evaluation import evaluate
from checks.judgement.evaluation import Evaluation
from checks.policy.file import Policy
from gitops.applications.repositories import parse_repo_url
from gitops.resources.rendering import NotAnalysed, Rendered
from tests.gitops.discovery.test_discovery import application_set
from tests.scenarios import MATCHER, URL, Files, application, config_map, documents, evaluated, of_rule, tree

OWNED = {"apps/web/m.yaml": config_map("m"), "apps/api/m.yaml": config_map("n")}


def both(url: str, *more: str) -> Files:
    return {
        **OWNED,
        "apps.yaml": documents(
            application("web", "apps/web", url=url), application("api", "apps/api", url=url), *more
        ),
    }


def rendered(evaluation: Evaluation) -> set[str]:
    return {s.application.name for s in evaluation.snapshot.states if isinstance(s.rendering, Rendered)}


OTHER_NAMES = {
    "a mirror": "https://git.example.com/acme/platform.git",
    "a mirror of another owner": "https://git.example.com/infra/platform.git",
    "an ssh alias": "git@github-work:acme/platform.git",
    "a server inside the cluster": "http://gitea.gitea.svc:3000/acme/platform",
    "a former name": "https://github.com/acme/gitops",
    "a former host, owner and name": "https://gitlab.example.com/group/sub/cluster-config.git",
    "a placeholder": "<<__git_repo.url__>>",
    "an environment variable": "${REPO_URL}",
    "a placeholder in a URL": "https://github.com/<YOUR_ORG>/gitops.git",
}


@pytest.mark.parametrize("url", OTHER_NAMES.values(), ids=OTHER_NAMES)
async def test_it_is_recognised_and_told_with_what_to_write(engine: Engine, url: str) -> None:
    evaluation = await evaluated(engine, both(url))
    assert rendered(evaluation) == {"web", "api"}
    (finding,) = of_rule(evaluation, "repository-guessed")
    assert finding.severity == "notice"
    assert url in finding.message
    # The advice, followed to the letter, settles it: as its own, and as another's.
    advised = yaml.safe_load(finding.topic.commands)
    assert advised == {"repositories": {"aliases": [url]}}
    settled = await evaluated(engine, both(url), policy=finding.topic.commands)
    assert rendered(settled) == {"web", "api"}
    assert of_rule(settled, "repository-guessed") == []
    refused = await evaluated(engine, both(url), policy="repositories: {aliases: []}\n")
    assert rendered(refused) == set()
    assert of_rule(refused, "repository-guessed") == []


async def test_where_the_host_can_be_asked_evidence_counts_for_nothing(engine: Engine) -> None:
    matcher = replace(MATCHER, answering=frozenset({"github.com"}))
    for url, known in (("https://github.com/acme/gitops", False), ("https://git.example.com/acme/platform", True)):
        evaluation = await evaluate(engine, tree(both(url)), None, matcher, Policy())
        assert bool(rendered(evaluation)) == known


async def test_one_notice_for_all_names(engine: Engine) -> None:
    more = application("third", "apps/web", url="${REPO}")
    evaluation = await evaluated(engine, both("https://git.example.com/acme/platform", more))
    (finding,) = of_rule(evaluation, "repository-guessed")
    assert len(yaml.safe_load(finding.topic.commands)["repositories"]["aliases"]) == 2


NOT_THIS: dict[str, Files] = {
    "its paths are not here": {
        "apps.yaml": documents(
            application("web", "deploy/web", url="https://git.example.com/acme/platform"),
            application("api", "deploy/api", url="https://git.example.com/acme/platform"),
        )
    },
    "most of its paths are not here": {
        "apps.yaml": documents(
            *(
                application(f"a{i}", f"apps/{p}", url="https://x.example/a/other")
                for i, p in enumerate(("web", "b", "c"))
            )
        )
    },
    "this one is named as well": {
        "apps.yaml": documents(
            application("web", "apps/web"),
            *(
                application(f"a{i}", f"apps/{p}", url="https://x.example/a/other")
                for i, p in enumerate(("web", "api"))
            ),
        )
    },
    "one path at the top, by chance": {
        "deploy/m.yaml": config_map("x"),
        "apps.yaml": application("web", "deploy", url="https://github.com/acme/shop"),
    },
    "few name it": {
        "apps.yaml": documents(
            application("web", "apps/web", url="https://github.com/acme/shop"),
            *(application(f"a{i}", "x", url=f"https://github.com/acme/other-{i}") for i in range(3)),
        )
    },
}


@pytest.mark.parametrize("files", NOT_THIS.values(), ids=NOT_THIS)
async def test_without_evidence_it_is_another(engine: Engine, files: Files) -> None:
    evaluation = await evaluated(engine, {**OWNED, **files})
    assert of_rule(evaluation, "repository-guessed") == []
    for state in evaluation.snapshot.states:
        if state.application.sources[0].repo_url != URL:
            assert isinstance(state.rendering, NotAnalysed)


async def test_where_only_a_path_fits_the_way_out_is_told(engine: Engine) -> None:
    evaluation = await evaluated(engine, {**OWNED, **NOT_THIS["few name it"]})
    assert any("repositories.aliases" in gap for gap in evaluation.gaps)


async def test_sets_count_as_evidence_too(engine: Engine) -> None:
    url = "https://git.example.com/acme/platform"
    generator = {"git": {"repoURL": url, "directories": [{"path": "apps/*"}]}}
    made = application_set("set", generator).replace("{{name}}", "{{path.basename}}").replace(URL, url)
    evaluation = await evaluated(engine, {**OWNED, "set.yaml": made})
    assert rendered(evaluation) == {"web", "api"}
    assert len(of_rule(evaluation, "repository-guessed")) == 1


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("https://github.com/o/r", "ssh://git@ssh.github.com:443/o/r.git"),
        ("https://gitlab.com/o/s/r.git", "ssh://git@altssh.gitlab.com:443/o/s/r"),
        ("https://org@dev.azure.com/org/project/_git/r", "git@ssh.dev.azure.com:v3/org/project/r"),
        ("https://bitbucket.example/scm/prj/r.git", "ssh://git@bitbucket.example:7999/prj/r.git"),
    ],
)
def test_hosts_with_two_spellings(one: str, other: str) -> None:
    assert parse_repo_url(one) == parse_repo_url(other)
