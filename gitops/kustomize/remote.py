"""Telling what kustomize fetches from what it looks up.

kustomize decides by the text alone, before it looks whether there is such a file: a directory called
`http:/example.com` does not make `http://example.com/x` a local path (kustomize, api/internal/loader/fileloader.go
`IsRemoteFile`; api/internal/git/repospec.go `NewRepoSpecFromURL`).
"""

from __future__ import annotations

import re

# `url.Parse` takes a scheme in any case, and needs no slashes behind it.
_HTTP = re.compile(r"https?:", re.IGNORECASE)
_FORCED = re.compile(r"git::", re.IGNORECASE)
_SCHEME = re.compile(r"(ssh|https?|file)://", re.IGNORECASE)
_GITHUB = re.compile(r"github\.com[/:]", re.IGNORECASE)
_USER = re.compile(r"[a-zA-Z][a-zA-Z0-9-]*@")

# What older versions of kustomize, or people, take for remote; where such a file exists, it is a file.
_LOOKS = re.compile(
    r"([a-z+]+::)?([a-zA-Z][a-zA-Z0-9+.-]*://|[A-Za-z0-9_.-]+@[A-Za-z0-9.-]+:)"
    r"|(gitlab\.com|bitbucket\.org|dev\.azure\.com)[:/]|gh:",
    re.IGNORECASE,
)


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
