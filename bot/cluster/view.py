"""One look at one cluster: asks for what is wanted and notes what could not be seen."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from bot.cluster.connection import METADATA, METADATA_LIST, NO_ANSWER, PLAIN, Connection, Deadline, path_of
from bot.cluster.errors import NOT_SAID, TOO_MUCH, NoCluster, Unseen
from bot.cluster.gaps import Gaps
from bot.cluster.installation import Installation
from bot.cluster.limits import Limits
from bot.cluster.names import Seen, read_application, read_keys, read_object, read_page
from bot.cluster.resources import NOT_UNDERSTOOD, Resources
from bot.cluster.wants import ObjectKey, Wanted
from gitops.applications.application import GROUP
from gitops.applications.live import LiveApplication
from gitops.resources.resource import ResourceId

T = TypeVar("T")

_PATHS = {"Secret": "secrets", "ConfigMap": "configmaps"}
_APPLICATIONS = ("apis", GROUP, "v1alpha1")
_HOLDERS = "who tracks the objects that several Applications own"
# When a list is not to be had, single objects may be.
_SINGLY = frozenset({403, 410, TOO_MUCH})


@dataclass(slots=True)
class View:
    """What has been seen so far. It is filled as answers come, so what is there when time is up counts."""

    connection: Connection
    deadline: Deadline
    limits: Limits
    resources: Resources
    installation: Installation
    objects: dict[ObjectKey, frozenset[str] | None] = field(default_factory=dict)
    answered: set[tuple[str, str]] = field(default_factory=set)  # (kind, namespace): of all wanted ones it is known
    tracking: dict[ResourceId, str] = field(default_factory=dict)
    labels: dict[ResourceId, str] = field(default_factory=dict)
    absent: set[ResourceId] = field(default_factory=set)
    applications: dict[tuple[str, str], LiveApplication] = field(default_factory=dict)
    all_applications: bool = False
    gaps: Gaps = field(default_factory=Gaps)
    unseen_holders: Gaps = field(default_factory=Gaps)
    _pending: dict[tuple[str, str], None] = field(default_factory=dict)
    _reads: int = 0

    async def take(self, wanted: Wanted, *, argocd: bool) -> None:
        """Ask everything, side by side. `argocd`: this is the cluster that Applications live in."""
        work: list[tuple[str, str, Coroutine[None, None, None]]] = []
        spaces = wanted.namespaces
        for kind, namespace in spaces[: self.limits.lists]:
            own = {key: keys for key, keys in wanted.objects.items() if key[:2] == (kind, namespace)}
            work.append((f"{kind}s in", namespace, self._namespace(kind, namespace, own)))
        for kind, namespace in spaces[self.limits.lists :]:
            self.gaps.note(f"{kind}s in", "more namespaces than argofix asks for", namespace)
        if wanted.tracked:
            work.append((_HOLDERS, "", self._tracked(wanted.tracked)))
        if argocd:
            work.append(("Applications", "", self._applications(wanted)))
        self._pending.update(dict.fromkeys((what, name) for what, name, _ in work))
        async with asyncio.TaskGroup() as group:
            for what, name, each in work:
                group.create_task(self._noted(what, name, each))

    def give_up(self) -> None:
        """Time is up: what has not been answered counts as not seen."""
        for what, name in self._pending:
            self._about(what).note(what, NO_ANSWER, name)

    def _about(self, what: str) -> Gaps:
        return self.unseen_holders if what == _HOLDERS else self.gaps

    async def _noted(self, what: str, name: str, work: Coroutine[None, None, None]) -> None:
        try:
            await work
        except Unseen as error:
            self._about(what).note(what, error.message, name)
        except NoCluster as error:
            self.gaps.note("nothing could be asked", str(error))
        self._pending.pop((what, name), None)

    async def _namespace(self, kind: str, namespace: str, wanted: Mapping[ObjectKey, set[str]]) -> None:
        path = path_of("api", "v1", "namespaces", namespace, _PATHS[kind])
        refused: Unseen | None = None
        try:
            found = {seen.name: seen for seen in await self._list(path)}
            self.answered.add((kind, namespace))
            self.absent.update(ResourceId("", *key) for key in wanted if key[2] not in found)
        except Unseen as error:
            if error.status not in _SINGLY:
                raise
            refused, found = error, {}
        if refused is not None:
            await self._singly(kind, namespace, wanted, found, refused)
        # Metadata prove that a key is there, and never that it is not.
        self.objects.update({(kind, namespace, name): None for name in found})
        for key, keys in wanted.items():
            seen = found.get(key[2])
            if seen is None or not keys:
                continue
            proven = seen.keys is not None and keys <= seen.keys
            self.objects[key] = (
                seen.keys if proven else await self._keys(f"{path}{path_of(key[2])}", kind, f"{namespace}/{key[2]}")
            )

    async def _singly(
        self,
        kind: str,
        namespace: str,
        wanted: Iterable[ObjectKey],
        found: dict[str, Seen],
        refused: Unseen,
    ) -> None:
        """Whoever may not list may still be let to get single objects; `found` takes those that are there. Raises
        `refused` when that is so for none of them."""
        denied: list[str] = []
        path = path_of("api", "v1", "namespaces", namespace, _PATHS[kind])
        for key in wanted:
            try:
                seen = await self._metadata(f"{path}{path_of(key[2])}")
            except Unseen as error:
                if error.status != 403:
                    raise
                denied.append(key[2])
                continue
            if seen is None:
                self.absent.add(ResourceId("", *key))
            else:
                found[key[2]] = seen
        if denied and len(denied) == len(set(wanted)):
            raise refused
        for name in denied:
            self.gaps.note(f"{kind}s", refused.message, f"{namespace}/{name}")
        if not denied:
            self.answered.add((kind, namespace))

    async def _keys(self, path: str, kind: str, name: str) -> frozenset[str] | None:
        """Key names by the object itself, values and all."""
        try:
            self._count()
            return await self._read(path, read_keys)
        except Unseen as error:
            if error.status != 404:  # else it went away in between
                self.gaps.note(f"the keys of {kind}s", error.message, name)
            return None

    async def _list(self, path: str) -> list[Seen]:
        """Every item, page by page; once from the start again when the list expires meanwhile."""
        try:
            return await self._pages(path)
        except Unseen as error:
            if error.status != 410:
                raise
        return await self._pages(path)

    async def _pages(self, path: str) -> list[Seen]:
        found: list[Seen] = []
        token = ""
        for _ in range(self.limits.pages):
            query = {"limit": str(self.limits.page)} | ({"continue": token} if token else {})
            page = await self._read(path, read_page, METADATA_LIST, query)
            found.extend(page.items)
            token = page.token
            if not token:
                return found
        raise Unseen(f"there are more than the {self.limits.pages * self.limits.page} that argofix reads", TOO_MUCH)

    async def _read(
        self,
        path: str,
        read: Callable[[bytes], T | None],
        accept: str = PLAIN,
        query: Mapping[str, str] | None = None,
    ) -> T:
        found = read(await self.connection.get(path, self.deadline, accept=accept, query=query))
        if found is None:
            raise Unseen(NOT_UNDERSTOOD)
        return found

    async def _metadata(self, path: str) -> Seen | None:
        """None when the object is not there."""
        self._count()
        try:
            return await self._read(path, read_object, METADATA)
        except Unseen as error:
            if error.status == 404:
                return None
            raise

    def _count(self) -> None:
        self._reads += 1
        if self._reads > self.limits.objects:
            raise Unseen(f"there are more than the {self.limits.objects} single objects that argofix reads")

    async def _tracked(self, ids: Iterable[ResourceId]) -> None:
        for rid in sorted(ids):
            try:
                await self._track(rid)
            except Unseen as error:
                if error.status == 0:
                    raise
                self.unseen_holders.note("who tracks", error.message, str(rid))

    async def _track(self, rid: ResourceId) -> None:
        path = await self.resources.path(rid, self.deadline)
        # A kind that the cluster does not know has no objects.
        seen = await self._metadata(path) if path is not None else None
        if seen is None:
            self.absent.add(rid)
            return
        if seen.instance:
            self.labels[rid] = seen.instance
        own = await self.installation.id()
        if own is None and seen.installation:
            raise Unseen(
                "it names an Argo CD installation, and argocd-cm, which tells ours, cannot be seen", NOT_SAID
            )
        # What another Argo CD tracks is tracked by none of ours.
        self.tracking[rid] = seen.tracking if own is None or own == seen.installation else ""

    async def _applications(self, wanted: Wanted) -> None:
        try:
            found = await self._list(path_of(*_APPLICATIONS, "applications"))
            self.all_applications = True
        except Unseen as error:
            if error.status == NOT_SAID and not await self.resources.knows(GROUP, self.deadline):
                # There are none, so nobody's `in-cluster` is this one.
                self.all_applications = True
                raise Unseen("Argo CD is not installed there", NOT_SAID) from None
            if error.status != 403:
                raise
            found = await self._applications_in(sorted(wanted.application_namespaces), error)
        self.applications.update({(seen.namespace, seen.name): LiveApplication() for seen in found})
        for namespace, name in sorted(wanted.applications & self.applications.keys()):
            self._count()
            one = path_of(*_APPLICATIONS, "namespaces", namespace, "applications", name)
            try:
                status = await self._read(one, read_application)
            except Unseen as error:
                if error.status != 404:
                    raise
                del self.applications[(namespace, name)]
                continue
            resources = frozenset(ResourceId(*each) for each in status.resources)
            self.applications[(namespace, name)] = LiveApplication(
                status.sync, status.health, resources, status.paths
            )

    async def _applications_in(self, namespaces: Sequence[str], refused: Unseen) -> list[Seen]:
        """Those of the namespaces that git names; whether there are others is not known then."""
        found: list[Seen] = []
        denied: list[str] = []
        for namespace in namespaces:
            try:
                found.extend(await self._list(path_of(*_APPLICATIONS, "namespaces", namespace, "applications")))
            except Unseen as error:
                if error.status != 403:
                    raise
                denied.append(namespace)
        if len(denied) == len(namespaces):
            raise refused
        for namespace in denied:
            self.gaps.note("Applications in", refused.message, namespace)
        if not found:
            self.gaps.note("Applications in other namespaces than", refused.message, namespaces[0])
        return found
