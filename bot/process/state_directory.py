"""The state directory holds private repositories, payloads and perhaps a key: it is for the server's user alone."""

from __future__ import annotations

import os
import stat
from pathlib import Path

_PRIVATE = 0o700


def make_private(directory: Path) -> str | None:
    """Make the directory where it is missing, and take everybody else's access away from it and from the directories
    in it, as far as they are ours. Gives what could not be mended, for the operator, as a clause.

    A volume belongs to root or to whoever made it, so another owner is told and not refused. Raises `OSError` when it
    cannot be made or read.
    """
    directory.mkdir(mode=_PRIVATE, parents=True, exist_ok=True)
    for each in (directory, *(child for child in directory.iterdir() if child.is_dir() and not child.is_symlink())):
        _mend(each)
    return _open_to(directory)


def _mend(directory: Path) -> None:
    found = directory.stat()
    if found.st_uid == os.geteuid() and stat.S_IMODE(found.st_mode) & ~_PRIVATE:
        directory.chmod(_PRIVATE)


def _open_to(directory: Path) -> str | None:
    found = directory.stat()
    if found.st_uid not in (0, os.geteuid()):
        return f"{directory} belongs to user {found.st_uid}, who can read and replace what the server keeps there"
    if found.st_mode & stat.S_IRWXO:
        return f"{directory} is open to every user of the machine (mode {stat.S_IMODE(found.st_mode):o})"
    return None
