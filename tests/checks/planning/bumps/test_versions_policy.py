"""`versions:` in the configuration: read strictly, and every mistake with its line."""

from __future__ import annotations

from datetime import timedelta

import pytest
from packaging.specifiers import SpecifierSet

from checks.policy.bumps import Level, VersionPolicy, Window, with_built_in
from checks.policy.file import parse_policy
from gitops.versions.components import ARGO_CD, BUILT_IN, Chart, Component

WHOLE = """\
argocd: {overlay: ./argocd/overlays/staging/}
versions:
  argo-cd:
    level: patch
    minimumAge: 7
    range: ">=3.2,<4"
    oneMinorAtATime: false
    schedule: [mon-thu 07:00-15:00, 'fri 07:00-11:00']
  argo-rollouts:
    images: [quay.io/argoproj/argo-rollouts]
    quay: argoproj/argo-rollouts
    repository: argoproj/argo-rollouts
    charts: [{repository: https://argoproj.github.io/argo-helm/, name: argo-rollouts}]
    manifest: https://github.com/argoproj/argo-rollouts/releases/download/{tag}/install.yaml
    overlay: rollouts/staging
"""


def test_everything_at_once() -> None:
    policy = parse_policy(WHOLE.encode())
    assert policy.problems == ()
    week = frozenset({0, 1, 2, 3})
    assert policy.versions["argo-cd"] == VersionPolicy(
        ARGO_CD,
        Level.PATCH,
        timedelta(days=7),
        SpecifierSet(">=3.2,<4"),
        one_minor_at_a_time=False,
        schedule=(Window(week, 420, 480), Window(frozenset({4}), 420, 240)),
    )
    rollouts = policy.versions["argo-rollouts"]
    assert rollouts.component == Component(
        "argo-rollouts",
        ("quay.io/argoproj/argo-rollouts",),
        "argoproj/argo-rollouts",
        "argoproj/argo-rollouts",
        (Chart("https://argoproj.github.io/argo-helm", "argo-rollouts"),),
        "https://github.com/argoproj/argo-rollouts/releases/download/{tag}/install.yaml",
    )
    assert (rollouts.level, rollouts.one_minor_at_a_time, rollouts.minimum_age) == (Level.MINOR, True, timedelta())
    assert policy.overlay_of(rollouts) == "rollouts/staging"
    assert policy.overlay_of(policy.versions["argo-cd"]) == "argocd/overlays/staging"


def test_argo_cd_is_followed_unless_it_is_switched_off() -> None:
    assert [p.component for p in with_built_in({}, BUILT_IN)] == [ARGO_CD]
    off = parse_policy(b"versions: {argo-cd: {enabled: false}}")
    assert off.problems == ()
    assert with_built_in(off.versions, BUILT_IN) == []


@pytest.mark.parametrize(
    ("fields", "line", "words"),
    [
        ("argo-cd: patch", 2, "`versions.argo-cd` must be a mapping with level"),
        ("Argo CD: {}", 2, "`Argo CD` is no component name"),
        ("argo-cd:\n    levels: patch", 3, "unknown key `levels` in versions.argo-cd; did you mean `level`?"),
        ("argo-cd:\n    level: tiny", 3, "`versions.argo-cd.level` must be `patch`, `minor` or `major`"),
        ("argo-cd:\n    level: [patch]", 3, "must be `patch`, `minor` or `major`"),
        ("argo-cd:\n    minimumAge: soon", 3, "must be a whole number of days"),
        ("argo-cd:\n    minimumAge: -1", 3, "must be a whole number of days"),
        ("argo-cd:\n    minimumAge: true", 3, "must be a whole number of days"),
        ("argo-cd:\n    range: 3.2.x", 3, "`versions.argo-cd.range` must be bounds such as `>=3.2,<3.4`"),
        ("argo-cd:\n    oneMinorAtATime: 'yes'", 3, "must be `true` or `false`"),
        ("argo-cd:\n    schedule: weekdays", 3, "must be times such as `mon-fri 08:00-16:00` (UTC)"),
        ("argo-cd:\n    schedule: [mon 08:00-09:00, 3]", 3, "must be times such as"),
        ("argo-cd:\n    overlay: ../elsewhere", 3, "must be a directory of this repository"),
        ("argo-cd:\n    enabled: 1", 3, "must be `true` or `false`"),
        ("x:\n    images: quay.io/a/b", 3, "`versions.x.images` must be a list"),
        ("x:\n    images: [quay.io/a/b:v1]", 3, "must be a list of image names without tag"),
        ("x:\n    quay: a/b/c", 3, "must be `namespace/name` of quay.io"),
        ("x:\n    repository: https://github.com/a/b", 3, "must be `owner/name` of GitHub"),
        ("x:\n    charts: [{repository: http://a, name: b}]", 3, "must be a list of {repository: https://..."),
        ("x:\n    manifest: https://a.example/install.yaml", 3, "must be an https:// URL with `{tag}`"),
        ("x: {level: patch}", 2, "`versions.x` lacks `images`, `quay`, `repository`: argofix does not know"),
    ],
)
def test_a_mistake_is_told_with_its_line_and_switches_that_component_off(fields: str, line: int, words: str) -> None:
    policy = parse_policy(f"versions:\n  {fields}\n".encode())
    problem = policy.problems[0]
    assert problem.line == line
    assert words in problem.message
    followed = [p.component.name for p in with_built_in(policy.versions, BUILT_IN)]
    assert followed == ([] if fields.startswith("argo-cd") else ["argo-cd"])
