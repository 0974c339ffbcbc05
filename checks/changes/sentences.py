"""One sentence about what becomes of one object, and why."""

from __future__ import annotations

from checks.wording import listed
from gitops.facts.changes.model import ApplicationChange, ResourceChange, Turn
from gitops.facts.changes.unseen import UnseenSet
from gitops.facts.deletions.data import takes_along
from gitops.facts.deletions.model import Consequence, Verdict, Why
from gitops.facts.deletions.options import options_of


def sentence(one: Consequence) -> str:
    """What Argo CD does with the object of a consequence: plain text with names in backticks, with its full stop."""
    text = f"{_said(one)}{_tail(one)}"
    return text if text.endswith(".") else f"{text}."


def changed_sentence(application: ApplicationChange, change: ResourceChange, *, taken: bool = False) -> str:
    """What is to be said of a manifest that comes, or is taken over, or changes in place, beside its dangers."""
    whose = f"`{application.application.name}`"
    if change.turn is Turn.COMES:
        return f"{whose} brings it {'from now on' if taken else 'anew'}."
    names = [f"`{each}`" for each in change.fields]
    verb = "changes" if len(names) == 1 else "change"
    return f"{listed(names, 3)} {verb} in place."


def declared_sentence(change: ApplicationChange) -> str:
    """What is to be said of an Application that comes, or is declared otherwise."""
    if change.turn is Turn.COMES:
        return f"It comes, and deploys to `{change.application.destination}`."
    said = [f"its {d.what} goes from `{_short(d.before)}` to `{_short(d.after)}`" for d in change.declared[:4]]
    more = f" and {len(change.declared) - 4} more" if len(change.declared) > 4 else ""
    text = f"{', '.join(said)}{more}."
    return text[0].upper() + text[1:]


def _short(text: str) -> str:
    line = " ".join(text.split()) or "(none)"
    return line if len(line) <= 80 else f"{line[:79]}…"


def unseen_sentence(one: UnseenSet) -> str:
    """What is to be said of an ApplicationSet whose Applications nobody knows."""
    parts: list[str] = []
    if one.after is None:
        parts.append("it is no longer declared")
    elif one.respecified:
        parts.append("it is declared otherwise")
    if one.lost:
        parts.append(f"{listed([f'`{path}`' for path in one.lost], 4)}, which its generator reads, {_goes(one.lost)}")
    if one.data:
        those = "by which its Applications are named" if one.renaming else "which its generator reads"
        named = one.renaming or one.data
        words = f"{listed([f'`{path}`' for path in named], 4)}, {those}, {'changes' if len(named) == 1 else 'change'}"
        parts.append(words)
    if one.touched:
        parts.append(f"something changes in {listed([f'`{path}`' for path in one.touched], 4)}, which it deploys")
    if one.came:
        paths = listed([f"`{path}`" for path in one.came], 4)
        parts.append(f"{paths}, which its generator reads, {'comes' if len(one.came) == 1 else 'come'}")
    end = "what that deletes cannot be told"
    if one.only_adds:
        end = "it may make more of them"
    if one.may_drop:
        end = "its Applications may go, with everything they own"
    return f"Git alone does not tell which Applications it makes ({one.reason}), and {listed(parts, 3)}: {end}."


def _goes(paths: tuple[str, ...]) -> str:
    return "goes" if len(paths) == 1 else "go"


def along(one: Consequence) -> str:
    """What goes with an object that is deleted, or what does not; '' when there is nothing to say."""
    rid = one.id.id
    if (rid.group, rid.kind) == ("argoproj.io", "Application"):
        cascades = one.subject is not None and one.subject.cascades
        return "with everything it owns" if cascades else "without its finalizer: what it brought stays"
    if (rid.group, rid.kind) == ("apps", "StatefulSet"):
        text = one.copy.resource.text if one.copy is not None else b""
        if b"volumeClaimTemplates" not in text:
            return ""
        goes = one.copy is not None and options_of(one.copy.resource).claims_go
        return "with its volume claims" if goes else "without its volume claims, which stay"
    return takes_along(rid)


def vain(one: Consequence) -> str:
    """A protection that somebody may count on, and that does not hold here; '' when there is none."""
    if one.copy is None:
        return ""
    said = options_of(one.copy.resource)
    if one.why is Why.PRUNED and said.delete in ("false", "confirm"):
        return f"its `Delete={said.delete}` does not keep it from being pruned"
    if one.why is Why.PRUNED and said.keeps:
        return "Helm's `resource-policy: keep` does not keep it from being pruned"
    if one.why is Why.CASCADE and said.prune == "false":
        return "its `Prune=false` does not keep it when its Application is deleted"
    if one.why is Why.NAMESPACE_GOES and said.guarded:
        return "its own sync options do not keep it there"
    return ""


def _said(one: Consequence) -> str:
    whose, maker = f"`{one.application}`", f"ApplicationSet `{one.maker}`"
    match one.why:
        case Why.PRUNED:
            return f"It is no longer in the manifests of {whose}, which prunes by itself: Argo CD deletes it"
        case Why.CASCADE:
            return f"It is deleted with {whose}, which has Argo CD's finalizer, whatever its sync policy says"
        case Why.NAMESPACE_GOES:
            return "It lies in a Namespace that goes, and is deleted with it"
        case Why.HOOK_RECREATED | Why.HOOK_DONE:
            return f"From now on it {one.why.text}: what is there now goes, whatever its sync options say"
        case Why.SET_DROPS:
            return f"{maker} no longer makes it, and deletes it{f', {one.detail}' if one.detail else ''}"
        case Why.SET_GONE if one.verdict is Verdict.BY_HAND:
            return f"It goes with {maker} when somebody syncs with `--prune`"
        case Why.SET_GONE:
            return f"{maker} goes, and its Applications with it"
        case Why.SET_REFUSED:
            return f"{maker} is in error: nothing of it is changed or deleted, and this lives on as before"
        case Why.SET_KEEPS:
            return (
                f"{maker} no longer makes it, and its `applicationsSync` lets it delete none: it lives on, and "
                "nobody updates it any more"
            )
        case Why.SET_RULED:
            return (
                f"{maker} no longer makes it, and the `--policy` of Argo CD's applicationset-controller lets it "
                "delete none: it lives on, and nobody updates it any more"
            )
        case Why.SET_UNTOLD:
            return (
                f"{maker} no longer makes it. Its `applicationsSync` lets it delete none, and git does not tell "
                "whether Argo CD's applicationset-controller goes by it: the controller's `--policy` may overrule "
                f"that{_would(one)}"
            )
        case Why.BY_HAND:
            return (
                f"It is no longer in the manifests of {whose}, which does not prune by itself: it stays until "
                "somebody syncs with `--prune`"
            )
        case Why.WIPES_OUT:
            return (
                f"All that {whose} deploys would go, which Argo CD refuses to do by itself (`allowEmpty` is not "
                "set): it stays until somebody syncs with `--prune`"
            )
        case Why.CONFIRM:
            return "Its deletion waits until a person confirms it (`confirm` among the sync options)"
        case Why.ORPHANED:
            return f"{whose} is deleted without Argo CD's finalizer: it stays in the cluster and belongs to nobody"
        case Why.FORMER_CLUSTER:
            return (
                f"{whose} moves to another cluster: it stays in the former cluster (`{one.id.cluster}`), and belongs "
                "to nobody there"
            )
        case Why.TAKEN_OVER | Why.ADOPTED:
            return _handed_over(one)
        case Why.IMMUTABLE:
            return f"{_field(one.detail)} cannot be changed in place: the sync of {whose} fails"
        case Why.FORCED:
            return "It is deleted and made again (`Force=true` with `Replace=true`)"
        case Why.RECONCILED:
            return "A binding cannot point at another role: it is deleted and made again"
        case Why.NO_EFFECT:
            return f"The change has no effect: {one.detail}"
        case Why.VERSION_GONE if one.verdict is Verdict.SYNC_FAILS:
            return (
                f"It is written in {one.detail}, which its CustomResourceDefinition no longer serves: the sync of "
                f"{whose} fails"
            )
        case Why.VERSION_GONE:
            return (
                f"Version {one.detail}; the API server refuses the definition while its `status.storedVersions` "
                "still names that version"
            )
        case Why.EMPTY:
            where = f", {one.detail}" if one.detail else ""
            return f"It comes anew and empty{where}, with none of the former data"
        case Why.NOT_RENDERED | Why.NOT_ANALYSED | Why.FOLLOWS:
            return f"It {one.why.text}{f' ({one.detail})' if one.detail else ''}"
        case Why.FILES_CHANGED:
            return (
                "Until its own change reaches it, it goes on reading files that change here, so that what it deletes "
                "cannot be told"
            )
        case Why.NOBODY if one.maker:
            gone = f"{maker}, which makes it, is no longer declared, and nothing in this repository tells who applies"
            return f"{gone} that{_would(one)}"
        case Why.SET_UNKNOWN | Why.NOBODY:
            return f"It {one.why.text}{_would(one)}"
        case _:
            return f"It {one.why.text}" if not one.why.text.startswith("`") else one.why.text


def _handed_over(one: Consequence) -> str:
    to = f"`{one.to.name}`" if one.to is not None else f"ApplicationSet `{one.maker}`"
    whose = f"`{one.application}`"
    begins = f"{to} brings it as before" if one.already else f"{to} takes it over from {whose}"
    if not one.races:
        return f"{begins}; nothing is deleted"
    loses = "is deleted with all that still carries its tracking id" if one.owner_goes else "prunes by itself"
    said = along(one)
    goes = f" ({said})" if said else ""
    text = f"{begins}, and that is a race: {whose} {loses}, and deletes it if {to} has not adopted it by then{goes}"
    if one.late:
        text += ". It is not protected yet: the annotation of this change is not on the live object by then"
    return text


def _tail(one: Consequence) -> str:
    text = ""
    if one.verdict in (Verdict.DELETED, Verdict.APPLICATION_DELETED, Verdict.RECREATED):
        said = along(one)
        if said:
            inside = f", {one.inside} of them from Applications that stay" if one.inside else ""
            text += f", {said}{inside}"
    hollow = vain(one)
    if hollow:
        text += f"; {hollow}"
    if one.unsure:
        text += f", unless what cannot be analysed of `{one.application}` brings it"
    if one.detail and one.why in (Why.PRUNED, Why.CASCADE):
        text += f"; if `{one.detail}`, of another root, lives in the same Argo CD, it may take it over first"
    return text


def _would(one: Consequence) -> str:
    if one.subject is None:
        return ""
    if one.subject.cascades:
        return "; if it is deleted, everything it owns goes with it, since it has Argo CD's finalizer"
    return "; if it is deleted, what it brought stays, since it has no finalizer"


def _field(detail: str) -> str:
    """A field by its path, or what stands for several."""
    return f"`{detail}`" if " " not in detail else f"{detail[0].upper()}{detail[1:]}"
