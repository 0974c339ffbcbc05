"""The sticky comment on a pull request: in which order to sync what it touches, and what merging it deletes."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from bot.evaluation import Evaluation
from bot.formats.markdown import block, bullets, code, details, safe
from bot.formats.order import mermaid
from bot.formats.picture import labels_of
from checks.sync_order.guidance import Guidance
from checks.sync_order.words import main, why
from checks.wording import counted, listed
from gitops.applications import Application
from gitops.deletions.data import is_data_bearing
from gitops.order.deletions import Deleted, Deletions, Moved
from gitops.order.model import Edge
from gitops.order.stages import Cycle
from gitops.roots import DEFAULT_NAMESPACE
from gitops.snapshot import ApplicationKey, OwnedId, Snapshot
from gitops.spans import Span

MARK = "<!-- argofix:sync-order -->"
SETTLED = (
    f"{MARK}\n**Sync order:** it no longer matters for this change, and merging it deletes nothing in a cluster."
)

Link = Callable[[Span], str]
# What Kubernetes takes for a name; no other Application can exist, so that none needs a command.
_NAME = re.compile(r"[a-z0-9]([-a-z0-9./]*[a-z0-9])?")
_MOST_BYTES = 60_000  # of GitHub's 65,536 characters
_UNFOLDED = 12  # Applications in a picture that is shown at once
_KUBECTL_KINDS = {"CustomResourceDefinition": "crd", "PersistentVolumeClaim": "pvc"}


@dataclass(frozen=True, slots=True)
class _Limits:
    applications: int
    reasons: int
    objects: int
    picture: bool


_LIMITS = (_Limits(40, 4, 15, True), _Limits(15, 1, 5, False), _Limits(4, 1, 1, False))


def render(guidance: Guidance, link: Link, base_link: Link) -> str:
    """The comment, with its mark. See `told`."""
    return f"{MARK}\n\n{told(guidance, link, base_link)}"


def told(guidance: Guidance, link: Link, base_link: Link) -> str:
    """What the comment says. `link` gives the address of a place in the head, `base_link` in the base.

    Names are harmless; what would not fit into a comment is left out, with a word about it.
    """
    text = ""
    for limits in _LIMITS:
        text = "\n\n".join(_parts(guidance, link, base_link, limits))
        if len(text.encode()) <= _MOST_BYTES:
            break
    return text


def whole(evaluation: Evaluation, link: Link) -> str:
    """The order of everything on a branch, in stages."""
    order = evaluation.order.order
    if not order.edges and not order.cycles:
        return "Nothing here asks for an order: no Application needs what another one brings."
    text = ""
    for limits in _LIMITS:
        tied = {key for edge in order.edges for key in edge.ends}
        stages = [[key for key in stage if key in tied] for stage in order.stages]
        parts = [_cycle(cycle, evaluation.snapshot, link) for cycle in order.cycles[: limits.reasons]]
        parts.append(_stages(stages, order.edges, evaluation.snapshot, link, limits, commands=False))
        parts.extend(_picture(sorted(tied), order.edges) if limits.picture else ())
        loose = len(evaluation.snapshot.states) - len(tied)
        if loose:
            parts.append(f"{loose} more {'Application needs' if loose == 1 else 'Applications need'} no order.")
        text = "\n\n".join(parts)
        if len(text.encode()) <= _MOST_BYTES:
            break
    return text


def _parts(guidance: Guidance, link: Link, base_link: Link, limits: _Limits) -> Iterable[str]:
    found = guidance.deletions
    for cycle in guidance.cycles[: limits.reasons]:
        yield _cycle(cycle, guidance.head, link)
    if guidance.edges:
        yield "### Sync order"
        yield _intro(guidance)
        yield _stages(guidance.stages, guidance.edges, guidance.head, link, limits, commands=True)
        if limits.picture:
            yield from _picture([key for stage in guidance.stages for key in stage], guidance.edges)
    if found.deleted:
        yield "### What merging this deletes"
        yield from _deleted(found.deleted, base_link, limits)
    if found.moved:
        yield "### What changes hands"
        yield from _moved(found.moved, base_link, limits)
    rest = list(_rest(found, limits))
    if rest:
        yield bullets(rest, most=limits.objects)


def _intro(guidance: Guidance) -> str:
    states = guidance.head.by_key
    keys = [key for stage in guidance.stages for key in stage]
    automated = [code(key[2]) for key in keys if states[key].application.sync_policy.automated]
    text = "What this changes has to reach the cluster in this order."
    if automated:
        subject = f"{listed(automated, 4)} by {'itself' if len(automated) == 1 else 'themselves'}"
        text += (
            f" Argo CD syncs {subject} as soon as this is merged, in no particular order: run these then, and again "
            "where a sync failed for want of another."
        )
    return text


def _stages(
    stages: Sequence[Sequence[ApplicationKey]],
    edges: Sequence[Edge],
    snapshot: Snapshot,
    link: Link,
    limits: _Limits,
    *,
    commands: bool,
) -> str:
    labels = labels_of([key for stage in stages for key in stage])
    left = limits.applications
    items: list[str] = []
    for number, stage in enumerate(stages, 1):
        shown = stage[:left]
        left -= len(shown)
        if not shown:
            continue
        names = listed([f"**{code(labels[key])}**" for key in shown], most=len(shown))
        rest = f" and {len(stage) - len(shown)} more" if len(shown) < len(stage) else ""
        item = [f"{number}. {names}{rest}"]
        for key in shown:
            whose = f"{code(labels[key])}: " if len(shown) > 1 else ""
            item.append(_indent(bullets(f"{whose}{line}" for line in _reasons(key, edges, link, limits))))
        if commands:
            applications = [snapshot.by_key[key].application for key in shown]
            lines = [line for verb in ("sync", "wait") for a in applications for line in _argocd(verb, a)]
            if lines:
                item.append(_indent(block("\n".join(lines), "sh")))
        items.append("\n".join(part for part in item if part))
    total = sum(len(stage) for stage in stages)
    if total > limits.applications:
        items.append(f"\n{total - limits.applications} more are left out here; `argofix order` shows everything.")
    return "\n".join(items)


def _reasons(key: ApplicationKey, edges: Sequence[Edge], link: Link, limits: _Limits) -> list[str]:
    own = sorted((edge for edge in edges if edge.after == key), key=lambda edge: (-edge.strength, edge.before))
    lines: list[str] = []
    for edge in own[: limits.reasons]:
        reason = main(edge)
        more = f", and {len(edge.reasons) - 1} more" if len(edge.reasons) > 1 else ""
        lines.append(f"{safe(why(reason))}{more} ({_place(reason.needed_at, link)})")
    if len(own) > limits.reasons:
        lines.append(f"and after {listed([code(edge.before[2]) for edge in own[limits.reasons :]], 5)}")
    return lines


def _picture(keys: Sequence[ApplicationKey], edges: Sequence[Edge]) -> Iterable[str]:
    chart = block(mermaid.render(keys, edges), "mermaid")
    yield details(f"The picture: {len(keys)} Applications", chart) if len(keys) > _UNFOLDED else chart


def _cycle(cycle: Cycle, snapshot: Snapshot, link: Link) -> str:
    names = listed([code(snapshot.by_key[key].application.name) for key in cycle.applications], 6)
    cut = main(cycle.cut)
    return (
        "> [!WARNING]\n"
        f"> {names} need each other before they can be synced: {safe('; '.join(why(main(e)) for e in cycle.edges))}. "
        f"Move {code(str(cut.provided))} ({_place(cut.provided_at, link)}) out of "
        f"{code(cut.provider.application.name)}."
    )


def _deleted(found: Sequence[Deleted], link: Link, limits: _Limits) -> Iterable[str]:
    groups: dict[tuple[ApplicationKey, bool], list[Deleted]] = {}
    for deleted in found:
        groups.setdefault((deleted.copy.application.key, deleted.whole), []).append(deleted)
    for (key, gone), members in list(groups.items())[: limits.applications]:
        bearing = [d for d in members if is_data_bearing(d.id.id.group, d.id.id.kind)]
        others = [d for d in members if d not in bearing]
        lines = [_bearing(deleted, link) for deleted in bearing[: limits.objects]]
        if len(bearing) > limits.objects:
            lines.append(f"and {counted([d.id.id for d in bearing[limits.objects :]])}")
        if others:
            lines.append(safe(counted([d.id.id for d in others])) + _named(others, limits))
        what = "is deleted, and takes along" if gone else "no longer contains these and prunes by itself"
        yield f"{code(key[2])} {what}:\n\n{bullets(lines)}"
    if len(groups) > limits.applications:
        yield f"and what {len(groups) - limits.applications} more Applications delete."


def _named(others: Sequence[Deleted], limits: _Limits) -> str:
    if len(others) == 1:
        return ""
    return f": {listed([code(d.id.id.name) for d in others], limits.objects)}"


def _bearing(deleted: Deleted, link: Link) -> str:
    rid = deleted.id.id
    text = f"**{code(str(rid))}** ({_place(deleted.copy.origin.span, link)})"
    if rid.kind == "Namespace":
        inside = f", {deleted.inside} of them from Applications that stay" if deleted.inside else ""
        return f"{text}, with all objects in it{inside}"
    if rid.kind == "CustomResourceDefinition":
        return f"{text}, with every custom resource of its kind"
    if rid.kind == "PersistentVolumeClaim":
        return f"{text}, with the volume behind it unless its reclaim policy is `Retain`"
    return text


def _moved(found: Sequence[Moved], link: Link, limits: _Limits) -> Iterable[str]:
    groups: dict[tuple[ApplicationKey, ApplicationKey], list[Moved]] = {}
    for moved in found:
        groups.setdefault((moved.before.key, moved.after.key), []).append(moved)
    for (before, after), members in list(groups.items())[: limits.applications]:
        ids = [moved.id for moved in members]
        it = "it" if len(ids) == 1 else "them"
        text = f"{code(after[2])} takes over {_shown(ids, limits)} from {code(before[2])}."
        prunes = any(moved.prunes for moved in members)
        if prunes and all(moved.already for moved in members):
            text += (
                f" Sync {code(after[2])} **before you merge**, so that it holds {it}: {code(before[2])} prunes by "
                f"itself, and deletes {it} if it still does."
            )
        elif prunes:
            text += (
                f" {code(before[2])} prunes by itself: if it is synced before {code(after[2])} has taken {it} over, "
                f"Argo CD deletes {it}."
            )
        risked = [moved.id for moved in members if moved.prunes]
        bearing = [i for i in risked if is_data_bearing(i.id.group, i.id.kind)][: limits.objects]
        protect = [line for owned_id in bearing for line in _annotate(owned_id)]
        if protect:
            text += " Protect what must not be lost before merging:\n\n"
            text += block("\n".join(protect), "sh")
        yield text


def _shown(ids: Sequence[OwnedId], limits: _Limits) -> str:
    return listed([code(str(i.id)) for i in ids], min(limits.objects, 4))


def _annotate(owned_id: OwnedId) -> Iterator[str]:
    rid = owned_id.id
    kind = _KUBECTL_KINDS.get(rid.kind) or (f"{rid.kind}.{rid.group}" if rid.group else rid.kind).lower()
    where = f" -n {rid.namespace}" if rid.namespace else ""
    if all(_NAME.fullmatch(word) for word in (kind, rid.name, rid.namespace) if word):
        yield f"kubectl annotate {kind} {rid.name}{where} argocd.argoproj.io/sync-options=Prune=false"


def _rest(found: Deletions, limits: _Limits) -> Iterable[str]:
    by_hand: dict[str, list[Deleted]] = {}
    for deleted in found.by_hand:
        by_hand.setdefault(deleted.copy.application.name, []).append(deleted)
    for name, members in by_hand.items():
        what = safe(counted([d.id.id for d in members]))
        yield f"{code(name)} does not prune by itself: {what} stays until somebody syncs it with `--prune`."
    if found.kept:
        yield f"Protected, and left in the cluster: {safe(counted([d.id.id for d in found.kept]))}."
    for application in found.orphaned:
        yield f"{code(application.name)} is deleted without its finalizer: what it brought stays, and nobody owns it."
    for application in found.unknown:
        yield f"{code(application.name)} does not render as a whole, so what it will delete cannot be told."


def _argocd(verb: str, application: Application) -> Iterator[str]:
    name = application.name
    if application.namespace not in ("", DEFAULT_NAMESPACE):
        name = f"{application.namespace}/{name}"
    if _NAME.fullmatch(name):
        yield f"argocd app {verb} {name}{' --health' if verb == 'wait' else ''}"


def _place(span: Span, link: Link) -> str:
    return f"[{code(str(span))}]({link(span)})"


def _indent(text: str) -> str:
    return "\n".join(f"   {line}" if line else line for line in text.splitlines())
