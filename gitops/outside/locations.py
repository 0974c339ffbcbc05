"""Where a repository is asked for over https, whatever form its URL is written in."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

_SCP = re.compile(r"(?:[^@/\s]+@)?(?P<host>[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\]):(?!//)(?P<path>\S+)")
# Hosts whose ssh has a name of its own. Source: the hosts' documentation of ssh over port 443.
_SSH_HOSTS = {
    "ssh.github.com": "github.com",
    "altssh.gitlab.com": "gitlab.com",
    "altssh.bitbucket.org": "bitbucket.org",
    "ssh.dev.azure.com": "dev.azure.com",
    "vs-ssh.visualstudio.com": "dev.azure.com",
}


class NoLocation(ValueError):
    """The URL names no repository that could be fetched. The message is a clause that says why."""


def is_ssh(url: str) -> bool:
    return url.startswith(("ssh://", "git+ssh://")) or ("://" not in url and _SCP.fullmatch(url) is not None)


def ssh_host(url: str) -> tuple[str, int]:
    """The host and port of a URL that `is_ssh`."""
    if "://" in url:
        parts = urlsplit(url)
        return parts.hostname or "", parts.port or 22
    match = _SCP.fullmatch(url)
    return match["host"].strip("[]") if match is not None else "", 22


def web_location(url: str) -> str:
    """The http(s) URL of a repository without credentials. Raises `NoLocation`."""
    url = url.strip()
    if "://" not in url:
        match = _SCP.fullmatch(url)
        if match is None:
            raise NoLocation(f"{url} is a path of some machine and no URL")
        return _over_https(match["host"], match["path"])
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise NoLocation(f"{url} is no URL") from None
    if parts.scheme in ("ssh", "git+ssh"):
        return _over_https(host, parts.path)
    if parts.scheme not in ("http", "https"):
        raise NoLocation(f"{parts.scheme}:// is not fetched from")
    if parts.password is not None:
        raise NoLocation(f"the URL of {host}{parts.path} carries a password; credentials come from the operator")
    if not host or not parts.path.strip("/"):
        raise NoLocation(f"{url} names no repository")
    at = f"[{host}]" if ":" in host else host
    return f"{parts.scheme}://{at}{f':{port}' if port else ''}{parts.path}{f'?{parts.query}' if parts.query else ''}"


def _over_https(host: str, path: str) -> str:
    host = _SSH_HOSTS.get(host.lower(), host.lower())
    path = path.strip("/")
    if host == "dev.azure.com":
        words = path.removeprefix("v3/").split("/")
        if len(words) == 3:
            path = f"{words[0]}/{words[1]}/_git/{words[2]}"
    if not host or not path:
        raise NoLocation("the URL names no repository")
    return f"https://{host}/{path}"
