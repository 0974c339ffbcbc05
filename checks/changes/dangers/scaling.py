"""How many Pods there are, and who decides that."""

from __future__ import annotations

from collections.abc import Iterator

from checks.changes.declaration import Danger
from checks.changes.subject import Subject
from gitops.applications.ignored import Covered
from gitops.applications.options import RESPECTS_IGNORED
from gitops.discovery.snapshot import OwnedId
from gitops.facts.autoscalers import SCALED, Autoscaler, autoscalers
from gitops.facts.ignored import coverage
from gitops.facts.secrets.pods import at

_REPLICAS = ("spec", "replicas")


def _to_zero(subject: Subject) -> Iterator[str]:
    if subject.kind not in SCALED or subject.change.before is None:
        return
    before, after = at(subject.before, _REPLICAS), at(subject.after, _REPLICAS)
    if after == 0 and before != 0:
        yield f"`spec.replicas` goes from {1 if before is None else before} to 0"


def _fought_over(subject: Subject) -> Iterator[str]:
    after, scaler = _scaled(subject)
    policy = subject.application.application.sync_policy
    if scaler is None or not scaler.chooses(after) or not policy.automated or subject.change.after is None:
        return
    again = "whenever that one scales, since `selfHeal` is on" if policy.self_heal else "with every sync"
    if coverage(subject.head, subject.change.after, "/spec/replicas") is not Covered.NO:
        # What is left out of comparisons is applied all the same, unless the sync takes the live value
        # (argo-cd v3.5.1, controller/sync.go, `normalizeTargetResources`).
        if RESPECTS_IGNORED in policy.options:
            return
        again = (
            f"with every sync: without `{RESPECTS_IGNORED}` what `ignoreDifferences` names is applied all the same"
        )
    yield f"{scaler.name} scales it too, and Argo CD sets {after} again {again}"


def _switched_off(subject: Subject) -> Iterator[str]:
    after, scaler = _scaled(subject)
    if scaler is not None and not scaler.chooses(after):
        yield f"{scaler.name} scales it, and does nothing while `spec.replicas` is 0"


def _scaled(subject: Subject) -> tuple[int, Autoscaler | None]:
    """The number that is new beside an autoscaler, or beside which one is new, and that autoscaler."""
    after = at(subject.after, _REPLICAS)
    if subject.kind not in SCALED or not isinstance(after, int):
        return 0, None
    key = OwnedId(subject.change.id.cluster, subject.id)
    scaler = subject.head.once(autoscalers).get(key)
    is_new = key not in subject.base.once(autoscalers) or at(subject.before, _REPLICAS) != after
    return after, scaler if is_new else None


ROWS = (
    Danger(
        "scaled-to-zero",
        "A workload is scaled to zero.",
        "all of its Pods go, and nothing serves in their place",
        "https://kubernetes.io/docs/concepts/workloads/controllers/deployment/#replicas",
        _to_zero,
    ),
    Danger(
        "autoscaler-switched-off",
        "A manifest says 0 replicas, and a HorizontalPodAutoscaler scales it.",
        "whatever the load, no Pod is started until somebody sets another number",
        "https://kubernetes.io/docs/tasks/run-application/horizontal-pod-autoscale/#implicit-maintenance-mode-deactivation",
        _switched_off,
    ),
    Danger(
        "replicas-fought-over",
        "A manifest says how many replicas there are, and an autoscaler changes that.",
        "Pods come and go as the two take turns; a manifest without `replicas` leaves that to the autoscaler",
        "https://argo-cd.readthedocs.io/en/stable/user-guide/best_practices/#leaving-room-for-imperativeness",
        _fought_over,
    ),
)
