"""How much a deletion asks of people: rows over `gitops.facts.deletions`, the one knowledge of what goes."""

from __future__ import annotations

from collections.abc import Mapping

from checks.changes.block import Block
from gitops.applications.application import GROUP
from gitops.discovery.snapshot import Snapshot
from gitops.facts.deletions.data import is_data_bearing, is_tracked
from gitops.facts.deletions.model import Consequence, Verdict, Why
from gitops.facts.deletions.options import options_of

# Kinds of Kubernetes' own that hold what git does not; what a custom resource holds only its controller knows.
_HOLD_DATA = frozenset({("", "Namespace"), ("", "PersistentVolume"), ("", "PersistentVolumeClaim"), ("", "Secret")})
# Custom resources of which all that goes can be made again from elsewhere, unless this word stands in them: an
# ExternalSecret that has its values generated (external-secrets.io, guides/generator), a policy that generates
# objects, which go with it (kyverno.io, policy-types/cluster-policy/generate).
_MADE_AGAIN: Mapping[tuple[str, str], bytes] = {
    ("external-secrets.io", "ClusterExternalSecret"): b"generatorRef",
    ("external-secrets.io", "ExternalSecret"): b"generatorRef",
    ("kyverno.io", "ClusterPolicy"): b"generate",
    ("kyverno.io", "Policy"): b"generate",
}


def block_of(one: Consequence, base: Snapshot) -> Block:
    """What a consequence asks for. Of an ApplicationSet that goes its Applications ask for themselves, as far as they
    are known."""
    if (one.id.id.group, one.id.id.kind) == (GROUP, "ApplicationSet") and one.verdict is Verdict.DELETED:
        name = (one.id.id.namespace, one.id.id.name)
        made = [each for each in base.sets if (each.namespace, each.name) == name]
        return Block.NO if made and all(not each.troubles or each.preserves for each in made) else Block.YES
    match one.verdict:
        case Verdict.APPLICATION_DELETED:
            return Block.NO if one.subject is not None and not one.subject.cascades else Block.YES
        case Verdict.DELETED | Verdict.RECREATED:
            return _loss(one)
        case Verdict.HANDED_OVER:
            return _loss(one) if one.races else Block.NO
        case Verdict.UNKNOWN:
            may_cascade = one.why in (Why.SET_UNKNOWN, Why.SET_UNTOLD, Why.NOBODY) and (
                one.subject is None or one.subject.cascades
            )
            return Block.YES if may_cascade else Block.ASK
        case Verdict.SYNC_FAILS:
            return Block.ASK
        case Verdict.CHANGED:
            return Block.ASK if one.why is Why.VERSION_GONE else Block.NO
        case _:
            return Block.NO


def deletes(one: Consequence) -> bool:
    """Whether Argo CD may delete something because of it."""
    gone = (Verdict.APPLICATION_DELETED, Verdict.DELETED, Verdict.RECREATED, Verdict.UNKNOWN)
    return one.verdict in gone or (one.verdict is Verdict.HANDED_OVER and one.races)


def _loss(one: Consequence) -> Block:
    """What losing the object means."""
    rid = one.id.id
    kind = (rid.group, rid.kind)
    if one.why in (Why.HOOK_RECREATED, Why.HOOK_DONE) and not is_tracked(*kind):
        return Block.YES  # hooks delete definitions, too, with every custom resource of theirs
    if kind in _HOLD_DATA:
        made = kind == ("", "Secret") and one.copy is not None and one.copy.resource.generator is not None
        return Block.NO if made else Block.YES
    if kind in (("argoproj.io", "Application"), ("argoproj.io", "ApplicationSet")):
        return Block.NO if one.subject is not None and not one.subject.cascades else Block.YES
    if kind == ("apps", "StatefulSet") and one.copy is not None:
        if b"volumeClaimTemplates" not in one.copy.resource.text:
            return Block.NO
        if options_of(one.copy.resource).claims_go:
            return Block.YES
        return Block.NO if one.verdict is Verdict.RECREATED else Block.ASK
    if kind in _MADE_AGAIN and one.copy is not None and _MADE_AGAIN[kind] not in one.copy.resource.text:
        return Block.NO
    return Block.ASK if is_data_bearing(*kind) and is_tracked(*kind) else Block.NO
