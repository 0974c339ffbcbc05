"""Charts' archives and indexes as Helm makes them, and as it does not."""

from __future__ import annotations

import gzip
import hashlib
import io
import tarfile
from collections.abc import Iterable, Mapping

Member = tuple[tarfile.TarInfo, bytes]


def archive(name: str = "web", version: str = "1.2.3", files: Mapping[str, str] | None = None) -> bytes:
    chart = {"Chart.yaml": f"apiVersion: v2\nname: {name}\nversion: {version}\n", **(files or {})}
    return packed(member(f"{name}/{path}", text.encode()) for path, text in chart.items())


def member(
    name: str, content: bytes = b"", kind: bytes = tarfile.REGTYPE, link: str = ""
) -> tuple[tarfile.TarInfo, bytes]:
    info = tarfile.TarInfo(name)
    info.size, info.type, info.linkname = len(content), kind, link
    return info, content


def packed(members: Iterable[Member]) -> bytes:
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w") as tar:
        for info, content in members:
            tar.addfile(info, io.BytesIO(content))
    return gzip.compress(raw.getvalue(), 6, mtime=0)


def index(entries: Iterable[tuple[str, str, str, bytes]]) -> bytes:
    """Of (name, version, url, archive)."""
    by_name: dict[str, list[tuple[str, str, bytes]]] = {}
    for name, version, url, content in entries:
        by_name.setdefault(name, []).append((version, url, content))
    lines = ["apiVersion: v1", "entries:"]
    for name, versions in sorted(by_name.items()):
        lines.append(f"  {name}:")
        for version, url, content in versions:
            digest = hashlib.sha256(content).hexdigest()
            lines += ["  - apiVersion: v2", f"    digest: {digest}", f"    name: {name}", "    urls:", f"    - {url}"]
            lines.append(f"    version: {version}")
    return ("\n".join([*lines, 'generated: "2026-01-01T00:00:00Z"']) + "\n").encode()
