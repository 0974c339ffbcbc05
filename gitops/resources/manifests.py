"""Reading manifests: the renderer's canonical output and the plain files of `directory` sources."""

from __future__ import annotations

import hmac
import re
from collections.abc import Callable, Iterator
from typing import Any

import yaml

from gitops.files.documents import read_documents, refuse_excess
from gitops.files.errors import MalformedYaml
from gitops.files.scalars import plain_scalar
from gitops.resources.kinds import split_api_version
from gitops.resources.resource import Resource, ResourceId

ORIGIN = "config.kubernetes.io/origin"
_SEPARATOR = b"---\n"
# kustomize prints through one encoder: block style, two spaces, keys sorted. Top-level and metadata scalars can be
# read by line, several times faster than a YAML parser; whatever does not fit goes through the parser. Repeats are
# possessive: they never have to give anything back, and keep nothing in memory for it.
_TOP = re.compile(rb"^(apiVersion|kind): (\S.*)$", re.MULTILINE)
_METADATA = re.compile(rb"^metadata:\n((?:(?: .*)?\n)*+)", re.MULTILINE)
_ANNOTATIONS = re.compile(rb"^  annotations:\n((?:(?:    .*)?\n)*+)", re.MULTILINE)
_FIELD = re.compile(rb"^  (name|namespace|generateName): (\S.*)$", re.MULTILINE)
_HOOK = re.compile(rb"^    (?:argocd\.argoproj\.io/hook|helm\.sh/hook): *(\S.*)$", re.MULTILINE)
_ORIGIN = re.compile(rb"^    config\.kubernetes\.io/origin: \|\n((?:      .*\n?)++)", re.MULTILINE)
_EMPTY_ANNOTATIONS = re.compile(rb"^  annotations:\n(?!    )", re.MULTILINE)
_PLAIN = re.compile(rb"^[A-Za-z0-9][A-Za-z0-9./_-]*$")

Redact = Callable[[bytes], str]


def redactor(key: bytes) -> Redact:
    """A function from a Secret value to a digest that tells equal values apart from different ones, and without
    `key` nothing else."""
    return lambda value: "hmac:" + hmac.new(key, value, "sha256").hexdigest()[:32]


def read_rendered(output: bytes, prefix: str, redact: Redact) -> tuple[Resource, ...]:
    """Resources of the renderer's output. Origin paths begin with `prefix`, which is taken off.

    Raises `MalformedYaml` when a document is no manifest or too large to be read as YAML.
    """
    if not output.strip():
        return ()
    return tuple(_rendered_document(text, prefix, redact) for text in _documents(output))


def _documents(output: bytes) -> Iterator[bytes]:
    # No expression: one call that looks through megabytes would stop all other threads meanwhile.
    *inner, last = output.split(b"\n" + _SEPARATOR)
    for text in (*(text + b"\n" for text in inner), last):
        while text.startswith(_SEPARATOR):
            text = text[len(_SEPARATOR) :]
        if text.strip():
            yield text


def _rendered_document(text: bytes, prefix: str, redact: Redact) -> Resource:
    text = text if text.endswith(b"\n") else text + b"\n"
    refuse_excess("rendered output", text)  # a few aliases make a manifest that nobody could read later
    text, path, generator = _take_origin(text, prefix)
    return _resource(text, path, generator, redact)


def read_answered(text: bytes, path: str | None, generator: str | None, redact: Redact) -> Resource:
    """A resource whose origin is known, from kustomize's spelling of it. Raises as `read_rendered`."""
    refuse_excess("rendered output", text)
    text, _, _ = _take_origin(text, "")  # where the kustomization asks for it too
    return _resource(text, path, generator, redact)


def _resource(text: bytes, path: str | None, generator: str | None, redact: Redact) -> Resource:
    top = dict(_TOP.findall(text))
    block = _METADATA.search(text)
    metadata = block.group(1) if block else b""
    fields = dict(_FIELD.findall(metadata))
    values = [*top.values(), *fields.values()]
    if len(top) == 2 and b"name" in fields and all(_is_plain_text(value) for value in values):
        group, _ = split_api_version(top[b"apiVersion"].decode())
        namespace = fields.get(b"namespace", b"").decode()
        rid = ResourceId(group, top[b"kind"].decode(), namespace, fields[b"name"].decode())
        annotations = _ANNOTATIONS.search(metadata)
        hook = annotations is not None and _is_hook(v.decode() for v in _HOOK.findall(annotations.group(1)))
    else:
        manifest = _one_manifest(text)
        rid, hook = identify(manifest), is_hook(manifest)
    if rid.kind == "Secret" and rid.group == "":
        text = canonical(redact_secret(_one_manifest(text), redact))
    return Resource(rid, text, path, generator, hook)


def _is_plain_text(value: bytes) -> bool:
    """Whether a value is what it looks like: neither quoted nor a number, a boolean or null."""
    return bool(_PLAIN.match(value)) and isinstance(plain_scalar(value.decode()), str)


def _take_origin(text: bytes, prefix: str) -> tuple[bytes, str | None, str | None]:
    # Only in `metadata`: a ConfigMap may hold a text that looks the same.
    block = _METADATA.search(text)
    match = _ORIGIN.search(text, block.start(1), block.end(1)) if block else None
    if block is None or match is None:
        return text, None, None
    described: dict[str, str] = {}
    for line in match.group(1).decode("utf-8", "replace").splitlines():
        key, colon, value = line.strip().partition(": ")
        if colon and line.startswith("      ") and not line.startswith("       "):
            described[key] = value.strip("'\"")
    rest = text[block.start(1) : match.start()] + text[match.end() : block.end(1)]
    text = text[: block.start(1)] + _EMPTY_ANNOTATIONS.sub(b"", rest, count=1) + text[block.end(1) :]

    def local(path: str | None) -> str | None:
        if path is None or "repo" in described:
            return None
        return path[len(prefix) :] if path.startswith(prefix) else None

    return text, local(described.get("path")), local(described.get("configuredIn"))


def _one_manifest(text: bytes) -> dict[str, Any]:
    documents = read_documents("rendered output", text)
    value = documents[0].value() if documents else None
    if not isinstance(value, dict):
        raise MalformedYaml("the rendered output holds a document that is no manifest")
    return value


def identify(manifest: dict[str, Any]) -> ResourceId:
    """The id of a manifest; missing parts are ''."""
    metadata = manifest.get("metadata")
    metadata = metadata if isinstance(metadata, dict) else {}
    group, _ = split_api_version(text_of(manifest.get("apiVersion")))
    name = text_of(metadata.get("name"))
    return ResourceId(group, text_of(manifest.get("kind")), text_of(metadata.get("namespace")), name)


def text_of(value: object) -> str:
    """A scalar as text; '' for None and for anything that is no scalar."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, str | int | float) else ""


def is_hook(manifest: dict[str, Any]) -> bool:
    """Whether Argo CD runs the manifest as a hook (or skips it) instead of owning it (gitops-engine, hook.IsHook)."""
    metadata = manifest.get("metadata")
    annotations = metadata.get("annotations") if isinstance(metadata, dict) else None
    if not isinstance(annotations, dict):
        return False
    return _is_hook(text_of(annotations.get(key)) for key in ("argocd.argoproj.io/hook", "helm.sh/hook"))


def _is_hook(values: Iterator[str]) -> bool:
    # Argo CD installs helm's crd-install hooks like other resources.
    return any(value.strip("\"'") not in ("", "crd-install") for value in values)


def redact_secret(manifest: dict[str, Any], redact: Redact) -> dict[str, Any]:
    """A copy of a Secret whose values are digests. `stringData` folds into `data`'s digests only by its own text."""
    result = dict(manifest)
    for field in ("data", "stringData"):
        values = manifest.get(field)
        if isinstance(values, dict):
            result[field] = {key: redact(text_of(value).encode()) for key, value in values.items()}
    metadata = manifest.get("metadata")
    if isinstance(metadata, dict) and isinstance(metadata.get("annotations"), dict):
        # kubectl keeps a full copy of the applied object there.
        kept = {k: v for k, v in metadata["annotations"].items() if "last-applied-configuration" not in k}
        result["metadata"] = {**metadata, "annotations": kept}
    return result


def canonical(manifest: dict[str, Any]) -> bytes:
    """One spelling of a manifest, so that equal manifests are equal bytes."""
    text: str = yaml.dump(manifest, Dumper=_Dumper, sort_keys=True, allow_unicode=True, width=2**30)
    return text.encode()


class _Dumper(yaml.CSafeDumper):
    def ignore_aliases(self, data: Any) -> bool:
        return True


def _text(dumper: _Dumper, value: str) -> yaml.ScalarNode:
    # PyYAML quotes what it would read as something else itself, and it knows `1e3` for a text.
    style = None if isinstance(plain_scalar(value), str) else "'"
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style)


_Dumper.add_representer(str, _text)


def read_plain(path: str, data: bytes, redact: Redact) -> tuple[Resource, ...]:
    """Resources of one manifest file as Argo CD reads it from a directory source; `List` kinds are taken apart.

    Raises `MalformedYaml` for text that is no YAML and for a document without `kind` or `apiVersion`.
    """
    resources: list[Resource] = []
    for document in read_documents(path, data):
        value = document.value()
        if not isinstance(value, dict) or not value.get("kind") or not value.get("apiVersion"):
            line = document.line
            raise MalformedYaml(f"{path}:{line} is no Kubernetes manifest (no kind or apiVersion)", line)
        members = value.get("items") if text_of(value["kind"]).endswith("List") else None
        for manifest in members if isinstance(members, list) else [value]:
            if not isinstance(manifest, dict):
                continue
            rid = identify(manifest)
            if rid.kind == "Secret" and rid.group == "":
                manifest = redact_secret(manifest, redact)
            resources.append(
                Resource(rid, canonical(manifest), path, None, is_hook(manifest), document.line, document.end_line)
            )
    return tuple(resources)
