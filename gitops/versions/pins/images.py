"""Image references, and what kustomize's `images` does to them (kustomize api/internal/image, filters/imagetag)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from gitops.resources.manifests import text_of

IMAGE_FIELDS = ("images", "imageTags")
_NO_NAME = re.compile(rb"[^A-Za-z0-9.:/_-]|//")
_HOST = re.compile(rb"[A-Za-z0-9][A-Za-z0-9.-]*(?::[0-9]+)?(?:/[a-z0-9._-]+)*")
_LONGEST_HOST = 200  # characters, with all of a path before the one that is looked for
_WORD = re.compile(rb"[\w./-]")
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
    or digest. `tag` is that tag, '' without one."""

    name: str
    new_name: str
    sets_tag: bool
    tag: str = ""


def image_entries(fields: Mapping[str, Any]) -> Iterator[ImageEntry]:
    """The `images` of a kustomization's fields, in the order in which they act: kustomize appends those of the old
    field `imageTags` (api/types/kustomization.go)."""
    for field in IMAGE_FIELDS:
        listed = field_of(fields, field)
        for item in listed if isinstance(listed, list) else ():
            if isinstance(item, Mapping):
                yield image_entry(item)


def image_entry(item: Mapping[str, Any]) -> ImageEntry:
    """One entry, as plain Python."""
    name, new_name = text_of(field_of(item, "name")), text_of(field_of(item, "newName"))
    split = split_image(new_name)
    tag, digest = text_of(field_of(item, "newTag")), text_of(field_of(item, "digest"))
    return ImageEntry(name, split.name or name, any((tag, digest, split.tag, split.digest)), tag or split.tag)


def called_alike(data: bytes, name: str) -> Iterator[str]:
    """Image names in a text that end as `name` does (`argocd`), from whichever registry: `ghcr.io/acme/argocd`."""
    wanted = b"/" + name.encode()
    at = data.find(wanted)
    while at >= 0:
        end = at + len(wanted)
        host = _NO_NAME.split(data[max(0, at - _LONGEST_HOST) : at])[-1]
        if _HOST.fullmatch(host) and not _WORD.match(data, end):
            yield (host + wanted).decode()
        at = data.find(wanted, end)


def field_of(fields: Mapping[str, Any], name: str) -> Any:
    """A field's value; Go matches names without regard to case when none matches exactly."""
    if name in fields:
        return fields[name]
    return next((value for key, value in fields.items() if str(key).lower() == name.lower()), None)
