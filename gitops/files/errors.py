"""Errors of the model, named by meaning. Each carries one sentence that a person can act on."""

from __future__ import annotations


class GitopsError(Exception):
    """Base of every error that the pure model raises."""


class PathEscapes(GitopsError):
    """A path or symlink leaves the repository."""


class PathTooLong(GitopsError):
    """A path or the target of a symlink is longer than any file system takes."""


class NoSuchFile(GitopsError, KeyError):
    """The tree has no file at a path, as when a symlink dangles."""

    def __str__(self) -> str:
        return str(self.args[0])


class NotHere(GitopsError):
    """A file of the commit is not in this clone, which left its content out."""

    def __init__(self, path: str) -> None:
        super().__init__(f"{path} is not in this clone, which holds only a part of the repository")


class TooLarge(GitopsError):
    """A file, document or expansion exceeds a stated limit."""


class MalformedYaml(GitopsError):
    """A document cannot be read as YAML. `line` is 1-based, 0 when unknown."""

    def __init__(self, message: str, line: int = 0) -> None:
        super().__init__(message)
        self.line = line


class ExcessiveYaml(MalformedYaml):
    """A document nests too deep, or is too large once its aliases are expanded, to be read at all."""
