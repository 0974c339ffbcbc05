"""Edits that put another document in the place of one; every other byte of the file stays."""

from __future__ import annotations

from gitops.files.documents import read_documents, values_in
from gitops.files.errors import GitopsError
from gitops.files.spans import Edit, Span, apply_edits, counts_lines_as_yaml, split_lines


class CannotRewrite(GitopsError):
    """A document is written in a way that its lines cannot be replaced."""


def rewrite_document(path: str, data: bytes, line: int, text: str) -> tuple[Edit, ...]:
    """The edit that puts `text` (one document, ending with a line end) in the place of the document of `path` that
    begins on `line` (1-based). Raises `CannotRewrite`."""
    if not counts_lines_as_yaml(data):
        raise CannotRewrite(f"{path} has line ends or an encoding that argofix does not edit")
    documents = read_documents(path, data)
    index = next((at for at, one in enumerate(documents) if one.line == line), None)
    lines = split_lines(data)
    if index is None or lines[line - 1].lstrip(b"\xef\xbb\xbf").startswith(b"---"):
        raise CannotRewrite(f"{path}:{line} does not begin a document of its own")
    if lines[line - 1].endswith(b"\r\n"):
        text = text.replace("\n", "\r\n")
    edit = Edit(Span(path, line, documents[index].end_line), text)
    wanted = [one.value() for one in documents]
    wanted[index] = read_documents(path, text.encode())[0].value()
    if values_in(path, apply_edits(data, [edit])) != wanted:
        raise CannotRewrite(f"{path}:{line} is written in a way that argofix does not rewrite")
    return (edit,)
