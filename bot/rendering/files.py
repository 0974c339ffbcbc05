"""The files of a request, as whatever renders it takes them."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

from gitops.files.documents import read_documents
from gitops.files.errors import ExcessiveYaml, GitopsError, MalformedYaml, PathEscapes
from gitops.files.tree import MODE_SUBMODULE, MODE_SYMLINK, Entry, normalise
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


def write_files(request: RenderRequest, repository: Path, *, templates: bool = False) -> None:
    """The files of a request below `repository`. `templates` tells that some are no YAML yet. Raises `GitopsError`
    for a link that leads out of the repository, and for YAML that would grow without end."""
    tree = request.tree
    (repository / request.root).mkdir(parents=True)
    patched = dict(request.patched)
    made: set[Path] = set()
    links: list[tuple[Path, bytes]] = []
    for path, entry in files_of(request):
        target = repository / path
        if target.parent not in made:
            target.parent.mkdir(parents=True, exist_ok=True)
            made.add(target.parent)
        data = patched.get(path)
        if data is None:
            data = tree.read(path)
        if path not in request.opaque and not templates:
            refuse_bomb(path, data)
        if entry.mode == MODE_SYMLINK and path not in patched:
            tree.resolve(path)  # raises when it leads out of the repository
            links.append((target, data))
        else:
            target.write_bytes(data)
    # Last, so that nothing is written through one.
    for target, data in links:
        target.symlink_to(os.fsdecode(data))


def contents(request: RenderRequest) -> Iterator[tuple[str, bytes]]:
    patched = dict(request.patched)
    for path in request.files:
        with contextlib.suppress(GitopsError):
            yield path, patched.get(path) or request.tree.read(path)
