"""What Argo CD may do when a fix is merged, and in which order to let it.

Source of the rules: argo-cd 3.x, controller/state.go and gitops-engine's pkg/sync: an Application prunes live
objects whose tracking id names it and which its manifests no longer contain; the delete asks nobody else. Git does
not know whose tracking id a live object carries; `FixPlan.held` does where a cluster could be asked.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from checks.ownership.holder import Held
from checks.planning.ownership.plan import FixPlan
from checks.wording import listed
from gitops.applications.application import Application
from gitops.discovery.snapshot import Owned, OwnedId, Snapshot
from gitops.facts.deletions.data import is_tracked, may_lose
from gitops.facts.deletions.options import SYNC_OPTIONS, options_of
from gitops.facts.owners import owners_of
from gitops.files.annotate import annotate, annotation_of
from gitops.files.errors import GitopsError
from gitops.files.spans import Edit

PROTECTION = ("Prune=false", "Delete=false")
ASKING = ("Prune=confirm", "Delete=confirm")


@dataclass(frozen=True, slots=True)
class Behaviour:
    """One Application's part: `role` is `keeps` or `loses`, `syncs` says when and how it prunes."""

    name: str
    role: str
    syncs: str


@dataclass(frozen=True, slots=True)
class Safety:
    """`data_bearing` are resources whose deletion loses data and that the loser may hold; `protect` are the edits of
    step one (empty when they are not needed, or when `unprotected` says why they could not be written); `deployed`
    tells that the loser brings any of them in already, `dangerous` that merging without the procedure may delete
    them. Of what is deployed the cluster shows `held` as the loser's, `free` as not (or as not there), `unknown`
    neither. What Argo CD does not track counts in none of these; `tracked` tells that there is anything else.
    `fleeting` are data-bearing ones among the free that a self-healing loser may take over at any time; with
    anything else that needs the whole procedure they count as data-bearing like the rest.
    """

    behaviours: tuple[Behaviour, ...]
    data_bearing: tuple[OwnedId, ...]
    deployed: bool
    dangerous: bool
    protect: tuple[Edit, ...]
    unprotected: tuple[str, ...]
    partial_sync: bool
    refuses_shared: bool
    held: tuple[OwnedId, ...] = ()
    free: tuple[OwnedId, ...] = ()
    unknown: tuple[OwnedId, ...] = ()
    fleeting: tuple[OwnedId, ...] = ()
    tracked: bool = True

    @property
    def settled(self) -> bool:
        """Whether the cluster was seen, and the loser holds none of what it would lose."""
        return bool(self.free) and not self.held and not self.unknown


def safety(snapshot: Snapshot, plan: FixPlan, base: Snapshot | None = None) -> Safety:
    """Prune safety of a fix. Whatever the loser is not known not to hold, it may hold.

    What the loser does not bring in at `base` (what is deployed now) it cannot have been tracking, and what the
    cluster shows as another Application's it does not prune; but it takes that over at its next sync, so a loser that
    syncs without a new commit has to be stopped first.
    """
    keeper = snapshot.by_key[plan.keeper].application
    loser = snapshot.by_key[plan.loser].application
    there = tuple(o for o in plan.resources if base is None or _owns(base, loser, o))
    deployed = tuple(o for o in there if is_tracked(o.id.group, o.id.kind))
    free = tuple(o for o in deployed if plan.held.get(o) in (Held.NO, Held.ABSENT))
    held = tuple(o for o in deployed if plan.held.get(o) is Held.YES)
    losing = [o for o in deployed if may_lose(snapshot, o)]
    fleeting = tuple(o for o in losing if o in set(free)) if _takes_over(loser) else ()
    bearing = tuple(o for o in losing if o not in set(free))
    if bearing:
        bearing, fleeting = tuple(o for o in losing if o in {*bearing, *fleeting}), ()
    edits, unprotected = _protection(snapshot, plan, (*bearing, *fleeting))
    if base is not None and not edits and not unprotected:
        unprotected = _not_yet(base, loser, (*bearing, *fleeting))
    already = not edits and not unprotected
    handed_over = plan.keeper != plan.loser
    return Safety(
        behaviours=(_behaviour(keeper, "keeps"), _behaviour(loser, "loses")) if handed_over else (),
        data_bearing=bearing if handed_over else (),
        deployed=bool(there),
        tracked=bool(deployed),
        dangerous=handed_over and bool(bearing or fleeting) and not already,
        protect=edits if handed_over else (),
        unprotected=unprotected if handed_over else (),
        partial_sync="ApplyOutOfSyncOnly=true" in keeper.sync_policy.options,
        refuses_shared="FailOnSharedResource=true" in keeper.sync_policy.options,
        held=held if handed_over else (),
        free=free if handed_over else (),
        unknown=tuple(o for o in deployed if plan.held.get(o, Held.UNKNOWN) is Held.UNKNOWN) if handed_over else (),
        fleeting=fleeting if handed_over and not already else (),
    )


def _takes_over(loser: Application) -> bool:
    """Whether it makes itself the holder of what it does not hold, without anybody asking it to sync."""
    policy = loser.sync_policy
    return policy.automated and policy.self_heal and "FailOnSharedResource=true" not in policy.options


def _protection(
    snapshot: Snapshot, plan: FixPlan, resources: Sequence[OwnedId]
) -> tuple[tuple[Edit, ...], tuple[str, ...]]:
    """The edits that protect both copies, and why some could not be written."""
    edits: dict[Edit, None] = {}
    refused: dict[str, None] = {}
    for owned_id in resources:
        for copy in snapshot.once(owners_of).get(owned_id, ()):
            if copy.application.key not in (plan.keeper, plan.loser):
                continue
            try:
                edits.update(dict.fromkeys(protect(snapshot, copy)))
            except GitopsError as error:
                refused[str(error)] = None
    return tuple(edits), tuple(refused)


def _not_yet(base: Snapshot, loser: Application, resources: Sequence[OwnedId]) -> tuple[str, ...]:
    """Argo CD reads the options off the live object: a protection that this change itself brings is not there yet
    when the loser prunes (sync_context.go:1454)."""
    late = [
        str(owned_id.id)
        for owned_id in resources
        for copy in base.once(owners_of).get(owned_id, ())
        if _is(copy.application, loser) and options_of(copy.resource).prune != "false"
    ]
    return (f"{listed(late, most=3)} gets them with this very change, too late for it",) if late else ()


def _is(one: Application, other: Application) -> bool:
    return (one.namespace, one.name) == (other.namespace, other.name)


def _owns(base: Snapshot, application: Application, owned_id: OwnedId) -> bool:
    return any(_is(copy.application, application) for copy in base.once(owners_of).get(owned_id, ()))


def protect(snapshot: Snapshot, copy: Owned, wanted: Sequence[str] = PROTECTION) -> tuple[Edit, ...]:
    """The edits after which a copy says that it is neither pruned nor deleted with its Application, or with `ASKING`
    only after a person has confirmed it; none where it does. What says `false` already goes on saying so. Raises
    `GitopsError`."""
    said = options_of(copy.resource)
    has = {"Prune": said.prune, "Delete": said.delete}
    values = {key: "false" if has[key] == "false" else value for key, _, value in (w.partition("=") for w in wanted)}
    if has == values:
        return ()
    options_wanted = [f"{key}={value}" for key, value in values.items()]
    span = copy.origin.span
    tree = snapshot.tree
    data = tree.read(tree.resolve(span.path))
    present = annotation_of(span.path, data, span.line, SYNC_OPTIONS) or ""
    options = [option.strip() for option in present.split(",") if option.strip()]
    if set(options_wanted) <= set(options):
        raise GitopsError(f"{span} carries them, but what is rendered from it says something else")
    # Of two values the first one counts.
    kept = [option for option in options if not option.startswith(("Prune=", "Delete="))]
    return annotate(span.path, data, span.line, {SYNC_OPTIONS: ",".join([*kept, *options_wanted])})


def _behaviour(application: Application, role: str) -> Behaviour:
    policy = application.sync_policy
    if not policy.automated:
        syncs = "by hand only; deletes what it no longer contains when synced with `--prune`"
    elif policy.prune:
        syncs = "by itself, and deletes what it no longer contains" + (", self-healing" if policy.self_heal else "")
    else:
        syncs = "by itself, without deleting" + (", self-healing" if policy.self_heal else "")
    return Behaviour(application.label, role, syncs)


def _harmless(found: Safety, plan: FixPlan) -> str:
    """Why merging is not dangerous."""
    keeper, loser = plan.keeper_name, plan.loser_name
    if plan.keeper == plan.loser:
        return f"Merging deletes nothing in the cluster: `{keeper}` still brings it."
    if not found.deployed:
        return f"Merging deletes nothing in the cluster: `{loser}` brings none of it on the base branch."
    if not found.tracked:
        return "Merging deletes nothing in the cluster: Argo CD tracks no CustomResourceDefinition."
    if found.settled and not found.data_bearing:
        return f"Merging deletes nothing in the cluster, which shows that `{loser}` does not hold it."
    if found.data_bearing:
        return "Merging deletes nothing in the cluster: both copies carry `Prune=false,Delete=false`."
    return (
        f"Merging deletes no data: what `{loser}` still holds when it is synced may go, and `{keeper}` makes it anew "
        f"at its next sync. Sync `{keeper}` first, and nothing goes."
    )


def summary_line(snapshot: Snapshot, plan: FixPlan, base: Snapshot | None = None) -> str:
    """One sentence for summaries: what merging may do."""
    found = safety(snapshot, plan, base)
    if not found.dangerous:
        return _harmless(found, plan)
    names = listed([str(o.id) for o in (*found.data_bearing, *found.fleeting)], most=3)
    if found.fleeting:
        return (
            f"`{plan.loser_name}` does not hold the live {names} now, but heals itself and may take it over at any "
            "time; the fix pull request tells the safe order."
        )
    if set(found.data_bearing) <= set(found.held):
        return (
            f"`{plan.loser_name}` holds the live {names}: taking it out at once lets Argo CD delete what it holds; "
            "the fix pull request tells the safe order."
        )
    return f"Taking it out at once may let Argo CD delete {names}; the fix pull request tells the safe order."
