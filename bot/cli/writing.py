"""What the command line writes: the report, and the fixes in the working tree."""

from __future__ import annotations

import contextlib
import os
import stat
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from bot.cli.checkout import CannotRun, Checkout
from bot.cli.terminal import say
from bot.formats.writing.visible import visible_lines
from gitops.files.errors import GitopsError
from gitops.files.spans import Edit, edited, edits_by_path


def require_writable(output: Path | None) -> None:
    """Find out before the work, not after it, that `--output` cannot be written. Raises `CannotRun`."""
    if output is None:
        return
    if output.is_dir():
        raise CannotRun(f"{output} cannot be written: Is a directory")
    if not output.parent.is_dir():
        raise CannotRun(f"{output} cannot be written: {output.parent} is not a directory")
    if not os.access(output if output.exists() else output.parent, os.W_OK):
        raise CannotRun(f"{output} cannot be written: Permission denied")


def put(data: bytes, output: Path | None) -> None:
    """Write to `output`, or to standard output. Raises `CannotRun`."""
    if output is None:
        sys.stdout.flush()
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
        return
    try:
        output.write_bytes(data)
    except OSError as error:
        raise CannotRun(f"{output} cannot be written: {error.strerror}") from None


def put_diff(data: bytes) -> None:
    """Write a diff to standard output: as `git apply` takes it, or as it can be seen on a terminal."""
    if sys.stdout.isatty():
        data = visible_lines(data.decode("utf-8", "surrogateescape")).encode("utf-8", "replace")
    put(data, None)


def apply(checkout: Checkout, edits: Sequence[Edit]) -> None:
    """Apply the edits to the working tree and say what was written.

    Every file is written in full beside its target first, and only then put in its place: what can fail (space,
    permissions, a file that changed meanwhile) fails before anything is touched. Raises `CannotRun`.
    """
    ready: list[tuple[str, Path | None, Path]] = []
    with contextlib.ExitStack() as scratches:
        for path, grouped in edits_by_path(edits).items():
            target = checkout.directory / path
            try:
                comes = path not in checkout.tree
                before = checkout.tree.present(path)
                after = edited(before, grouped)
                if comes:
                    if os.path.lexists(target):
                        raise CannotRun(f"{path} is there already; nothing was written")
                elif _content(target, deleting=after is None) != before:
                    raise CannotRun(f"{path} changed while argofix looked at it; nothing was written")
                scratch = _beside(target, after, comes) if after is not None else None
            except OSError as error:
                raise CannotRun(f"{path} cannot be written: {error.strerror}; nothing was written") from None
            except GitopsError as error:
                raise CannotRun(f"{path} cannot be edited: {error}; nothing was written") from None
            if scratch is not None:
                scratches.callback(scratch.unlink, missing_ok=True)
            ready.append((path, scratch, target))
        for path, scratch, target in ready:
            try:
                if scratch is not None:
                    scratch.replace(target)
                else:
                    target.unlink()
            except OSError as error:
                raise CannotRun(f"{path} cannot be written: {error.strerror}") from None
            say(f"wrote {path}" if scratch is not None else f"deleted {path}")


def _content(target: Path, *, deleting: bool) -> bytes | None:
    """What stands at a path now: a file's bytes, or where a link leads that is to be deleted. None for another link,
    which is not to be written through."""
    if not target.is_symlink():
        return target.read_bytes()
    return os.fsencode(target.readlink()) if deleting else None


def _beside(target: Path, data: bytes, comes: bool) -> Path:
    """A new file next to `target`, with its mode, whose content has reached the disk. `comes` tells that there is no
    such file yet."""
    mode = 0o644 if comes else stat.S_IMODE(target.stat().st_mode)
    if not comes and not os.access(target, os.W_OK):
        raise PermissionError(13, "Permission denied")
    descriptor, name = tempfile.mkstemp(dir=target.parent, prefix=".argofix-")
    try:
        with os.fdopen(descriptor, "wb") as scratch:
            scratch.write(data)
            scratch.flush()
            os.fchmod(scratch.fileno(), mode)
            os.fsync(scratch.fileno())
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    return Path(name)
