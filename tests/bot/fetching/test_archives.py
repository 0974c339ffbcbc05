"""What a chart's archive may not be."""

from __future__ import annotations

import gzip
import io
import tarfile
import zipfile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.fetching import archives
from bot.fetching.archives import chart_tree
from bot.fetching.faults import Unfetched
from tests.outside.charts import archive, member, packed

CHART = member("web/Chart.yaml", b"name: web\nversion: 1.0.0\n")


def reason(content: bytes) -> str:
    with pytest.raises(Unfetched) as caught:
        chart_tree(content, "web")
    return str(caught.value)


def test_a_chart_is_its_directory() -> None:
    tree, name, version = chart_tree(archive("web", "1.0.0", {"templates/a.yaml": "a", "values.yaml": "v"}), "web")
    assert (name, version) == ("web", "1.0.0")
    assert {path: tree.read(path) for path in tree.paths() if path != "Chart.yaml"} == {
        "templates/a.yaml": b"a", "values.yaml": b"v",
    }  # fmt: skip


def test_what_was_packed_on_windows_is_read() -> None:
    tree, _, _ = chart_tree(packed([CHART, member("web\\templates\\a.yaml", b"a")]), "web")
    assert tree.paths() == ["Chart.yaml", "templates/a.yaml"]


@pytest.mark.parametrize(
    ("members", "told"),
    [
        ([CHART, member("../../etc/cron.d/x", b"x")], "a file that leads out of it: ../../etc/cron.d/x"),
        ([CHART, member("web/../../x", b"x")], "a file that leads out of it: web/../../x"),
        ([CHART, member("web\\..\\..\\x", b"x")], "a file that leads out of it: web/../../x"),
        ([CHART, member("/etc/passwd", b"x")], "a file with an absolute name: /etc/passwd"),
        ([CHART, member("C:/x", b"x")], "a file with an absolute name: C:/x"),
        ([CHART, member("web/a", kind=tarfile.SYMTYPE, link="/etc/passwd")], "web/a, which is a link"),
        ([CHART, member("web/a", kind=tarfile.SYMTYPE, link="Chart.yaml")], "web/a, which is a link"),
        ([CHART, member("web/a", kind=tarfile.LNKTYPE, link="web/Chart.yaml")], "web/a, which is a link"),
        ([CHART, member("web/a", kind=tarfile.FIFOTYPE)], "web/a, which is neither a file nor a directory"),
        ([CHART, member("web/a", kind=tarfile.CHRTYPE)], "web/a, which is neither a file nor a directory"),
        ([CHART, CHART], "web/Chart.yaml twice"),
        ([CHART, member("web/./Chart.yaml", b"x")], "web/Chart.yaml twice"),
        ([CHART, member("web/a", b"x"), member("web/a/b", b"x")], "web/a/b below what is a file"),
        ([CHART, member("other/values.yaml", b"x")], "more than one directory: other, web"),
        ([CHART, member("loose", b"x")], "loose outside of the chart's directory"),
        ([member("web/values.yaml", b"x")], "no Chart.yaml"),
        ([], "no Chart.yaml"),
    ],
)
def test_what_an_archive_may_not_hold(members: list[tuple[tarfile.TarInfo, bytes]], told: str) -> None:
    assert reason(packed(members)) == f"the archive of web holds {told}"


def _zip() -> bytes:
    raw = io.BytesIO()
    with zipfile.ZipFile(raw, "w") as file:
        file.writestr("web/Chart.yaml", "name: web")
    return raw.getvalue()


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "is no gzipped tar file"),
        (b"<html>", "is no gzipped tar file"),
        (_zip(), "is a zip file; charts are gzipped tar files"),
        (archive()[:-20], "breaks off"),
        (gzip.compress(gzip.decompress(archive())[:600]), "is damaged"),
        (b"\x1f\x8b" + b"x" * 100, "is damaged"),
        (gzip.compress(b"x" * 2000), "is damaged"),
    ],
    ids=["empty", "page", "zip", "half", "half of the tar", "no gzip", "no tar"],
)
def test_what_is_no_archive(content: bytes, told: str) -> None:
    assert reason(content) == f"the archive of web {told}"


def test_a_header_that_is_damaged_in_the_middle_is_no_end() -> None:
    raw = bytearray(gzip.decompress(archive("web", "1.0.0", {"values.yaml": "v"})))
    raw[1024 + 148] ^= 0x55  # the checksum of the second header
    assert reason(gzip.compress(bytes(raw))) == "the archive of web is damaged"


def test_a_bomb_ends_at_the_limit() -> None:
    bomb = packed([CHART, *(member(f"web/{i}", b"\0" * 15_000_000) for i in range(9))])
    assert len(bomb) < 200_000
    assert reason(bomb) == "the archive of web unpacks to more than 128 MB"


def test_holes_are_counted_as_what_they_unpack_to() -> None:
    """A sparse file: a header of 512 bytes that stands for a file of any size."""
    holes = []
    for number in range(20):
        info = tarfile.TarInfo(f"web/{number}")
        info.pax_headers = {"GNU.sparse.major": "0", "GNU.sparse.minor": "1", "GNU.sparse.map": "0,0",
                            "GNU.sparse.size": "15000000", "GNU.sparse.name": f"web/{number}"}  # fmt: skip
        holes.append((info, b""))
    assert reason(packed([CHART, *holes])) == "the archive of web unpacks to more than 128 MB"


def test_too_many_files_and_too_large_ones_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archives, "FILES", 3)
    many = packed([CHART, *(member(f"web/{i}") for i in range(3))])
    assert reason(many) == "the archive of web holds more than 3 files"
    large = packed([CHART, member("web/a", b"\0" * (16 * 2**20 + 1))])
    assert reason(large) == "the archive of web holds web/a, which has more than 16,777,216 bytes"


@given(st.binary(max_size=600), st.integers(0, 2000))
@settings(max_examples=30)
def test_whatever_the_bytes_are_they_are_a_chart_or_refused(noise: bytes, at: int) -> None:
    raw = bytearray(gzip.decompress(archive("web", "1.0.0", {"values.yaml": "v"})))
    raw[at : at + len(noise)] = noise
    try:
        tree, _, _ = chart_tree(gzip.compress(bytes(raw), 1), "web")
    except Unfetched as error:
        assert str(error).startswith(("the archive of web ", "the Chart.yaml of web "))
        return
    assert all(not path.startswith("/") and ".." not in path.split("/") for path in tree.paths())
