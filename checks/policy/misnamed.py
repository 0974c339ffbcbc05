"""Files that somebody may take for the configuration."""

from __future__ import annotations

import re
from collections.abc import Iterator

from gitops.files.tree import Tree

_MISNAMED = re.compile(r"\.?argofix\.(?:ya?ml|json)", re.IGNORECASE)


def misnamed(tree: Tree, right: str) -> Iterator[str]:
    """Paths that are called almost as the configuration, which is `right`."""
    for directory in (".github", ""):
        for name in tree.list_dir(directory):
            path = f"{directory}/{name}" if directory else name
            if path != right and path in tree and _MISNAMED.fullmatch(name):
                yield path
