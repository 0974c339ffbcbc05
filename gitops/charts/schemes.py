"""Values files behind a scheme that an Argo CD has to be told to allow (`helm.valuesFileSchemes` of argocd-cm).

Those of helm-secrets lead to files of the repository, which it decrypts: `secrets://FILE` and
`secrets+age-import:///KEY?FILE` (jkroepke/helm-secrets, docs/ARGOCD.md). Nothing is decrypted here: an encrypted text
stands for itself, and where more than texts is encrypted, nobody without the key knows what a template makes of it.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Mapping, Sequence

from gitops.charts.environment import substitute
from gitops.files.errors import GitopsError
from gitops.files.tree import Tree

_SECRETS = re.compile(r"secrets(?P<more>\+[a-z-]+)?://(?P<rest>.*)", re.IGNORECASE | re.DOTALL)
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*(?=://)")
_KIND = re.compile(rb"ENC\[[^\]]*,type:([a-z]+)\]")
_FETCHED = ("http", "https")


class NotReadable(Exception):
    """What a values file says cannot be known; the message is a clause about it."""


def without_schemes(tree: Tree, chart: str, names: Sequence[str], environment: Mapping[str, str]) -> list[str]:
    """The values files with those of helm-secrets as the files that they are. Raises `NotReadable`."""
    return [_plain(tree, chart, name, environment) for name in names]


def _plain(tree: Tree, chart: str, name: str, environment: Mapping[str, str]) -> str:
    written = substitute(name, environment)
    scheme = _SCHEME.match(written)
    if scheme is None or scheme[0].lower() in _FETCHED:
        return name
    found = _SECRETS.fullmatch(written)
    file = found["rest"].rpartition("?")[2] if found is not None else ""
    unclear = not file or file.startswith("/") or "://" in file
    if found is None or unclear or (found["more"] and "?" not in found["rest"]):
        raise NotReadable(f"its values file `{name}` is read by whatever Argo CD has for `{scheme[0]}://`")
    _require_texts(tree, posixpath.join(chart, file), name)
    return file


def _require_texts(tree: Tree, file: str, name: str) -> None:
    try:
        data = tree.read(tree.resolve(file))
    except GitopsError:
        return  # Helm says that it is not there
    kinds = {kind.decode() for kind in _KIND.findall(data)} - {"str", "comment"}
    if kinds:
        raise NotReadable(f"its values file `{name}` encrypts values of type {', '.join(sorted(kinds))}")
