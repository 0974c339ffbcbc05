"""Writes `gitops/resources/known_scopes.py` from the CustomResourceDefinitions of public repositories.

    python -m docs.scopes REPOSITORY... > gitops/resources/known_scopes.py

Each REPOSITORY is a clone (bare or not) of a project that publishes CRDs: operators and controllers which people
deploy without keeping the CRDs beside what they write. Of each definition only group, kind and scope are taken. What
two repositories say differently is left out, and so are the definitions that a project uses in its tests.
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator, Sequence

_ASIDE = re.compile(r"(^|/)(tests?|testdata|e2e|examples?|fixtures?|samples?|conformance|mocks?|vendor|third_party)/")
_FIELDS = {
    "group": re.compile(r"^ {2,4}group: [\"']?([a-z0-9.-]+)[\"']?\s*$", re.MULTILINE),
    "kind": re.compile(r"^ {4,8}kind: [\"']?([A-Za-z]\w*)[\"']?\s*$", re.MULTILINE),
    "scope": re.compile(r"^ {2,4}scope: [\"']?(Cluster|Namespaced)[\"']?\s*$", re.MULTILINE),
}
_WIDTH = 105

Scopes = dict[tuple[str, str], str]


def definitions(repository: str) -> Iterator[tuple[str, str, str]]:
    """(group, kind, scope) of every CRD at a clone's HEAD."""
    for path in _git(repository, "grep", "-lE", "^ *kind: CustomResourceDefinition", "HEAD", "--", "*.yaml", "*.yml"):
        if _ASIDE.search(path):
            continue
        text = "\n".join(_git(repository, "show", path))
        for document in re.split(r"^---.*$", text, flags=re.MULTILINE):
            if "kind: CustomResourceDefinition" in document:
                found = [pattern.search(document) for pattern in _FIELDS.values()]
                if all(found):
                    group, kind, scope = (match[1] for match in found if match)
                    if not group.startswith(("test.", "example.")):
                        yield group, kind, scope


def _git(repository: str, *arguments: str) -> list[str]:
    done = subprocess.run(["git", "-C", repository, *arguments], capture_output=True, check=False)
    return done.stdout.decode("utf-8", "replace").splitlines()


def collect(repositories: Sequence[str]) -> Scopes:
    """The scope of every (group, kind) on which all agree."""
    found: dict[tuple[str, str], set[str]] = {}
    for repository in repositories:
        for group, kind, scope in definitions(repository):
            found.setdefault((group, kind), set()).add(scope)
    return {key: scopes.pop() for key, scopes in sorted(found.items()) if len(scopes) == 1}


def module(scopes: Scopes) -> str:
    """The text of the module."""
    lines = [
        '"""Scopes of widely used custom resources, by group. Written by `python -m docs.scopes`; do not edit."""',
        "",
        "from __future__ import annotations",
        "",
        "from collections.abc import Mapping",
        "",
        "# Kinds that live in no namespace, and kinds that do.",
    ]
    for name, scope in (("CLUSTER", "Cluster"), ("NAMESPACED", "Namespaced")):
        lines.append(f"{name}: Mapping[str, str] = {{")
        groups: dict[str, list[str]] = {}
        for (group, kind), found in scopes.items():
            if found == scope:
                groups.setdefault(group, []).append(kind)
        for group, kinds in groups.items():
            lines.extend(_entry(group, kinds))
        lines.append("}")
    return "\n".join(lines) + "\n"


def _entry(group: str, kinds: list[str]) -> Iterator[str]:
    rows, row = [], ""
    for kind in kinds:
        if row and len(row) + len(kind) > _WIDTH:
            rows.append(row)
            row = ""
        row += f"{kind} "
    rows.append(row.strip())
    if len(rows) == 1 and len(group) + len(rows[0]) < _WIDTH:
        yield f'    "{group}": "{rows[0]}",'
        return
    yield f'    "{group}": ('
    yield from (f'        "{part}"' for part in rows)
    yield "    ),"


if __name__ == "__main__":
    sys.stdout.write(module(collect(sys.argv[1:])))
