"""Charts in OCI registries.

Sources: OCI's distribution-spec (pulling, tags) and image-spec (manifests, indexes); Docker's "Token Authentication
Specification"; Helm's `pkg/registry` (media types, `+` in versions as `_` in tags).
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlencode, urljoin, urlsplit

from bot.fetching.archives import LARGEST
from bot.fetching.credentials import Credentials
from bot.fetching.faults import Unfetched, refused
from bot.fetching.store import digest_of
from bot.fetching.web import Authorise, Reply, Web, nobody, origin, shown
from bot.http.fields import Fields, Malformed

_INDEXES = ("application/vnd.oci.image.index.v1+json", "application/vnd.docker.distribution.manifest.list.v2+json")
_MANIFESTS = ("application/vnd.oci.image.manifest.v1+json", "application/vnd.docker.distribution.manifest.v2+json")
_CONFIG = "application/vnd.cncf.helm.config.v1+json"
_CHART = ("application/vnd.cncf.helm.chart.content.v1.tar+gzip", "application/tar+gzip")
_LARGEST_DOCUMENT = 4 * 2**20
_PAGES = 50  # of tags, a thousand each
_NAME = re.compile(r"[a-z0-9]+(?:[._-]+[a-z0-9]+)*(?:/[a-z0-9]+(?:[._-]+[a-z0-9]+)*)*")
_TAG = re.compile(r"\w[\w.-]{0,127}", re.ASCII)
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_PARAMETER = re.compile(r'(\w+)="([^"]*)"')
_NEXT = re.compile(r'<([^>]+)>\s*;\s*rel="?next"?')


@dataclass(slots=True)
class Registry:
    """One repository of a registry. `plain` speaks http."""

    web: Web
    credentials: Credentials
    host: str
    name: str
    plain: bool = False
    _token: str = field(default="", repr=False)

    @classmethod
    def at(cls, web: Web, credentials: Credentials, url: str, chart: str) -> Registry:
        """Of `oci://HOST/PATH` and a chart's name. Raises `Unfetched`."""
        parts = urlsplit(url)
        name = f"{parts.path.strip('/')}/{chart}".strip("/")
        if not _NAME.fullmatch(name):
            raise Unfetched(f"{name} is no name that an OCI registry could have")
        host = "registry-1.docker.io" if parts.netloc.lower() == "docker.io" else parts.netloc
        # As Docker and Helm do: a registry on this very machine needs no certificate.
        here = parts.hostname in ("localhost", "127.0.0.1", "::1")
        return cls(web, credentials, host, name, here)

    @property
    def shown(self) -> str:
        return f"oci://{self.host}/{self.name}"

    async def tags(self) -> list[str]:
        """Raises `Unfetched`."""
        found: list[str] = []
        path: str | None = f"/v2/{self.name}/tags/list?n=1000"
        for _ in range(_PAGES):
            if path is None:
                return found
            reply = await self._get(path, _LARGEST_DOCUMENT, {"Accept": "application/json"})
            page = self._document(reply, "list of tags").raw("tags") or []
            if not isinstance(page, list):
                raise Unfetched(f"the list of tags of {self.shown} makes no sense")
            found += [tag for tag in page if isinstance(tag, str)]
            path = self._next(reply)
        raise Unfetched(f"{self.shown} has more than {_PAGES * 1000:,} tags")

    async def chart(self, version: str) -> tuple[bytes, str]:
        """The archive of a version (a tag, or a digest), and its digest, which it has. Raises `Unfetched`."""
        tag = version if _DIGEST.fullmatch(version) else version.replace("+", "_")
        if not _DIGEST.fullmatch(tag) and not _TAG.fullmatch(tag):
            raise Unfetched(f"{version} is no version that an OCI registry could have")
        manifest = await self._manifest(tag, f"{self.shown}:{version}")
        try:
            layers = [layer for layer in manifest.each("layers") if layer.text("mediaType") in _CHART]
            if manifest.inner("config").text("mediaType") != _CONFIG or not layers:
                raise Unfetched(f"{self.shown}:{version} is no Helm chart")
            digest, size = layers[-1].text("digest"), layers[-1].number("size")
        except Malformed as error:
            raise Unfetched(f"the manifest of {self.shown}:{version} makes no sense: {error}") from None
        if not _DIGEST.fullmatch(digest):
            raise Unfetched(f"the manifest of {self.shown}:{version} names its chart by what is no sha256 digest")
        if size > LARGEST:
            raise Unfetched(f"{self.shown}:{version} has more than {LARGEST:,} bytes")
        reply = await self._get(f"/v2/{self.name}/blobs/{digest}", LARGEST, {})
        return self._verified(reply.body, digest, f"the chart {self.shown}:{version}"), digest

    async def _manifest(self, reference: str, what: str) -> Fields:
        """The manifest of a chart, through an index where there is one."""
        accept = {"Accept": ", ".join((*_MANIFESTS, *_INDEXES))}
        for _ in range(3):
            reply = await self._get(f"/v2/{self.name}/manifests/{reference}", _LARGEST_DOCUMENT, accept)
            if _DIGEST.fullmatch(reference):
                self._verified(reply.body, reference, f"the manifest of {what}")
            told = reply.headers.get("docker-content-digest", "")
            if _DIGEST.fullmatch(told):
                self._verified(reply.body, told, f"the manifest of {what}")
            document = self._document(reply, "manifest")
            kind = document.raw("mediaType") or reply.headers.get("content-type", "").partition(";")[0].strip()
            if kind not in _INDEXES:
                return document
            reference = _of_a_chart(document, what)
        raise Unfetched(f"the manifest of {what} leads from one index to the next")

    def _verified(self, content: bytes, digest: str, what: str) -> bytes:
        if digest_of(content) != digest:
            raise Unfetched(f"{what} is answered with other content than its digest {digest[:19]}... says")
        return content

    def _document(self, reply: Reply, what: str) -> Fields:
        try:
            return Fields(json.loads(reply.body))
        except (ValueError, RecursionError, Malformed):
            raise Unfetched(f"the {what} of {self.shown} is no JSON document") from None

    def _next(self, reply: Reply) -> str | None:
        match = _NEXT.search(reply.headers.get("link", ""))
        if match is None:
            return None
        after = urlsplit(urljoin(self._base, match[1]))
        if f"{after.scheme}://{after.netloc}" != self._base:
            raise refused(f"the list of tags of {self.shown} goes on at another host")
        return f"{after.path}?{after.query}"

    @property
    def _base(self) -> str:
        return f"{'http' if self.plain else 'https'}://{self.host}"

    async def _get(self, path: str, most: int, headers: Mapping[str, str]) -> Reply:
        url = self._base + path
        reply = await self.web.get(url, most, headers=headers, authorise=self._authorise())
        if reply.status == 401 and origin(reply.url) == origin(url):
            self._token = await self._let_in(reply.headers.get("www-authenticate", ""))
            reply = await self.web.get(url, most, headers=headers, authorise=self._authorise())
        if reply.status == 404:
            raise Unfetched(f"{self.shown} has no {path.rpartition('/')[2].partition('?')[0]}")
        if reply.status in (401, 403):
            raise Unfetched(f"{self.shown} does not let us in (HTTP {reply.status}); {HOW_TO_LOG_IN}")
        if reply.status != 200:
            raise Unfetched(f"{self.shown} answers HTTP {reply.status}")
        return reply

    def _authorise(self) -> Authorise:
        if not self._token:
            return nobody
        token = self._token
        return lambda _url: {"Authorization": token}

    async def _let_in(self, challenge: str) -> str:
        """The authorisation that a challenge asks for: a token, as anybody gets it or with the operator's login."""
        login = self.credentials.of(self._base)
        scheme, _, rest = challenge.partition(" ")
        if scheme.lower() == "basic" and login is not None:
            return login.basic
        wanted = dict(_PARAMETER.findall(rest))
        realm = wanted.get("realm", "")
        if scheme.lower() != "bearer" or not realm:
            raise Unfetched(f"{self.shown} does not let us in; {HOW_TO_LOG_IN}")
        if urlsplit(realm).scheme != "https" and origin(realm) != origin(self._base) and not self.plain:
            raise refused(f"{self.shown} asks for a login at {shown(realm)}, which is not https")
        asked = {"scope": f"repository:{self.name}:pull"}
        query = urlencode(asked | ({"service": wanted["service"]} if "service" in wanted else {}))
        url = f"{realm}{'&' if '?' in realm else '?'}{query}"
        # The login is the registry's, which says where it is taken (`auth.docker.io` for Docker's).
        letter = {} if login is None else {"Authorization": login.basic}
        accept = {"Accept": "application/json"}
        reply = await self.web.get(url, _LARGEST_DOCUMENT, headers=accept, authorise=lambda _url: letter)
        if reply.status == 200:
            document = self._document(reply, "token")
            for name in ("token", "access_token"):
                if isinstance(token := document.raw(name), str) and token.isascii() and token.isprintable():
                    return f"Bearer {token}"
        raise Unfetched(f"{self.shown} does not let us in; {HOW_TO_LOG_IN}")


HOW_TO_LOG_IN = "`helm registry login` lets the command line in, ARGOFIX_FETCH_CREDENTIALS the server"


def _of_a_chart(index: Fields, what: str) -> str:
    """The digest of the manifest in an index that is a chart's, or of the only one."""
    try:
        manifests = index.each("manifests")
        charts = [each for each in manifests if each.raw("artifactType") == _CONFIG] or manifests
        if not charts:
            raise Unfetched(f"the index of {what} names no manifest")
        if len(charts) > 1:
            raise Unfetched(f"the index of {what} names {len(charts)} manifests, and none of them as the chart's")
        digest = charts[0].text("digest")
    except Malformed as error:
        raise Unfetched(f"the index of {what} makes no sense: {error}") from None
    if not _DIGEST.fullmatch(digest):
        raise Unfetched(f"the index of {what} names a manifest by what is no sha256 digest")
    return digest


def version_of(tag: str) -> str:
    """A tag as the version that it stands for."""
    return tag.replace("_", "+")
