"""What a fix pull request says about merging: what Argo CD may delete, and the order in which it does not."""

from __future__ import annotations

from collections.abc import Sequence

from bot.formats.writing.diff import diff_of_edits
from bot.formats.writing.markdown import block, code, details, safe, shell_word, table
from checks.judgement.evaluation import Evaluation
from checks.ownership.holder import Held
from checks.planning.ownership.plan import FixPlan
from checks.planning.ownership.prune import Safety
from checks.wording import listed
from gitops.applications.application import IN_CLUSTER
from gitops.discovery.snapshot import OwnedId
from gitops.files.spans import Edit
from gitops.files.tree import Tree

_SHOWN_DIFF = 20_000
_TRACKING_ID = "jsonpath='{.metadata.annotations.argocd\\.argoproj\\.io/tracking-id}{\"\\n\"}'"


def warning(found: Safety, plan: FixPlan) -> str:
    """The box at the top of a dangerous one."""
    bearing = (*found.data_bearing, *found.fleeting)
    names = listed([code(str(owned.id)) for owned in bearing], most=3)
    namespace = any(owned.id.kind == "Namespace" for owned in bearing)
    along = ", and a Namespace takes everything in it along" if namespace else ""
    if found.fleeting:
        return (
            "> [!WARNING]\n"
            f"> **Do not merge before steps 1 and 2 below are done.** {code(plan.loser_name)} does not hold the live "
            f"{names} now, but it heals itself, so it may take {_it(found)} over at any time; its next sync with "
            f"prune then deletes {_it(found)}{along}."
        )
    if set(found.data_bearing) <= set(found.held):
        return (
            "> [!WARNING]\n"
            f"> **Do not merge before steps 1 and 2 below are done.** The live {names} {_carries(found)} the "
            f"tracking id of {code(plan.loser_name)}: its next sync with prune deletes {_it(found)}{along}."
        )
    return (
        "> [!WARNING]\n"
        f"> **Do not merge before steps 1 and 2 below are done.** If the live {names} still {_carries(found)} the "
        f"tracking id of {code(plan.loser_name)}, its next sync with prune deletes {_it(found)}{along}. Git cannot "
        "tell whose tracking id it is."
    )


def _carries(found: Safety) -> str:
    return "carries" if len(found.data_bearing) == 1 else "carry"


def _it(found: Safety) -> str:
    return "it" if len(found.data_bearing) + len(found.fleeting) == 1 else "them"


def when_merged(evaluation: Evaluation, plan: FixPlan, found: Safety) -> str:
    """The section about merging a plan whose keeper and loser are two Applications."""
    keeper, loser = code(plan.keeper_name), code(plan.loser_name)
    if not found.deployed:
        return (
            f"### When you merge\n\n{loser} does not bring these in on the base branch, so nothing in a cluster "
            "changes: this only keeps your change from making it a second owner."
        )
    if not found.tracked:
        return (
            "### When you merge\n\nArgo CD tracks no CustomResourceDefinition, so it deletes none when an "
            "Application lets go of it, and there is no order to keep: merge this in one step. From then on "
            f"{keeper} writes it, and {loser} does not."
        )
    parts = ["### When you merge", _behaviours(evaluation, plan, found)]
    if found.data_bearing:
        parts.append(_procedure(evaluation, plan, found))
    elif found.fleeting:
        parts.append(_calm(plan, found))
    elif found.settled:
        parts.append(_free(plan, found))
    else:
        parts.append(
            f"Sync {keeper} first, so that it takes the objects over, then {loser}:\n\n"
            + block(f"{_sync(plan.keeper_name)}\n{_sync(plan.loser_name)}", "sh")
            + f"\n\nIf {loser} is synced first and still holds them, Argo CD deletes them, and {keeper} makes them "
            "anew at its own next sync."
        )
    return "\n\n".join(parts)


def _behaviours(evaluation: Evaluation, plan: FixPlan, found: Safety) -> str:
    """How each of the two is synced, and its status in the cluster where that was seen."""
    own = evaluation.live.clusters.get(IN_CLUSTER) if evaluation.live is not None else None
    seen = own.applications if own is not None and any(h is not Held.UNKNOWN for h in plan.held.values()) else {}
    rows: list[tuple[str, ...]] = []
    for key, behaviour in zip((plan.keeper, plan.loser), found.behaviours, strict=True):
        application = evaluation.snapshot.by_key[key].application
        status = seen.get((application.namespace, application.name))
        now = ", ".join(filter(None, (status.sync_status, status.health))) if status is not None else ""
        rows.append((code(behaviour.name), behaviour.role, safe(behaviour.syncs), safe(now)))
    header = ("Application", "", "Argo CD syncs it", "in the cluster")
    width = 4 if any(row[3] for row in rows) else 3
    return table(header[:width], [row[:width] for row in rows])


def _free(plan: FixPlan, found: Safety) -> str:
    """The loser holds nothing of it, so there is nothing that it could prune."""
    keeper, loser = code(plan.keeper_name), code(plan.loser_name)
    it = "it" if len(found.free) == 1 else "them"
    check = block("\n".join(_get(o, _TRACKING_ID) for o in found.free[:3]), "sh")
    return (
        f"The cluster shows that {loser} does not hold {it}, so Argo CD deletes nothing when {loser} is synced: "
        f"merge this in one step. Both Applications claim {it} until then, and a sync of {loser} takes {it} over, so "
        f"look once more just before you merge (if {loser} is named by then, sync {keeper} first):\n\n{check}"
    )


def _calm(plan: FixPlan, found: Safety) -> str:
    """The loser holds none of it now and could take it back before the merge; that is all there is to prevent."""
    keeper, loser = code(plan.keeper_name), code(plan.loser_name)
    it = _it(found)
    look = block("\n".join(_get(o, _TRACKING_ID) for o in found.fleeting[:3]), "sh")
    steps = [
        f"**Suspend self-healing** of {loser} (in git, where another Application or an ApplicationSet manages it):"
        "\n\n" + _indent(block(_suspend(plan.loser_name), "sh")),
        f"**Look** who holds {it}; if {loser} is named, sync {keeper} and look again:\n\n" + _indent(look),
        f"**Merge this**, sync {loser}, and switch self-healing back on:\n\n"
        + _indent(block(_sync(plan.loser_name), "sh")),
    ]
    return "\n".join(f"{number}. {step}" for number, step in enumerate(steps, 1))


def _sync(name: str) -> str:
    return f"argocd app sync {shell_word(name)}"


def _suspend(name: str) -> str:
    return f"argocd app set {shell_word(name)} --self-heal=false"


def _procedure(evaluation: Evaluation, plan: FixPlan, found: Safety) -> str:
    keeper, loser = plan.keeper_name, plan.loser_name
    bearing = found.data_bearing[:3]
    options = "jsonpath='{.metadata.annotations.argocd\\.argoproj\\.io/sync-options}{\"\\n\"}'"
    steps: list[str] = []
    diff = shown_diff(evaluation.snapshot.tree, found.protect)
    if diff:
        steps.append(
            "**Protect.** Commit this to both copies in a pull request of its own, sync both Applications, and see "
            "it on the live objects:\n\n"
            + _indent(details("The edit (for <code>git apply</code>)", block(diff, "diff")))
            + "\n\n"
            + _indent(block("\n".join([_sync(keeper), _sync(loser), *(_get(o, options) for o in bearing)]), "sh"))
        )
    elif found.protect or found.unprotected:
        why = f" ({safe(found.unprotected[0])})" if found.unprotected else ""
        steps.append(
            "**Protect.** Add `argocd.argoproj.io/sync-options: Prune=false,Delete=false` to both copies by hand"
            f"{why}, sync both Applications and see it on the live objects:\n\n"
            + _indent(block("\n".join([_sync(keeper), _sync(loser), *(_get(o, options) for o in bearing)]), "sh"))
        )
    else:
        steps.append(
            "**Protected already:** both copies carry `Prune=false,Delete=false`; see it on the live objects:\n\n"
            + _indent(block("\n".join(_get(o, options) for o in bearing), "sh"))
        )
    hand_over = [
        _suspend(loser),
        _sync(keeper),
        *(_get(o, _TRACKING_ID) for o in bearing),
    ]
    extra = ""
    if found.partial_sync:
        extra += f" {code(keeper)} has `ApplyOutOfSyncOnly=true`: switch it off for this sync, or it may skip them."
    if found.refuses_shared:
        extra += f" {code(keeper)} has `FailOnSharedResource=true`: take it out first, or this sync fails."
    steps.append(
        f"**Hand over.** Suspend self-healing of {code(loser)} (in git, where another Application or an "
        f"ApplicationSet manages it), sync {code(keeper)} in full, and see its name in the live tracking ids."
        f"{extra}\n\n" + _indent(block("\n".join(hand_over), "sh"))
    )
    steps.append(f"**Merge this**, then sync {code(loser)}:\n\n" + _indent(block(_sync(loser), "sh")))
    steps.append(f"**Clean up:** take the annotation off the copy of {code(keeper)} and switch self-healing back on.")
    names = listed([code(str(o.id)) for o in found.data_bearing], most=3)
    head = f"Losing {names} would lose data, so do it in this order:"
    return head + "\n\n" + "\n".join(f"{number}. {step}" for number, step in enumerate(steps, 1))


def shown_diff(tree: Tree, edits: Sequence[Edit]) -> str:
    """The diff, empty when it is too long to be read or might show a Secret's values around what changes."""
    if any(b"Secret" in tree.read(tree.resolve(edit.span.path)) for edit in edits):
        return ""
    diff = diff_of_edits(tree, edits).decode("utf-8", "replace")
    return diff if len(diff) <= _SHOWN_DIFF else ""


def _get(owned: OwnedId, output: str) -> str:
    rid = owned.id
    kind = f"{rid.kind}.{rid.group}".lower() if rid.group else rid.kind.lower()
    where = f" -n {shell_word(rid.namespace)}" if rid.namespace else ""
    return f"kubectl get {shell_word(kind)} {shell_word(rid.name)}{where} -o {output}"


def _indent(text: str) -> str:
    return "\n".join(f"   {line}" if line else "" for line in text.split("\n"))
