"""What a Helm repository's index.yaml says about one chart.

An index may have 20 MB, of which one chart is looked at: its lines are cut out before anything is parsed. Source:
Helm's `pkg/repo/index.go`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urljoin, urlsplit, urlunsplit

from gitops.files.documents import read_documents
from gitops.files.errors import GitopsError

LARGEST = 48 * 2**20  # bytes
_MOST = 20_000  # versions of one chart
_API_VERSION = re.compile(rb"^apiVersion:[ \t]*\S", re.MULTILINE)
_ENTRIES = re.compile(rb"^entries:[ \t]*(?:#.*)?\r?\n(?:[ \t]*(?:#.*)?\r?\n)*( +)(?=[\w\"'])", re.MULTILINE)


class BadIndex(Exception):
    """It cannot be used for this chart. The message is a sentence without a full stop that names it."""


@dataclass(frozen=True, slots=True)
class Listed:
    """A version of a chart in an index: where it is, its digest (hex, '' where the index has none), and which version
    of what it is about it `installs` ('' where that is not said)."""

    version: str
    urls: tuple[str, ...]
    digest: str
    installs: str = ""
    deprecated: bool = False


def versions_of(index: bytes, chart: str, where: str) -> Sequence[Listed]:
    """The versions of a chart in the order of the index. Raises `BadIndex`. `where` names the index."""
    return [listed for entry in _entries(index, chart, where)[:_MOST] if (listed := _listed(entry)) is not None]


def resolved(repository: str, url: str) -> str:
    """Where an archive is: its URL in an index may be relative to the repository, whose query it takes over."""
    base = urlsplit(repository)
    whole = urljoin(urlunsplit((base.scheme, base.netloc, base.path.rstrip("/") + "/", "", "")), url)
    if base.query and not urlsplit(url).netloc:
        parts = urlsplit(whole)
        whole = urlunsplit((parts.scheme, parts.netloc, parts.path, base.query, ""))
    return whole


def _entries(index: bytes, chart: str, where: str) -> list[Any]:
    index = index.removeprefix(b"\xef\xbb\xbf")
    if index[:200].lstrip()[:1] in (b"<", b""):
        raise BadIndex(f"{where} is a page or empty, and no index of charts")
    cut = None if index.lstrip()[:1] == b"{" else _cut(index, chart, where)
    try:
        document = json.loads(index) if index.lstrip()[:1] == b"{" else _yaml(cut if cut is not None else index)
    except (GitopsError, ValueError, RecursionError) as error:
        raise BadIndex(f"{where} cannot be read: {_first_line(error)}") from None
    if cut is not None:
        document = {"apiVersion": "v1", "entries": document}
    if not isinstance(document, dict) or not isinstance(document.get("entries"), dict):
        raise BadIndex(f"{where} is no index of charts: it has no entries")
    if not document.get("apiVersion"):
        raise BadIndex(f"{where} has no apiVersion, so Helm refuses it")
    found = document["entries"].get(chart)
    if not isinstance(found, list) or not found:
        raise BadIndex(f"{where} has no chart {chart}")
    return found


def _cut(index: bytes, chart: str, where: str) -> bytes | None:
    """The lines of one chart, as Helm writes an index; None for one that is written otherwise."""
    start = _ENTRIES.search(index)
    if start is None or _API_VERSION.search(index) is None:
        return None
    indent = start[1]
    name = re.escape(chart.encode())
    key = re.compile(rb"^" + indent + rb"(?:" + name + rb"|\"" + name + rb"\"|'" + name + rb"'):", re.MULTILINE)
    # What is below the chart is deeper, but items of its list may stand as deep as its name.
    end = re.compile(rb"^" + indent + rb"(?=[^\s#-])", re.MULTILINE)
    after = re.compile(rb"^(?=[^\s#])", re.MULTILINE).search(index, start.end())
    limit = after.start() if after is not None else len(index)
    found = [match.start() for match in key.finditer(index, start.start(1), limit)]
    if len(found) > 1:
        raise BadIndex(f"{where} has the chart {chart} twice")
    if not found:
        raise BadIndex(f"{where} has no chart {chart}")
    behind = end.search(index, index.find(b"\n", found[0]) + 1 or limit, limit)
    return index[found[0] : behind.start() if behind is not None else limit]


def _yaml(text: bytes) -> Any:
    documents = read_documents("index.yaml", text)
    return documents[0].value() if documents else None


def _listed(entry: Any) -> Listed | None:
    """None for what Helm passes over."""
    if not isinstance(entry, dict) or not isinstance(entry.get("version"), str):
        return None
    urls, digest, installs = entry.get("urls"), entry.get("digest"), entry.get("appVersion")
    return Listed(
        entry["version"],
        tuple(url for url in urls if isinstance(url, str)) if isinstance(urls, list) else (),
        digest.removeprefix("sha256:").lower() if isinstance(digest, str) else "",
        installs if isinstance(installs, str) else "",
        entry.get("deprecated") is True,
    )


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0][:200]
