"""Telling what kustomize fetches from what it looks up.

kustomize decides by the text alone, before it looks whether there is such a file: a directory called
`http:/example.com` does not make `http://example.com/x` a local path (kustomize, api/internal/loader/fileloader.go
`IsRemoteFile`; api/internal/git/repospec.go `NewRepoSpecFromURL`).
"""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass
from urllib.parse import parse_qs

# `url.Parse` takes a scheme in any case, and needs no slashes behind it.
_HTTP = re.compile(r"https?:", re.IGNORECASE)
_FORCED = re.compile(r"git::", re.IGNORECASE)
_SCHEME = re.compile(r"(ssh|https?|file)://", re.IGNORECASE)
_GITHUB = re.compile(r"github\.com[/:]", re.IGNORECASE)
_USER = re.compile(r"[a-zA-Z][a-zA-Z0-9-]*@")
_MANIFEST = re.compile(r"\.(ya?ml|json)$", re.IGNORECASE)
_FALSE = frozenset({"0", "f", "F", "false", "FALSE", "False"})  # as Go's strconv.ParseBool reads them

# What older versions of kustomize, or people, take for remote; where such a file exists, it is a file.
_LOOKS = re.compile(
    r"([a-z+]+::)?([a-zA-Z][a-zA-Z0-9+.-]*://|[A-Za-z0-9_.-]+@[A-Za-z0-9.-]+:)"
    r"|(gitlab\.com|bitbucket\.org|dev\.azure\.com)[:/]|gh:",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class RemoteBase:
    """A directory of another repository: what git is given, the path in it, the `ref` ('' for the default branch)."""

    repository: str
    path: str
    ref: str = ""
    submodules: bool = True


def is_url(value: str) -> bool:
    """Whether kustomize loads this file by HTTP."""
    return _HTTP.match(value) is not None


def is_manifest_url(value: str) -> bool:
    """Whether a URL is one file rather than a repository. kustomize tries both, in this order; what it tries in vain
    is not worth asking for."""
    path, _, query = value.partition("?")
    named = parse_qs(query)
    rest = _SCHEME.sub("", path, count=1)
    if "ref" in named or "version" in named or "//" in rest or "_git/" in rest:
        return False
    return is_url(value) and _MANIFEST.search(path) is not None


def remote_base(value: str) -> RemoteBase | None:
    """What kustomize clones for an entry; None where that names no repository (api/internal/git/repospec.go,
    `NewRepoSpecFromURL`)."""
    if value.startswith("/"):
        return None
    text, _, query = value.partition("?")
    forced = _FORCED.match(text)
    text = text[forced.end() :] if forced else text
    matched = _SCHEME.match(text)
    scheme = matched[0].lower() if matched else ""
    text = text[len(scheme) :]
    user = _USER.match(text)
    name = user[0] if user else ""
    text = text[len(name) :]
    github = _GITHUB.match(text) is not None
    scp = not scheme and (bool(name) or github)
    if not scheme and not scp:
        return None
    if scheme == "file://":
        host, rest = scheme, name + text
    else:
        end = _host_end(text, scp)
        host, rest = (text[: end + 1], text[end + 1 :]) if end >= 0 else (text, "")
        if not host:
            return None
        if github and (scheme == "ssh://" or name):
            host = f"{name}github.com:"
        elif github:
            host = "https://github.com/"
        else:
            host = scheme + name + host
    split = _split(rest, whole=scheme == "file://")
    if split is None or not split[0] or posixpath.normpath(split[1].lstrip("/")).split("/")[0] == "..":
        return None
    options = parse_qs(query)

    def option(name: str) -> str:
        return options.get(name, [""])[0]

    ref = option("ref") or option("version")
    return RemoteBase(host + split[0], split[1].removeprefix("/"), ref, option("submodules") not in _FALSE)


def _host_end(text: str, scp: bool) -> int:
    slash, colon = text.find("/"), text.find(":")
    return colon if scp and (slash == -1 or 0 < colon < slash) else slash


def _split(text: str, whole: bool) -> tuple[str, str] | None:
    """The path of a repository, and the path in it."""
    at = text.find("_git/")
    if at >= 0:
        name, _, rest = text[at + 5 :].partition("/")
        return text[: at + 5] + name, rest
    if "//" in text:
        name, _, rest = text.partition("//")
        return name, rest
    at = text.find(".git")
    if at >= 0:
        return text[: at + 4], text[at + 4 :]
    if whole:
        return text, ""
    parts = text.split("/")
    return ("/".join(parts[:2]), "/".join(parts[2:])) if len(parts) >= 2 else None


def is_remote(value: str) -> bool:
    """Whether kustomize fetches this entry, whatever files there are."""
    if _HTTP.match(value):
        return True
    forced = _FORCED.match(value)
    rest = value[forced.end() :] if forced else value
    if _SCHEME.match(rest) or _GITHUB.match(rest):
        return True
    user = _USER.match(rest)
    return user is not None and _is_repository(rest[user.end() :].partition("?")[0])


def looks_remote(value: str) -> bool:
    """Whether an entry that names no file is most likely meant to be fetched."""
    return is_remote(value) or _LOOKS.match(value) is not None


def _is_repository(text: str) -> bool:
    """Whether what stands behind `user@` is a host and the path of a repository."""
    slash, colon = text.find("/"), text.find(":")
    end = colon if slash == -1 or 0 < colon < slash else slash
    path = text[end + 1 :] if end >= 0 else ""
    if "_git/" in path or "//" in path or ".git" in path:
        return True
    return path.count("/") >= 1
