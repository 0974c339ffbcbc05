"""Sprig and Argo CD: encodings, hashes, JSON and YAML (sprig crypto.go, argo-cd template_functions.go)."""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import zlib
from typing import Any, Final

import yaml

from gitops.gotemplate.errors import NotJson, NotYaml, TemplateError
from gitops.gotemplate.functions.registry import Library
from gitops.gotemplate.names import sanitized, slug
from gitops.gotemplate.values import from_json, go_json, measure, replaced
from gitops.gotemplate.yamltext import dump, load

LIBRARY: Final = Library()

_BASE32: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567\r\n"
_BASE64: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/\r\n"


_GROUP_64: Final = 4  # letters that are read together


def _raw(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


@LIBRARY.add("b64enc", "s")
def _b64enc(text: str) -> str:
    return base64.b64encode(_raw(text)).decode()


@LIBRARY.add("b64dec", "s")
def _b64dec(text: str) -> str:
    try:
        return replaced(base64.b64decode(text.replace("\r", "").replace("\n", ""), validate=True))
    except (binascii.Error, ValueError):
        return _illegal("base64", _BASE64, text, _GROUP_64)


@LIBRARY.add("b32enc", "s")
def _b32enc(text: str) -> str:
    return base64.b32encode(_raw(text)).decode()


@LIBRARY.add("b32dec", "s")
def _b32dec(text: str) -> str:
    try:
        return replaced(base64.b32decode(text.replace("\r", "").replace("\n", "")))
    except (binascii.Error, ValueError):
        return _illegal("base32", _BASE32, text, 8)


def _illegal(name: str, alphabet: str, text: str, group: int) -> str:
    """What Go's decoders say (`CorruptInputError`); sprig returns that for the text."""
    data = text.encode("utf-8", "surrogatepass")
    letters = len(data) - data.count(b"\r") - data.count(b"\n")
    end = (len(data) if group == _GROUP_64 else letters) - letters % group
    at = next((place for place, byte in enumerate(data) if chr(byte) not in alphabet), end)
    return f"illegal {name} data at input byte {at}"


@LIBRARY.add("sha1sum", "s")
def _sha1sum(text: str) -> str:
    return hashlib.sha1(_raw(text), usedforsecurity=False).hexdigest()


@LIBRARY.add("sha256sum", "s")
def _sha256sum(text: str) -> str:
    return hashlib.sha256(_raw(text)).hexdigest()


@LIBRARY.add("sha512sum", "s")
def _sha512sum(text: str) -> str:
    return hashlib.sha512(_raw(text)).hexdigest()


@LIBRARY.add("adler32sum", "s")
def _adler32sum(text: str) -> str:
    return str(zlib.adler32(_raw(text)))


@LIBRARY.add("toJson", "a")
def _to_json(value: Any) -> str:
    try:
        return go_json(value)
    except NotJson:
        return ""  # sprig swallows the error


@LIBRARY.add("mustToJson", "a")
def _must_to_json(value: Any) -> str:
    return go_json(value)


@LIBRARY.add("toRawJson mustToRawJson", "a")
def _to_raw_json(value: Any) -> str:
    return go_json(value, escape_html=False)


@LIBRARY.add("toPrettyJson", "a")
def _to_pretty_json(value: Any) -> str:
    try:
        return go_json(value, indent=2)
    except NotJson:
        return ""


@LIBRARY.add("mustToPrettyJson", "a")
def _must_to_pretty_json(value: Any) -> str:
    return go_json(value, indent=2)


@LIBRARY.add("fromJson", "s")
def _from_json(text: str) -> Any:
    try:
        return from_json(json.loads(text))
    except (ValueError, RecursionError):
        return None  # sprig's fromJson swallows the error; mustFromJson does not


@LIBRARY.add("mustFromJson", "s")
def _must_from_json(text: str) -> Any:
    try:
        return from_json(json.loads(text))
    except (ValueError, RecursionError):
        raise TemplateError("mustFromJson cannot read its argument as JSON") from None


@LIBRARY.add("toYaml", "a")
def _to_yaml(value: Any) -> str:
    measure(value)
    try:
        text = dump(value)
        # PyYAML ends a document that is a single scalar, and Go's writer does not.
        text = text[:-4] if text.endswith("\n...\n") else text  # the mark after what may go on
        return text.removesuffix("\n")
    except yaml.YAMLError as error:
        raise TemplateError(f"toYaml cannot write its argument: {error}") from None


def _read_yaml(text: str) -> Any:
    try:
        return from_json(load(text))
    except NotYaml:
        raise TemplateError("the text given to fromYaml is not YAML") from None


@LIBRARY.add("fromYaml", "s")
def _from_yaml(text: str) -> Any:
    value = _read_yaml(text)
    if not isinstance(value, dict | None):
        raise TemplateError("fromYaml wants an object")
    return value or {}


@LIBRARY.add("fromYamlArray", "s")
def _from_yaml_array(text: str) -> Any:
    value = _read_yaml(text)
    if not isinstance(value, list | None):
        raise TemplateError("fromYamlArray wants an array")
    return value or []


@LIBRARY.add("normalize", "s")
def _normalize(text: str) -> str:
    return sanitized(text)


@LIBRARY.add("slugify", "*a")
def _slugify(*arguments: Any) -> str:
    return slug(*arguments)
