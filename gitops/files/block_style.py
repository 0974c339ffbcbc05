"""Manifests as people would write them."""

from __future__ import annotations

import yaml


class _Flat(yaml.SafeDumper):
    """Without anchors; the items of a list stand below their key."""

    def ignore_aliases(self, data: object) -> bool:
        return True


class _Deep(_Flat):
    """The items of a list are indented below their key."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        super().increase_indent(flow, False)


def _text(dumper: yaml.SafeDumper, value: str) -> yaml.ScalarNode:
    style = "|" if "\n" in value else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style)


_Flat.add_representer(str, _text)
_Deep.add_representer(str, _text)


def as_yaml(manifest: object, deep: bool = True) -> str:
    """In block style, in its own order; a text of several lines as a block; `deep` lists are indented."""
    return yaml.dump(manifest, Dumper=_Deep if deep else _Flat, sort_keys=False, allow_unicode=True, width=100_000)
