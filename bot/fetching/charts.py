"""Charts by repository, name and version: from an index.yaml or an OCI registry, verified in both cases.

Helm checks neither that an archive has the digest in the index, nor that it holds the chart that was asked for. Here
both must be so, or the chart is not used.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from bot.fetching.archives import LARGEST, chart_tree
from bot.fetching.credentials import Credentials
from bot.fetching.faults import Unfetched
from bot.fetching.kept import Kept
from bot.fetching.oci import HOW_TO_LOG_IN, Registry, version_of
from bot.fetching.store import Store
from bot.fetching.web import Reply, Web, shown
from bot.registries.index import LARGEST as LARGEST_INDEX
from bot.registries.index import BadIndex, Listed, resolved, versions_of
from gitops.gotemplate.masterminds import NoRange, Version
from gitops.outside.found import ChartFound
from gitops.outside.ranges import chosen, is_exact
from gitops.outside.wanted import ChartWanted

Indexes = dict[str, bytes | Unfetched]  # by URL


@dataclass(frozen=True, slots=True)
class Charts:
    """`kept` fetches documents that change; `store` holds archives by their digest."""

    web: Web
    kept: Kept
    store: Store
    credentials: Credentials

    async def fetch(self, wanted: ChartWanted, indexes: Indexes, *, offline: bool = False) -> ChartFound:
        """Raises `Unfetched`. A version that is written out in full and was fetched before costs no request.
        `indexes` are those that the evaluation has seen: it sees one of each repository."""
        what = described(wanted)
        exact = is_exact(wanted.version)
        name = f"chart {wanted.repository.rstrip('/')} {wanted.name} {wanted.version}"
        if exact or offline:
            found = await asyncio.to_thread(self._stored, name, what)
            if found is not None:
                return found
        if offline:
            raise Unfetched(f"{what} was not fetched before, and --offline fetches nothing; {how_to_have(wanted)}")
        try:
            archive, version = await (
                self._from_registry(wanted) if is_oci(wanted.repository) else self._from_index(wanted, what, indexes)
            )
        except NoRange as error:
            raise Unfetched(f"{what} cannot be chosen: {error}") from None
        found = await asyncio.to_thread(self._read, archive, what)
        if found.name != wanted.name.rpartition("/")[2] or not _same(found.version, version):
            raise Unfetched(f"what is answered for {what} is {found.name} {found.version}")
        await asyncio.to_thread(self.store.note, name, {"digest": found.digest})
        return found

    def _stored(self, name: str, what: str) -> ChartFound | None:
        facts = self.store.known(name)
        digest = facts.get("digest") if facts is not None else None
        archive = self.store.get(digest) if isinstance(digest, str) else None
        return None if archive is None else self._read(archive, what)

    def _read(self, archive: bytes, what: str) -> ChartFound:
        tree, name, version = chart_tree(archive, what)
        return ChartFound(tree, name, version, self.store.put(archive))

    async def _from_registry(self, wanted: ChartWanted) -> tuple[bytes, str]:
        registry = Registry.at(self.web, self.credentials, wanted.repository, wanted.name)
        version = wanted.version
        if not is_exact(version):
            found = chosen([version_of(tag) for tag in await registry.tags()], version)
            if found is None:
                raise Unfetched(f"{registry.shown} has no version {version or 'that is no pre-release'}")
            version = found
        archive, _ = await registry.chart(version)
        return archive, version

    async def _from_index(self, wanted: ChartWanted, what: str, indexes: Indexes) -> tuple[bytes, str]:
        where = wanted.repository.rstrip("/") + "/index.yaml"
        if where not in indexes:
            try:
                found: bytes | Unfetched = await self.kept.get(where, LARGEST_INDEX, self.credentials.headers)
            except Unfetched as error:
                found = error
            indexes.setdefault(where, found)
        index = indexes[where]
        if isinstance(index, Unfetched):
            raise index
        try:
            listed = await asyncio.to_thread(versions_of, index, wanted.name, shown(where))
        except BadIndex as error:
            raise Unfetched(str(error)) from None
        version = chosen([each.version for each in listed], wanted.version)
        if version is None:
            newest = f"; the newest there is {listed[0].version}" if listed else ""
            raise Unfetched(f"{shown(where)} has no version {wanted.version} of {wanted.name}{newest}")
        entry = next(each for each in listed if each.version == version)
        return await self._archive(wanted, entry, what), version

    async def _archive(self, wanted: ChartWanted, entry: Listed, what: str) -> bytes:
        if entry.digest:
            known = await asyncio.to_thread(self.store.get, f"sha256:{entry.digest}")
            if known is not None:
                return known
        if not entry.urls:
            raise Unfetched(f"the index of {wanted.repository} does not say where {what} is")
        url = resolved(wanted.repository, entry.urls[0])
        if is_oci(url):
            # Some indexes list charts that lie in a registry: oci://HOST/PATH/NAME:VERSION.
            place, _, tag = url.rpartition(":")
            repository, _, name = place.rpartition("/")
            archive, _ = await Registry.at(self.web, self.credentials, repository, name).chart(version_of(tag))
            return archive
        reply = await self.web.get(url, LARGEST, authorise=self.credentials.headers)
        _refuse(reply, url)
        if entry.digest:
            digest = await asyncio.to_thread(self.store.put, reply.body)
            if digest != f"sha256:{entry.digest}":
                raise Unfetched(
                    f"the archive of {what} at {shown(url)} has another digest than the index says "
                    f"({digest[7:19]}... instead of {entry.digest[:12]}...)"
                )
        return reply.body


def _refuse(reply: Reply, url: str) -> None:
    if reply.status in (401, 403):
        raise Unfetched(f"{shown(url)} does not let us in (HTTP {reply.status}); {HOW_TO_LOG_IN}")
    if reply.status != 200:
        raise Unfetched(f"{shown(url)} answers HTTP {reply.status}")


def is_oci(repository: str) -> bool:
    return repository.lower().startswith("oci://")


def described(wanted: ChartWanted) -> str:
    """`chart NAME VERSION of REPOSITORY`, for messages."""
    return f"the chart {wanted.name} {wanted.version or '(newest)'} of {shown(wanted.repository)}"


def how_to_have(wanted: ChartWanted) -> str:
    """The way to have it at hand when nothing may be fetched."""
    return "run the same command once without --offline"


def _same(told: str, asked: str) -> bool:
    if told == asked:
        return True
    one, other = Version.parse(told), Version.parse(asked)
    return one is not None and one == other
