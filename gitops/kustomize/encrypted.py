"""Generators that decrypt files of the repository, as builtin generators of Secrets with the same names and keys.

Nothing is decrypted: names and keys are readable in what SOPS encrypts, and the encrypted texts stand for the values,
which are made digests like all values of Secrets. Sources: viaduct-ai/kustomize-sops (ksops.go);
goabout/kustomize-sopssecretgenerator; kustomize, UpdateResourceOptions (api/internal/plugins/utils/utils.go);
getsops/sops (formats by the end of the name, `sops` beside the data).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from gitops.files.documents import Document, read_documents
from gitops.files.errors import GitopsError, MalformedYaml
from gitops.files.spans import Span
from gitops.resources.manifests import text_of

KINDS: Final = ("ksops", "SopsSecretGenerator")

_NEEDS_HASH: Final = "kustomize.config.k8s.io/needs-hash"
_BEHAVIOR: Final = "kustomize.config.k8s.io/behavior"
_CIPHER: Final = "ENC["
_VARIABLE: Final = re.compile(r"\s*(?:export\s+)?([\w.-]+)\s*[=:]\s?(.*)")

# A path as the plugin writes it, to that of the file and its content. Raises `GitopsError` where there is none.
Read = Callable[[str], tuple[str, bytes]]


class Unreadable(Exception):
    """What is encrypted is more than values, so nobody without the key can tell; a clause about it."""


@dataclass(frozen=True, slots=True)
class Decrypted:
    """A ConfigMap or Secret that such a generator makes, and where it is written. `field` is that of its own
    encrypted manifest that holds the keys; '' where the generator puts it together from files."""

    kind: str
    name: str
    span: Span
    field: str = ""


@dataclass(slots=True)
class Replaced:
    """`configs` are the builtin generators in place of a generator; `made` is what they make."""

    configs: list[dict[str, Any]] = field(default_factory=list)
    made: list[Decrypted] = field(default_factory=list)

    def add(
        self,
        kind: str,
        metadata: Mapping[str, Any],
        pairs: Mapping[str, str],
        at: Span,
        within: str = "",
        **more: Any,
    ) -> None:
        """One ConfigMap or Secret; `more` are fields of the generator."""
        name = text_of(metadata.get("name"))
        if not name or _CIPHER in name:
            raise Unreadable(f"{at.path} encrypts the name of what it holds")
        annotations = dict(_mapping(metadata.get("annotations")))
        hashed = text_of(annotations.pop(_NEEDS_HASH, "")) == "true"
        behavior = text_of(annotations.pop(_BEHAVIOR, ""))
        options = {
            "labels": _mapping(metadata.get("labels")),
            "annotations": annotations,
            "immutable": more.pop("immutable", False),
            "disableNameSuffixHash": not more.pop("hashed", hashed),
        }
        config = {
            "apiVersion": "builtin",
            "kind": f"{kind}Generator",
            "metadata": {"name": name, "namespace": text_of(metadata.get("namespace"))},
            "behavior": more.pop("behavior", behavior),
            "literals": [f"{key}={value}" for key, value in pairs.items()],
            "options": {key: value for key, value in options.items() if value},
            **more,
        }
        config["metadata"] = {key: value for key, value in config["metadata"].items() if value}
        self.configs.append({key: value for key, value in config.items() if value})
        self.made.append(Decrypted(kind, name, at, within))


def replaced(config: Mapping[str, Any], read: Read, at: Span) -> Replaced:
    """What one of `KINDS`, which stands at `at`, comes to. Raises `GitopsError` for what the plugin refuses, and
    `Unreadable`."""
    found = Replaced()
    if config.get("kind") == "SopsSecretGenerator":
        _generator(config, read, found, at)
        return found
    for key in config:
        if key not in ("apiVersion", "kind", "metadata", "files", "secretFrom"):
            raise Unreadable(f"{at.path} has `{text_of(key)}`, which is of another ksops than viaduct's")
    files, from_secrets = config.get("files"), config.get("secretFrom")
    if files is None and from_secrets is None:
        raise GitopsError("ksops wants `files` or `secretFrom`")
    for file in _listed(files):
        path, data = read(text_of(file))
        for document in _documents(path, data):
            _manifest(document, found)
    for entry in _listed(from_secrets):
        _secret_from(_mapping(entry), read, found, at)
    return found


def _manifest(document: Document, found: Replaced) -> None:
    manifest = document.value()
    at = Span(document.path, document.line, document.end_line)
    if not isinstance(manifest, dict):
        return
    kind = text_of(manifest.get("kind"))
    if _CIPHER in kind:
        raise Unreadable(f"{at.path} is encrypted as a whole, its kind and name too")
    if text_of(manifest.get("apiVersion")) != "v1" or kind not in ("Secret", "ConfigMap"):
        raise Unreadable(f"{at.path} encrypts a {kind or 'manifest without a kind'}")
    pairs = {
        key: text_of(value)
        for name in ("binaryData", "data", "stringData")
        for key, value in _mapping(manifest.get(name)).items()
    }
    within = "stringData" if "stringData" in manifest else "data"
    more: dict[str, Any] = {"type": text_of(manifest.get("type"))} if kind == "Secret" else {}
    more["immutable"] = manifest.get("immutable") is True
    found.add(kind, _mapping(manifest.get("metadata")), pairs, at, within, **more)


def _secret_from(entry: Mapping[str, Any], read: Read, found: Replaced, at: Span) -> None:
    pairs: dict[str, str] = {}
    for written in (*_listed(entry.get("files")), *_listed(entry.get("binaryFiles"))):
        key, path, data = _keyed(text_of(written), read)
        pairs[key] = _whole(path, data)
    for written in _listed(entry.get("envs")):
        path, data = read(text_of(written))
        pairs |= _variables(path, data)
    metadata = _mapping(entry.get("metadata"))
    found.add("Secret", metadata, pairs, at, type=text_of(entry.get("type")))


def _generator(config: Mapping[str, Any], read: Read, found: Replaced, at: Span) -> None:
    pairs: dict[str, str] = {}
    for written in _listed(config.get("envs")):
        path, data = read(text_of(written))
        is_map = path.endswith((".yaml", ".yml", ".json"))
        pairs |= _top(path, data) if is_map else _variables(path, data)
    for written in _listed(config.get("files")):
        key, path, data = _keyed(text_of(written), read)
        pairs[key] = _whole(path, data)
    found.add(
        "Secret",
        _mapping(config.get("metadata")),
        pairs,
        at,
        type=text_of(config.get("type")),
        behavior=text_of(config.get("behavior")),
        hashed=config.get("disableNameSuffixHash") is not True,
    )


def _keyed(written: str, read: Read) -> tuple[str, str, bytes]:
    """`key=path`, or a path whose last part is the key."""
    key, equals, path = written.partition("=")
    found, data = read(path if equals else written)
    return (key if equals else written.rpartition("/")[2]), found, data


def _documents(path: str, data: bytes) -> Sequence[Document]:
    """Those of a file of manifests. Raises `GitopsError` for one that SOPS did not encrypt."""
    if not path.endswith((".yaml", ".yml", ".json")):
        raise Unreadable(f"{path} is encrypted as a whole")
    documents = read_documents(path, data)
    if not any("sops" in _mapping(document.value()) for document in documents):
        raise GitopsError(f"{path} is not encrypted with SOPS, so it cannot be decrypted")
    return documents


def _top(path: str, data: bytes) -> dict[str, str]:
    values: dict[str, Any] = {}
    for document in _documents(path, data):
        values |= _mapping(document.value())
    return {str(key): text_of(value) or "..." for key, value in values.items() if key != "sops"}


def _whole(path: str, data: bytes) -> str:
    """A text that stands for the content of a file."""
    if b"sops" not in data:
        raise GitopsError(f"{path} is not encrypted with SOPS, so it cannot be decrypted")
    return data.decode("utf-8", "replace")


def _variables(path: str, data: bytes) -> dict[str, str]:
    """Those of an encrypted file of variables. Raises `GitopsError` for one that SOPS did not encrypt."""
    pairs: dict[str, str] = {}
    encrypted = False
    try:
        lines = data.decode("utf-8-sig").splitlines()
    except UnicodeDecodeError:
        raise MalformedYaml(f"{path} is not UTF-8", 0) from None
    for line in lines:
        found = _VARIABLE.fullmatch(line)
        if line.lstrip().startswith("#") or found is None:
            continue
        if found[1].startswith("sops_"):
            encrypted = True
        else:
            pairs[found[1]] = found[2]
    if not encrypted:
        raise GitopsError(f"{path} is not encrypted with SOPS, so it cannot be decrypted")
    return pairs


def _listed(value: object) -> Iterator[Any]:
    yield from value if isinstance(value, list) else ()


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
