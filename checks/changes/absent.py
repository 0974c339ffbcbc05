"""What is said of files that are not in this clone: nobody knows what they deploy, or no longer do."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from checks.changes.block import Block
from checks.changes.catalogue import NOT_IN_THIS_CLONE
from checks.changes.told import Said, Told
from checks.wording import plural
from gitops.applications.application import IN_CLUSTER
from gitops.discovery.scan import SUFFIXES
from gitops.discovery.snapshot import OwnedId
from gitops.facts.deletions.model import Verdict
from gitops.files.spans import Span
from gitops.files.tree import Tree
from gitops.kustomize.kustomization import FILE_NAMES
from gitops.resources.resource import ResourceId

_MOST = 10  # files that are told one by one
_BRING = "bring the files that a clone left out with `git fetch --refetch --no-filter origin`"


def absent_files(base: Tree, head: Tree) -> Iterator[Told]:
    """One entry for each file that changes, and one for all that do not: an Application in those may deploy what
    changes. Nothing where nothing changes at all."""
    either = {path for path in base.absent | head.absent if _may_count(path)}
    changed = head.differing(base) if either else frozenset()
    if not changed:
        return
    listed = sorted(either & changed)
    for path in listed[:_MOST]:
        yield _told(path, [path], base, head, "It changes, and is")
    if listed[_MOST:]:
        text = f"{plural('file', len(listed) - _MOST)} more"
        yield _told(text, listed[_MOST:], base, head, "They change, and are")
    if same := sorted(either - changed):
        text = same[0] if len(same) == 1 else plural("file", len(same))
        begin = "It does not change, and is" if len(same) == 1 else "They do not change, and are"
        yield _told(text, same, base, head, begin)


def _may_count(path: str) -> bool:
    return path.endswith(SUFFIXES) or path.rpartition("/")[2] in FILE_NAMES


def _told(name: str, paths: Collection[str], base: Tree, head: Tree, begin: str) -> Told:
    whose = "what it deploys" if len(paths) == 1 else "what they deploy"
    text = f"{begin} not in this clone: {whose}, and what that deletes, cannot be told; {_BRING}."
    entries = [(path, str(base.entry(path)), str(head.entry(path))) for path in sorted(paths)]
    said = Said(NOT_IN_THIS_CLONE.id, text, NOT_IN_THIS_CLONE.source, Block.YES)
    span = Span(min(paths), 1, 1)
    rid = ResourceId("", "File", "", name)
    return Told(
        Verdict.UNKNOWN, OwnedId(IN_CLUSTER, rid), "", (said,), deletes=True, span=span, evidence=repr(entries)
    )
