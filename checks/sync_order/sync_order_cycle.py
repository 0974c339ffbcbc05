"""Applications need each other in a circle, so that none of them can be synced first.

What it finds: two or more Applications of one Argo CD and cluster, each of which brings something without which the
sync of the next one fails: the Namespace, the CustomResourceDefinition or the APIService of its resources, the
Application itself, its AppProject. References that are only waited for (a Secret, a ServiceAccount) make no cycle.

Why it matters: what runs today goes on running, but a new cluster cannot be brought up: Argo CD refuses the whole
sync of an Application when it does not know one of its kinds. Around a Namespace alone each sync fails in part and
goes through when it is tried again; that is a warning.

Example: `operator` brings the CRD that `backup` uses, and `backup` brings the CRD that `operator` uses.

How the fix is safe: none is applied. Move what the named edge is about into an Application of its own that goes
before both.
"""

from __future__ import annotations

from collections.abc import Iterator

from checks.declaration import declare
from checks.model import Finding, Related, Severity
from checks.policy.file import Policy
from checks.sync_order.view import edges_of
from checks.sync_order.words import main, why
from checks.wording import listed
from gitops.discovery.snapshot import Change, Snapshot
from gitops.facts.order.model import Edge, Evidence, Reason, Strength
from gitops.facts.order.stages import Cycle, cycles_of

RULE = declare("sync-order-cycle", Severity.ERROR, Severity.WARNING)

# Argo CD finds these missing before it applies anything; a Namespace it finds missing one resource at a time.
_REFUSED = frozenset({Evidence.DEFINITION, Evidence.API_SERVICE, Evidence.PARENT, Evidence.PROJECT})


def check(change: Change, policy: Policy) -> Iterator[Finding]:
    """One finding per cycle."""
    for cycle in cycles_of(edges_of(change.head, policy, change.live, change.base)):
        yield _finding(cycle, change.head)


def _finding(cycle: Cycle, snapshot: Snapshot) -> Finding:
    names = [snapshot.by_key[key].application.label for key in cycle.applications]
    quoted = [f"`{name}`" for name in names]
    refused = all(_is_refused(edge) for edge in cycle.edges)
    cut = main(cycle.cut)
    effect = (
        "Argo CD refuses the whole sync of an Application as long as one of these is missing, so on a new cluster "
        "none of them ever starts."
        if refused
        else "On a new cluster their first syncs fail, and go through only when somebody (or a retry) syncs again."
    )
    round_ = "; ".join(why(main(edge)) for edge in cycle.edges)
    related: list[Related] = []
    for edge in cycle.edges:
        reason = main(edge)
        related.append(Related(reason.provided_at, why(reason)))
        related.append(Related(reason.needed_at, f"`{reason.application.label}` needs `{reason.provided}` here"))
    return RULE.finding(
        cut.provided_at,
        f"{' → '.join([*quoted, quoted[0]])}: {round_}",
        f"{listed(quoted)} need each other before they can be synced",
        text=f"{effect} {round_}.",
        advice=_advice(cycle, cut),
        severity=Severity.ERROR if refused else Severity.WARNING,
        about=["/".join(key) for key in sorted(cycle.applications)],
        resource=cut.provided,
        applications=names,
        related=related[1:] if related and related[0].span == cut.provided_at else related,
    )


def _advice(cycle: Cycle, cut: Reason) -> str:
    """What ends the cycle. Where one of its Applications brings another one, an Application of its own would be
    brought by the same one, and so stand in the same circle; in the Application that needs it, it comes in the same
    sync, where Argo CD applies definitions and Namespaces first."""
    first, second = cut.provider.application.label, cut.application.label
    where = f"Cut it between `{first}` and `{second}`: move `{cut.provided}` ({cut.provided_at}) into"
    if cut.evidence is Evidence.PARENT:
        return (
            f"Let another Application than `{first}` bring `{second}`, or move what `{first}` needs of it into "
            f"`{first}` itself."
        )
    if any(reason.evidence is Evidence.PARENT for edge in cycle.edges for reason in edge.reasons):
        later = f"`{cut.consumer.resource.id}` ({cut.needed_at})" if cut.consumer is not None else "what needs it"
        more = f" and {cut.others} more" if cut.others else ""
        return f"{where} `{second}` itself, or {later}{more} into an Application that comes after `{first}`."
    return f"{where} an Application of its own that is synced before both, or into `{second}`."


def _is_refused(edge: Edge) -> bool:
    return any(reason.strength is Strength.HARD and reason.evidence in _REFUSED for reason in edge.reasons)
