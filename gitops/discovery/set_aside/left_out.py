"""What is not deployed, whoever names it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from gitops.discovery.scan import Scan
from gitops.discovery.set_aside.laid_aside import kinds_in
from gitops.discovery.set_aside.undeployed import excluded, not_deployed, texts
from gitops.discovery.snapshot import NotDeployed
from gitops.files.tree import Tree


def leave_out(tree: Tree, found: Scan, patterns: Sequence[str]) -> list[NotDeployed]:
    """What is not deployed whoever names it: files that the configuration excludes, and files that are no manifests.
    Excluded files are taken out of `found`."""
    result = list(texts(found))
    if not patterns:
        return result
    result = [
        one if (why := excluded(one.span.path, patterns)) is None else replace(one, cause=why[0], reason=why[1])
        for one in result
    ]
    for path in list(found.declared):
        why = excluded(path, patterns)
        if why is not None:
            result.extend(not_deployed(declared, why) for declared in found.declared.pop(path))
    for entry in list(found.unread):
        path = entry[1].path
        if (why := excluded(path, patterns)) is not None:
            found.unread.remove(entry)
            kinds = kinds_in(path, tree.read(tree.resolve(path)))
            result.extend(NotDeployed("", "", kind, span, *why) for kind, span in kinds)
    for chart, path in list(found.charts.items()):
        if (why := excluded(path, patterns)) is not None:
            del found.charts[chart]
            kinds = kinds_in(path, tree.read(tree.resolve(path)))
            result.extend(NotDeployed("", "", kind, span, *why) for kind, span in kinds)
    return result
