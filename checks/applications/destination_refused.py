"""Argo CD does not know where an Application is to be deployed.

What it finds: a destination with both `server` and `name`, or neither; whose server is almost that of Argo CD's own
cluster, or no URL; whose namespace is no name; or whose cluster nobody declares, where all others are declared in
git.

Why it matters: Argo CD shows InvalidSpecError and neither compares nor syncs the Application; of a namespace, each
sync fails.

Example: `destination: {server: in-cluster}`.

How the fix is safe: none is offered; the message says what to write.

How sure it is: an error for both or neither, and for a namespace that Kubernetes does not take; a warning for a
cluster, which may be declared elsewhere. Silent about names of clusters unless at least two are declared here and
every other Application names one of those, about what was read without being rendered, and about what somebody fills
in before it is applied (`${NAMESPACE}`, `{{ .Values.namespace }}`).

Sources: argo-cd, util/argo/argo.go (GetDestinationServer), util/db/cluster.go (GetCluster).
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator

from checks.applications.subjects import Remark, collect, is_whole, spec_of, subjects_of, told
from checks.declaration import declare
from checks.model import Finding, Severity
from checks.policy.file import Policy
from gitops.applications.application import IN_CLUSTER, IN_CLUSTER_SERVER
from gitops.applications.placeholders import holds_placeholder
from gitops.discovery.planning import destination_refusal
from gitops.discovery.snapshot import Change, Snapshot, State
from gitops.facts.secrets.pods import mapping
from gitops.resources.manifests import text_of
from gitops.resources.rendering import RenderFailed

RULE = declare("destination-refused", Severity.ERROR, Severity.WARNING)

_ROUTE = ("spec", "destination")
_ONE = "Name the cluster either by `server`, its URL, or by `name`."
_SHOWS = "Argo CD shows InvalidSpecError, and neither compares nor syncs it."
_LABEL = re.compile(r"[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?")
_FEWEST = 2  # clusters that are declared here, before one that is not is worth a word


def check(change: Change, policy: Policy) -> Iterator[Finding]:
    """One finding for each fault of an Application, or of the template that an ApplicationSet has."""
    head = change.head
    undeclared = _undeclared(head)
    for subject in head.once(subjects_of):
        found = [
            (state, remark)
            for state in subject.states
            if state.application.sources
            for remark in _remarks(head, state, undeclared)
        ]
        yield from told(RULE, head, subject, collect(subject, found))


def _remarks(head: Snapshot, state: State, undeclared: frozenset[str]) -> Iterator[Remark]:
    application = state.application
    refused = destination_refusal(application.destination)
    if refused is not None:
        if isinstance(state.rendering, RenderFailed):
            yield Remark(_ROUTE, refused.partition(", so ")[0], _SHOWS, _ONE, ("destination",), Severity.ERROR)
        return
    if not is_whole(head, application.root, application.parents):
        return
    written = mapping(spec_of(state).get("destination"))
    name, server = text_of(written.get("name")), text_of(written.get("server")).rstrip("/")
    namespace = text_of(written.get("namespace"))
    if any(map(holds_placeholder, (name, server, namespace))):
        return
    if server and server != IN_CLUSTER_SERVER and server not in head.clusters.values():
        said = _server(server)
        if said is not None:
            yield Remark((*_ROUTE, "server"), said[0], _SHOWS, said[1], ("server", server), Severity.WARNING)
    elif name in undeclared:
        near = difflib.get_close_matches(name, [*head.clusters, IN_CLUSTER], 1, 0.7)
        yield Remark(
            (*_ROUTE, "name"),
            f"no cluster is declared as `{name}`",
            f"Unless it is declared elsewhere: {_SHOWS}",
            f"Write `{near[0]}`, or declare the cluster." if near else "Declare the cluster.",
            ("name", name),
            Severity.WARNING,
        )
    if namespace and not _LABEL.fullmatch(namespace):
        yield Remark(
            (*_ROUTE, "namespace"),
            "its destination's namespace is no name that Kubernetes takes",
            "Each sync fails: there can be no such namespace.",
            "Use lower case letters, digits and `-`, 63 of them at most.",
            ("namespace", namespace),
            Severity.ERROR,
        )


def _server(server: str) -> tuple[str, str] | None:
    """What is wrong with a server that nobody declares here, and what to write."""
    if server == IN_CLUSTER:
        return "its destination's server is a cluster's name", f"Write `name: {IN_CLUSTER}`."
    host = re.sub(r"^https?://", "", server)
    if host == "kubernetes" or host.startswith("kubernetes.default"):
        return (
            "its destination's server is not spelt as that of Argo CD's own cluster",
            f"Write `server: {IN_CLUSTER_SERVER}`.",
        )
    if "://" not in server:
        return "its destination's server is no URL", "Write the URL of the cluster, or `name` with its name."
    return None


def _undeclared(head: Snapshot) -> frozenset[str]:
    """The one name that no declared cluster has, where every other one has."""
    names = {name for state in head.states if (name := state.application.destination.name) and name != IN_CLUSTER}
    unknown = names - head.clusters.keys()
    declared = head.clusters.keys() & names
    return frozenset(unknown) if len(unknown) == 1 and len(declared) >= _FEWEST else frozenset()
