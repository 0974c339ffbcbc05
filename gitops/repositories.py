"""Telling whether a `repoURL` means this repository, in any of its spellings."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

_SCP = re.compile(r"^(?:[^@/\s]+@)?(?P<host>[A-Za-z0-9.-]+):(?!//)(?P<path>[^\s]+)$")


@dataclass(frozen=True, slots=True)
class RepositoryName:
    """Host, owner (may hold slashes on GitLab) and name, all in lower case, without `.git`."""

    host: str
    owner: str
    name: str


def parse_repo_url(url: str) -> RepositoryName | None:
    """The repository that an https, ssh, git or scp-like URL names; None when it names none.

    `ssh.github.com:443` and `www.github.com` are GitHub's own other names for github.com. A path with `.` or `..` in
    it, however it is spelled, names none: it would lead somewhere else as soon as somebody resolves it.
    """
    text = url.strip()
    match = None if "://" in text else _SCP.match(text)
    if match:
        host, path = match["host"], match["path"]
    else:
        try:
            parts = urlsplit(text)
            host, path = parts.hostname or "", parts.path
        except ValueError:
            return None
    segments = [segment for segment in path.lower().removesuffix("/").removesuffix(".git").split("/") if segment]
    if not host or not segments or any(unquote(segment) in (".", "..") for segment in segments):
        return None
    host = host.lower()
    if host in ("ssh.github.com", "www.github.com"):
        host = "github.com"
    return RepositoryName(host, "/".join(segments[:-1]), segments[-1])


@dataclass(frozen=True, slots=True)
class RepositoryMatcher:
    """Decides whether a `repoURL` is this repository.

    `known` are its names that somebody vouches for (the remote, GitHub's answer, former names). Without any, `guess`
    (the name most Applications point at with paths that exist here) stands in.
    """

    known: frozenset[RepositoryName]
    guess: RepositoryName | None = None

    @classmethod
    def of_urls(cls, urls: list[str]) -> RepositoryMatcher:
        return cls(frozenset(name for url in urls if (name := parse_repo_url(url)) is not None))

    def matches(self, url: str, path_exists: bool) -> bool:
        """Whether `url` is this repository. A repository of the same name under another owner of the same host is
        one whose owner was renamed (or a fork) when the path the Application reads exists here too."""
        name = parse_repo_url(url)
        if name is None:
            return False
        if name in self.known or name == self.guess:
            return True
        alike = [k for k in (*self.known, self.guess) if k is not None and k.name == name.name]
        return path_exists and any(k.host == name.host or not k.host for k in alike)
