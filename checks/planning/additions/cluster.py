"""What is rendered for the cluster of an installation."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from checks.planning.additions.place import Place
from checks.wording import plural
from gitops.discovery.snapshot import Snapshot, Test
from gitops.facts.rendered import not_rendered
from gitops.facts.secrets.pods import POD_SPECS, at, mapping
from gitops.installation.blackbox import Probed, probed
from gitops.installation.find import member_of
from gitops.installation.model import Member
from gitops.installation.routes.find import fits, labels_of
from gitops.installation.routes.model import mappings
from gitops.resources.manifests import text_of
from gitops.resources.resource import Resource


def in_cluster(snapshot: Snapshot, place: Place, having: Test) -> Iterator[Member]:
    """What is below the root of an installation and passes a test (`Part.having`)."""
    for copy in snapshot.copies(having=having):
        if place.holds(copy.application):
            yield member_of(snapshot, copy)


def running(
    snapshot: Snapshot, place: Place, having: Test, image: re.Pattern[str]
) -> Iterator[tuple[Member, Mapping[str, Any]]]:
    """(workload, container) of everything that runs an image and passes a test."""
    for member in in_cluster(snapshot, place, having):
        route = POD_SPECS.get((member.id.group, member.id.kind))
        pod = mapping(at(member.manifest, route)) if route is not None else {}
        for container in mappings(pod.get("containers")):
            if image.search(text_of(container.get("image"))):
                yield member, container


def unseen(snapshot: Snapshot, place: Place, *charts: str) -> str:
    """What may bring what was not found there and is not rendered, in brackets: an Application whose
    chart has a name with one of these in it, else any; '' where all was looked at."""
    blind = [state for state in not_rendered(snapshot) if place.holds(state.application)]
    for state in blind:
        for source in state.application.sources:
            if any(one in source.chart for one in charts):
                return f" (Application `{state.application.name}` with the chart `{source.chart}` is not rendered)"
    one = "it" if len(blind) == 1 else "one of them"
    verb = "is" if len(blind) == 1 else "are"
    return (
        f" ({plural('Application', len(blind))} there {verb} not rendered, and {one} may bring it)" if blind else ""
    )


def services_of(snapshot: Snapshot, place: Place, workload: Member) -> list[Member]:
    """The Services that lead to the pods of a workload."""
    pods = labels_of(workload)
    return [
        one
        for one in in_cluster(snapshot, place, _is_service)
        if one.id.namespace == workload.id.namespace
        and fits(mapping(mapping(one.manifest.get("spec")).get("selector")), pods)
    ]


def probed_in(snapshot: Snapshot, place: Place) -> Iterator[Probed]:
    """What is probed from there."""
    for one in snapshot.once(probed):
        if one.runs.owned is not None and place.holds(one.runs.owned.application):
            yield one


def _is_service(resource: Resource) -> bool:
    return resource.id.kind == "Service"
