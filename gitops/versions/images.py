"""Image references, and what kustomize's `images` does to them (kustomize api/internal/image, filters/imagetag)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from gitops.manifests import text_of

_DIGEST = re.compile(r"[a-z0-9]+:[0-9a-fA-F]{32,}")


@dataclass(frozen=True, slots=True)
class ImageReference:
    """`name[:tag][@digest]` taken apart; `tag` and `digest` are '' when absent, `tag_start` and `digest_start` their
    offsets in the text."""

    name: str
    tag: str
    digest: str
    tag_start: int
    digest_start: int


def split_image(text: str) -> ImageReference:
    """A reference by kustomize's rule: a colon before the first slash is a registry's port."""
    head, at, digest = text.partition("@")
    slash = head.find("/")
    colon = head.find(":", max(slash, 0))
    name = head[:colon] if colon >= 0 else head
    tag = head[colon + 1 :] if colon >= 0 else ""
    return ImageReference(name, tag, digest, len(name) + 1 if colon >= 0 else len(name), len(head) + len(at))


def is_digest(text: str) -> bool:
    return bool(_DIGEST.fullmatch(text))


@dataclass(frozen=True, slots=True)
class ImageEntry:
    """One entry of `images` as it acts: images called `name` become `new_name` and, if it `sets_tag`, get another tag
    or digest."""

    name: str
    new_name: str
    sets_tag: bool


def image_entries(fields: Mapping[str, Any]) -> Iterator[ImageEntry]:
    """The `images` of a kustomization's fields."""
    listed = fields.get("images")
    for item in listed if isinstance(listed, list) else ():
        if isinstance(item, Mapping):
            name, new_name = text_of(item.get("name")), text_of(item.get("newName"))
            split = split_image(new_name)
            tagged = any((text_of(item.get("newTag")), text_of(item.get("digest")), split.tag, split.digest))
            yield ImageEntry(name, split.name or name, tagged)
