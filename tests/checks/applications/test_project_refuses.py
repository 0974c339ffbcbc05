"""What an AppProject in git does not permit is an error; what may be permitted for all that git tells is none."""

from __future__ import annotations

import pytest

from bot.rendering.driver import Engine
from checks.model import Severity
from tests.scenarios import URL, Files, application, config_map, documents, evaluated, manifest, of_rule

RULE = "project-refuses"
IN_CLUSTER = "https://kubernetes.default.svc"


def project(destinations: list[dict[str, str]], *sources: str) -> str:
    spec = {"destinations": destinations, "sourceRepos": list(sources or ("*",))}
    return manifest("AppProject", "default", "argocd", "argoproj.io/v1alpha1", spec=spec)


def repository(made: str, child: str = "") -> Files:
    """Application `projects` brings the project; `a` is the one to judge."""
    return {
        "apps.yaml": documents(child or application("a", "a"), application("projects", "p", namespace="argocd")),
        "a/m.yaml": config_map("m"),
        "p/project.yaml": made,
    }


async def refused(engine: Engine, made: str, child: str = "") -> list[str]:
    found = of_rule(await evaluated(engine, repository(made, child)), RULE)
    assert all(one.severity is Severity.ERROR for one in found)
    return [one.message for one in found if one.applications == ("a",)]


@pytest.mark.parametrize(
    ("destinations", "permitted"),
    [
        ([{"server": IN_CLUSTER, "namespace": "shop"}], True),
        ([{"server": "*", "namespace": "*"}], True),
        ([{"server": IN_CLUSTER, "namespace": "sh*"}], True),
        ([{"server": IN_CLUSTER, "namespace": "other"}], False),
        ([{"server": "https://far.example.com", "namespace": "shop"}], False),
        ([], False),
        ([{"server": IN_CLUSTER, "namespace": "other"}, {"server": IN_CLUSTER, "namespace": "shop"}], True),
        # The cluster of Argo CD itself may have any name.
        ([{"name": "main", "namespace": "shop"}], True),
        ([{"name": "main", "namespace": "other"}], False),
        ([{"server": IN_CLUSTER, "namespace": "!other"}], True),
        ([{"server": "*", "namespace": "*"}, {"server": "*", "namespace": "!shop"}], False),
        ([{"server": "*", "namespace": "*"}, {"server": "!https://kubernetes.*", "namespace": "*"}], False),
        ([{"server": "*", "namespace": "*"}, {"server": "!https://far.example.com", "namespace": "*"}], True),
        # Nobody tells what the cluster is called: it may be that one.
        ([{"server": "*", "namespace": "*"}, {"name": "!main", "namespace": "*"}], True),
    ],
)
async def test_the_destination_has_to_match_an_entry(
    engine: Engine, destinations: list[dict[str, str]], permitted: bool
) -> None:
    found = await refused(engine, project(destinations))
    assert (found == []) is permitted
    for message in found:
        assert "AppProject `default` (p/project.yaml:1) does not permit the namespace `shop` in " in message


@pytest.mark.parametrize(
    ("sources", "permitted"),
    [
        (("*",), True),
        ((URL,), True),
        ((URL.removesuffix(".git").upper(),), True),
        (("https://**",), True),
        (("https://*",), False),  # a star stops at the next slash
        (("https://github.com/*",), False),
        (("https://github.com/acme/*",), True),
        (("https://github.com/{acme,other}/plat????",), True),
        (("*", "!https://github.com/acme/*"), False),
        (("!https://github.com/acme/other", "*"), True),
        (("git@github.com:acme/platform.git",), False),
        (("https://example.org/else/where.git",), False),
        (("!https://example.org/else/where.git",), True),
    ],
)
async def test_the_repository_has_to_match_a_pattern(
    engine: Engine, sources: tuple[str, ...], permitted: bool
) -> None:
    found = await refused(engine, project([{"server": "*", "namespace": "*"}], *sources))
    assert (found == []) is permitted
    assert all(URL in message for message in found)


async def test_a_project_that_nobody_here_brings_is_not_known(engine: Engine) -> None:
    files = {**repository(project([])), "apps.yaml": application("a", "a")}
    assert of_rule(await evaluated(engine, files), RULE) == []


async def test_two_sources_of_one_ref_are_refused(engine: Engine) -> None:
    def several(*refs: str) -> str:
        sources = [{"repoURL": URL, "targetRevision": "HEAD", "ref": ref} for ref in refs]
        spec = {
            "project": "default",
            "destination": {"server": IN_CLUSTER, "namespace": "shop"},
            "sources": [{"repoURL": URL, "targetRevision": "HEAD", "path": "a"}, *sources],
        }
        return manifest("Application", "a", "argocd", "argoproj.io/v1alpha1", spec=spec)

    async def said(*refs: str) -> str:
        evaluation = await evaluated(engine, {"apps.yaml": several(*refs), "a/m.yaml": config_map("m")})
        return " ".join(one.message for one in of_rule(evaluation, "render-failed"))

    assert "two of its sources have the same `ref`" in await said("v", "v")
    assert "signs other than letters" in await said("my.values")
    assert await said("v", "w_1-x") == ""
