"""One cluster's API: GET requests within a budget, answers as bytes, failures as clauses."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Mapping
from contextlib import suppress
from typing import Any
from urllib.parse import quote, unquote

import aiohttp

from bot.cluster.errors import NOT_SAID, TOO_MUCH, NoCluster, Unseen
from bot.cluster.limits import Limits
from bot.cluster.names import read_missing
from bot.cluster.targets import Target, Targets
from bot.http.retry import Again, Attempts, retry_after, until_answered
from bot.process.clock import Clock

PLAIN = "application/json"
METADATA = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1"
METADATA_LIST = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"

NO_ANSWER = "no answer in time and in full"
_CLAUSES: Mapping[int, str] = {
    401: "the credentials are not accepted",
    403: "forbidden",
    404: "not found",
    406: "not to be had as metadata",
    410: "they changed faster than they could be listed",
    429: "the API server is too busy",
    0: NO_ANSWER,
    TOO_MUCH: "the answer is larger than argofix reads",
    NOT_SAID: "not found",
}
_AGAIN = frozenset({429, 500, 502, 503, 504})
_SETTLED = 10.0  # seconds; credentials that were loaded just now are not loaded again for being refused
_WAIT = 1.0  # seconds before the second attempt, half of them random, doubled each time
_READ = frozenset({200, 404})  # whose bodies are read
_STATUS = 64 * 1024  # bytes; a `Status` is small

log = logging.getLogger(__name__)


class Deadline:
    """The time that one look at a cluster may take, by the injected clock."""

    def __init__(self, clock: Clock, seconds: float) -> None:
        self._clock = clock
        self._until = clock.now() + seconds

    @property
    def left(self) -> float:
        return self._until - self._clock.now()


class Connection:
    """Kept open between evaluations; credentials are loaded anew when they are old or no longer accepted."""

    def __init__(self, target: Target, targets: Targets, clock: Clock, limits: Limits) -> None:
        self._target = target
        self._targets = targets
        self._clock = clock
        self._limits = limits
        self._jitter = random.Random()  # noqa: S311 - nothing secret depends on it
        self._opening = asyncio.Lock()
        self._slots = asyncio.Semaphore(limits.concurrency)
        self._api: Any = None
        self._opened = 0.0

    async def get(
        self, path: str, deadline: Deadline, *, accept: str = PLAIN, query: Mapping[str, str] | None = None
    ) -> bytes:
        """The body of a 200. Raises `Unseen`, and `NoCluster` when there are no credentials to ask with."""

        async def ask() -> bytes | Again:
            status, body, wait = await self._asked(path, accept, query or {}, deadline)
            if status == 200:
                return body
            unseen = Unseen(_CLAUSES.get(status, f"the API server has an error (HTTP {status})"), status)
            if status in _AGAIN or status == 0:
                return Again(unseen, wait or None)
            raise unseen

        attempts = Attempts(self._limits.attempts, base=_WAIT)
        return await until_answered(ask, attempts, clock=self._clock, jitter=self._jitter, left=lambda: deadline.left)

    async def _asked(
        self, path: str, accept: str, query: Mapping[str, str], deadline: Deadline
    ) -> tuple[int, bytes, float | None]:
        """As `_exchange`, once more with credentials that are loaded anew where those are refused."""
        for last in (False, True):
            api = await self._open()
            async with self._slots:
                status, body, wait = await self._exchange(api, path, accept, query, deadline)
            if last or status != 401 or (api is self._api and self._age < _SETTLED):
                break
            await self._close(api)
        return status, body, wait

    async def _exchange(
        self, api: Any, path: str, accept: str, query: Mapping[str, str], deadline: Deadline
    ) -> tuple[int, bytes, float | None]:
        """(status, body of a 200 that came in full, seconds to wait); status 0 when no answer came."""
        timeout = aiohttp.ClientTimeout(total=max(0.01, min(self._limits.request, deadline.left)))
        body = bytearray()
        try:
            # Not preloaded: with that the client logs every body and puts it into its exceptions.
            response: aiohttp.ClientResponse = await api.call_api(
                path,
                "GET",
                query_params=list(query.items()),
                header_params={"Accept": accept},
                auth_settings=["BearerToken"],
                _preload_content=False,
                _request_timeout=timeout,
            )
            async with response:
                status = response.status
                if status not in _READ:
                    return status, b"", retry_after(response.headers.get("Retry-After"), self._clock.now())
                most = self._limits.body if status == 200 else _STATUS
                async for chunk in response.content.iter_chunked(2**16):
                    body += chunk
                    if len(body) > most:
                        response.close()
                        return (TOO_MUCH if status == 200 else NOT_SAID), b"", None
                if status == 404:
                    # Told here: what prints the exception that comes of it may print the locals too.
                    missing = read_missing(body) == unquote(path.rpartition("/")[2])
                    return (404 if missing else NOT_SAID), b"", None
                return status, bytes(body), None
        except Exception as error:
            # aiohttp's, ssl's, and those of whoever renews the credentials. What they say is of no use to a reader of
            # a pull request, and some of them quote what they choked on.
            log.debug("a cluster did not answer", extra={"error": type(error).__name__})
            return 0, b"", None
        finally:
            body.clear()

    async def _open(self) -> Any:
        async with self._opening:
            if self._api is not None and self._age > self._limits.fresh:
                await self._close(self._api)
            if self._api is None:
                self._api = await _client(self._target, self._targets, self._limits)
                self._opened = self._clock.now()
            return self._api

    @property
    def _age(self) -> float:
        return self._clock.now() - self._opened

    async def _close(self, api: Any) -> None:
        if self._api is api:
            self._api = None
        if api is not None:
            with suppress(Exception):
                await api.close()

    async def close(self) -> None:
        await self._close(self._api)


async def _client(target: Target, targets: Targets, limits: Limits) -> Any:
    """An `ApiClient`. Raises `NoCluster`; what the loaders say is not passed on, since it quotes the kubeconfig."""
    from kubernetes_asyncio.client.api_client import ApiClient
    from kubernetes_asyncio.client.configuration import Configuration
    from kubernetes_asyncio.config import load_incluster_config, load_kube_config

    configuration: Any = type.__call__(Configuration)
    # Kubernetes' own CAs lack what Python 3.13 has come to insist on; chain and name are verified all the same.
    configuration.disable_strict_ssl_verification = True
    configuration.connection_pool_maxsize = limits.concurrency
    api: Any = None
    with suppress(Exception):
        if target.context:
            await load_kube_config(
                config_file=targets.kubeconfig,
                context=target.context,
                client_configuration=configuration,
                persist_config=False,
            )
        else:
            load: Any = load_incluster_config
            load(
                client_configuration=configuration,
                environ=targets.environ,
                token_filename=str(targets.service_account / "token"),
                cert_filename=str(targets.service_account / "ca.crt"),
            )
        api = ApiClient(configuration)
    if api is None:
        where = f"the context `{target.context}`" if target.context else "the bot's own ServiceAccount"
        raise NoCluster(f"the credentials of {where} could not be loaded")
    api.user_agent = "argofix"
    return api


def path_of(*segments: str) -> str:
    """An absolute path; each segment quoted."""
    return "/" + "/".join(quote(segment, safe=":") for segment in segments)
