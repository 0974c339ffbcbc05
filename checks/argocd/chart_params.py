"""`configs.params` of Argo CD's chart in values files that no Application of the repository renders with.

Source: argo-helm charts/argo-cd/values.yaml (`create` and `annotations` are the chart's own, all else becomes a key
of argocd-cmd-params-cm); values of a dependency stand below its name.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

from gitops.charts.files import values_files_of
from gitops.discovery.snapshot import Snapshot
from gitops.facts.secrets.pods import mapping
from gitops.files.documents import read_documents
from gitops.files.errors import GitopsError
from gitops.files.spans import Span
from gitops.installation.find import is_set_aside
from gitops.installation.places import line_in
from gitops.installation.releases import releases

_NAMES: Final = re.compile(r"(?i)(?=.*argo)(?:.*/)?[^/]*values[^/]*\.ya?ml")
_OWN: Final = frozenset({"create", "annotations"})
_BELOW: Final = ("argo-cd", "argocd")


def loose_params(snapshot: Snapshot) -> tuple[tuple[Span, str], ...]:
    """(line, key) of keys that no version of Argo CD reads. For `snapshot.once`."""
    return tuple(_loose(snapshot))


def _loose(snapshot: Snapshot) -> Iterator[tuple[Span, str]]:
    tree, known = snapshot.tree, releases().params(None)
    used = set(_used(snapshot))
    for path in tree.paths():
        if path in used or _NAMES.fullmatch(path) is None or is_set_aside(tree, path):
            continue
        for key in _params(tree.once(_read, path) if path in tree else ()):
            if key not in known and key not in _OWN and "{{" not in key:
                line = line_in(tree, path, key)
                if line:
                    yield Span(path, line, line), key


def _used(snapshot: Snapshot) -> Iterator[str]:
    """Values files that a rendered source names: what they make of Argo CD's settings is judged where it is
    rendered."""
    for state in snapshot.states:
        for source in state.application.sources:
            yield from values_files_of(source)
            yield f"{source.path}/values.yaml".lstrip("/")


def _read(path: str, data: bytes) -> tuple[Any, ...]:
    if b"params:" not in data or b"configs:" not in data:
        return ()
    try:
        return tuple(document.value() for document in read_documents(path, data))
    except GitopsError:
        return ()


def _params(documents: tuple[Any, ...]) -> Iterator[str]:
    """The keys, where at least one of them is Argo CD's: other charts have `configs.params`, too."""
    for value in documents:
        whole = mapping(value)
        for values in (whole, *(mapping(whole.get(name)) for name in _BELOW)):
            params = mapping(mapping(values.get("configs")).get("params"))
            if any(key in releases().params(None) for key in params):
                yield from params
