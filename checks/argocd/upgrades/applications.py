"""Notes about Applications, ApplicationSets, AppProjects, clusters and repositories, and what Applications bring."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from checks.argocd.upgrades.match import Match, Place, Predicate
from checks.argocd.view import kustomizations_of
from gitops.applications.application import IN_CLUSTER, Application
from gitops.discovery.snapshot import Test
from gitops.facts.secrets.pods import mapping, sequence
from gitops.files.spans import Span
from gitops.installation.find import member_of
from gitops.installation.places import line_in
from gitops.resources.manifests import text_of
from gitops.resources.resource import Resource

_HEALTH: Final = re.compile(r"(?:^|\.)(?:toolkit\.fluxcd\.io|crossplane\.io)$")
_KUBERNETES: Final = "argocd.argoproj.io/kubernetes-version"
_SHORT: Final = re.compile(r"\d+\.\d+")


def _applications(seen: str, words: tuple[str, ...], wanted: Callable[[Application], bool]) -> Predicate:
    """The Applications that are as `wanted`, at the first of `words` that their manifests say."""

    def look(place: Place) -> Iterator[Match]:
        for state in place.snapshot.states:
            application = state.application
            if wanted(application):
                span = _line(place, application.origin.span, *words)
                yield Match(span, f"`{application.label}` {seen}", "|".join((*application.key, seen)))

    return look


def _line(place: Place, at: Span, *words: str) -> Span:
    line = line_in(place.snapshot.tree, at.path, *words, first=max(at.line, 1), last=at.end_line or None)
    return Span(at.path, line, line) if line else Span(at.path, at.line, at.line)


def _spec(application: Application) -> Mapping[str, Any]:
    return mapping(application.manifest.get("spec"))


def _clusters_with_project(place: Place) -> Iterator[Match]:
    """Also repositories, whose project the Git generator heeds from then on."""
    for member in place.installation.of_kind("Secret", "ExternalSecret", "SealedSecret"):
        kind, keys = _secret(member.manifest)
        if kind in ("cluster", "repository") and "project" in keys:
            words = ("project", f"argocd.argoproj.io/secret-type: {kind}")
            yield place.at(member, f"{member.id} declares a {kind} with a `project`", *words)


def _secret(manifest: Mapping[str, Any]) -> tuple[str, set[str]]:
    """(what it declares to Argo CD, its keys) of a Secret, or of the template from which one is made."""
    template = mapping(mapping(mapping(manifest.get("spec")).get("target")).get("template"))
    template = template or mapping(mapping(manifest.get("spec")).get("template"))
    for one in (manifest, template):
        labels = mapping(mapping(one.get("metadata")).get("labels"))
        if "argocd.argoproj.io/secret-type" in labels:
            keys = {*mapping(one.get("data")), *mapping(one.get("stringData"))}
            keys |= {*mapping(mapping(manifest.get("spec")).get("encryptedData"))}
            return text_of(labels["argocd.argoproj.io/secret-type"]), keys
    return "", set()


def _proxies(place: Place) -> Iterator[Match]:
    for member in place.installation.of_kind("Secret", "ExternalSecret", "SealedSecret"):
        kind, keys = _secret(member.manifest)
        if kind.startswith("repo") and "proxy" in keys:
            yield place.at(member, f"{member.id} declares a repository with a `proxy`", "proxy")


def _kinds(wanted: Test, seen: str, unless: Callable[[Place], bool] | None = None) -> Predicate:
    """What Applications bring of some kinds, told once for each kind."""

    def look(place: Place) -> Iterator[Match]:
        if unless is not None and unless(place):
            return
        found: dict[tuple[str, str], list[Any]] = {}
        for copy in place.snapshot.copies(having=wanted):
            if not copy.resource.hook:
                found.setdefault((copy.resource.id.group, copy.resource.id.kind), []).append(copy)
        for (group, kind), copies in found.items():
            first = copies[0]
            more = f" (and {len(copies) - 1} more)" if len(copies) > 1 else ""
            rid = member_of(place.snapshot, first).id
            yield Match(
                Span(first.origin.span.path, first.origin.span.line, first.origin.span.line),
                f"`{first.application.label}` brings {rid}{more} {seen}".rstrip(),
                f"{group}/{kind}",
            )

    return look


def _assessed(resource: Resource) -> bool:
    rid = resource.id
    return _HEALTH.search(rid.group) is not None or (rid.group, rid.kind) == ("policy", "PodDisruptionBudget")


def _is_cron_job(resource: Resource) -> bool:
    return (resource.id.group, resource.id.kind) == ("batch", "CronJob")


def _judges_cron_jobs(place: Place) -> bool:
    return place.value("argocd-cm", "resource.customizations.health.batch_CronJob") is not None


def _generators(value: Any, depth: int = 0) -> Iterator[tuple[Mapping[str, Any], int]]:
    """Every generator of an ApplicationSet, with how deep it is nested."""
    for one in sequence(value):
        generator = mapping(one)
        yield generator, depth
        for kind in ("matrix", "merge"):
            yield from _generators(mapping(generator.get(kind)).get("generators"), depth + 1)


def _nested(place: Place) -> Iterator[Match]:
    for each in place.snapshot.sets:
        spec = mapping(each.manifest.get("spec"))
        if spec.get("applyNestedSelectors") is True:
            continue
        if any(depth and "selector" in one for one, depth in _generators(spec.get("generators"))):
            span = _line(place, each.origin.span, "selector")
            seen = f"ApplicationSet `{each.name}` has a selector on a nested generator"
            yield Match(span, seen, f"{each.root}|{each.namespace}/{each.name}")


def _cluster_versions(place: Place) -> Iterator[Match]:
    for each in place.snapshot.sets:
        for one, _ in _generators(mapping(each.manifest.get("spec")).get("generators")):
            selector = mapping(mapping(one.get("clusters")).get("selector"))
            wanted = [mapping(selector.get("matchLabels")).get(_KUBERNETES)]
            for expression in sequence(selector.get("matchExpressions")):
                if text_of(mapping(expression).get("key")) == _KUBERNETES:
                    wanted += sequence(mapping(expression).get("values"))
            short = [text_of(value) for value in wanted if _SHORT.fullmatch(text_of(value))]
            if short:
                seen = f"ApplicationSet `{each.name}` selects clusters of the version `{short[0]}`"
                yield Match(_line(place, each.origin.span, _KUBERNETES), seen, f"{each.root}|{each.name}|{short[0]}")


def _tracked(place: Place) -> Iterator[Match]:
    maps = list(place.maps("argocd-cm"))
    if any("application.resourceTrackingMethod" in data for _, data in maps):
        return  # what is set stays as it is
    wanted = _applications(
        "syncs only what is OutOfSync, so nothing gets its annotation until it is synced by hand",
        ("ApplyOutOfSyncOnly=true",),
        lambda one: "ApplyOutOfSyncOnly=true" in one.sync_policy.options,
    )
    yield from wanted(place)


def _unknown_fields(place: Place) -> Iterator[Match]:
    for copy in place.snapshot.copies(having=_names_unknown_fields):
        member = member_of(place.snapshot, copy)
        if mapping(member.manifest.get("spec")).get("preserveUnknownFields") is False:
            yield place.at(member, f"{member.id.name} has `preserveUnknownFields: false`", "preserveUnknownFields")


def _names_unknown_fields(resource: Resource) -> bool:
    return resource.id.kind == "CustomResourceDefinition" and b"preserveUnknownFields" in resource.text


def _hydrates(application: Application) -> bool:
    return bool(mapping(_spec(application).get("sourceHydrator")))


def _into_the_root(application: Application) -> bool:
    source = mapping(mapping(_spec(application).get("sourceHydrator")).get("syncSource"))
    return _hydrates(application) and text_of(source.get("path")).strip("/") in ("", ".")


def _names_helm(application: Application) -> bool:
    return any((source.helm or {}).get("version") is not None for source in application.sources)


def _in_cluster(place: Place) -> Iterator[Match]:
    if place.value("argocd-cm", "cluster.inClusterEnabled") == "false":
        yield from _applications(
            "is deployed to in-cluster",
            ("kubernetes.default.svc", "in-cluster", "destination"),
            lambda one: one.destination.cluster == IN_CLUSTER,
        )(place)


def _charts_with_namespace(place: Place) -> Iterator[Match]:
    tree = place.snapshot.tree
    every = (one for state in place.snapshot.states for part in state.parts for one in kustomizations_of(tree, part))
    for path, fields in {one.path: one.fields for one in every}.items():
        if fields.get("helmCharts") and fields.get("namespace"):
            line = line_in(tree, path, "helmCharts") or 1
            yield Match(Span(path, line, line), "`namespace` and `helmCharts` stand together", path)


def _signed(place: Place) -> Iterator[Match]:
    for member in place.installation.of_kind("AppProject"):
        if mapping(member.manifest.get("spec")).get("signatureKeys"):
            yield place.at(member, f"{member.id} has `signatureKeys`", "signatureKeys")


APPLICATIONS: Final[Mapping[str, Predicate]] = {
    "managed-namespace-metadata": _applications(
        "manages the metadata of its namespace",
        ("managedNamespaceMetadata",),
        lambda one: one.sync_policy.managed_namespace,
    ),
    "cluster-secret-with-project": _clusters_with_project,
    "new-health-checks": _kinds(_assessed, "whose health is judged"),
    "repository-proxy": _proxies,
    "nested-selectors": _nested,
    "tracking-by-annotation": _tracked,
    "in-cluster-disabled": _in_cluster,
    "preserve-unknown-fields": _unknown_fields,
    "hydrator-root": _applications("hydrates into the root of a branch", ("syncSource",), _into_the_root),
    "cron-job-health": _kinds(_is_cron_job, "whose health is judged", _judges_cron_jobs),
    "hydrator-notes": _applications("has a `sourceHydrator`", ("sourceHydrator",), _hydrates),
    "helm-charts-namespace": _charts_with_namespace,
    "cluster-version": _cluster_versions,
    "helm-version": _applications("says `helm.version`", ("version: v3", "version: v2", "version"), _names_helm),
    "signature-keys": _signed,
}
