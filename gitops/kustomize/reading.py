"""Which files of a repository are read, before anybody has read any of them.

What is not here yet comes over the network, so files are asked for by their names, all at once. A name that is
missing here costs time and nothing else: whatever is read is brought when it is.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator

from gitops.files.errors import GitopsError
from gitops.files.tree import normalise
from gitops.kustomize.kustomization import FILE_NAMES

# Manifests and values, and what generators and charts are most often made of.
_SUFFIXES = (
    ".yaml", ".yml", ".json", ".jsonnet", ".libsonnet", ".tpl", ".env", ".properties", ".conf", ".cfg", ".ini",
    ".toml",
)  # fmt: skip
# Nobody's manifest, patch or configuration: never brought along with something else.
_NEVER_TEXT = (
    ".7z", ".a", ".bin", ".bmp", ".bz2", ".class", ".dll", ".docx", ".exe", ".gif", ".gz", ".ico", ".img", ".iso",
    ".jar", ".jpeg", ".jpg", ".mov", ".mp3", ".mp4", ".o", ".pdf", ".png", ".pptx", ".so", ".svg", ".tar", ".tgz",
    ".ttf", ".war", ".wasm", ".webm", ".webp", ".woff", ".woff2", ".xlsx", ".xz", ".zip", ".zst",
)  # fmt: skip
_TOKEN = re.compile(rb"[^\s\"'\[\]{},=]+")
_MOST_TOKENS = 20_000  # of one kustomization


def read_by_name(path: str) -> bool:
    """Whether a file of this name is read, most likely."""
    return path.endswith(_SUFFIXES) or path.rpartition("/")[2] in FILE_NAMES


def never_text(path: str) -> bool:
    """Whether a file of this name is read only where something names it."""
    return path.lower().endswith(_NEVER_TEXT)


def is_kustomization(path: str) -> bool:
    return path.rpartition("/")[2] in FILE_NAMES


def named_in(path: str, data: bytes) -> Iterator[str]:
    """Paths that the kustomization at `path` may name: every word of it, as seen from its directory."""
    directory = posixpath.dirname(path)
    for count, match in enumerate(_TOKEN.finditer(data)):
        if count > _MOST_TOKENS:
            return
        try:
            yield normalise(posixpath.join(directory, match[0].decode("utf-8", "surrogateescape").lstrip("-")))
        except GitopsError:
            continue
