"""Sprig: path functions (Go's path package)."""

from __future__ import annotations

import posixpath
from typing import Final

from gitops.gotemplate.functions.registry import Library

LIBRARY: Final = Library()


def clean(path: str) -> str:
    """path.Clean."""
    done = posixpath.normpath(path) if path else "."
    return "/" + done.lstrip("/") if done.startswith("/") else done


def base(path: str) -> str:
    """path.Base."""
    if not path:
        return "."
    return path.rstrip("/").rpartition("/")[2] or "/"


def directory(path: str) -> str:
    """path.Dir."""
    return clean(path[: path.rfind("/") + 1])


@LIBRARY.add("base osBase", "s")
def _base(path: str) -> str:
    return base(path)


@LIBRARY.add("dir osDir", "s")
def _dir(path: str) -> str:
    return directory(path)


@LIBRARY.add("clean osClean", "s")
def _clean(path: str) -> str:
    return clean(path)


@LIBRARY.add("ext osExt", "s")
def _ext(path: str) -> str:
    name = path.rpartition("/")[2]
    return name[name.rfind(".") :] if "." in name else ""


@LIBRARY.add("isAbs osIsAbs", "s")
def _is_abs(path: str) -> bool:
    return path.startswith("/")
