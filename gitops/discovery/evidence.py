"""What the declarations of a repository say about the repository itself: its names, and the branches they follow.

An Application that names `https://mirror.example/acme/gitops` with paths that all exist here reads, most likely, this
very repository. Nobody vouches for it, so whoever reads the result is told (`Snapshot.guessed`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from gitops.applications.placeholders import holds_placeholder
from gitops.applications.repositories import RepositoryMatcher, RepositoryName, identity_of, parse_repo_url
from gitops.applications.revisions import branch_of, is_pinned
from gitops.discovery.scan import Declared
from gitops.discovery.snapshot import Guessed
from gitops.files.errors import GitopsError
from gitops.files.spans import Span
from gitops.files.tree import Tree
from gitops.resources.manifests import text_of

_ENOUGH = 2  # parts of existing paths: two directories at the top, or one below another
_MOSTLY = 0.8  # of the paths that a name is used with have to exist here


@dataclass(slots=True)
class _Named:
    """What is said of one repository: where it is first named, by how many sources, and with which paths."""

    url: str
    span: Span
    sources: int = 0
    here: set[str] = field(default_factory=set)
    gone: set[str] = field(default_factory=set)

    @property
    def exists(self) -> bool:
        total = len(self.here) + len(self.gone)
        return bool(self.here) and len(self.here) >= _MOSTLY * total

    @property
    def weight(self) -> int:
        return sum(path.count("/") + 1 for path in self.here)


@dataclass(frozen=True, slots=True)
class _Source:
    url: str
    path: str
    revision: str
    span: Span


def recognised(
    tree: Tree, declared: Iterable[Declared], matcher: RepositoryMatcher
) -> tuple[RepositoryMatcher, tuple[Guessed, ...]]:
    """The matcher with the names and branches that the declarations give evidence of, and the names so found."""
    sources = [source for one in declared for source in _sources(one)]
    if not matcher.known and not matcher.aliases and matcher.guess is None:
        matcher = replace(matcher, guess=_most_named(tree, sources))
    named = _by_repository(tree, sources)
    guessed: list[tuple[str, _Named]] = []
    own = {key for key in named if _is_own(named[key], matcher)}
    named_as_itself = any(named[key].here for key in own)
    total = sum(one.sources for one in named.values())
    for key, one in named.items():
        if (
            matcher.may_guess
            and key not in own
            and one.exists
            and _is_another_name(one, matcher, named_as_itself, total)
        ):
            guessed.append((key, one))
    matcher = replace(matcher, aliases=matcher.aliases | {key for key, _ in guessed})
    votes = Counter(
        branch_of(source.revision)
        for source in sources
        if not is_pinned(source.revision)
        and not holds_placeholder(source.revision)
        and matcher.matches(source.url, _is_dir(tree, source.path))
    )
    matcher = replace(matcher, revisions=matcher.revisions.settled(votes))
    return matcher, tuple(Guessed(one.url, one.sources, len(one.here), one.span) for _, one in guessed)


def _is_own(named: _Named, matcher: RepositoryMatcher) -> bool:
    return matcher.matches(named.url, bool(named.here))


def _is_another_name(named: _Named, matcher: RepositoryMatcher, named_as_itself: bool, total: int) -> bool:
    """Whether a name whose paths exist here is one more name of this repository."""
    name = parse_repo_url(named.url)
    if name is None or holds_placeholder(named.url):
        return holds_placeholder(named.url)  # filled in by whoever rolls it out; what is here fits
    if name.host in matcher.answering:
        return False
    ours = [k for k in (*matcher.known, matcher.guess) if k is not None]
    if any((k.owner, k.name) == (name.owner, name.name) for k in ours):
        return True  # a mirror, or an ssh alias of the host
    if named.weight < _ENOUGH:
        return False
    most = named.sources * 2 > total
    if any(k.name == name.name for k in ours):
        return most or len(named.here) >= _ENOUGH
    return most and not named_as_itself and bool(ours)  # it was renamed


def _by_repository(tree: Tree, sources: Iterable[_Source]) -> dict[str, _Named]:
    named: dict[str, _Named] = {}
    for source in sources:
        if not source.url or "{{" in source.url:
            continue  # a generator's parameter
        one = named.setdefault(identity_of(source.url), _Named(source.url, source.span))
        one.sources += 1
        path = source.path
        if path in ("", ".") or holds_placeholder(path):
            continue
        (one.here if path in tree or _is_dir(tree, path) else one.gone).add(path)
    return named


def _most_named(tree: Tree, sources: Iterable[_Source]) -> RepositoryName | None:
    """Without a remote to ask, this repository is the one that most Applications name with paths that exist here."""
    votes: dict[RepositoryName, int] = {}
    for source in sources:
        name = parse_repo_url(source.url)
        if name is not None:
            template = "{{" in source.path
            votes[name] = votes.get(name, 0) + (
                1 if template else 2 if source.path and _is_dir(tree, source.path) else 0
            )
    best = max(votes.items(), key=lambda item: (item[1], str(item[0])), default=(None, 0))
    return best[0] if best[1] > 0 else None


def _is_dir(tree: Tree, path: str) -> bool:
    try:
        return tree.is_dir(tree.resolve(path.strip("/")))
    except GitopsError:
        return False


def _sources(declared: Declared) -> Iterator[_Source]:
    manifest = declared.manifest
    if declared.application is not None:
        for source in declared.application.sources:
            if not source.chart and not (source.ref and not source.path):
                yield _Source(source.repo_url, source.path, source.target_revision, declared.span)
        return
    stack: list[Any] = [manifest.get("spec")]
    seen: set[int] = set()
    while stack:
        here = stack.pop()
        if id(here) in seen:
            continue  # aliases are shared; following each would take for ever
        seen.add(id(here))
        if isinstance(here, Mapping):
            yield from _of_mapping(here, declared.span)
            stack.extend(value for value in here.values() if isinstance(value, Mapping | list))
        elif isinstance(here, list):
            stack.extend(value for value in here if isinstance(value, Mapping | list))


def _of_mapping(block: Mapping[str, Any], span: Span) -> Iterator[_Source]:
    url = block.get("repoURL")
    if not isinstance(url, str) or block.get("chart"):
        return
    revision = text_of(block.get("targetRevision") or block.get("revision"))
    yield _Source(url, text_of(block.get("path")).strip("/"), revision, span)
    for listed in (block.get("directories"), block.get("files")):
        for item in listed if isinstance(listed, list) else ():
            pattern = text_of(item.get("path")) if isinstance(item, Mapping) else ""
            literal = pattern.partition("*")[0]
            yield _Source(url, literal.rpartition("/")[0] if "*" in pattern else pattern, revision, span)
