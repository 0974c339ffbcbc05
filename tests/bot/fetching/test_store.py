"""What was fetched is kept by digest, verified and bounded."""

from __future__ import annotations

import os
from pathlib import Path

from bot.fetching.store import Store, digest_of


def files(store: Store) -> list[Path]:
    return sorted(path for path in (store.directory / "content").iterdir())


def test_content_is_found_by_its_digest(tmp_path: Path) -> None:
    store = Store(tmp_path)
    digest = store.put(b"content")
    assert (digest, store.get(digest)) == (digest_of(b"content"), b"content")
    assert Store(tmp_path).get(digest) == b"content", "it outlives the process"
    assert store.get(digest_of(b"other")) is None
    assert store.get("../../etc/passwd") is None


def test_what_is_damaged_is_not_believed(tmp_path: Path) -> None:
    store = Store(tmp_path)
    digest = store.put(b"content")
    (file,) = files(store)
    file.write_bytes(b"changed")
    assert store.get(digest) is None
    store.put(b"content")
    assert store.get(digest) == b"content"


def test_what_was_not_used_for_longest_goes_first(tmp_path: Path) -> None:
    store = Store(tmp_path, most=250)
    digests = [store.put(bytes([number]) * 100) for number in range(2)]
    for age, file in enumerate(files(store)):
        os.utime(file, (age, age))
    assert store.get(digests[0]) is not None  # used
    third = store.put(b"x" * 100)
    assert [store.get(digest) is not None for digest in (*digests, third)] == [True, False, True]
    assert sum(file.stat().st_size for file in files(store)) <= 250


def test_what_is_larger_than_all_is_not_kept(tmp_path: Path) -> None:
    store = Store(tmp_path, most=10)
    store.put(b"123")
    assert store.get(store.put(b"x" * 11)) is None
    assert store.get(digest_of(b"123")) == b"123"


def test_names_lead_to_what_was_noted(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.note("chart web", {"digest": "sha256:1"})
    assert store.known("chart web") == {"digest": "sha256:1"}
    assert store.known("chart") is None
    (file,) = (tmp_path / "names").iterdir()
    file.write_text('{"name": "another", "facts": {}}')
    assert store.known("chart web") is None
    file.write_text("[" * 50_000)
    assert store.known("chart web") is None


def test_a_directory_that_cannot_be_written_to_forgets(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    store = Store(tmp_path / "file")
    digest = store.put(b"content")
    store.note("name", {})
    assert store.get(digest) is None
    assert store.known("name") is None


def test_nobody_else_looks_into_it(tmp_path: Path) -> None:
    store = Store(tmp_path / "fetched")
    store.put(b"private")
    assert (tmp_path / "fetched").stat().st_mode & 0o077 == 0
    assert (tmp_path / "fetched" / "content").stat().st_mode & 0o077 == 0
