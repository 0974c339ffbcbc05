"""The repository's configuration: what is wrong is told with its line, and the rest of it holds."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from checks.policy.bumps import Level
from checks.policy.file import Ignore, Keep, Policy, matches, parse_policy
from gitops.files.errors import GitopsError
from gitops.resources.rendering import BuildOptions
from gitops.resources.resource import ResourceId

WHOLE = b"""\
instances:
  prod: [apps, 'root-*']
  test: [staging]
ownership:
  keep:
    Namespace/*: infrastructure
kustomize:
  buildOptions: --load-restrictor LoadRestrictionsNone --enable-helm
ignore:
  - rule: duplicate-owner
    resource: ConfigMap/shop/*
    reason: moving house
argocd: {overlay: argocd/overlays/prod}
versions: {argo-cd: {level: patch}}
secrets: {provided: [registry]}
"""


def test_everything_at_once() -> None:
    policy = parse_policy(WHOLE)
    assert policy.problems == ()
    assert policy.instances == {"prod": ("apps", "root-*"), "test": ("staging",)}
    assert policy.instance_of("root-1", "x") == policy.instance_of("y", "apps") == "prod"
    assert policy.instance_of("elsewhere", "x") is None
    assert policy.keep == (Keep("Namespace/*", "infrastructure", 6),)
    assert policy.ignore == (Ignore("duplicate-owner", "ConfigMap/shop/*", "moving house", 10),)
    assert policy.build_options == BuildOptions(load_restrictor_none=True, enable_helm=True)
    assert policy.argocd_overlay == "argocd/overlays/prod"
    assert policy.versions["argo-cd"].level is Level.PATCH


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("instances: {}\nignroe: []\n", 2, "unknown key `ignroe` in the configuration; did you mean `ignore`?"),
        ("# head\nownership:\n  keeps: {}\n", 3, "unknown key `keeps` in ownership; did you mean `keep`?"),
        ("[]\n", 1, "must be a mapping"),
        ("a: [\n", 2, "not valid YAML"),
        ("\ninstances: [a]\n", 2, "`instances` must map"),
        ("instances:\n  prod: apps\n", 2, "`instances.prod` must be a list of names"),
        ("instances:\n  prod:\n  - a\n  - {b: c}\n", 4, "names only"),
        ("ownership: 3\n", 1, "ownership must be a mapping with `keep`"),
        ("ownership:\n  keep: []\n", 2, "`ownership.keep` must map"),
        ("ownership:\n  keep:\n    Namespace/a: [b]\n", 3, "must be a text"),
        ("kustomize:\n  buildOptions: {a: b}\n", 2, "`kustomize.buildOptions` must be a text"),
        ("ignore: {}\n", 1, "`ignore` must be a list"),
        ("ignore:\n- a\n", 2, "each `ignore` entry"),
        ("ignore:\n- {rule: a, resource: b}\n", 2, "lacks `reason`"),
        ("ignore:\n- {rule: a, resource: b, reason: ' '}\n", 2, "lacks `reason`"),
        ("ignore:\n- {rule: a, resource: b, reason: c, until: d}\n", 2, "unknown key `until`"),
        ("argocd:\n  overlay:\n", 2, "`argocd.overlay` must be a text"),
        ("argocd:\n  overlay: /etc\n", 2, "`argocd.overlay` must be a directory of this repository"),
        ("versions: 1\n", 1, "`versions` must be a mapping"),
        ("secrets:\n  provided: a\n", 2, "`secrets.provided` must be a list"),
        ("secrets:\n  provided:\n  - a/b/c/d\n", 3, "entry must be NAME"),
    ],
)
def test_mistakes_are_told_with_their_line(text: str, line: int, words: str) -> None:
    (problem,) = parse_policy(text.encode()).problems
    assert problem.line == line
    assert words in problem.message


def test_what_is_right_beside_a_mistake_holds() -> None:
    policy = parse_policy(b"oops: 1\nownership:\n  keep:\n    A/x: [1]\n    B/y: app\n")
    assert policy.keep == (Keep("B/y", "app", 5),)
    assert [problem.line for problem in policy.problems] == [1, 4]


@pytest.mark.parametrize(
    ("pattern", "fits"),
    [
        ("NetworkPolicy", True),
        ("NetworkPolicy/deny", True),
        ("NetworkPolicy/shop/deny", True),
        ("NetworkPolicy.networking.k8s.io/shop/d*", True),
        ("NetworkPolicy.crd.projectcalico.org/shop/deny", False),
        ("*/shop/*", True),
        ("NetworkPolicy/other/deny", False),
        ("networkpolicy", False),
        ("a/b/c/d", False),
    ],
)
def test_patterns_of_resources(pattern: str, fits: bool) -> None:
    assert matches(pattern, ResourceId("networking.k8s.io", "NetworkPolicy", "shop", "deny")) is fits


@given(st.binary(max_size=80) | st.text(alphabet="inorgek:- []{}\n#&*", max_size=60).map(str.encode))
def test_no_configuration_stops_the_checks(data: bytes) -> None:
    with contextlib.suppress(GitopsError):  # would fail the test if anything else came
        assert isinstance(parse_policy(data), Policy)
    parse_policy(data)


def test_without_a_configuration() -> None:
    assert parse_policy(None) == parse_policy(b"") == parse_policy(b"# nothing\n") == Policy()


def test_aliases_and_excluded_paths() -> None:
    policy = parse_policy(
        b"repositories:\n  aliases: ['<<__repo__>>', git@x:a/b]\nexclude: [fixtures/**, '*.tmp.yaml']\n"
    )
    assert policy.problems == ()
    assert policy.aliases == ("<<__repo__>>", "git@x:a/b")
    assert policy.exclude == ("fixtures/**", "*.tmp.yaml")
    assert parse_policy(b"{}").aliases is None  # an empty list says something else


@pytest.mark.parametrize("pattern", ["!fixtures", "a[", "/", ".", "./"])
def test_patterns_that_cannot_be_meant_are_told_and_the_others_count(pattern: str) -> None:
    policy = parse_policy(f"exclude:\n  - fixtures\n  - '{pattern}'\n".encode())
    (problem,) = policy.problems
    assert (problem.line, pattern in problem.message) == (3, True)
    assert policy.exclude == ("fixtures",)


@pytest.mark.parametrize("version", ["1.33", "v1.29.4", "1.30.1-eks-1"])
def test_the_version_of_kubernetes_is_read(version: str) -> None:
    policy = parse_policy(f"kubernetes: {{version: '{version}'}}".encode())
    assert (policy.kubernetes, policy.problems) == (version, ())


@pytest.mark.parametrize("version", ["latest", "", "1", "[1.33]", "{a: b}"])
def test_what_is_no_version_of_kubernetes_is_told(version: str) -> None:
    policy = parse_policy(f"\nkubernetes:\n  version: {version}\n".encode())
    assert policy.kubernetes == ""
    assert [problem.line for problem in policy.problems] == [3]
