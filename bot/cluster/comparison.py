"""Whether live objects differ already in what a change touches: one GET for each, and names of fields as the answer.

It is a convenience beside what git tells, so it is bounded more tightly than a look, and whoever may not read a kind
costs one request: after a refusal nothing of that kind is asked for in that namespace.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from bot.cluster.connection import NO_ANSWER, Connection, Deadline
from bot.cluster.errors import NOT_SAID, NoCluster, Unseen
from bot.cluster.gaps import Gaps
from bot.cluster.names import read_differing
from bot.cluster.resources import NOT_UNDERSTOOD, Resources
from bot.cluster.wants import speakable
from gitops.facts.changes.live import Key, LiveDifferences, Question

_OBJECTS = "live objects of kind"


@dataclass(slots=True)
class Comparison:
    """One comparison. What has come in when time is up counts."""

    deadline: Deadline
    most: int
    gaps: Gaps = field(default_factory=Gaps)
    _found: dict[Key, tuple[str, ...]] = field(default_factory=dict)
    _pending: dict[Key, str] = field(default_factory=dict)
    _compared: int = 0

    async def run(self, wanted: Mapping[Connection, Sequence[Question]]) -> LiveDifferences:
        """Never raises for a cluster's sake."""
        asked = self._bounded(wanted)
        self._pending.update({(q.key, q.id): q.id.id.kind for found in asked.values() for q in found})
        try:
            async with asyncio.timeout(self.deadline.left), asyncio.TaskGroup() as group:
                for connection, questions in asked.items():
                    resources = Resources(connection)
                    for alike in _by_kind(questions):
                        group.create_task(self._kind(connection, resources, alike))
        except TimeoutError:
            for kind in self._pending.values():
                self.gaps.note(_OBJECTS, NO_ANSWER, kind)
        return LiveDifferences(dict(self._found), self._compared, tuple(self.gaps))

    def _bounded(self, wanted: Mapping[Connection, Sequence[Question]]) -> dict[Connection, list[Question]]:
        """The first ones of each cluster, which are the most dangerous, as many as may be asked in all."""
        share = max(1, self.most // max(1, len(wanted)))
        kept: dict[Connection, list[Question]] = {}
        left = 0
        for connection, questions in wanted.items():
            named = [q for q in questions if _is_speakable(q)]
            kept[connection] = named[:share]
            left += len(named) - len(kept[connection])
        if left:
            self.gaps.note(f"{left} more changed objects", f"argofix compares {self.most} at most")
        return kept

    async def _kind(self, connection: Connection, resources: Resources, questions: Sequence[Question]) -> None:
        """The objects of one kind in one namespace: the first one tells whether they may be read."""
        first, *rest = questions
        if await self._asked(connection, resources, first):
            await asyncio.gather(*(self._asked(connection, resources, each) for each in rest))
        else:
            for each in rest:
                self._pending.pop((each.key, each.id), None)

    async def _asked(self, connection: Connection, resources: Resources, question: Question) -> bool:
        """False when asking for another one of its kind there leads to nothing."""
        rid, key = question.id.id, (question.key, question.id)
        going_on = True
        try:
            path = await resources.path(rid, self.deadline, question.version)
            if path is not None:
                names = read_differing(await connection.get(path, self.deadline), question)
                if names is None:
                    raise Unseen(NOT_UNDERSTOOD)
                self._compared += 1
                if names:
                    self._found[key] = names
        except Unseen as error:
            if error.status not in (404, NOT_SAID):  # it is not there, or its kind is not
                self.gaps.note(_OBJECTS, error.message, rid.kind)
            going_on = error.status != 403
        except NoCluster as error:
            self.gaps.note("live objects", str(error))
            going_on = False
        self._pending.pop(key, None)
        return going_on


def _is_speakable(question: Question) -> bool:
    rid = question.id.id
    return all(map(speakable, filter(None, (rid.group, rid.kind, rid.namespace, rid.name, question.version))))


def _by_kind(questions: Sequence[Question]) -> list[list[Question]]:
    found: dict[tuple[str, str, str], list[Question]] = {}
    for each in questions:
        rid = each.id.id
        found.setdefault((rid.group, rid.kind, rid.namespace), []).append(each)
    return list(found.values())
