"""What the comment says of deletions: what goes and takes what along, what changes hands, and what is left."""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

from bot.formats.writing.markdown import block, bullets, code, safe
from checks.changes.sentences import along, vain
from checks.wording import counted, listed
from gitops.facts.deletions.data import may_lose_data
from gitops.facts.deletions.model import Consequence, Consequences, Verdict, Why
from gitops.files.spans import Span
from gitops.resources.resource import ResourceId

Link = Callable[[Span], str]
Key = TypeVar("Key", bound=Hashable)

# What Kubernetes takes for a name; no other object can exist, so that none needs a command.
NAME = re.compile(r"[a-z0-9]([-a-z0-9./]*[a-z0-9])?")
_KUBECTL_KINDS = {"PersistentVolumeClaim": "pvc"}


@dataclass(frozen=True, slots=True)
class Most:
    """How much is shown: groups, and objects of each."""

    groups: int
    objects: int


def told(found: Consequences, link: Link, most: Most) -> Iterator[str]:
    """Paragraphs of Markdown. `link` gives the address of a place in the base."""
    if found.goes:
        yield "### What merging this deletes"
        yield from _gone(found.goes, link, most)
    taken = [one for one in found.moved if not one.already]
    kept = [one for one in found.moved if one.already]
    if taken:
        yield "### What changes hands"
        yield from _moved(taken, most)
    if kept:
        yield "### What another Application keeps"
        yield from _moved(kept, most)
    rest = [*_unknown(found, most), *_by_hand(found, most), *_stays(found, most), *_in_place(found, most)]
    rest += _comes(found, most)
    if rest:
        yield bullets(rest, most=most.groups)


def _grouped(found: Iterable[Consequence], key: Callable[[Consequence], Key]) -> dict[Key, list[Consequence]]:
    groups: dict[Key, list[Consequence]] = {}
    for one in found:
        groups.setdefault(key(one), []).append(one)
    return groups


def _gone(found: Sequence[Consequence], link: Link, most: Most) -> Iterator[str]:
    groups = _grouped(found, _cause)
    for (why, application, maker), members in list(groups.items())[: most.groups]:
        bearing = [one for one in members if _is_grave(one)]
        others = [one for one in members if not _is_grave(one)]
        lines = [_bearing(one, link) for one in bearing[: most.objects]]
        if len(bearing) > most.objects:
            lines.append(f"and {safe(counted([one.id.id for one in bearing[most.objects :]]))}")
        if others:
            lines.append(safe(counted([one.id.id for one in others])) + _named(others, most))
        yield f"{_head(why, application, maker)}:\n\n{bullets(lines)}"
    if len(groups) > most.groups:
        yield f"and what {len(groups) - most.groups} more Applications delete."


def _cause(one: Consequence) -> tuple[Why, str, str]:
    return (one.why, "" if one.why is Why.NAMESPACE_GOES else one.application, one.maker)


def _head(why: Why, application: str, maker: str) -> str:
    if why is Why.CASCADE:
        return f"{code(application)} is deleted, and takes along"
    if why is Why.SET_DROPS:
        return f"ApplicationSet {code(maker)} no longer makes these, and deletes them"
    if why is Why.SET_GONE:
        return f"ApplicationSet {code(maker)} goes, and its Applications with it"
    if why is Why.NAMESPACE_GOES:
        return "With a Namespace that goes, whatever protects them from Argo CD"
    if why is Why.HOOK_RECREATED:
        return f"{code(application)} loses these to hooks, which are deleted before each run and made again"
    if why is Why.HOOK_DONE:
        return f"{code(application)} loses these to hooks, which are deleted once they have run (`HookSucceeded`)"
    if why is Why.FORCED:
        return f"{code(application)} deletes these and makes them again (`Force=true`)"
    if why is Why.RECONCILED:
        return f"{code(application)} deletes these and makes them again, since a binding cannot change its role"
    return f"{code(application)} no longer contains these and prunes by itself"


def _is_grave(one: Consequence) -> bool:
    rid = one.id.id
    return may_lose_data(rid.group, rid.kind) or (rid.group, rid.kind) == ("apps", "StatefulSet")


def _named(others: Sequence[Consequence], most: Most) -> str:
    if len(others) == 1:
        return ""
    return f": {listed([code(one.id.id.name) for one in others], most.objects)}"


def _bearing(one: Consequence, link: Link) -> str:
    rid = one.id.id
    place = f" ({_place(one.copy.origin.span, link)})" if one.copy is not None else ""
    text = f"**{code(str(rid))}**{place}"
    taken = along(one)
    inside = f", {one.inside} of them from Applications that stay" if one.inside else ""
    text += f", {taken}{inside}" if taken else ""
    hollow = vain(one)
    text += f"; {hollow}" if hollow else ""
    text += f", unless what cannot be analysed of {code(one.application)} brings it" if one.unsure else ""
    if one.detail:
        text += f"; if {code(one.detail)}, of another root, lives in the same Argo CD, it may take it over first"
    return text


def _moved(found: Sequence[Consequence], most: Most) -> Iterator[str]:
    groups = _grouped(found, lambda one: (one.application, one.to.name if one.to else "", one.maker, one.owner_goes))
    for (before, after, maker, goes), members in list(groups.items())[: most.groups]:
        ids = [one.id.id for one in members]
        it = "it" if len(ids) == 1 else "them"
        to = code(after) if after else f"ApplicationSet {code(maker)}"
        already = members[0].already
        if already:
            text = f"{to} brings {_shown(ids, most)} as before, and {code(before)} lets go of {it}."
        else:
            text = f"{to} takes over {_shown(ids, most)} from {code(before)}."
        races = [one for one in members if one.races]
        if races and after and already:
            loses = "is deleted with" if goes else "prunes by itself, and deletes"
            text += (
                f" Sync {to} **before you merge**, so that {it} {'carries' if it == 'it' else 'carry'} its tracking "
                f"id: {code(before)} {loses} what still carries its own."
            )
        elif races and goes:
            text += (
                f" {code(before)} is deleted with all that still carries its name: what {to} has not taken over by "
                "then goes with it, and comes anew, empty."
            )
        elif races:
            text += (
                f" {code(before)} prunes by itself: if it is synced before {to} has taken {it} over, Argo CD deletes "
                f"{it}."
            )
        grave = [one for one in races if may_lose_data(one.id.id.group, one.id.id.kind)]
        taken = dict.fromkeys(f"{code(str(one.id.id))} goes {along(one)}" for one in grave if along(one))
        text += f" {'; '.join(list(taken)[: most.objects])}." if taken else ""
        yield text + _protection(grave, "Delete=false" if goes else "Prune=false", most)
    if len(groups) > most.groups:
        more, verb = len(groups) - most.groups, "keep" if found[0].already else "take over"
        yield f"and what {more} more Applications {verb}."


def _protection(grave: Sequence[Consequence], option: str, most: Most) -> str:
    """Commands that protect live objects, and what they do not help against."""
    if not grave:
        return ""
    written = [one for one in grave if one.copy is not None and b"sync-options" in one.copy.resource.text]
    free = [one for one in grave if one not in written]
    text = ""
    lines = [line for one in free[: most.objects] for line in _annotate(one.id.id, option)]
    if lines:
        late = any(one.late for one in grave)
        why = " (the annotation that comes with this change is not on the live object by then)" if late else ""
        text += f" Protect what must not be lost before merging{why}:\n\n" + block("\n".join(lines), "sh")
    if written:
        text += (
            f" {_shown([one.id.id for one in written], most)} {'has' if len(written) == 1 else 'have'} sync options "
            f"in git: set {code(option)} there in a change of its own, and sync that, before you merge this one."
        )
    return text


def _annotate(rid: ResourceId, option: str) -> Iterator[str]:
    kind = _KUBECTL_KINDS.get(rid.kind) or (f"{rid.kind}.{rid.group}" if rid.group else rid.kind).lower()
    where = f" -n {rid.namespace}" if rid.namespace else ""
    if all(NAME.fullmatch(word) for word in (kind, rid.name, rid.namespace) if word):
        yield f"kubectl annotate {kind} {rid.name}{where} argocd.argoproj.io/sync-options={option}"


def _unknown(found: Consequences, most: Most) -> Iterator[str]:
    groups = _grouped(found.having(Verdict.UNKNOWN), lambda one: (one.why, one.maker, _cascades(one)))
    for (why, maker, cascades), members in groups.items():
        names = listed([code(_subject(one)) for one in members], min(most.objects, 5))
        alone = len(members) == 1
        reasons = list(dict.fromkeys(one.detail for one in members if one.detail))
        more = f"; {len(reasons) - 1} other reasons" if len(reasons) > 1 else ""
        reason = f" ({safe(reasons[0])}{more})" if reasons else ""
        if why is Why.NOT_RENDERED:
            yield (
                f"{names} {'does' if alone else 'do'} not render{reason}: Argo CD changes and deletes nothing of "
                f"{_it(members)} while that is so, and what goes once {'it renders' if alone else 'they render'} "
                "cannot be told."
            )
        elif why is Why.FOLLOWS:
            verb = "follows" if alone else "follow"
            yield f"{names} {verb} another revision from now on{reason}, so what that deletes cannot be told."
        elif why is Why.FILES_CHANGED:
            verb = "reads" if alone else "read"
            yield f"{names} {verb} files that change here, and what that deletes cannot be told."
        elif why is Why.SET_UNKNOWN:
            whose = f"ApplicationSet {code(maker)}" if maker else "the ApplicationSet"
            yield f"{names} may be deleted: git alone does not tell what {whose} makes.{_would(members, cascades)}"
        elif why is Why.SET_UNTOLD:
            yield (
                f"{names} may be deleted: ApplicationSet {code(maker)} no longer makes {_it(members)}, and git does "
                f"not tell whether Argo CD goes by its `applicationsSync`.{_would(members, cascades)}"
            )
        elif why is Why.NOBODY:
            what = f"ApplicationSet {code(maker)}, which makes {names}," if maker else names
            yield (
                f"{what} {'is' if alone or maker else 'are'} no longer declared. Nothing in this repository says "
                f"what applies {'it' if alone or maker else 'them'}, so whether it is deleted cannot be told."
                f"{_would(members, cascades)}"
            )
        else:
            yield f"{names} cannot be analysed{reason}, so what this makes {_it(members)} delete cannot be told."


def _subject(one: Consequence) -> str:
    return one.subject.name if one.subject is not None else one.id.id.name


def _cascades(one: Consequence) -> bool | None:
    if one.why not in (Why.SET_UNKNOWN, Why.SET_UNTOLD, Why.NOBODY) or one.subject is None:
        return None
    return one.subject.cascades


def _would(members: Sequence[Consequence], cascades: bool | None) -> str:
    if cascades is None:
        return ""
    goes, owns, has, it, brought = (
        ("it is", "it owns", "it has", "it", "it brought")
        if len(members) == 1
        else ("they are", "they own", "they have", "them", "they brought")
    )
    if cascades:
        return f" If {goes}, everything {owns} goes with {it}, since {has} Argo CD's finalizer."
    return f" If {goes}, what {brought} stays, since {has} no finalizer."


def _by_hand(found: Consequences, most: Most) -> Iterator[str]:
    groups = _grouped(found.having(Verdict.BY_HAND), lambda one: (one.why, one.application, one.maker))
    for (why, application, maker), members in groups.items():
        what, verb = _summed(members, most), "stays" if len(members) == 1 else "stay"
        if why is Why.WIPES_OUT:
            yield (
                f"All that {code(application)} deploys would go, which Argo CD refuses to do by itself (`allowEmpty` "
                f"is not set): {what} {verb} until somebody syncs with `--prune`."
            )
        elif why is Why.CONFIRM:
            yield f"{code(application)} deletes {what} once a person confirms it (`confirm` in the sync options)."
        elif why in (Why.HOOK_RECREATED, Why.HOOK_DONE):
            yield f"{what} {verb} until somebody syncs: {'it' if len(members) == 1 else 'each'} {why.text}."
        elif why is Why.SET_GONE:
            yield f"ApplicationSet {code(maker)} goes, and {what} with it, when somebody syncs with `--prune`."
        else:
            until = "until somebody syncs it with `--prune`"
            yield f"{code(application)} does not prune by itself: {what} {verb} {until}."


def _stays(found: Consequences, most: Most) -> Iterator[str]:
    groups = _grouped(found.having(Verdict.STAYS), lambda one: (one.why, one.application, one.maker))
    for (why, application, maker), members in groups.items():
        what, whose = _summed(members, most), code(application)
        verb = "stays" if len(members) == 1 else "stay"
        if why is Why.ORPHANED:
            left = f"It leaves {what}."
            yield f"{whose} is deleted without its finalizer: what it brought stays, and nobody owns it. {left}"
        elif why in (Why.PRUNE_FALSE, Why.DELETE_FALSE):
            yield f"Protected, and left in the cluster: {what}."
        elif why is Why.UNTRACKED:
            yield (
                f"{what} {verb}, and so do {'its' if len(members) == 1 else 'their'} custom resources: Argo CD does "
                "not track definitions, so that it deletes none."
            )
        elif why is Why.FORMER_CLUSTER:
            where = code(members[0].id.cluster)
            yield (
                f"{whose} moves to another cluster: {what} {verb} in {where}, and nobody owns {_it(members)} there."
            )
        elif why is Why.SET_KEEPS:
            yield (
                f"{what} {_lives(members)} on although ApplicationSet {code(maker)} no longer makes {_it(members)}: "
                f"its `applicationsSync` lets it delete none. Nobody updates {_it(members)} any more."
            )
        elif why is Why.SET_RULED:
            yield (
                f"{what} {_lives(members)} on although ApplicationSet {code(maker)} no longer makes {_it(members)}: "
                "the `--policy` of Argo CD's applicationset-controller lets it delete none. Nobody updates "
                f"{_it(members)} any more."
            )
        elif why is Why.SET_FREEZES:
            yield (
                f"{what} {'keeps its' if len(members) == 1 else 'keep their'} former definition: the "
                f"`applicationsSync` of ApplicationSet {code(maker)} lets it update none."
            )
        elif why is Why.SET_BLOCKED:
            yield (
                f"ApplicationSet {code(maker)} wants an Application that another one keeps, and that error ends its "
                f"run before it deletes anything: {what} {_lives(members)} on as before."
            )
        elif why is Why.SET_REFUSED:
            yield (
                f"ApplicationSet {code(maker)} is in error, and Argo CD changes and deletes nothing of it meanwhile: "
                f"{what} {_lives(members)} on as before."
            )
        else:
            yield f"{what} {verb} in the cluster: {why.text}."


def _it(members: Sequence[Consequence]) -> str:
    return "it" if len(members) == 1 else "them"


def _lives(members: Sequence[Consequence]) -> str:
    return "lives" if len(members) == 1 else "live"


def _in_place(found: Consequences, most: Most) -> Iterator[str]:
    for one in found.having(Verdict.SYNC_FAILS, Verdict.INEFFECTIVE):
        what = code(str(one.id.id))
        if one.why is Why.VERSION_GONE:
            yield (
                f"The sync of {code(one.application)} fails: {what} is written in {safe(one.detail)}, which its "
                "definition no longer serves."
            )
        elif one.verdict is Verdict.INEFFECTIVE:
            yield f"The change of {what} in {code(one.application)} has no effect: {safe(one.detail)}."
        else:
            field = safe(one.detail)
            yield f"The sync of {code(one.application)} fails: {field} of {what} cannot be changed in place."


def _comes(found: Consequences, most: Most) -> list[str]:
    new = [one for one in found.having(Verdict.COMES) if one.why is Why.EMPTY]
    if not new:
        return []
    verb = "comes" if len(new) == 1 else "come"
    return [f"{_summed(new, most)} {verb} anew, with none of the former data."]


def _summed(members: Sequence[Consequence], most: Most) -> str:
    """Names of what carries data, the rest by its kinds."""
    grave = [one.id.id for one in members if _is_grave(one)]
    others = [one.id.id for one in members if not _is_grave(one)]
    shown = [safe(str(rid)) for rid in grave[: most.objects]]
    if len(grave) > most.objects:
        shown.append(safe(counted(grave[most.objects :])))
    if others:
        shown.append(safe(counted(others)))
    return listed(shown, most=len(shown))


def _shown(ids: Sequence[ResourceId], most: Most) -> str:
    return listed([code(str(rid)) for rid in ids], min(most.objects, 4))


def _place(span: Span, link: Link) -> str:
    return f"[{code(str(span))}]({link(span)})"
