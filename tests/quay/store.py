"""Repositories and tags of the simulated quay.io."""

import hashlib
from dataclasses import dataclass, field
from email.utils import formatdate
from typing import Any


def digest_of(text: str) -> str:
    return f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"


@dataclass(slots=True)
class Tag:
    """One life of a tag; times in seconds since the epoch. `end` in the past: it was deleted or moved."""

    name: str
    digest: str
    start: int
    end: int | None = None
    manifest_list: bool = True
    reversion: bool = False

    def shown(self) -> dict[str, Any]:
        """As Quay's API shows it."""
        shown: dict[str, Any] = {"name": self.name, "reversion": self.reversion}
        if self.start > 0:
            shown["start_ts"] = self.start
        if self.end is not None:
            shown["end_ts"] = self.end
        shown["manifest_digest"] = self.digest
        shown["is_manifest_list"] = self.manifest_list
        shown["size"] = None if self.manifest_list else 190_000_000
        if self.start > 0:
            shown["last_modified"] = formatdate(self.start)
        if self.end is not None:
            shown["expiration"] = formatdate(self.end)
        return shown


@dataclass(slots=True)
class Repository:
    """`wants_token` makes the registry ask everybody for a bearer token, public or not."""

    name: str
    public: bool = True
    wants_token: bool = False
    tags: list[Tag] = field(default_factory=list)
    manifests: set[str] = field(default_factory=set)

    def push(self, name: str, at: float, *, digest: str | None = None, expires: float | None = None) -> Tag:
        """Push an image under a tag; the tag's life until then ends."""
        for tag in self.tags:
            if tag.name == name and (tag.end is None or tag.end > at):
                tag.end = int(at)
        tag = Tag(name, digest or digest_of(f"{self.name}:{name}@{at}"), int(at))
        tag.end = None if expires is None else int(expires)
        self.tags.append(tag)
        self.manifests.add(tag.digest)
        return tag

    def delete(self, name: str, at: float) -> None:
        for tag in self.tags:
            if tag.name == name and (tag.end is None or tag.end > at):
                tag.end = int(at)

    def listed(self, now: float, *, active: bool, specific: str, filtered: str) -> list[Tag]:
        """The newest first, then by name, as Quay orders them."""
        operation, _, wanted = filtered.partition(":")
        found = [
            tag
            for tag in self.tags
            if (not active or tag.end is None or tag.end > now)
            and (not specific or tag.name == specific)
            and (operation != "eq" or tag.name == wanted)
            and (operation != "like" or wanted in tag.name)
        ]
        return sorted(found, key=lambda tag: (-tag.start, tag.name))
