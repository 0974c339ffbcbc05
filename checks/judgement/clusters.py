"""Whether the clusters that were asked have to do with the commit that is judged."""

from __future__ import annotations

from dataclasses import replace

from checks.ownership.conflicts import partitions_of
from checks.policy.file import Policy
from gitops.applications.application import IN_CLUSTER
from gitops.applications.live import Live
from gitops.discovery.snapshot import Snapshot


def concerning(live: Live, snapshot: Snapshot, policy: Policy) -> Live:
    """What the clusters hold, with a problem more when the one that was asked is another one than these
    Applications'. Most likely a wrong kubeconfig."""
    own = live.clusters.get(IN_CLUSTER)
    if own is None or (own.problems and not own.applications):
        return live  # what there is to say has been said
    concerned = any(state.application.destination.cluster == IN_CLUSTER for state in snapshot.states)
    if not concerned or not snapshot.once(partitions_of, policy, live, None).all_elsewhere:
        return live
    problem = (
        f"none of these Applications are in the Argo CD of the cluster that was asked, so `{IN_CLUSTER}` is another"
    )
    return replace(live, problems=(*live.problems, problem))
