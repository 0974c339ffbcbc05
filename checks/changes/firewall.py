"""What must not be merged unseen: the deletions that hold a change back, and the word that lets just these pass."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from checks.changes.block import Block
from checks.changes.told import Told
from checks.changes.view import Changes
from checks.policy.file import Policy, matches
from gitops.discovery.snapshot import Snapshot
from gitops.facts.changes.model import Turn
from gitops.facts.deletions.model import Verdict
from gitops.facts.deletions.unread import content_of
from gitops.facts.pairs import counterpart

_DIGEST = 16  # hexadecimal digits: nobody finds another set with the same ones by trying


@dataclass(frozen=True)
class Firewall:
    """`held` are the deletions that a person has to have seen, the worst first; `allowed` those that the policy lets
    pass; `asks` what else a person should look at, which holds nothing back. `branches` are the ApplicationSets of
    which every Application goes. `digest` names exactly what is held, '' when that is nothing: of a set with one
    deletion more, one less or another one it is different; so it is where one of them takes more along, or comes
    about otherwise, and where something that cannot be analysed has other files, before the change or after it."""

    held: tuple[Told, ...]
    allowed: tuple[Told, ...]
    asks: tuple[Told, ...]
    branches: tuple[str, ...]
    digest: str

    def holds(self, words: Iterable[str]) -> bool:
        """Whether the change is held back, given the digests that somebody has allowed."""
        return bool(self.held) and self.digest not in words


def firewall_of(changes: Changes, policy: Policy) -> Firewall:
    """The firewall of a change under a policy, which is that of the default branch."""
    held: list[Told] = []
    allowed: list[Told] = []
    asks: list[Told] = []
    for one in changes.told:
        if one.block is Block.NO:
            continue
        if not is_deletion(one):
            asks.append(one)
        elif (one.verdict is Verdict.UNKNOWN and policy.not_analysed_passes) or any(
            matches(pattern, one.resource) for pattern in policy.deletions_allowed
        ):
            allowed.append(one)
        else:
            held.append(one)
    digest = digest_of(held, changes.base, changes.head) if held else ""
    return Firewall(tuple(held), tuple(allowed), tuple(asks), tuple(_branches(changes)), digest)


def is_deletion(one: Told) -> bool:
    """Whether what is asked about is a deletion, and not a danger of what is there afterwards."""
    return one.deletes and one.said[0].block is not Block.NO


def digest_of(held: Iterable[Told], base: Snapshot, head: Snapshot) -> str:
    """The name of a set of deletions, whatever their order."""
    lines = sorted(set(_lines(held, base, head)))
    return hashlib.sha256("\n".join(lines).encode("utf-8", "surrogateescape")).hexdigest()[:_DIGEST]


def _lines(held: Iterable[Told], base: Snapshot, head: Snapshot) -> Iterator[str]:
    for one in held:
        rid = one.resource
        words = [one.verdict.value, one.id.cluster, rid.group, rid.kind, rid.namespace, rid.name]
        words += [one.application, one.maker, one.to, one.evidence, one.said[0].rule, one.block.value]
        subject = one.consequence.subject if one.consequence is not None else None
        if one.verdict is Verdict.UNKNOWN and subject is not None:
            for side, state in ((base, base.by_key.get(subject.key)), (head, counterpart(head, subject, base))):
                words.append(content_of(state, side.tree) if state is not None else "")
        yield "\t".join(words)


def _branches(changes: Changes) -> Iterator[str]:
    for one in changes.difference.sets:
        lives_on = one.comes or one.changes or one.stays
        if one.goes and not one.unknown and (one.turn is Turn.GOES or not lives_on):
            yield one.declared.name
