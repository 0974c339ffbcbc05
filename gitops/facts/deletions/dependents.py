"""Whether the Applications of an ApplicationSet that is deleted go with it, as objects that it owns.

Source: argo-cd v3.5.1, controller/sync.go:259-266 (the propagation policy of a prune),
controller/appcontroller.go:1370 (that of a cascade), applicationset/controllers/applicationset_controller.go:134-160
(a set that may not delete takes its owner references back, while its own finalizer holds it; with the foreground
policy the garbage collector does not wait for that).
"""

from __future__ import annotations

from collections.abc import Set

from gitops.applications.application import BACKGROUND_FINALIZER, FINALIZER, Application
from gitops.applicationsets.declared import ApplicationSet
from gitops.facts.deletions.model import Consequence, Why
from gitops.facts.secrets.pods import at, sequence

_FOREGROUND = "foreground"


def lets_go(maker: ApplicationSet, deletes: bool, deletion: Consequence, now: Application | None) -> bool:
    """Whether its Applications live on. `deletes` tells that its controller may delete some; `deletion` is what
    becomes of the set; `now` is what brought it in, after the change: either of its sync policies may be in force."""
    if deletion.owner is None:
        return False
    if deletion.why is Why.PRUNED:
        owners = [deletion.owner] + ([now] if now is not None else [])
        used = {_of_prune(each.sync_policy.options) for each in owners}
    elif deletion.why is Why.CASCADE:
        used = {_of_cascade(deletion.owner)}
    else:
        return False
    frees = not deletes and FINALIZER in _finalizers(maker.manifest)
    return used <= ({"orphan", "background"} if frees else {"orphan"})


def _of_prune(options: Set[str]) -> str:
    known = ("background", _FOREGROUND, "orphan")
    return next((each for each in known if f"PrunePropagationPolicy={each}" in options), _FOREGROUND)


def _of_cascade(application: Application) -> str:
    listed = _finalizers(application.manifest)
    first = next((each for each in listed if str(each).startswith(FINALIZER)), FINALIZER)
    return "background" if first == BACKGROUND_FINALIZER else _FOREGROUND


def _finalizers(manifest: object) -> list[object]:
    return list(sequence(at(manifest, ("metadata", "finalizers"))))
