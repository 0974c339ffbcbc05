"""argofix finds nothing in what runs it, and something as soon as it is broken."""

from __future__ import annotations

import shutil
from pathlib import Path

import yaml

from bot.cli.checkout import open_checkout
from bot.rendering.driver import Engine
from bot.rendering.evaluation import evaluate
from checks.judgement.evaluation import Evaluation
from checks.policy.file import PATH
from gitops.resources.rendering import Rendered
from tests.deploy.manifests import with_components
from tests.project.repository import ROOT

APPLICATION = "deploy/argocd/application.yaml"


async def checked(engine: Engine, directory: Path) -> Evaluation:
    checkout = open_checkout(directory, None, None)
    assert not checkout.policy.problems
    return await evaluate(engine, checkout.tree, None, checkout.matcher, checkout.policy)


def copied(directory: Path, variant: str) -> Path:
    """A repository of `deploy/` and the policy, whose Application takes `variant` with every component."""
    with_components(directory, variant)
    (directory / PATH).parent.mkdir()
    shutil.copy(ROOT / PATH, directory / PATH)
    application = yaml.safe_load((ROOT / APPLICATION).read_text())
    application["spec"]["source"]["path"] = "own"
    (directory / APPLICATION).write_text(yaml.safe_dump(application))
    return directory


async def test_the_repository_is_clean_as_it_is(engine: Engine, tmp_path: Path) -> None:
    for name in ("deploy", ".github"):
        shutil.copytree(ROOT / name, tmp_path / name)
    evaluation = await checked(engine, tmp_path)
    (state,) = evaluation.snapshot.states
    assert isinstance(state.rendering, Rendered) and state.rendering.resources
    assert not evaluation.findings


async def test_every_variant_with_every_component_is_clean(engine: Engine, tmp_path: Path, variant: str) -> None:
    evaluation = await checked(engine, copied(tmp_path, variant))
    (state,) = evaluation.snapshot.states
    assert isinstance(state.rendering, Rendered)
    assert {"Deployment", "ClusterRole", "Ingress"} <= {resource.id.kind for resource in state.rendering.resources}
    assert not evaluation.findings


async def test_without_its_declaration_each_secret_is_missing(engine: Engine, tmp_path: Path, variant: str) -> None:
    directory = copied(tmp_path, variant)
    (directory / PATH).write_text("secrets:\n  provided: []\n")
    found = {finding.resource.name for finding in (await checked(engine, directory)).findings if finding.resource}
    assert found == {"argofix-github", "argofix-tls"} | ({"argofix-database"} if "postgresql" in variant else set())
