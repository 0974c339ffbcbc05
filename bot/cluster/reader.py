"""Live state for evaluations: which clusters to ask, what, and what to say when they do not answer."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from bot.cluster.comparison import Comparison
from bot.cluster.connection import Connection, Deadline, path_of
from bot.cluster.errors import TOO_MUCH, NoCluster, Unseen
from bot.cluster.gaps import Gaps
from bot.cluster.installation import Installation
from bot.cluster.limits import Limits
from bot.cluster.names import read_applications
from bot.cluster.resources import NOT_UNDERSTOOD, Resources
from bot.cluster.targets import Target, Targets
from bot.cluster.view import View
from bot.cluster.wants import Wanted, wants
from bot.process.clock import Clock
from checks.policy.file import Policy
from gitops.applications.application import GROUP, IN_CLUSTER
from gitops.applications.live import Live, LiveCluster
from gitops.applications.made import Made, made_of
from gitops.discovery.snapshot import Snapshot
from gitops.facts.changes.live import LiveDifferences, Question

log = logging.getLogger(__name__)

_APPLICATIONS = ("apis", GROUP, "v1alpha1")
_PAGE = 50  # a status is long: it lists every resource of an Application


class ClusterReader:
    """One per process. `close` it in the end."""

    def __init__(self, targets: Targets, clock: Clock, limits: Limits | None = None) -> None:
        self._targets = targets
        self._clock = clock
        self._limits = limits or Limits()
        self._connections: dict[Target, Connection] = {}

    @property
    def trouble(self) -> str:
        """Why no cluster can be asked, a sentence without a full stop; '' when some can."""
        return self._targets.trouble

    async def look(self, snapshots: Sequence[Snapshot], policy: Policy) -> Live | None:
        """What the clusters hold of all that these commits leave open. Never raises for a cluster's sake."""
        wanted = await asyncio.to_thread(wants, snapshots, policy)
        if wanted and self._targets.trouble:
            return Live(problems=(self._targets.trouble,))
        chosen: dict[Target, list[str]] = {}
        for word in wanted:
            target = self._targets.of(word)
            if target is not None:
                chosen.setdefault(target, []).append(word)
        deadline = Deadline(self._clock, self._limits.budget)
        own = self._targets.own
        installation = Installation(
            self._connection(own) if own is not None else None,
            wanted[IN_CLUSTER].application_namespaces if IN_CLUSTER in wanted else (),
            deadline,
        )
        async with asyncio.TaskGroup() as group:
            tasks = [
                group.create_task(self._cluster(target, words, wanted, installation, deadline))
                for target, words in chosen.items()
            ]
        clusters = {cluster.name: cluster for task in tasks for cluster in task.result()}
        return Live(clusters) if clusters else None

    async def made(self, namespaces: Sequence[str]) -> Made | None:
        """What the Argo CD of our own cluster made of ApplicationSets in these namespaces. Never raises for a
        cluster's sake."""
        own = self._targets.own
        if own is None or self._targets.trouble:
            return None
        connection, deadline = self._connection(own), Deadline(self._clock, self._limits.budget)
        try:
            try:
                found = await self._all(connection, deadline, path_of(*_APPLICATIONS, "applications"))
            except Unseen as error:
                if error.status != 403:
                    raise
                spaces = [path_of(*_APPLICATIONS, "namespaces", each, "applications") for each in namespaces]
                found = [one for path in spaces for one in await self._all(connection, deadline, path)]
        except (Unseen, NoCluster) as error:
            log.warning("the Applications of a cluster could not be read", extra={"reason": str(error)})
            return None
        return await asyncio.to_thread(made_of, "the live Argo CD", found)

    async def differing(self, questions: Sequence[Question]) -> LiveDifferences | None:
        """In which of these fields live objects differ already; None when no cluster can be asked. Never raises for
        a cluster's sake."""
        by_target: dict[Target, list[Question]] = {}
        for question in questions:
            target = None if self._targets.trouble else self._targets.of(question.id.cluster)
            if target is not None:
                by_target.setdefault(target, []).append(question)
        if not by_target:
            return None
        comparison = Comparison(Deadline(self._clock, self._limits.comparing), self._limits.compared)
        return await comparison.run({self._connection(target): asked for target, asked in by_target.items()})

    async def _all(self, connection: Connection, deadline: Deadline, path: str) -> list[Mapping[str, Any]]:
        """Every Application of a list. Raises `Unseen`, since half a list would make Applications disappear."""
        found: list[Mapping[str, Any]] = []
        token = ""
        for _ in range(self._limits.pages):
            query = {"limit": str(_PAGE)} | ({"continue": token} if token else {})
            read = read_applications(await connection.get(path, deadline, query=query))
            if read is None:
                raise Unseen(NOT_UNDERSTOOD)
            found += read[0]
            token = read[1]
            if not token:
                return found
        raise Unseen(f"there are more than the {self._limits.pages * _PAGE} that argofix reads", TOO_MUCH)

    async def _cluster(
        self,
        target: Target,
        words: Sequence[str],
        wanted: Mapping[str, Wanted],
        installation: Installation,
        deadline: Deadline,
    ) -> Sequence[LiveCluster]:
        """One cluster under each of the words that destinations use for it."""
        together = Wanted()
        for word in words:
            together.merge(wanted[word])
        connection = self._connection(target)
        view = View(connection, deadline, self._limits, Resources(connection), installation)
        try:
            async with asyncio.timeout(self._limits.budget):
                await view.take(together, argocd=IN_CLUSTER in words)
        except TimeoutError:
            view.give_up()
        named = f", `{target.context}`," if IN_CLUSTER in words and target.context else ""

        def told(gaps: Gaps) -> tuple[str, ...]:
            return tuple(f"cluster `{words[0]}`{named} could not be seen in full: {gap}" for gap in gaps)

        problems, holders = told(view.gaps), told(view.unseen_holders)
        if problems or holders:
            count = len(problems) + len(holders)
            log.warning("a cluster could not be seen in full", extra={"cluster": words[0], "problems": count})
        first = replace(_live(view, together, words[0]), problems=problems, unseen_holders=holders)
        return [first, *(_live(view, together, word) for word in words[1:])]

    def _connection(self, target: Target) -> Connection:
        if target not in self._connections:
            self._connections[target] = Connection(target, self._targets, self._clock, self._limits)
        return self._connections[target]

    async def close(self) -> None:
        for connection in self._connections.values():
            await connection.close()
        self._connections.clear()


def _live(view: View, wanted: Wanted, word: str) -> LiveCluster:
    # A kind that nobody references there was not asked for, and nobody will ask.
    unseen = {namespace for kind, namespace in wanted.namespaces if (kind, namespace) not in view.answered}
    complete = frozenset(namespace for _, namespace in view.answered if namespace not in unseen)
    return LiveCluster(
        word,
        secrets={key[1:]: keys for key, keys in view.objects.items() if key[0] == "Secret"},
        config_maps={key[1:]: keys for key, keys in view.objects.items() if key[0] == "ConfigMap"},
        complete=complete,
        tracking=dict(view.tracking),
        labels=dict(view.labels),
        absent=frozenset(view.absent),
        applications=dict(view.applications),
        all_applications=view.all_applications,
    )


def cluster_reader(
    clock: Clock, environ: Mapping[str, str] = os.environ, limits: Limits | None = None
) -> ClusterReader | None:
    """The reader for what KUBECONFIG or the Pod's ServiceAccount lets us see; None without either."""
    targets = Targets.from_environment(environ)
    if targets.trouble:
        log.error("no cluster can be asked", extra={"reason": targets.trouble})
    return ClusterReader(targets, clock, limits) if targets else None
