"""Which installations of Argo CD a repository holds."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st
from packaging.version import Version

from gitops.discovery.snapshot import Snapshot
from gitops.installation.arguments import parse
from gitops.installation.find import installations_of
from gitops.installation.model import Installation
from gitops.installation.releases import releases
from gitops.installation.settings import Where, setting
from tests.checks.argocd.stage import ANALYSIS, APP, params, workload
from tests.rediscovered import assert_found_again
from tests.scenarios import Files, application, discovered, documents, manifest, tree


def found(files: Files) -> tuple[Installation, ...]:
    return installations_of(snapshot(files))


def snapshot(files: Files) -> Snapshot:
    return discovered(tree(files), ANALYSIS)


def test_each_namespace_of_each_cluster_is_an_installation_of_its_own() -> None:
    one, two = found(
        {
            "apps.yaml": documents(
                application("a", "a", namespace="argocd"),
                application("b", "b", server="https://far.example.com", namespace="argocd"),
            ),
            "a/server.yaml": documents(workload("argocd-server", version="v3.2.2"), params(a="b")),
            "b/server.yaml": workload("argocd-server", version="v3.4.0"),
        }
    )
    assert (one.cluster, two.cluster) == ("in-cluster", "https://far.example.com")
    assert (one.version, two.version) == (Version("3.2.2"), Version("3.4.0"))
    assert len(one.params) == 1 and two.params == ()


def test_what_several_applications_bring_into_one_namespace_is_one() -> None:
    (one,) = found(
        {
            "apps.yaml": documents(
                application("a", "a", namespace="argocd"), application("b", "b", namespace="argocd")
            ),
            "a/server.yaml": workload("argocd-server"),
            "b/rest.yaml": documents(workload("argocd-repo-server"), params(a="b")),
        }
    )
    assert {each.component for each in one.processes} == {"argocd-server", "argocd-repo-server"} and one.params


def test_the_operator_s_resource_and_other_programs_are_none() -> None:
    operator = manifest("ArgoCD", "argocd", "argocd", "argoproj.io/v1beta1", spec={"server": {"insecure": True}})
    other = workload("argocd-image-updater", image="quay.io/argoprojlabs/argocd-image-updater")
    assert found({**APP, "argocd/a.yaml": documents(operator, other)}) == ()


def test_files_are_none_where_an_application_renders_them() -> None:
    files = {**APP, "argocd/a.yaml": workload("argocd-server"), "ops/b.yaml": workload("argocd-server")}
    rendered, loose = found(files)
    assert rendered.deployed and not loose.deployed and loose.directory == "ops"


def test_files_that_the_configuration_excludes_are_none() -> None:
    files = {**APP, "ops/b.yaml": workload("argocd-server")}
    analysis = replace(ANALYSIS, exclude=("ops/**",))
    assert installations_of(discovered(tree(files), analysis)) == ()


def test_the_files_are_known_again_after_a_change() -> None:
    before = {**APP, "argocd/a.yaml": workload("argocd-server"), "ops/b.yaml": "a: b\n"}
    after = {**before, "ops/b.yaml": workload("argocd-server"), "ops/c.yaml": workload("argocd-server")}
    found = assert_found_again([tree(before), tree(after), tree(before)])
    assert [one["installing"] for one in found] == [
        ("argocd/a.yaml",),
        ("argocd/a.yaml", "ops/b.yaml", "ops/c.yaml"),
        ("argocd/a.yaml",),
    ]


def test_the_order_is_argument_then_variable_then_config_map_then_default() -> None:
    def of(*args: str, env: dict[str, object] | None = None, key: str | None = None) -> tuple[object, Where]:
        made = [workload("argocd-server", *args, env=env), *([params(server__insecure=key)] if key else [])]
        (one,) = found({**APP, **{f"argocd/{n}.yaml": text for n, text in enumerate(made)}})
        told = setting(one, one.processes[0], "insecure")
        return told.on, told.where

    handed: dict[str, object] = {"ARGOCD_SERVER_INSECURE": {"key": "server.insecure"}}
    assert of() == (False, Where.DEFAULT)
    assert of(key="true") == (False, Where.DEFAULT)
    assert of(env=handed, key="true") == (True, Where.CONFIG_MAP)
    assert of(env=handed) == (None, Where.UNKNOWN)
    assert of(env={"ARGOCD_SERVER_INSECURE": "true"}, key="false") == (True, Where.VARIABLE)
    assert of("--insecure=false", env={"ARGOCD_SERVER_INSECURE": "true"}) == (False, Where.ARGUMENT)
    assert of("--insecure", env=handed, key="false") == (True, Where.ARGUMENT)


def test_the_data_says_of_which_releases_it_tells() -> None:
    known = releases()
    assert known.knows(Version("2.8.0")) and known.knows(Version("3.5.1"))
    assert not known.knows(Version("2.7.0")) and not known.knows(Version("3.6.0")) and not known.knows(None)
    assert known.covers(Version("3.5.1")) and not known.covers(Version("3.5.99"))


VERSIONS = st.sampled_from([Version(tag) for tag in releases().data["newest_patch"].values()])


@given(VERSIONS, st.sampled_from(sorted(releases().components)), st.data())
@settings(max_examples=60, deadline=None)
def test_whatever_flags_a_program_has_in_whatever_order_none_is_unknown_to_it(
    version: Version, component: str, data: st.DataObject
) -> None:
    flags = releases().flags(component, version)
    chosen = data.draw(st.lists(st.sampled_from(sorted(flags)), max_size=6)) if flags else []
    words: list[str] = []
    for name in chosen:
        kind, value = flags[name].kind, {"int": "1", "duration": "1m30s", "bool": "true", "float": "0.5"}
        joined = kind in ("bool", "") or data.draw(st.booleans())
        words += [f"--{name}={value.get(kind, 'x')}"] if joined else [f"--{name}", value.get(kind, "-x")]
    told = parse(words, flags)
    assert (told.unknown, told.refused, told.positional) == ((), (), ())
    assert set(told.values) == set(chosen)
