"""What discovery does grows with the repository and not with its square, however the Applications are laid out."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from checks.ownership import duplicate_owner
from checks.planning.ownership.plan import plan_fixes
from checks.policy.file import Policy
from gitops.applications.application import Origin, parse_application
from gitops.discovery.assembly import assemble
from gitops.discovery.evidence import recognised
from gitops.discovery.locate import locate
from gitops.discovery.roots import Declaration, Node, Seed, unclaimed
from gitops.discovery.rounds import discover
from gitops.discovery.scan import SaidMemo, ScanMemo, scan
from gitops.discovery.set_aside.undeployed import unaccounted
from gitops.discovery.snapshot import Change
from gitops.discovery.sources import Analysis
from gitops.files.spans import Span
from gitops.files.tree import Tree
from gitops.kustomize.closure import Closure, ParseMemo
from gitops.resources.resource import Resource, ResourceId
from tests.growth import assert_grows_with
from tests.instant import Instant
from tests.layouts import LAYOUTS, MATCHER, many, pairs
from tests.scenarios import URL, application, config_map, documents, tree

POLICY = Policy()
HERE = Origin(Span("apps/app.yaml", 1, 9))


def discovery(files: dict[str, bytes]) -> Callable[[], object]:
    renderer, head = Instant(), Tree.of(files)
    renderer.run(discover(head, Analysis(MATCHER, str, "instant")))  # what the renderer does is not counted
    return lambda: renderer.run(discover(Tree.of(files), Analysis(MATCHER, str, "instant")))


@pytest.mark.parametrize("layout", LAYOUTS)
def test_discovery_grows_with_the_applications(layout: str) -> None:
    assert_grows_with(lambda count: discovery(many(count, layout)), 16)


def rendered(name: str, kind: str = "ConfigMap", path: str | None = "all.yaml") -> Resource:
    return Resource(ResourceId("", kind, "shop", name), b"", path, None if path else "kustomization.yaml")


@pytest.mark.parametrize("added", [("", ""), ("dev-", ""), ("", "-v2"), ("a-long-prefix-", "-5k8f9m2t7c")])
def test_placing_the_resources_of_one_file_grows_with_the_file(added: tuple[str, str]) -> None:
    before, behind = added

    def placing(count: int) -> Callable[[], object]:
        names = [f"map-{number:03}" for number in range(count)]
        head = tree({"all.yaml": documents(*map(config_map, names))})
        asked = [rendered(f"{before}{name}{behind}") for name in names]
        return lambda: [locate(head, one, Closure(""), HERE) for one in asked]

    assert_grows_with(placing, 200)


@pytest.mark.parametrize("list_", ["secretGenerator", "configMapGenerator"])
def test_placing_what_generators_make_grows_with_their_list(list_: str) -> None:
    kind = "Secret" if list_ == "secretGenerator" else "ConfigMap"

    def placing(count: int) -> Callable[[], object]:
        names = [f"made-{number:03}" for number in range(count)]
        head = tree({"kustomization.yaml": f"{list_}:\n" + "".join(f"- name: {name}\n" for name in names)})
        asked = [rendered(f"{name}-5k8f9m2t7c", kind, None) for name in names]
        return lambda: [locate(head, one, Closure(""), HERE) for one in asked]

    assert_grows_with(placing, 200)


def test_telling_roots_from_what_others_bring_in_grows_with_them() -> None:
    def telling(count: int) -> Callable[[], object]:
        manifest = {"kind": "Application", "metadata": {"name": "web"}}
        one_each = [Declaration(manifest, Origin(Span(f"apps/{n:03}.yaml", 1, 1)), str(n)) for n in range(count)]
        nodes = {d.id: Node(d) for d in one_each}
        for parent, child in zip(one_each[::2], one_each[1::2], strict=True):
            nodes[parent.id].children.append(child)
        return lambda: list(unclaimed([Seed("apps", (declaration,)) for declaration in one_each], nodes))

    assert_grows_with(telling, 200)


def test_recognising_names_grows_with_the_applications() -> None:
    def recognising(count: int) -> Callable[[], object]:
        files = documents(*(application(f"app-{n:03}", f"app-{n:03}", url=f"{URL}-{n}") for n in range(count)))
        head = tree({"apps.yaml": files} | {f"app-{n:03}/map.yaml": "a: b" for n in range(count)})
        declared = scan(head, {}, {}).declared["apps.yaml"]
        return lambda: recognised(head, declared, MATCHER)

    assert_grows_with(recognising, 200)


def test_scanning_what_is_remembered_grows_with_the_files() -> None:
    def scanning(count: int) -> Callable[[], object]:
        head = Tree.of(many(count, "in one directory that a kustomization lists"))
        memo: ScanMemo = {}
        parsed: ParseMemo = {}
        said: SaidMemo = {}
        scan(head, memo, parsed, said)
        return lambda: scan(head, memo, parsed, said)

    assert_grows_with(scanning, 200)


def test_telling_what_is_left_over_grows_with_the_file() -> None:
    def telling(count: int) -> Callable[[], object]:
        files = documents(*(application(f"app-{n:03}", "app") for n in range(count)))
        found = scan(tree({"apps.yaml": files}), {}, {})
        told = {"apps.yaml": [one.span for one in found.declared["apps.yaml"]]}
        return lambda: list(unaccounted(found, told, frozenset()))

    assert_grows_with(telling, 200)


def test_telling_alternatives_of_one_name_apart_grows_with_them() -> None:
    def assembling(count: int) -> Callable[[], object]:
        manifest = {"kind": "Application", "metadata": {"name": "web"}}
        one_each = [Declaration(manifest, Origin(Span(f"apps/{n:03}.yaml", 1, 1)), str(n)) for n in range(count)]
        seeds = [Seed("apps", (declaration,)) for declaration in one_each]
        nodes = {d.id: Node(d, parse_application(d.manifest, d.origin)) for d in one_each}
        return lambda: assemble(Tree.of({}), seeds, nodes)

    assert_grows_with(assembling, 200)


def test_proving_fixes_grows_with_the_pairs() -> None:
    def proving(count: int) -> Callable[[], object]:
        renderer, analysis = Instant(), Analysis(MATCHER, bytes.hex, "instant")
        snapshot = renderer.run(discover(Tree.of(pairs(count)), analysis))
        findings = list(duplicate_owner.check(Change(None, snapshot), POLICY))

        def work() -> None:
            planned = renderer.run(plan_fixes(snapshot, analysis, findings, POLICY))
            assert len(planned.plans) == count
            assert all(plan.proof.holds for plan in planned.plans)

        return work

    assert_grows_with(proving, 12)
