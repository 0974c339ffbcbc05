"""A simulated cluster, and plain HTTPS to it."""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import aiohttp
import pytest

from tests.kubernetes import Authority, SimulatedCluster

METADATA = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1"
METADATA_LIST = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"
SECRETS = "/api/v1/namespaces/shop/secrets"


@pytest.fixture(scope="session")
def authority() -> Authority:
    return Authority()


@pytest.fixture
async def cluster(authority: Authority) -> AsyncIterator[SimulatedCluster]:
    async with SimulatedCluster(authority) as simulation:
        yield simulation


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    headers: dict[str, str]
    json: Any
    text: str


@dataclass
class Client:
    """Asks as curl would; `token` '' for nobody."""

    cluster: SimulatedCluster
    session: aiohttp.ClientSession
    token: str

    async def get(self, path: str, accept: str = "application/json", **query: str) -> Answer:
        return await self.ask("GET", path, accept, **query)

    async def ask(
        self, method: str, path: str, accept: str = "application/json", *, send: Any = None, **query: str
    ) -> Answer:
        headers = {"Accept": accept} | ({"Authorization": f"Bearer {self.token}"} if self.token else {})
        async with self.session.request(
            method, self.cluster.url + path, headers=headers, params=query, json=send
        ) as response:
            found = await response.json() if response.content_type == "application/json" else None
            return Answer(response.status, dict(response.headers), found, await response.text())


@pytest.fixture
async def session(authority: Authority) -> AsyncIterator[aiohttp.ClientSession]:
    context = ssl.create_default_context(cadata=authority.pem)
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=context)) as session:
        yield session


@pytest.fixture
def client(cluster: SimulatedCluster, session: aiohttp.ClientSession) -> Client:
    """One who may do everything."""
    return Client(cluster, session, cluster.account("admin"))
