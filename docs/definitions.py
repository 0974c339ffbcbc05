"""Writes `gitops/applications/known_fields.py` from the definitions of Argo CD's own kinds.

    python -m docs.definitions CHECKOUT > gitops/applications/known_fields.py

CHECKOUT is a clone (bare or not) of github.com/argoproj/argo-cd at the newest release or its main branch: fields are
added from release to release and hardly ever taken away. Of manifests/crds/ only names, types, required fields and
enumerations are taken; what repeats is written once.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from typing import Any

import yaml

_KINDS = {"Application": "application", "ApplicationSet": "applicationset", "AppProject": "appproject"}
_WIDTH = 112
_ASIDE = ("apiVersion", "kind", "metadata", "status")


class Table:
    """Schemas, each once. A row is (type, whether it takes any field, fields, items or values, required, allowed)."""

    def __init__(self) -> None:
        self.rows: list[str] = []
        self._places: dict[str, int] = {}

    def add(self, schema: Mapping[str, Any], leave_out: tuple[str, ...] = ()) -> int:
        """The place of a schema's row."""
        fields = {
            name: self.add(inner)
            for name, inner in sorted(schema.get("properties", {}).items())
            if name not in leave_out
        }
        more = schema.get("additionalProperties")
        inside = schema.get("items") or (more if isinstance(more, Mapping) else None)
        row = [
            "int-or-string" if schema.get("x-kubernetes-int-or-string") else schema.get("type", ""),
            int(bool(schema.get("x-kubernetes-preserve-unknown-fields") or more is True)),
            fields,
            self.add(inside) if inside else -1,
            sorted(name for name in schema.get("required", ()) if name not in leave_out),
            schema.get("enum", []),
        ]
        text = json.dumps(row, separators=(",", ":"))
        if text not in self._places:
            self._places[text] = len(self.rows)
            self.rows.append(text)
        return self._places[text]


def module(checkout: str) -> str:
    """The text of the module."""
    table = Table()
    roots = {kind: table.add(_schema(checkout, name), _ASIDE) for kind, name in _KINDS.items()}
    version = _show(checkout, "VERSION").strip()
    lines = [
        '"""The fields of Argo CD\'s own kinds. Written by `python -m docs.definitions`; do not edit."""',
        "",
        "from __future__ import annotations",
        "",
        "from collections.abc import Mapping",
        "",
        "# The release whose definitions these are, or the one that its branch was to become.",
        f'RELEASE = "{version}"',
        "# The row of each kind.",
        f"ROOTS: Mapping[str, int] = {json.dumps(roots)}",
        "# Rows in JSON, by place: type, whether any field goes, fields, items or values, required, allowed.",
        "TABLE = (",
    ]
    text = f"[{','.join(table.rows)}]"
    lines += [f"    {_quoted(text[at : at + _WIDTH])}" for at in range(0, len(text), _WIDTH)]
    return "\n".join([*lines, ")", ""])


def _quoted(piece: str) -> str:
    return "'" + piece.replace("\\", "\\\\").replace("'", "\\'") + "'"


def _schema(checkout: str, name: str) -> Mapping[str, Any]:
    text = _show(checkout, f"manifests/crds/{name}-crd.yaml")
    versions = yaml.load(text, Loader=yaml.CSafeLoader)["spec"]["versions"]
    stored = next(version for version in versions if version["storage"])
    schema: Mapping[str, Any] = stored["schema"]["openAPIV3Schema"]
    return schema


def _show(checkout: str, path: str) -> str:
    done = subprocess.run(["git", "-C", checkout, "show", f"HEAD:{path}"], capture_output=True, check=True)
    return done.stdout.decode()


def main(arguments: list[str]) -> None:
    if len(arguments) != 1:
        raise SystemExit(__doc__)
    sys.stdout.write(module(arguments[0]))


if __name__ == "__main__":
    main(sys.argv[1:])
