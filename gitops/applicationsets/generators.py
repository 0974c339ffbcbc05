"""Generators to parameter sets (applicationset/generators/*.go; generator_spec_processor.go Transform).

Nested selectors always apply, as from Argo CD 3.0 on (docs/operator-manual/upgrading/2.14-3.0.md).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any, Final

from gitops.applications.clusters import KnownCluster
from gitops.applicationsets import git_generator, selectors
from gitops.applicationsets.clusters import Clusters, parameters
from gitops.applicationsets.git_generator import Repository
from gitops.applicationsets.parameters import Dialect, Params, flattened, joined, overridden, with_values
from gitops.applicationsets.problems import CannotExpand, Refused
from gitops.files.tree import Tree
from gitops.gotemplate.errors import NotYaml, TemplateError
from gitops.gotemplate.functions.dictionaries import copied
from gitops.gotemplate.values import from_json, go_json, go_text, measure
from gitops.gotemplate.yamltext import load

Route = tuple[int | str, ...]
# The tree of a repository (its URL) at a revision, or why there is none.
Elsewhere = Callable[[str, str], Tree | str]
NEEDS: Final = {
    "clusters": "needs the clusters that Argo CD knows",
    "clusterDecisionResource": "needs a resource of the cluster",
    "scmProvider": "needs the SCM's API",
    "pullRequest": "needs the SCM's pull requests",
    "plugin": "needs its plugin",
}
# In the order in which Argo CD takes those of one entry (ApplicationSetGenerator, GetRelevantGenerators).
KINDS: Final = (
    "list",
    "clusters",
    "git",
    "scmProvider",
    "clusterDecisionResource",
    "pullRequest",
    "matrix",
    "merge",
    "plugin",
)
_MAX_WORK: Final = 400_000  # parameter sets made, intermediate ones too


@dataclass(frozen=True, slots=True)
class Element:
    """One parameter set and the place in the ApplicationSet that brings it. `assumed`: nobody vouches for what it is
    made of, so that what fails with it may not fail in Argo CD."""

    params: Params
    route: Route
    assumed: bool = False


class Generators:
    """Everything that expanding one ApplicationSet's generators needs.

    `most` bounds the parameter sets of one generator; `truncated` tells that some were left out. `gaps` are clauses,
    each about a generator that may give more than it did; `assumed` are that of an `Expansion`.
    """

    def __init__(
        self,
        repository: Repository,
        dialect: Dialect,
        is_this_repository: Callable[[str], bool],
        most: int,
        is_this_revision: Callable[[str], bool] = lambda _revision: True,
        clusters: Clusters | None = None,
        elsewhere: Elsewhere | None = None,
    ) -> None:
        self._is_this_revision = is_this_revision
        self._clusters = clusters
        self._elsewhere = elsewhere
        self.gaps: dict[str, None] = {}
        self.assumed: dict[KnownCluster, None] = {}
        self._repository = repository
        self._dialect = dialect
        self._is_this_repository = is_this_repository
        self._most = most
        self._work = 0
        self._repositories: dict[tuple[str, str], Repository] = {}
        self.truncated = False

    def elements(
        self, generator: dict[str, Any], kind: str, route: Route, given: Params, depth: int
    ) -> list[Element]:
        """Parameter sets of `generator[kind]`, `given` (of a matrix's first child) put in, selector applied.

        Raises `CannotExpand` or `TemplateError`.
        """
        selector = generator.get("selector")
        if selector is not None:
            selectors.matches(selector, {})  # a selector that is refused is refused before anything is generated
        body = generator[kind]
        if not isinstance(body, dict):
            raise Refused(f"has a `{kind}` that is no map")
        if given:
            if self._dialect.allowance:
                self._dialect.allowance.take(measure(body))
            body = self._dialect.fill_all(body, given)
        found: list[Element] = []
        for element in self._generate(kind, body, (*route, kind), depth):
            if selector is not None and not selectors.matches(selector, flattened(element.params)):
                continue
            self._work += 1
            if len(found) >= self._most or self._work > _MAX_WORK:
                self.truncated = True
                break
            found.append(element)
        return found

    def _generate(self, kind: str, body: dict[str, Any], route: Route, depth: int) -> Iterator[Element]:
        match kind:
            case "list":
                return self._list(body, route)
            case "git":
                return self._git(body, route)
            case "matrix":
                return self._matrix(body, route, depth)
            case "merge":
                return self._merge(body, route, depth)
            case "clusters" if self._clusters is not None:
                return iter(self._of_clusters(body, route, self._clusters, depth))
        raise CannotExpand(NEEDS[kind])

    # List

    def _list(self, body: dict[str, Any], route: Route) -> Iterator[Element]:
        for i, element in enumerate(_sequence(body, "elements")):
            if not isinstance(element, dict):
                raise Refused(f"has an element {i} that is no map")
            params = from_json(element)
            yield Element(params if self._dialect.go else _plain_element(params, i), (*route, "elements", i))
        text = body.get("elementsYaml")
        if not text:
            return
        try:
            elements = load(go_text(text))
        except NotYaml:
            raise Refused("has an `elementsYaml` that is not YAML once filled in") from None
        if not isinstance(elements, list) or not all(isinstance(e, dict) for e in elements):
            raise Refused("has an `elementsYaml` that is no list of maps once filled in")
        for element in elements:
            yield Element(from_json(element), (*route, "elementsYaml"))

    # Git

    def _git(self, body: dict[str, Any], route: Route) -> Iterator[Element]:
        url = body.get("repoURL")
        if not isinstance(url, str):
            raise Refused("has no repoURL")
        repository = self._repository_at(url, body.get("revision"))
        prefix = git_generator.prefix_of(body)
        directories, files = _sequence(body, "directories"), _sequence(body, "files")
        if not directories and not files:
            raise Refused("has neither directories nor files")
        if directories:
            for found in repository.directories(directories):
                params = git_generator.directory_params(found.path, prefix, self._dialect)
                yield self._valued(params, body, (*route, "directories", found.entry))
            return
        for found in repository.files(files):
            for content in repository.parameters(found.path):
                params = git_generator.file_params(found.path, content, prefix, self._dialect)
                yield self._valued(params, body, (*route, "files", found.entry))

    def _repository_at(self, url: str, revision: Any) -> Repository:
        if not self._is_this_repository(url):
            what = f"reads another repository ({url[:200]})"
        elif self._repository.is_pinned(revision):
            what = f"reads the fixed revision {go_text(revision)[:60]!r} of this repository"
        elif not self._is_this_revision(go_text(revision or "")):
            what = f"reads {go_text(revision or 'HEAD')[:60]!r} of this repository, which is another branch"
        else:
            return self._repository
        if self._elsewhere is None:
            raise CannotExpand(what)
        key = (url, go_text(revision or ""))
        if key not in self._repositories:
            found = self._elsewhere(*key)
            if isinstance(found, str):
                raise CannotExpand(f"{what}: {found}" if found else what)
            self._repositories[key] = self._repository.of(found)
        return self._repositories[key]

    def _valued(self, params: Params, body: dict[str, Any], route: Route) -> Element:
        return Element(with_values(params, body.get("values"), self._dialect), route)

    # Clusters

    def _of_clusters(self, body: dict[str, Any], route: Route, known: Clusters, depth: int) -> list[Element]:
        selector = body.get("selector") or {}
        if not isinstance(selector, dict):
            raise Refused("has a selector that is no map")
        chosen = known.chosen(selector)
        above = "has a child (clusters) that " if depth else ""
        self.gaps.update(dict.fromkeys(above + gap for gap in chosen.gaps))
        if not chosen.certain:
            self.assumed.update(dict.fromkeys(chosen.clusters))
        found: list[Element] = []
        for cluster in chosen.clusters:
            params = parameters(cluster, self._dialect.go)
            try:
                with_values(params, body.get("values"), self._dialect)
            except TemplateError as error:
                if chosen.certain:
                    raise
                raise CannotExpand(f"cannot be evaluated for the cluster {cluster.name}: {error}") from None
            found.append(Element(params, route, not chosen.certain))
        if body.get("flatList") is True:
            return [Element({"clusters": [each.params for each in found]}, route, not chosen.certain)]
        return found

    # Matrix and merge

    def _children(self, body: dict[str, Any], route: Route, depth: int) -> list[tuple[dict[str, Any], str, Route]]:
        if depth > 1:
            raise Refused("nests matrix and merge generators deeper than Argo CD allows")
        children = []
        for i, child in enumerate(_sequence(body, "generators")):
            kinds = [k for k in KINDS if isinstance(child, dict) and child.get(k) is not None]
            if len(kinds) != 1:
                what = f"has a child {i + 1} that is not exactly one known generator"
                # What is of no known kind may be of a kind that came after us.
                raise (Refused if kinds or not isinstance(child, dict) or not child else CannotExpand)(what)
            children.append((child, kinds[0], (*route, "generators", i)))
        return children

    def _child(self, child: tuple[dict[str, Any], str, Route], given: Params, depth: int) -> list[Element]:
        generator, kind, route = child
        try:
            return self.elements(generator, kind, route, given, depth + 1)
        except CannotExpand as problem:
            raise type(problem)(f"has a child ({kind}) that {problem}") from None

    def _matrix(self, body: dict[str, Any], route: Route, depth: int) -> Iterator[Element]:
        children = self._children(body, route, depth)
        if len(children) != 2:
            raise Refused(f"has {len(children)} children where a matrix takes exactly two")
        for first in self._child(children[0], {}, depth):
            for second in self._child(children[1], first.params, depth):
                assumed = first.assumed or second.assumed
                try:
                    params = joined(first.params, second.params, self._dialect)
                except Refused as error:
                    raise (CannotExpand(str(error)) if assumed else error) from None
                yield Element(params, route, assumed)

    def _merge(self, body: dict[str, Any], route: Route, depth: int) -> Iterator[Element]:
        children = self._children(body, route, depth)
        if len(children) < 2:
            raise Refused("has fewer than two children, which a merge needs")
        keys = sorted({go_text(key) for key in _sequence(body, "mergeKeys")})
        if not keys:
            raise Refused("has no mergeKeys")
        base, *others = [self._by_key(self._child(child, {}, depth), keys) for child in children]
        for override in others:
            for key, element in base.items():
                if key in override:
                    params = overridden(element.params, override[key].params, self._dialect)
                    base[key] = Element(params, element.route, element.assumed or override[key].assumed)
        return iter(base.values())

    def _by_key(self, elements: list[Element], keys: list[str]) -> dict[str, Element]:
        found: dict[str, Element] = {}
        for element in elements:
            key = go_json({key: element.params.get(key) for key in keys})
            if key in found:
                sure = not (element.assumed or found[key].assumed)
                raise (Refused if sure else CannotExpand)(
                    f"has a child with two elements of the same merge keys ({key[:120]})"
                )
            found[key] = replace(element, params=copied(element.params))
        return found


def _sequence(body: dict[str, Any], field: str) -> list[Any]:
    value = body.get(field)
    if value is not None and not isinstance(value, list):
        raise Refused(f"has `{field}` that are no list")
    return value or []


def _plain_element(element: Params, index: int) -> Params:
    """Without Go templates an element holds text only, and `values` one level of text (list.go)."""
    params: Params = {}
    for key, value in element.items():
        inner = value.items() if key == "values" and isinstance(value, dict) else None
        for name, text in inner or [(key, value)]:
            if not isinstance(text, str):
                raise Refused(f"has an element {index} whose {key!r} is no text, which goTemplate: true would need")
            params[f"values.{name}" if inner is not None else name] = text
    return params
