"""From which directories of the repository an installation is rendered."""

from __future__ import annotations

from collections.abc import Iterator

from gitops.installation.model import Installation


def directories_of(installation: Installation) -> tuple[str, ...]:
    """Those that Applications name, first, and those of the kustomizations that these build upon."""
    return tuple(dict.fromkeys(_directories(installation)))


def _directories(installation: Installation) -> Iterator[str]:
    for process in installation.processes:
        owned = process.member.owned
        if owned is None or owned.part.elsewhere:
            continue
        path = owned.application.sources[owned.part.index].path
        if path:
            yield path
        closure = owned.part.closure
        yield from (file.rpartition("/")[0] for file in (closure.kustomizations if closure is not None else ()))
