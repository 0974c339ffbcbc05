"""The files of a request, as whatever renders it takes them."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from gitops.files.documents import read_documents
from gitops.files.errors import ExcessiveYaml, GitopsError, MalformedYaml, PathEscapes
from gitops.files.tree import MODE_SUBMODULE, Entry, normalise
from gitops.resources.rendering import RenderRequest

_EXPANDED = 32 * 1024 * 1024  # bytes that a file's aliases may make of it before somebody counts


def files_of(request: RenderRequest) -> Iterator[tuple[str, Entry]]:
    """Those that there are, submodules left out. Raises `PathEscapes` at what is no path of a repository."""
    for path in request.files:
        entry = request.tree.entry(path)
        if entry is None or entry.mode == MODE_SUBMODULE:
            continue
        if normalise(path) != path:
            raise PathEscapes(f"{path} is no path of a repository")
        yield path, entry


def refuse_bomb(path: str, data: bytes) -> None:
    """Raise `ExcessiveYaml`: kustomize would expand aliases until it runs into its limits, a long time later."""
    if b"&" not in data or len(data) * 1.4423 ** min(data.count(b"*"), 100) <= _EXPANDED:
        return  # k aliases make at most 3^(k/3) times its size of it
    try:
        read_documents(path, data)
    except ExcessiveYaml:
        raise
    except MalformedYaml:
        return  # kustomize says that itself, and knows where it was listed


def contents(request: RenderRequest) -> Iterator[tuple[str, bytes]]:
    patched = dict(request.patched)
    for path in request.files:
        with contextlib.suppress(GitopsError):
            yield path, patched.get(path) or request.tree.read(path)
