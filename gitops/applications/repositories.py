"""Telling whether a `repoURL` means this repository, in any of its spellings."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from urllib.parse import unquote, urlsplit

from gitops.applications.revisions import HERE, UNTOLD, Revisions

_SCP = re.compile(r"^(?:[^@/\s]+@)?(?P<host>[A-Za-z0-9.-]+):(?!//)(?P<path>[^\s]+)$")

_HOSTS = {
    "ssh.github.com": "github.com",
    "www.github.com": "github.com",
    "altssh.gitlab.com": "gitlab.com",
    "altssh.bitbucket.org": "bitbucket.org",
    "ssh.dev.azure.com": "dev.azure.com",
}


@dataclass(frozen=True, slots=True)
class RepositoryName:
    """Host, owner (may hold slashes on GitLab) and name, all in lower case, without `.git`."""

    host: str
    owner: str
    name: str


def parse_repo_url(url: str) -> RepositoryName | None:
    """The repository that an https, ssh, git or scp-like URL names; None when it names none.

    Hosts have other names of their own for ssh on port 443 (`ssh.github.com`, `altssh.gitlab.com`,
    `altssh.bitbucket.org`), Azure DevOps and Bitbucket Server write paths differently for https and ssh. A path with
    `.` or `..` in it, however it is spelled, names none: it would lead somewhere else once somebody resolves it.
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
    host = _HOSTS.get(host.lower(), host.lower())
    if host == "dev.azure.com":
        segments = [s for i, s in enumerate(segments) if s != "_git" and not (i == 0 and s == "v3")]
    elif len(segments) == 3 and segments[0] == "scm":
        segments = segments[1:]
    if not host or not segments or any(unquote(segment) in (".", "..") for segment in segments):
        return None
    return RepositoryName(host, "/".join(segments[:-1]), segments[-1])


def identity_of(url: str) -> str:
    """One text for every spelling of a repository; a URL that names no host (a placeholder) stands for itself."""
    name = parse_repo_url(url)
    return f"{name.host}/{name.owner}/{name.name}" if name is not None else url.strip()


@dataclass(frozen=True, slots=True)
class RepositoryMatcher:
    """Decides whether a `repoURL` is this repository, and a `targetRevision` the commit that is looked at.

    `known` are its names that somebody vouches for (the remote, GitHub's answer, former names). Without any, `guess`
    (the name most Applications point at with paths that exist here) stands in. `aliases` are further names by
    `identity_of`: from the configuration, or recognised by evidence where that `may_guess`. `answering` are
    hosts that can be asked whose a name is, so that evidence about names there counts for nothing.
    """

    known: frozenset[RepositoryName]
    guess: RepositoryName | None = None
    revisions: Revisions = UNTOLD
    aliases: frozenset[str] = frozenset()
    may_guess: bool = True
    answering: frozenset[str] = frozenset()

    @classmethod
    def of_urls(cls, urls: list[str], revisions: Revisions | None = None) -> RepositoryMatcher:
        known = frozenset(name for url in urls if (name := parse_repo_url(url)) is not None)
        return cls(known, revisions=revisions or UNTOLD)

    def also(self, urls: Iterable[str] | None) -> RepositoryMatcher:
        """With the further names that the configuration lists: then nothing else is guessed. None is no list."""
        if urls is None:
            return self
        return replace(self, aliases=self.aliases | {identity_of(url) for url in urls}, may_guess=False)

    def matches(self, url: str, path_exists: bool) -> bool:
        """Whether `url` is this repository. A repository of the same name under another owner of the same host is
        one whose owner was renamed (or a fork) when the path the Application reads exists here too."""
        if url == HERE or (self.aliases and identity_of(url) in self.aliases):
            return True
        name = parse_repo_url(url)
        if name is None:
            return False
        if name in self.known or name == self.guess:
            return True
        alike = [k for k in (*self.known, self.guess) if k is not None and k.name == name.name]
        return path_exists and any(k.host == name.host or not k.host for k in alike)
