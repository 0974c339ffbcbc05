"""Answers to requests for what is outside (`gitops.outside.wanted`). That something is missing is an answer too."""

from __future__ import annotations

from dataclasses import dataclass, field

from gitops.files.tree import Tree


@dataclass(frozen=True, slots=True)
class RepositoryFound:
    """`tree` holds the files of `commit` (its SHA), to which the revision was resolved."""

    tree: Tree = field(repr=False)
    commit: str


@dataclass(frozen=True, slots=True)
class ChartFound:
    """`tree` has the chart's directory as its root. `version` is the exact one; `digest` that of the archive
    (`sha256:...`)."""

    tree: Tree = field(repr=False)
    name: str
    version: str
    digest: str


@dataclass(frozen=True, slots=True)
class FileFound:
    """`digest` is that of the content (`sha256:...`)."""

    content: bytes = field(repr=False)
    digest: str


@dataclass(frozen=True, slots=True)
class Missing:
    """`reason` is one sentence for people that names the thing (empty where nobody fetches anything). `transient`:
    the next attempt may go otherwise (the host does not answer). `refused`: it was not asked for, because nobody
    allowed it."""

    reason: str
    transient: bool = False
    refused: bool = False


Found = RepositoryFound | ChartFound | FileFound | Missing
