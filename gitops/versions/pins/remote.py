"""Versions inside the URLs by which kustomize loads a component's manifests.

A git URL carries it in its query (kustomize api/internal/git, repospec.go: `ref`, else `version`), a file's URL in
its path. Every spelling that kustomize takes for GitHub is known: with and without scheme, `git::`, `gh:`, `git@`,
`ssh://`, `org-1@github.com:`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from gitops.versions.components import Component
from gitops.versions.pins.model import Style

_HOSTS = (
    r"(?:git::)?(?:(?:https?|ssh|git)://)?(?:[A-Za-z0-9_.-]+(?::[^@/]*)?@)?(?:www\.)?github\.com(?::[0-9]+)?[:/]"
    r"|(?:git::)?gh:"
)
_FILES = (
    r"raw\.githubusercontent\.com/{}/(?:refs/(?:tags|heads)/)?([^/?]+)/"
    r"|(?:www\.)?github\.com/{}/(?:raw|blob|releases/download)/(?:refs/(?:tags|heads)/)?([^/?]+)/"
    r"|cdn\.jsdelivr\.net/gh/{}@([^/?]+)/"
)
_USER = re.compile(r"//([^/@\s]*)@")
_PARAMETER = re.compile(r"(?:(?<=\?)|(?<=&))(ref|version)=(?:refs/tags/)?([^&]*)")


@dataclass(frozen=True, slots=True)
class RemoteVersion:
    """A version in a URL: characters `start` to `end`; both 0 when the URL names none (it follows a branch)."""

    style: Style
    text: str
    start: int
    end: int


def remote_versions(url: str, component: Component) -> Iterator[RemoteVersion]:
    """The versions that a remote entry pins, none when it loads something other than the component's repository."""
    repository = re.escape(component.repository)
    file = re.match(r"(?i)https?://(?:" + _FILES.replace("{}", repository) + ")", url)
    if file is not None and file.lastindex is not None:
        yield RemoteVersion(Style.REMOTE_FILE, file[file.lastindex], *file.span(file.lastindex))
        return
    git = re.match(rf"(?i)(?:{_HOSTS})/?{repository}(?:\.git)?(?=[/?]|$)", url)
    if git is None:
        return
    parameters = [found for found in _PARAMETER.finditer(url, git.end()) if found[2]]
    for found in parameters:
        yield RemoteVersion(Style.REMOTE_BASE, found[2], *found.span(2))
    if not parameters:
        yield RemoteVersion(Style.REMOTE_BASE, "", 0, 0)


def copied_from(url: str, component: Component) -> RemoteVersion | None:
    """The version that a remote entry pins in a fork or mirror of the component's repository, known by its name."""
    name = re.escape(component.repository.partition("/")[2])
    file = re.match(rf"(?i)https?://raw\.githubusercontent\.com/[^/]+/{name}/(?:refs/(?:tags|heads)/)?([^/?]+)/", url)
    if file is not None:
        return RemoteVersion(Style.REMOTE_FILE, file[1], *file.span(1))
    git = re.search(rf"(?i)[:/]{name}(?:\.git)?(?=[/?]|$)", url)
    if git is None:
        return None
    found = next((found for found in _PARAMETER.finditer(url, git.end()) if found[2]), None)
    return RemoteVersion(Style.REMOTE_BASE, found[2] if found else "", *(found.span(2) if found else (0, 0)))


def without_credentials(url: str) -> str:
    """The URL as it may be shown: a user name with a password or token becomes `...`."""
    return _USER.sub(lambda user: "//...@" if ":" in user[1] or _is_token(user[1]) else user[0], url)


def _is_token(user: str) -> bool:
    return len(user) >= 16 and not user.startswith("git@")
