"""Title, body and commit message of a fix pull request."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from bot.evaluation import Evaluation
from bot.formats.diff import diff_of_edits
from bot.formats.fitting import fitted
from bot.formats.markdown import block, bullets, code, details, plain, safe, shell_word, table
from bot.formats.marks import state_mark
from checks.model import Finding
from checks.ownership.plan import FixPlan
from checks.ownership.prune import Safety, safety
from checks.wording import counted, listed
from gitops.kustomization import Reference
from gitops.snapshot import OwnedId
from gitops.spans import Edit
from gitops.tree import Tree

_ROWS = 50
_SHOWN_DIFF = 20_000
_TRACKING_ID = "jsonpath='{.metadata.annotations.argocd\\.argoproj\\.io/tracking-id}{\"\\n\"}'"


def mark(key: str) -> str:
    """The hidden line by which a fix pull request is known again."""
    return f"<!-- argofix:fix:{key} -->"


def digest(evaluation: Evaluation, plan: FixPlan) -> str:
    """Identifies what a plan changes: equal digests need no new commit."""
    return hashlib.sha256(diff_of_edits(evaluation.snapshot.tree, plan.edits)).hexdigest()[:12]


def title(plan: FixPlan) -> str:
    """At most 120 characters."""
    what = counted([owned.id for owned in plan.resources])
    name = plan.loser[2]
    text = f"Bring {what} into {name} only once" if plan.keeper == plan.loser else f"Take {what} out of {name}"
    text = plain(text)
    return text if len(text) <= 120 else text[:119] + "…"


def commit_message(plan: FixPlan) -> str:
    """Subject, blank line, why."""
    if plan.keeper == plan.loser:
        why = "It is brought in twice, which kustomize refuses to build."
    else:
        why = (
            f"{plain(plan.keeper[2])} owns the same resources. Argo CD tracks an object for one Application\n"
            "only; two owners overwrite each other at every sync."
        )
    return f"{title(plan)}\n\n{why}\nProven by rendering every Application before and after.\n"


def body(evaluation: Evaluation, plan: FixPlan, key: str, commit: str) -> str:
    """The pull request's description."""
    found = safety(evaluation.snapshot, plan, evaluation.base)
    parts = [mark(key), _intro(plan)]
    if found.dangerous:
        parts.append(_warning(found, plan))
    parts.append(_changes(plan))
    parts.append(_proof(plan))
    merging = _merging(evaluation, plan, found) if plan.keeper != plan.loser else ""
    if merging:
        parts.append(merging)
    parts.extend(_left_for_people(evaluation.findings, plan))
    parts.append(
        "<sub>Closing this pull request is remembered: it is not opened again by itself. Commits of yours on this "
        "branch are left alone.</sub>"
    )
    parts.append(state_mark(digest(evaluation, plan), commit))
    return fitted(
        parts,
        "*… left out, since it is too long for GitHub; `argofix fix` shows everything.*",
        always=(0, 1, len(parts) - 1),
        last=[index for index, part in enumerate(parts) if part == merging],  # how to merge safely
    )


def _names(plan: FixPlan) -> tuple[str, str]:
    return code(plan.keeper[2]), code(plan.loser[2])


def _intro(plan: FixPlan) -> str:
    keeper, loser = _names(plan)
    what = safe(counted([owned.id for owned in plan.resources]))
    if plan.keeper == plan.loser:
        return f"{loser} brings in {what} twice, so kustomize refuses to build it. This takes the second entry out."
    one = len(plan.resources) == 1
    return (
        f"{keeper} and {loser} both own {what}. Argo CD tracks an object for one Application only, so they overwrite "
        f"each other at every sync. This takes {'it' if one else 'them'} out of {loser}; {keeper} keeps the same "
        f"{'copy' if one else 'copies'}."
    )


def _warning(found: Safety, plan: FixPlan) -> str:
    names = listed([code(str(owned.id)) for owned in found.data_bearing], most=3)
    namespace = any(owned.id.kind == "Namespace" for owned in found.data_bearing)
    along = ", and a Namespace takes everything in it along" if namespace else ""
    if set(found.data_bearing) <= set(found.held):
        return (
            "> [!WARNING]\n"
            f"> **Do not merge before steps 1 and 2 below are done.** The live {names} {_carries(found)} the "
            f"tracking id of {code(plan.loser[2])}: its next sync with prune deletes {_it(found)}{along}."
        )
    return (
        "> [!WARNING]\n"
        f"> **Do not merge before steps 1 and 2 below are done.** If the live {names} still {_carries(found)} the "
        f"tracking id of {code(plan.loser[2])}, its next sync with prune deletes {_it(found)}{along}. Git cannot "
        "tell whose tracking id it is."
    )


def _carries(found: Safety) -> str:
    return "carries" if len(found.data_bearing) == 1 else "carry"


def _it(found: Safety) -> str:
    return "it" if len(found.data_bearing) == 1 else "them"


def _changes(plan: FixPlan) -> str:
    rows: list[tuple[str, str, str]] = []
    for reference in plan.references:
        own = _of(plan, reference)
        rows.append((code(str(reference.span)), code(reference.value), safe(counted([o.id for o in own]))))
    text = "### What changes\n\n" + table(("Line", "Entry removed", "It brought in"), rows[:_ROWS])
    if len(rows) > _ROWS:
        text += f"\n\n… and {len(rows) - _ROWS} more entries."
    if len(plan.resources) > 1:
        text += "\n\n" + details("Every resource", bullets((code(str(o.id)) for o in plan.resources), most=_ROWS))
    return text


def _of(plan: FixPlan, reference: Reference) -> list[OwnedId]:
    return [
        removal.resource
        for finding in plan.findings
        for removal in finding.removals
        if removal.reference == reference and removal.loser == plan.loser
    ]


def _proof(plan: FixPlan) -> str:
    rows = [("✅" if row.holds else "❌", safe(row.statement), safe(row.detail)) for row in plan.proof.rows]
    text = "### Proof\n\nEvery Application was rendered before and after this change.\n\n"
    text += table(("", "Checked", "Seen"), rows)
    if plan.cautions:
        text += "\n\n" + bullets(safe(caution) for caution in plan.cautions)
    return text


def _merging(evaluation: Evaluation, plan: FixPlan, found: Safety) -> str:
    keeper, loser = _names(plan)
    if not found.deployed:
        return (
            f"### When you merge\n\n{loser} does not bring these in on the base branch, so nothing in a cluster "
            "changes: this only keeps your change from making it a second owner."
        )
    rows = [(code(b.name), b.role, safe(b.syncs)) for b in found.behaviours]
    parts = ["### When you merge", table(("Application", "", "Argo CD syncs it"), rows)]
    if found.data_bearing:
        parts.append(_procedure(evaluation, plan, found))
    elif found.settled:
        parts.append(_free(plan, found))
    else:
        parts.append(
            f"Sync {keeper} first, so that it takes the objects over, then {loser}:\n\n"
            + block(f"{_sync(plan.keeper[2])}\n{_sync(plan.loser[2])}", "sh")
            + f"\n\nIf {loser} is synced first and still holds them, Argo CD deletes them, and {keeper} makes them "
            "anew at its own next sync."
        )
    return "\n\n".join(parts)


def _free(plan: FixPlan, found: Safety) -> str:
    """The loser holds nothing of it, so there is nothing that it could prune."""
    keeper, loser = _names(plan)
    one = len(found.free) == 1
    check = block("\n".join(_get(o, _TRACKING_ID) for o in found.free[:3]), "sh")
    return (
        f"In the cluster, the live {'object does' if one else 'objects do'} not carry the tracking id of {loser}, so "
        f"Argo CD deletes nothing when {loser} is synced: merge this in one step. Both Applications claim "
        f"{'it' if one else 'them'} until then, and a sync of {loser} takes {'it' if one else 'them'} over, so look "
        f"once more just before you merge (if it names {loser} by then, sync {keeper} first):\n\n{check}"
    )


def _sync(name: str) -> str:
    return f"argocd app sync {shell_word(name)}"


def _procedure(evaluation: Evaluation, plan: FixPlan, found: Safety) -> str:
    keeper, loser = plan.keeper[2], plan.loser[2]
    bearing = found.data_bearing[:3]
    options = "jsonpath='{.metadata.annotations.argocd\\.argoproj\\.io/sync-options}{\"\\n\"}'"
    steps: list[str] = []
    diff = _shown_diff(evaluation.snapshot.tree, found.protect)
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
        f"argocd app set {shell_word(loser)} --self-heal=false",
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


def _shown_diff(tree: Tree, edits: Sequence[Edit]) -> str:
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


def _left_for_people(findings: Sequence[Finding], plan: FixPlan) -> list[str]:
    """Conflicts of the same two Applications that this pull request does not settle."""
    pair = {plan.keeper, plan.loser}
    settled = {finding.identity for finding in plan.findings}
    rest = [f for f in findings if set(f.owners) == pair and len(pair) == 2 and f.identity not in settled]
    rest = [f for f in rest if f.resource is not None and f.suppressed is None and f.fix is None]
    if not rest:
        return []
    return ["### Left for you\n\n" + bullets((safe(finding.message) for finding in rest), most=20)]
