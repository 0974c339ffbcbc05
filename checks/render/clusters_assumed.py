"""ApplicationSets are judged for the clusters that files show, and nobody says that there are no others.

What it finds: cluster generators that were expanded for the clusters whose Secrets (or what makes them) stand in the
repository, and for in-cluster where they have no selector, while `clusters` of the configuration lists none.

Why it matters: a cluster that was added with `argocd cluster add` leaves nothing in git. Its Applications are not
judged, so a duplicate there is not found.

Example: a generator with `selector: {matchLabels: {env: prod}}`, and one cluster Secret with that label.

How the fix is safe: none is offered; the lines for `.github/argofix.yaml` that settle it are given.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

from checks.declaration import declare
from checks.model import Finding, Related, Severity
from checks.policy.file import PATH, Policy
from checks.wording import listed, plural
from gitops.applications.clusters import CLUSTER_LABEL, KnownCluster
from gitops.discovery.snapshot import Change

RULE = declare("clusters-assumed", Severity.NOTICE)

# kubectl's own note of the whole object.
_LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"


def check(change: Change, policy: Policy) -> Iterator[Finding]:
    """One finding, whatever the number of sets. What is not expanded whole is told as not analysed anyway."""
    assuming = [each for each in change.head.sets if each.assumed and not each.troubles]
    if not assuming:
        return
    sets = sorted({each.name for each in assuming})
    clusters = list(dict.fromkeys(cluster for each in assuming for cluster in each.assumed))
    names = sorted({cluster.name for cluster in clusters})
    one = len(sets) == 1
    who = listed([f"`{name}`" for name in sets])
    yield RULE.finding(
        assuming[0].origin.entry,
        f"{who} {'is' if one else 'are'} judged for {plural('cluster', len(names))} only: {listed(names)}",
        f"{plural('ApplicationSet', len(sets))} {'is' if one else 'are'} judged for the clusters that git shows",
        text="Argo CD may know more clusters than those whose Secrets stand in the repository. Of those that "
        f"{'its selector takes' if one else 'their selectors take'}, the Applications are not judged.",
        advice=f"List the clusters in `{PATH}`, those that are missing here too.",
        commands="clusters:\n" + "".join(_entry(cluster) for cluster in clusters),
        about=sets,
        related=[Related(other.origin.entry, f"is `{other.name}`") for other in assuming[1:]],
    )


def _entry(cluster: KnownCluster) -> str:
    labels = {key: text for key, text in cluster.labels if key != CLUSTER_LABEL}
    annotations = {key: text for key, text in cluster.annotations if key != _LAST_APPLIED}
    lines = [f"  - name: {json.dumps(cluster.name)}", f"    server: {json.dumps(cluster.server)}"]
    # JSON is YAML, and quotes what would be a number.
    told = (("labels", labels), ("annotations", annotations))
    lines += [f"    {name}: {json.dumps(texts)}" for name, texts in told if texts]
    return "\n".join(lines) + "\n"
