"""A chart's archive as a tree: nothing is unpacked onto a disk, and nothing in it leads out of it.

Source: Helm's `pkg/chart/loader/archive.go`, whose limits are less strict; what it skips is skipped here.
"""

from __future__ import annotations

import io
import posixpath
import tarfile
import zlib

from bot.fetching.faults import Unfetched
from gitops.files.documents import read_documents
from gitops.files.errors import GitopsError
from gitops.files.tree import MAX_FILE_BYTES, Tree

LARGEST = 32 * 2**20  # bytes of an archive; Helm's charts in registries are below 1 MB
UNPACKED = 128 * 2**20
FILES = 20_000


def chart_tree(archive: bytes, what: str) -> tuple[Tree, str, str]:
    """The files of a chart's archive with the chart's directory as the root, and the name and version in its
    Chart.yaml. `what` names the chart in messages. Raises `Unfetched`."""
    files = _files(_unpacked(archive, what), what)
    tops = {path.partition("/")[0] for path in files if "/" in path}
    loose = [path for path in files if "/" not in path]
    if loose:
        raise Unfetched(f"the archive of {what} holds {loose[0]} outside of the chart's directory")
    charts = sorted(top for top in tops if f"{top}/Chart.yaml" in files)
    if not charts:
        raise Unfetched(f"the archive of {what} holds no Chart.yaml")
    if len(tops) > 1:
        raise Unfetched(f"the archive of {what} holds more than one directory: {', '.join(sorted(tops)[:3])}")
    root = charts[0] + "/"
    inside = {path.removeprefix(root): content for path, content in files.items()}
    name, version = _identity(inside["Chart.yaml"], what)
    return Tree.of(inside), name, version


def _unpacked(archive: bytes, what: str) -> bytes:
    """The tar in it, as far as it is not too large."""
    if not archive.startswith(b"\x1f\x8b"):
        if archive[:4] == b"PK\x03\x04":
            raise Unfetched(f"the archive of {what} is a zip file; charts are gzipped tar files")
        raise Unfetched(f"the archive of {what} is no gzipped tar file")
    unpacked = bytearray()
    rest = archive
    try:
        while rest:  # gzip files may be put one behind the other
            reader = zlib.decompressobj(wbits=31)
            unpacked += reader.decompress(rest, UNPACKED + 1 - len(unpacked))
            if len(unpacked) > UNPACKED:
                raise Unfetched(f"the archive of {what} unpacks to more than {UNPACKED // 2**20} MB")
            if not reader.eof:
                raise Unfetched(f"the archive of {what} breaks off")
            rest = reader.unused_data.lstrip(b"\0")
    except zlib.error:
        raise Unfetched(f"the archive of {what} is damaged") from None
    return bytes(unpacked)


def _files(unpacked: bytes, what: str) -> dict[str, bytes]:
    files: dict[str, bytes] = {}
    seen = held = 0
    try:
        with tarfile.open(fileobj=io.BytesIO(unpacked), mode="r:") as archive:
            for member in archive:
                seen += 1
                if seen > FILES:
                    raise Unfetched(f"the archive of {what} holds more than {FILES:,} files")
                if member.isdir():
                    _name(member.name.rstrip("/") or ".", what)
                    continue
                name = _name(member.name, what)
                if not member.isreg():
                    kind = "a link" if member.issym() or member.islnk() else "neither a file nor a directory"
                    raise Unfetched(f"the archive of {what} holds {name}, which is {kind}")
                if member.size > MAX_FILE_BYTES:
                    size = f"{MAX_FILE_BYTES:,} bytes"
                    raise Unfetched(f"the archive of {what} holds {name}, which has more than {size}")
                held += member.size  # a file with holes has more bytes than stand there for it
                if held > UNPACKED:
                    raise Unfetched(f"the archive of {what} unpacks to more than {UNPACKED // 2**20} MB")
                if name in files:
                    raise Unfetched(f"the archive of {what} holds {name} twice")
                content = archive.extractfile(member)
                assert content is not None
                files[name] = content.read()
                if len(files[name]) != member.size:
                    raise Unfetched(f"the archive of {what} breaks off")
            # The library takes a damaged header behind the first one for the end.
            if any(unpacked[archive.offset : archive.offset + tarfile.BLOCKSIZE]):
                raise Unfetched(f"the archive of {what} is damaged")
    except (tarfile.TarError, EOFError, ValueError, OverflowError, UnicodeError):
        raise Unfetched(f"the archive of {what} is damaged") from None
    for name in files:
        if any(parent in files for parent in _parents(name)):
            raise Unfetched(f"the archive of {what} holds {name} below what is a file")
    return files


def _parents(path: str) -> list[str]:
    found = []
    while path := posixpath.dirname(path):
        found.append(path)
    return found


def _name(name: str, what: str) -> str:
    """The path in a form that only one path has."""
    name = name.replace("\\", "/")  # as Helm reads what was packed on Windows
    if name.startswith("/") or name[1:3] == ":/":
        raise Unfetched(f"the archive of {what} holds a file with an absolute name: {name[:80]}")
    if ".." in name.split("/"):
        raise Unfetched(f"the archive of {what} holds a file that leads out of it: {name[:80]}")
    return posixpath.normpath(name)


def _identity(chart: bytes, what: str) -> tuple[str, str]:
    try:
        documents = read_documents("Chart.yaml", chart)
        value = documents[0].value() if documents else None
    except GitopsError as error:
        raise Unfetched(f"the Chart.yaml of {what} cannot be read: {error}") from None
    name = value.get("name") if isinstance(value, dict) else None
    version = value.get("version") if isinstance(value, dict) else None
    if not isinstance(name, str) or not isinstance(version, str):
        raise Unfetched(f"the Chart.yaml of {what} has no name or no version")
    return name, version
