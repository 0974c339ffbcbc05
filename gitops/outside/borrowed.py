"""Files of others, put where whoever needs them finds them."""

from __future__ import annotations

from gitops.files.spans import Span
from gitops.files.tree import Tree
from gitops.outside.answers import Answers
from gitops.outside.found import ChartFound, FileFound, Missing, RepositoryFound
from gitops.outside.mounts import MountedTree, mount_point
from gitops.outside.names import chart_place, file_place, repository_place
from gitops.outside.wanted import ChartWanted, FileWanted, RepositoryWanted


class Borrowed:
    """Mounts in `tree` what `answers` knows. Each method gives the path at which a thing is, why it is missing, or
    None while nobody has answered yet."""

    def __init__(self, tree: MountedTree, answers: Answers) -> None:
        self.tree, self.answers = tree, answers

    def repository(self, wanted: RepositoryWanted) -> str | Missing | None:
        """The directory that holds a repository."""
        found = self.answers.of(wanted)
        if not isinstance(found, RepositoryFound):
            return _none(found, wanted)
        at = mount_point("repository", wanted.url, found.commit)
        self.tree.mount(at, found.tree, repository_place(wanted, found))
        return at

    def file(self, url: str, directory: str, because: Span | None) -> str | Missing | None:
        """One file, below `directory`: kustomize keeps to that."""
        wanted = FileWanted(url, because)
        found = self.answers.of(wanted)
        if not isinstance(found, FileFound):
            return _none(found, wanted)
        name = url.partition("?")[0].rstrip("/").rpartition("/")[2] or "file"
        at = mount_point("file", url, found.digest, below=directory)
        self.tree.mount(at, Tree.of({name: found.content}), file_place(wanted, found))
        return f"{at}/{name}"

    def chart(self, wanted: ChartWanted, at: str) -> str | Missing | None:
        """A chart, at a path where it is seen by whoever lists what is there."""
        found = self.answers.of(wanted)
        if not isinstance(found, ChartFound):
            return _none(found, wanted)
        self.tree.mount(at, found.tree, chart_place(wanted, found), listed=True)
        return at


def _none(found: object, wanted: RepositoryWanted | FileWanted | ChartWanted) -> Missing | None:
    if found is None or isinstance(found, Missing):
        return found
    raise TypeError(f"{wanted} was answered with {type(found).__name__}")
