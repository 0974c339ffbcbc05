"""For each rule a file of its name: a small repository in which it finds something (`FOUND`), and one that it leaves
alone (`FINE`). What is printed of the first stands in docs/rules.md."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType, ModuleType

from bot.rendering.driver import Engine
from bot.rendering.evaluation import evaluate
from checks.judgement.evaluation import Evaluation
from checks.policy.file import Policy, parse_policy
from checks.registry import Rule
from gitops.applications.made import read_made
from tests.scenarios import MATCHER, Files, tree, with_links

APP = """\
apiVersion: argoproj.io/v1alpha1
kind: Application
metadata: {name: NAME, namespace: argocd}
spec:
  project: default
  source: {repoURL: https://github.com/acme/platform, targetRevision: HEAD, path: NAME}
  destination: {server: https://kubernetes.default.svc, namespace: shop}
"""


def apps(*names: str) -> str:
    """Applications, each of the directory of its name."""
    return "---\n".join(APP.replace("NAME", name) for name in names)


PROJECT = """\
apiVersion: argoproj.io/v1alpha1
kind: AppProject
metadata: {name: default, namespace: argocd}
spec:
  sourceRepos: ['*']
  destinations: [{server: '*', namespace: NAMESPACE}]
"""


@dataclass(frozen=True)
class Sample:
    """A repository: the content of its files, and its symbolic links. `applications` is what `--applications` is
    given, `policy` the configuration, `base` are the files that were otherwise before."""

    files: Files
    links: Mapping[str, str] = field(default_factory=dict)
    applications: str = ""
    policy: str = ""
    base: Files = field(default_factory=dict)

    async def judged(self, engine: Engine, rule: str) -> Evaluation:
        """By this rule alone."""
        made = read_made("applications.yaml", self.applications.encode()) if self.applications else None
        policy = parse_policy(self.policy.encode()) if self.policy else Policy()
        head = with_links(tree(self.files), self.links)
        base = with_links(tree({**self.files, **self.base}), self.links) if self.base else None
        return await evaluate(engine, head, base, MATCHER, policy, only=frozenset([rule]), made=made)


def in_project(more: str = "", namespace: str = "'*'", files: Mapping[str, str] = MappingProxyType({})) -> Sample:
    """The project `default`, which permits a namespace and says `more` in its `spec`. `files` are what other
    Applications bring, each of the directory of its name."""
    names = dict.fromkeys(path.partition("/")[0] for path in files)
    project = PROJECT.replace("NAMESPACE", namespace) + more
    return Sample({"apps.yaml": apps(*names, "projects"), **files, "projects/default.yaml": project})


def of(rule: Rule) -> tuple[Sample, Sample]:
    """Where the rule finds something, and where it does not. Raises `ModuleNotFoundError` where there is no file."""
    module: ModuleType = importlib.import_module(f"{__name__}.{rule.id.replace('-', '_')}")
    return module.FOUND, module.FINE
