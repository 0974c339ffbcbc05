"""Every Application of a repository is accounted for, below the root that brings it."""

from __future__ import annotations

import time

from bot.rendering.driver import Engine
from checks.judgement.evaluation import Evaluation
from checks.judgement.gaps import gaps_of
from gitops.applications.application import Origin
from gitops.discovery.assembly import assemble
from gitops.discovery.roots import Declaration, Node, Seed, unclaimed
from gitops.files.spans import Span
from gitops.files.tree import Tree
from tests.scenarios import application, config_map, documents, evaluated, kustomization, of_rule

MAP = {"a/map.yaml": config_map("m"), "b/map.yaml": config_map("m")}


def placed(evaluation: Evaluation) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for state in evaluation.snapshot.states:
        found.setdefault(state.application.root, []).append(state.application.name)
    return {root: sorted(names) for root, names in found.items()}


async def test_loose_applications_of_one_name_are_alternatives_and_none_is_lost(engine: Engine) -> None:
    files = {
        **MAP,
        "c/map.yaml": config_map("c"),
        "apps/dev-db.yaml": application("db", "a"),
        "apps/dev-web.yaml": application("web", "c"),
        "apps/prod-db.yaml": application("db", "b"),
        "apps/prod-web.yaml": application("web", "c", namespace="other"),
    }
    evaluation = await evaluated(engine, files)
    assert placed(evaluation) == {"apps": ["db", "web"], "apps (apps/prod-db.yaml:1)": ["db", "web"]}
    assert of_rule(evaluation, "duplicate-owner") == []


async def test_the_same_document_twice_is_one_application(engine: Engine) -> None:
    files = {**MAP, "apps/one.yaml": application("web", "a"), "apps/two.yaml": application("web", "a")}
    assert placed(await evaluated(engine, files)) == {"apps": ["web"]}


async def test_applications_listed_by_a_ring_of_kustomizations_are_not_lost(engine: Engine) -> None:
    files = {
        **MAP,
        "x/kustomization.yaml": kustomization("app.yaml", "../y"),
        "y/kustomization.yaml": kustomization("../x"),
        "x/app.yaml": application("web", "a"),
    }
    assert placed(await evaluated(engine, files)) == {"x": ["web"]}


async def test_a_component_that_nobody_uses_brings_nothing(engine: Engine) -> None:
    component = "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\nresources: [app.yaml]\n"
    files = {**MAP, "x/kustomization.yaml": component, "x/app.yaml": application("web", "a")}
    assert placed(await evaluated(engine, files)) == {}


async def test_a_broken_list_of_applications_is_told(engine: Engine) -> None:
    files = {**MAP, "apps/kustomization.yaml": "resources: [web.yaml\n", "apps/web.yaml": application("web", "a")}
    evaluation = await evaluated(engine, files)
    assert placed(evaluation) == {"apps": ["web"]}
    (gap,) = gaps_of(evaluation.snapshot)
    assert gap.startswith("apps/kustomization.yaml:2 is not valid YAML")
    files["apps/kustomization.yaml"] = kustomization("web.yaml", "gone.yaml")
    (gap,) = gaps_of((await evaluated(engine, files)).snapshot)
    assert "gone.yaml" in gap
    assert "ApplicationSet" not in gap


async def test_an_unreadable_declaration_is_told(engine: Engine) -> None:
    evaluation = await evaluated(engine, {**MAP, "x.yaml": application("web", "a") + "\n---\nkind: [Application\n"})
    (gap,) = gaps_of(evaluation.snapshot)
    assert gap.startswith("x.yaml:")
    assert evaluation.report("argofix / ownership").conclusion == "neutral"


async def test_one_application_declared_twice_below_one_root_is_a_finding(engine: Engine) -> None:
    files = {
        **MAP,
        "root.yaml": application("root", "apps"),
        "apps/one.yaml": application("web", "a"),
        "apps/two.yaml": application("web", "b"),
    }
    (finding,) = of_rule(await evaluated(engine, files), "duplicate-entry")
    assert finding.message.startswith("Application argocd/web is brought into `root` 2 times")


async def test_of_one_application_declared_twice_the_last_copy_is_deployed(engine: Engine) -> None:
    """controller/state.go, NormalizeTargetObjects; the repo server walks a directory's entries by name."""
    parent = {"directory": {"recurse": True}}
    for first, last in [("one.yaml", "two.yaml"), ("z/web.yaml", "z.yaml"), ("all.yaml", "all.yaml")]:
        files: dict[str, str | bytes] = {
            **MAP,
            "a/own.yaml": config_map("own-a"),
            "b/own.yaml": config_map("own-b"),
            "root.yaml": application("root", "apps", source=parent),
            f"apps/{first}": application("web", "a"),
            f"apps/{last}": application("web", "b"),
        }
        if first == last:
            files[f"apps/{first}"] = documents(application("web", "a"), application("web", "b"))
        evaluation = await evaluated(engine, files)
        deployed = {s.application.name: s.application.sources[0].path for s in evaluation.snapshot.states}
        assert deployed == {"root": "apps", "web": "b"}
        (finding,) = of_rule(evaluation, "duplicate-entry")
        assert finding.steps == ()  # they differ, and a person has to say which one is meant
        assert "applies only the last copy" in finding.topic.message


async def test_of_repeated_copies_the_last_one_is_compared_with_others(engine: Engine) -> None:
    files = {
        "apps.yaml": documents(application("one", "x"), application("two", "y")),
        "x/1.yaml": config_map("m", a="1"),
        "x/2.yaml": config_map("m", a="2"),
        "y/m.yaml": config_map("m", a="1"),
    }
    (finding,) = of_rule(await evaluated(engine, files), "duplicate-owner")
    assert "the copies differ: `data.a` is `'2'` in `one`" in finding.message


async def test_several_documents_of_one_file_are_told_apart(engine: Engine) -> None:
    files = {**MAP, "apps.yaml": documents(application("one", "a"), application("two", "b", namespace="x"))}
    spans = [state.application.origin.span.line for state in (await evaluated(engine, files)).snapshot.states]
    assert spans == [1, 3]


def test_five_thousand_loose_documents_do_not_take_square_time() -> None:
    seeds, nodes = [], {}
    for number in range(5_000):
        one = Declaration({"metadata": {"name": f"s{number}"}}, Origin(Span(f"{number}.yaml", 1, 1)), str(number))
        seeds.append(Seed(".", (one,)))
        nodes[one.id] = Node(one, unknown=("why",))
    started = time.process_time()
    kept = [seed for seed, _ in unclaimed(seeds, nodes)]
    assert len(assemble(Tree.of({}), kept, nodes).unknown) == 5_000
    assert time.process_time() - started < 2


async def test_a_chart_that_makes_applications_is_unknown_never_clean(engine: Engine) -> None:
    template = "apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {name: '{{ .Values.name }}'}\n"
    files = {**MAP, "apps/Chart.yaml": "name: apps\n", "apps/templates/a.yaml": template}
    evaluation = await evaluated(engine, files)
    (gap,) = gaps_of(evaluation.snapshot)
    assert gap == (
        "apps/templates/a.yaml:1: the Helm chart apps makes Applications, which only Helm can tell: "
        "it does not render: validation: chart.metadata.version is required"
    )
    assert evaluation.report("argofix / ownership").conclusion == "neutral"
    files["apps/templates/a.yaml"] = (
        "# argoproj.io has a CRD called\nkind: CustomResourceDefinition\nx: Application\n"
    )
    assert gaps_of((await evaluated(engine, files)).snapshot) == ()


async def test_applications_that_bring_themselves_or_each_other_in_are_expanded_once(engine: Engine) -> None:
    files = {
        **MAP,
        "apps/root.yaml": application("root", "apps"),
        "x/one.yaml": application("one", "y"),
        "y/two.yaml": application("two", "x"),
    }
    evaluation = await evaluated(engine, files)
    assert sorted(state.application.name for state in evaluation.snapshot.states) == ["one", "root", "two"]
    assert not evaluation.snapshot.truncated
    assert gaps_of(evaluation.snapshot) == ()
