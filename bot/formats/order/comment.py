"""In which order to sync what a pull request touches: a sticky comment, and an answer that tells what merging deletes
too. Beside the comment stands the one about changes (`bot.formats.github.changes`), which tells that in full."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from bot.formats.order import deletions, mermaid
from bot.formats.order.deletions import NAME, Most
from bot.formats.reports.picture import labels_of
from bot.formats.writing.markdown import block, bullets, code, details, safe
from checks.coverage import Coverage
from checks.judgement.evaluation import Evaluation
from checks.sync_order.guidance import Guidance
from checks.sync_order.words import main, why
from checks.wording import listed
from gitops.applications.application import Application
from gitops.discovery.roots import DEFAULT_NAMESPACE
from gitops.discovery.snapshot import ApplicationKey, Snapshot
from gitops.facts.deletions.model import Consequences
from gitops.facts.order.model import Edge
from gitops.facts.order.stages import Cycle
from gitops.files.spans import Span

MARK = "<!-- argofix:sync-order -->"

Link = Callable[[Span], str]
_MOST_BYTES = 60_000  # of GitHub's 65,536 characters
_NOBODY = "argofix found no Argo CD Application here, so there is no order to keep."
_UNFOLDED = 12  # Applications in a picture that is shown at once


@dataclass(frozen=True, slots=True)
class _Limits:
    applications: int
    reasons: int
    objects: int
    picture: bool


_LIMITS = (_Limits(40, 4, 15, True), _Limits(15, 1, 5, False), _Limits(4, 1, 1, False))


SETTLED = f"{MARK}\n**Sync order:** it no longer matters for this change."


def nothing_goes(guidance: Guidance) -> str:
    """That merging deletes nothing, as far as that was seen: a clause with its full stop."""
    unknown = Coverage.of(guidance.base, guidance.head).unknown
    if not unknown:
        return "merging it deletes nothing in a cluster."
    return f"argofix found nothing that merging it deletes; {'; '.join(unknown)}."


def render(guidance: Guidance, link: Link) -> str:
    """The comment, with its mark: the order, and what changes hands. See `told`."""
    alone = replace(guidance, deletions=Consequences(guidance.deletions.moved))
    more = "What merging does to each object is told in the comment about changes, and in `argofix / changes`."
    return f"{MARK}\n\n{told(alone, link, link)}" + (f"\n\n{more}" if guidance.deletions.moved else "")


def told(guidance: Guidance, link: Link, base_link: Link) -> str:
    """The order, and what merging deletes. `link` gives the address of a place in the head, `base_link` in the base.

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
    order, coverage = evaluation.order.order, Coverage.of(evaluation.snapshot)
    if not order.edges and not order.cycles:
        text = "Nothing here asks for an order: no Application needs what another one brings."
        if not evaluation.snapshot.states:
            return f"Nothing here asks for an order. {coverage.sentence()}" if coverage.unknown else _NOBODY
        return text if coverage.whole else f"Nothing that was seen asks for an order. {coverage.sentence()}"
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
        if not coverage.whole:
            parts.append(f"More may be needed: {coverage.sentence()}")
        text = "\n\n".join(parts)
        if len(text.encode()) <= _MOST_BYTES:
            break
    return text


def _parts(guidance: Guidance, link: Link, base_link: Link, limits: _Limits) -> Iterable[str]:
    for cycle in guidance.cycles[: limits.reasons]:
        yield _cycle(cycle, guidance.head, link)
    lost = list(deletions.told(guidance.deletions, base_link, Most(limits.applications, limits.objects)))
    if guidance.deletions.goes:  # what cannot be undone comes before what can be waited for
        yield from lost
    if guidance.edges:
        yield "### Sync order"
        yield _intro(guidance)
        yield _stages(guidance.stages, guidance.edges, guidance.head, link, limits, commands=True)
        if limits.picture:
            yield from _picture([key for stage in guidance.stages for key in stage], guidance.edges)
    if not guidance.deletions.goes:
        yield from lost


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
    names = listed([code(snapshot.by_key[key].application.label) for key in cycle.applications], 6)
    cut = main(cycle.cut)
    return (
        "> [!WARNING]\n"
        f"> {names} need each other before they can be synced: {safe('; '.join(why(main(e)) for e in cycle.edges))}. "
        f"Move {code(str(cut.provided))} ({_place(cut.provided_at, link)}) out of "
        f"{code(cut.provider.application.label)}."
    )


def _argocd(verb: str, application: Application) -> Iterator[str]:
    name = application.label
    if application.namespace not in ("", DEFAULT_NAMESPACE):
        name = f"{application.namespace}/{name}"
    if NAME.fullmatch(name):
        yield f"argocd app {verb} {name}{' --health' if verb == 'wait' else ''}"


def _place(span: Span, link: Link) -> str:
    return f"[{code(str(span))}]({link(span)})"


def _indent(text: str) -> str:
    return "\n".join(f"   {line}" if line else line for line in text.splitlines())
