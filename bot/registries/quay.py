"""Quay's API: the active tags of a repository, and whether the registry really serves a manifest.

Sources: Red Hat Quay API reference (`listRepoTags`: `onlyActiveTags`, `limit` of at most 100, `page`; the answer has
`tags`, `page` and `has_additional`, the newest tag first) and the OCI distribution specification (`HEAD` of
`/v2/NAME/manifests/DIGEST`, with the token flow of "Docker Registry v2 authentication" where the registry wants it;
quay.io serves public repositories without). Quay itself sends no ETag for tags; where a cache adds one, it is used.
"""

from __future__ import annotations

import json
import re
from email.utils import parsedate_to_datetime
from functools import partial
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from bot.http.fields import Fields, Malformed
from bot.registries.host import Host
from bot.registries.model import Tag

PAGE = 100  # the most that Quay gives
PAGES = 50
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_PARAMETER = re.compile(r'(\w+)="([^"]*)"')
_MANIFESTS = ", ".join(
    (
        "application/vnd.oci.image.index.v1+json",
        "application/vnd.docker.distribution.manifest.list.v2+json",
        "application/vnd.oci.image.manifest.v1+json",
        "application/vnd.docker.distribution.manifest.v2+json",
    )
)


async def active_tags(host: Host, repository: str) -> tuple[Tag, ...]:
    """Every active tag of `namespace/name`, the newest first; those that are set to expire are left out.

    Raises `bot.registries.faults.SourceFault`, also for more than 5,000 tags.
    """
    found: dict[str, Tag] = {}
    for number in range(1, PAGES + 1):
        query = urlencode({"onlyActiveTags": "true", "limit": PAGE, "page": number})
        path = f"/api/v1/repository/{quote(repository)}/tag/?{query}"
        page = await host.json(path, partial(_reduced, host, repository, number))
        for tag in map(_tag, page["tags"]):
            if tag is not None:
                # A push between two pages shifts the rest, so that the last tag of one comes again in the next.
                found.setdefault(tag.name, tag)
        if not page["has_additional"]:
            return tuple(found.values())
    raise host.fault("too-much", f"{repository} has more than {PAGES * PAGE:,} active tags")


async def has_manifest(host: Host, repository: str, digest: str) -> bool:
    """Whether the registry serves this manifest to everybody. Raises `bot.registries.faults.SourceFault`."""
    path = f"/v2/{quote(repository)}/manifests/{digest}"
    headers = {"Accept": _MANIFESTS}
    reply = await host.exchange("HEAD", path, headers)
    if reply.status == 401:
        token = await _anonymous(host, reply.headers.get("www-authenticate", ""))
        reply = await host.exchange("HEAD", path, headers | {"Authorization": f"Bearer {token}"})
    if reply.status == 404:
        return False
    if reply.status != 200:
        raise host.fault("refused", f"the registry answers HTTP {reply.status} for {repository}@{digest}")
    if reply.headers.get("docker-content-digest", digest) != digest:
        raise host.fault("malformed", f"the registry answers with another manifest than {repository}@{digest}")
    return True


async def _anonymous(host: Host, challenge: str) -> str:
    """A token for what the challenge of a 401 names, as anybody gets it."""
    scheme, _, rest = challenge.partition(" ")
    wanted = dict(_PARAMETER.findall(rest))
    realm = urlsplit(wanted.pop("realm", ""))
    if scheme.lower() != "bearer" or (realm.scheme, realm.netloc) != urlsplit(host.base_url)[:2]:
        raise host.fault("refused", "the registry does not let everybody in")
    query = urlencode({name: wanted[name] for name in ("service", "scope") if name in wanted})
    reply = await host.exchange("GET", f"{realm.path}?{query}", {"Accept": "application/json"})
    try:
        if reply.status == 200:
            fields = Fields(json.loads(reply.body))
            return fields.text_or_none("token") or fields.text("access_token")
    except (ValueError, Malformed):
        pass
    raise host.fault("refused", "the registry does not let everybody in")


def _reduced(host: Host, repository: str, number: int, data: Any) -> dict[str, Any]:
    """What is kept of a page, in its own shape; checked here, once."""
    try:
        fields = Fields(data)
        more = fields.flag("has_additional")
        if fields.number("page") != number:
            raise Malformed(f"page is {fields.number('page')}")
        if not isinstance(fields.raw("tags"), list):
            raise Malformed("tags is not an array")
        tags = [_entry(tag) for tag in fields.each("tags")]
        if more and not tags:
            raise Malformed("tags is empty, though there are more")
    except Malformed as error:
        raise host.fault("malformed", f"page {number} of the tags of {repository} makes no sense: {error}") from None
    return {"tags": tags, "page": number, "has_additional": more}


def _entry(tag: Fields) -> dict[str, Any]:
    name, digest = tag.text("name"), tag.text("manifest_digest")
    if not _DIGEST.fullmatch(digest):
        raise Malformed("manifest_digest is no sha256 digest")
    if tag.raw("start_ts") is not None:
        since = tag.number("start_ts")
    else:
        try:
            since = int(parsedate_to_datetime(tag.text("last_modified")).timestamp())
        except (ValueError, OverflowError):
            raise Malformed("last_modified is not a date") from None
    entry: dict[str, Any] = {"name": name, "manifest_digest": digest, "start_ts": since}
    expires = tag.text_or_none("expiration")
    return entry if expires is None else entry | {"expiration": expires}


def _tag(entry: dict[str, Any]) -> Tag | None:
    if "expiration" in entry:
        return None
    return Tag(entry["name"], entry["manifest_digest"], float(entry["start_ts"]))
