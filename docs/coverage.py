"""`docs/coverage.md`: every generator and every kind of source that Argo CD has, what is done with it, and which test
shows it. The names come from the code, so that what is new there has no row before somebody writes one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from gitops.applications.plugin_commands import ANGLES, VARIABLES, Renders
from gitops.applications.plugins import ELSEWHERE, WELL_KNOWN
from gitops.applicationsets.generators import KINDS
from gitops.kustomize.encrypted import KINDS as DECRYPTING

PAGE = Path(__file__).parent / "coverage.md"


@dataclass(frozen=True)
class Row:
    """What is done, in one sentence or two; `tests` are `path::name`."""

    what: str
    tests: tuple[str, ...]


def _row(what: str, *tests: str) -> Row:
    return Row(what, tests)


_SETS = "tests/gitops/applicationsets"
_MADE = "tests/gitops/applications/test_made.py::test_any_set_is_expanded_by_what_became_of_it"
_LIVE = (
    "Expanded by the Applications that a live Argo CD made of the set, from the cluster or from `--applications`; "
    "else told as not analysed."
)
_OUTSIDE = f"{_SETS}/test_combining.py::test_generators_of_the_outside_leave_the_others_alone"

GENERATORS: Mapping[str, Row] = {
    "list": _row(
        "Expanded: `elements`, and `elementsYaml` once a matrix has filled it in.",
        f"{_SETS}/test_generators.py::test_list_elements_know_their_place",
        f"{_SETS}/test_generators.py::test_elements_yaml_is_filled_in_by_a_matrix",
    ),
    "clusters": _row(
        "Expanded for the clusters that the configuration lists or that git shows: `selector`, `values`, `flatList`, "
        "in-cluster without a Secret. What that stands on is said.",
        f"{_SETS}/test_clusters.py::test_a_selector_takes_what_argo_cd_takes",
        f"{_SETS}/test_clusters.py::test_a_cluster_is_read_where_it_stands",
        f"{_SETS}/test_clusters.py::test_what_git_does_not_show_is_said",
    ),
    "git": _row(
        "Expanded over this repository and others that can be fetched: `directories` and `files` with `exclude`, "
        "`pathParamPrefix`, `values`.",
        f"{_SETS}/test_generators.py::test_git_directories",
        f"{_SETS}/test_generators.py::test_git_files_keep_their_shape_with_go_templates",
        f"{_SETS}/test_generators.py::test_path_param_prefix",
        "tests/gitops/outside/test_sources.py::test_a_git_generator_over_another_repository",
    ),
    "scmProvider": _row(_LIVE, _MADE, _OUTSIDE),
    "clusterDecisionResource": _row(_LIVE, _MADE, _OUTSIDE),
    "pullRequest": _row(
        _LIVE, _MADE, "tests/bot/cluster/test_made.py::test_a_set_is_expanded_by_its_live_applications"
    ),
    "matrix": _row(
        "Expanded, nested as deep as Argo CD allows; the second child is filled in with the first.",
        f"{_SETS}/test_combining.py::test_matrix_combines_in_order",
        f"{_SETS}/test_combining.py::test_matrix_second_child_uses_the_first",
        f"{_SETS}/test_combining.py::test_nesting",
        f"{_SETS}/test_clusters.py::test_combined_with_other_generators",
    ),
    "merge": _row(
        "Expanded by its `mergeKeys`; what Argo CD refuses is told.",
        f"{_SETS}/test_combining.py::test_merge_overrides_by_key_and_keeps_the_base",
        f"{_SETS}/test_combining.py::test_merges_that_argo_cd_refuses",
    ),
    "plugin": _row(_LIVE, _MADE, _OUTSIDE),
}

# applicationset_types.go of Argo CD v3.5.1: `ApplicationSetSpec`, and what generators have in common.
FIELDS: Mapping[str, Row] = {
    "generators[].selector": _row(
        "Applied to the parameters, in nested generators too (as since Argo CD 3.0).",
        f"{_SETS}/test_combining.py::test_selectors",
        f"{_SETS}/test_combining.py::test_selectors_see_flattened_parameters",
    ),
    "generators[].*.template": _row(
        "Laid over the set's template.", f"{_SETS}/test_expansion.py::test_generator_template_overrides"
    ),
    "generators[].*.requeueAfterSeconds": _row(
        "Has no bearing on what is made; it may stand there.",
        f"{_SETS}/test_combining.py::test_when_a_generator_is_asked_again_changes_nothing",
    ),
    "template": _row(
        "Filled in whole, keys of maps too; the Application lives where its set does.",
        f"{_SETS}/test_expansion.py::test_a_whole_application",
    ),
    "templatePatch": _row(
        "Merged as a strategic merge patch.",
        f"{_SETS}/test_expansion.py::test_template_patch",
        f"{_SETS}/test_expansion.py::test_patches_that_argo_cd_refuses",
    ),
    "goTemplate": _row(
        "Both languages: Go's text/template with sprig and Argo CD's functions, and fasttemplate.",
        f"{_SETS}/test_expansion.py::test_fasttemplate",
        f"{_SETS}/test_template_functions.py::test_function",
    ),
    "goTemplateOptions": _row("`missingkey` as Go has it.", f"{_SETS}/test_gotemplate.py::test_missing_key_options"),
    "syncPolicy": _row(
        "What its controller makes, changes and deletes, and whether it adds the finalizer.",
        f"{_SETS}/test_declared.py::test_the_policy_says_whether_it_deletes",
        f"{_SETS}/test_expansion.py::test_finalizers",
    ),
    "strategy": _row(
        "The steps of `RollingSync` are part of the order.",
        "tests/checks/sync_order/test_rolling.py::test_steps_are_the_order",
    ),
    "preservedFields": _row("Not looked at: it keeps what other controllers write into live Applications."),
    "ignoreApplicationDifferences": _row("Not looked at: it keeps what people change in live Applications."),
}

_ELSEWHERE = "tests/gitops/outside/test_sources.py"
_CHARTS = "tests/gitops/charts"
SOURCES: Mapping[str, Row] = {
    "kustomization": _row(
        "Built by kustomize itself, with the Application's own options.",
        "tests/gitops/discovery/test_sources.py::test_images_are_set_over_those_that_the_kustomization_sets",
    ),
    "kustomization with remote bases, components, files": _row(
        "Fetched, then built.",
        "tests/gitops/outside/test_kustomizations.py::test_remote_bases_are_rendered",
        "tests/gitops/outside/test_kustomizations.py::test_files_are_fetched_in_every_field",
    ),
    "kustomization with `helmCharts`": _row(
        "Inflated by Helm's own code, from the repository or from a registry.",
        f"{_CHARTS}/test_inflated.py::test_a_chart_of_the_repository_is_inflated",
        "tests/gitops/outside/test_kustomizations.py::test_charts_that_kustomize_would_pull",
    ),
    "kustomization with " + " or ".join(f"`{kind}`" for kind in DECRYPTING): _row(
        "Built with the names and keys of the encrypted files; nothing is decrypted.",
        "tests/gitops/kustomize/test_encrypted.py::test_names_and_keys_are_known",
    ),
    "kustomization with other plugins that are programs": _row(
        "Not analysed: argofix runs nothing that a repository names.",
        "tests/gitops/kustomize/test_kustomize_fields.py::test_a_plugin_that_is_not_understood_is_refused",
    ),
    "chart of the repository": _row(
        "Rendered by Helm's own code, as Argo CD calls it.",
        f"{_CHARTS}/test_charts.py::test_values_come_from_where_argo_cd_takes_them",
    ),
    "chart of a Helm repository or OCI registry": _row(
        "Fetched by version or range, its digest verified, then rendered.",
        f"{_ELSEWHERE}::test_a_chart_of_a_registry_is_rendered",
        "tests/bot/fetching/test_charts.py::test_a_version_is_chosen_as_helm_chooses_it",
        "tests/bot/fetching/test_oci.py::test_an_index_of_manifests_leads_to_the_chart",
    ),
    "dependencies of a chart": _row(
        "Taken from `charts/`, else fetched.",
        f"{_ELSEWHERE}::test_dependencies_that_are_not_vendored_are_asked_for",
    ),
    "values of another source (`$ref`)": _row(
        "Read there.",
        f"{_CHARTS}/test_charts.py::test_another_source_lends_its_values_files",
        f"{_ELSEWHERE}::test_values_of_another_repository_for_a_chart_of_a_registry",
    ),
    "values files of helm-secrets": _row(
        "Read with the encrypted texts in place of the values; not analysed where more than texts is encrypted.",
        f"{_CHARTS}/test_schemes.py::test_encrypted_values_files_are_read_without_a_key",
        f"{_CHARTS}/test_schemes.py::test_what_nobody_can_read_is_not_analysed",
    ),
    "directory of manifests": _row(
        "Read as Argo CD reads it: `recurse`, `include`, `exclude`.",
        "tests/gitops/discovery/test_sources.py::test_files_that_are_no_manifests",
    ),
    "Jsonnet": _row(
        "Evaluated with its libraries, variables and arguments.",
        f"{_CHARTS}/test_jsonnet.py::test_jsonnet_is_evaluated_as_argo_cd_does",
    ),
    "config management plugin": _row(
        "Rendered without the plugin where it is known what it renders with (below); else not analysed, with what "
        "would help.",
        "tests/gitops/applications/test_plugins.py::test_a_script_is_understood_where_it_is_plain",
        "tests/gitops/applications/test_plugins.py::test_a_plugin_that_git_defines_is_recognised",
    ),
    "another repository": _row(
        "Fetched where that is allowed, and rendered as if it were here.",
        f"{_ELSEWHERE}::test_another_repository_is_rendered_as_if_it_were_here",
        f"{_ELSEWHERE}::test_what_nobody_has_is_not_analysed_and_says_why",
    ),
    "another revision of this repository": _row(
        "Fetched as well.", f"{_ELSEWHERE}::test_another_revision_of_this_repository_is_asked_for"
    ),
    "Applications made by a chart or an Application": _row(
        "Found like any other, at any depth.",
        f"{_CHARTS}/test_charts.py::test_applications_of_a_chart_are_found_and_rendered",
        f"{_ELSEWHERE}::test_applications_in_charts_and_repositories_are_found",
    ),
    "a chart of Applications that somebody deploys by hand": _row(
        "A root, rendered with its own values, where nothing in the repository deploys it.",
        f"{_ELSEWHERE}::test_a_chart_of_applications_that_somebody_deploys_by_hand_is_a_root",
    ),
}

_HEAD = """\
# Coverage

<!-- Written by `make docs` from docs/coverage.py and the tables in the code; a test holds it fresh. -->

What Argo CD knows, what argofix does with it, and which test shows it. What cannot be looked at is told as not
analysed, with the reason, and the check run is neutral then: never as if it were fine.
"""


def page() -> str:
    """The whole page. Raises `KeyError` for a generator that the code knows and no row tells."""
    generators = [(f"`{kind}`", GENERATORS[kind]) for kind in KINDS]
    parts = [
        _HEAD,
        "\n## Generators of ApplicationSets\n\n",
        *_table("generator", generators),
        "\n## Fields of ApplicationSets\n\n",
        *_table("field", ((f"`{name}`", row) for name, row in FIELDS.items())),
        "\n## Sources of Applications\n\n",
        *_table("source", SOURCES.items()),
        _PLUGINS,
        *(f"| `{name}` | {_tool(renders)} | {_fills(renders)} |\n" for name, renders in WELL_KNOWN.items()),
        _OTHERS,
        *(f"| `{name}` | {clause.removeprefix('which ')} |\n" for name, clause in ELSEWHERE.items()),
    ]
    return "".join(parts)


_PLUGINS = """
## Plugins that are known by name

A definition in git, and `plugins` of the [configuration](configuration.md#plugins), go before these names.

| plugin | rendered as | what it fills in, and is not judged |
| --- | --- | --- |
"""
_OTHERS = """
These are known, and not rendered:

| plugin | what it does |
| --- | --- |
"""


def _table(head: str, rows: Iterable[tuple[str, Row]]) -> Iterable[str]:
    yield f"| {head} | what argofix does | tests |\n| --- | --- | --- |\n"
    for name, row in rows:
        links = " ".join(f"[`{test.partition('::')[2]}`](../{test.partition('::')[0]})" for test in row.tests)
        yield f"| {name} | {row.what} | {links} |\n"


def _tool(renders: Renders) -> str:
    flags = f" with `{' '.join(renders.arguments)}`" if renders.tool == "kustomize" and renders.arguments else ""
    names = {"kustomize": "a kustomization", "helm": "a chart", "files": "what its files are"}
    return names.get(renders.tool, "a directory of manifests") + flags


def _fills(renders: Renders) -> str:
    words = {ANGLES: "`<placeholders>`", VARIABLES: "`$VARIABLES`"}
    return ", ".join(words[mark] for mark in words if mark in renders.fills.split("|")) or "nothing"
