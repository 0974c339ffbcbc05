"""Charts whose dependencies Argo CD cannot build. The digests are those that `helm dependency update` wrote."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gitops.charts.locked import dependency_refusal, lock_digest
from gitops.files.tree import Tree
from gitops.resources.rendering import RenderFailed
from tests.rendered import EngineProcess, application, state_of
from tests.scenarios import URL

RICH = """apiVersion: v2
name: web
version: 1.0.0
dependencies:
  - name: lib
    version: ">=1.0.0 <2.0.0"
    repository: file://../lib
    condition: lib.enabled,global.lib
    tags: [a, "b&c"]
    alias: liba
    import-values:
      - data
      - {parent: x, child: y}
  - name: lib
    version: 1
    repository: "file://../lib"
"""
LOCKED = "- name: lib\n  repository: file://../lib\n  version: 1.2.3\n"
RICH_LOCK = f"""dependencies:
{LOCKED}{LOCKED}digest: sha256:633f36bf0e0b0a7e2025457753a4f37bb06f9757f9fb31d2f462b36b9ab98155
generated: "2026-11-27T03:13:08.014470703Z"
"""
OLD = "dependencies:\n- {name: lib, version: ^1.0.0, repository: 'file://../lib', enabled: true}\n"
OLD_LOCK = f"dependencies:\n{LOCKED}digest: sha256:cc74518eaa314e73a431a949b2e72448799d9f05c0a51ad4384b7fdc8214d8a5\n"
BARE = "apiVersion: v2\nname: web\nversion: 1.0.0\n"
HELD = {"web/charts/lib/Chart.yaml": "apiVersion: v2\nname: lib\nversion: 1.2.3\n"}


def refusal(files: dict[str, str]) -> tuple[str, str] | None:
    found = dependency_refusal(Tree.of({path: text.encode() for path, text in files.items()}), "web")
    return None if found is None else (found.message, str(found.span))


def old(requirements: str = OLD, lock: str = OLD_LOCK) -> dict[str, str]:
    chart = "apiVersion: v1\nname: web\nversion: 1.0.0\n"
    return {"web/Chart.yaml": chart, "web/requirements.yaml": requirements, "web/requirements.lock": lock}


def new(chart: str = RICH, lock: str = RICH_LOCK) -> dict[str, str]:
    return {"web/Chart.yaml": chart, "web/Chart.lock": lock}


@pytest.mark.parametrize(
    "files", [new(), old(), {"web/Chart.yaml": RICH}, new(RICH.replace("name: lib", "name: 'lib'"))]
)
def test_a_lock_file_that_fits_refuses_nothing(files: dict[str, str]) -> None:
    assert refusal(files) is None


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (">=1.0.0 <2.0.0", ">=1.0.0 <3.0.0"),
        ("version: 1\n", "version: 2\n"),
        ("condition: lib.enabled,global.lib", "condition: lib.enabled"),
        ('"b&c"', "b"),
        ("alias: liba", "alias: libb"),
        ("- data", "- date"),
        ("{parent: x, child: y}", "{parent: x, child: z}"),
        ("{parent: x, child: y}", "{parent: x, child: n}"),
        ("dependencies:\n", "dependencies:\n  - {name: new, version: 1.0.0, repository: 'https://x.io'}\n"),
    ],
)
def test_whatever_is_changed_beside_the_lock_file_it_no_longer_fits(one: str, other: str) -> None:
    changed = RICH.replace(one, other)
    assert changed != RICH
    told = "the lock file (Chart.lock) is out of sync with the dependencies file (Chart.yaml)"
    found = refusal(new(changed))
    assert found is not None and found[0].startswith(told) and found[1] == "web/Chart.lock:8"
    # With the dependencies in charts/ Argo CD does not build them, and nobody reads the lock file.
    held = {**HELD, **{path.replace("/lib/", "/new/"): text.replace("lib", "new") for path, text in HELD.items()}}
    assert refusal({**new(changed), **held}) is None


def test_old_charts_have_a_lock_file_of_another_name() -> None:
    found = refusal(old(OLD.replace("^1.0.0", "^1.1.0")))
    assert found is not None
    assert found[0].startswith("the lock file (requirements.lock) is out of sync")
    assert found[1] == "web/requirements.lock:5"


DIGEST = st.text("0123456789abcdef", min_size=64, max_size=64)


@settings(max_examples=30)
@given(DIGEST)
def test_no_other_digest_fits(digest: str) -> None:
    lock = RICH_LOCK.replace("633f36bf0e0b0a7e2025457753a4f37bb06f9757f9fb31d2f462b36b9ab98155", digest)
    assert (refusal(new(lock=lock)) is None) == (lock == RICH_LOCK)


@pytest.mark.parametrize(
    ("repository", "told"),
    [
        ("http://x.io/charts", "no repository definition for http://x.io/charts"),
        ("https://x.io/charts", None),
        ("oci://x.io/charts", None),
        ("https://[x", None),  # no URL, but the same text in both
        ("'@ours'", None),  # a name in somebody's settings: nothing can be told
    ],
)
def test_with_a_lock_file_helm_knows_only_repositories_that_argo_cd_tells_it(
    repository: str, told: str | None
) -> None:
    url = repository.strip("'")
    wanted = {"name": "db", "version": "1.0.0", "repository": url}
    chart = f"{BARE}dependencies:\n- {{name: db, version: 1.0.0, repository: {repository}}}\n"
    digest = lock_digest([wanted], [wanted])
    lock = f"dependencies:\n- {{name: db, version: 1.0.0, repository: {repository}}}\ndigest: {digest}\n"
    found = refusal(new(chart, lock))
    assert (found and found[0]) == told
    assert refusal({"web/Chart.yaml": chart}) is None  # without one it finds them by itself


def test_a_dependency_without_a_repository_has_to_be_in_charts() -> None:
    chart = f"{BARE}dependencies:\n- {{name: lib, version: 1.x.x}}\n"
    found = refusal({"web/Chart.yaml": chart})
    assert found == ("the dependency lib names no repository, and charts/ has no such chart", "web/Chart.yaml:5")
    assert refusal({"web/Chart.yaml": chart, **HELD}) is None


@pytest.mark.parametrize("name", ["[lib]", "{lib: 1}", "~", "7"])
def test_a_name_that_is_no_text_is_for_helm_to_refuse(name: str) -> None:
    chart = f"{BARE}dependencies:\n- {{name: {name}, version: 1.0.0}}\n"
    held = {"web/charts/seven/Chart.yaml": "apiVersion: v2\nname: 7\nversion: 1.0.0\n"}  # a text to Helm
    assert refusal({"web/Chart.yaml": chart, **held}) is None


def test_it_is_told_of_the_application_before_anything_is_fetched(engine: EngineProcess) -> None:
    chart = f"{BARE}dependencies:\n- {{name: db, version: 1.0.0, repository: 'https://x.io'}}\n"
    lock = "dependencies:\n- {name: db, version: 0.9.0, repository: 'https://x.io'}\ndigest: sha256:00\n"
    source = f"  source: {{repoURL: {URL}, targetRevision: main, path: web}}"
    failed = state_of(engine, {**new(chart, lock), "a.yaml": application("web", source)}).rendering
    assert isinstance(failed, RenderFailed)
    assert "Chart.lock) is out of sync" in failed.message
    assert str(failed.span) == "web/Chart.lock:3"
