"""From an ApplicationSet to the Applications it makes (applicationset/controllers/template/template.go)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from gitops import gotemplate
from gitops.applications.clusters import KnownCluster
from gitops.applicationsets.clusters import Clusters
from gitops.applicationsets.generators import KINDS, Element, Elsewhere, Generators, Route
from gitops.applicationsets.git_generator import Repository, Settings
from gitops.applicationsets.parameters import Dialect
from gitops.applicationsets.patches import patched
from gitops.applicationsets.problems import CannotExpand, Refusal, Refused, is_refusal
from gitops.files.errors import GitopsError
from gitops.files.tree import Tree
from gitops.gotemplate.errors import TemplateError
from gitops.gotemplate.functions.dictionaries import copied
from gitops.gotemplate.names import is_valid
from gitops.gotemplate.values import go_text, measure

FINALIZER: Final = "resources-finalizer.argocd.argoproj.io"
MAX_REASONS: Final = 50
MAX_STEPS: Final = 5_000_000  # template steps and values of one set: seconds, where 5,000 Applications need a quarter
MAX_FAILURES: Final = 200  # elements of one generator that may fail before the rest is left alone


@dataclass(frozen=True, slots=True)
class Generated:
    """One Application that the set makes.

    manifest: a whole Application document. params: what the template was filled in with. generator: the route from
    the ApplicationSet's root to what brings it, such as ("spec", "generators", 0, "list", "elements", 3), ("spec",
    "generators", 0, "git", "directories", 1), or the matrix itself for one of a matrix's combinations. assumed: it is
    made of a cluster that nobody vouches for.
    """

    manifest: dict[str, Any]
    params: Mapping[str, Any]
    generator: Route
    assumed: bool = False


@dataclass(frozen=True, slots=True)
class Expansion:
    """The Applications in Argo CD's order, and in `unknown` one sentence per part that git does not tell.

    Argo CD itself makes or changes nothing while any part of the set is in error; the Applications are those it makes
    when that part is put right. `truncated`: there are more than the limit. `refused` are those reasons in `unknown`
    for which Argo CD is in error, whatever else it knows, with their places and how far they reach. `assumed` are
    clusters that files show, where nobody says that there are no others.
    """

    generated: tuple[Generated, ...]
    unknown: tuple[str, ...]
    truncated: bool
    refused: Mapping[str, tuple[Route, Refusal]] = field(default_factory=dict)
    assumed: tuple[KnownCluster, ...] = ()


def expand(
    appset: Mapping[str, Any],
    tree: Tree,
    is_this_repository: Callable[[str], bool],
    limit: int = 5000,
    settings: Settings | None = None,
    is_this_revision: Callable[[str], bool] = lambda _revision: True,
    clusters: Clusters | None = None,
    elsewhere: Elsewhere | None = None,
) -> Expansion:
    """Expand an ApplicationSet manifest. `elsewhere` has the trees of what is in other repositories and revisions.
    Never raises: what is malformed becomes a reason in `unknown`."""
    try:
        expander = _Expander(
            appset, tree, is_this_repository, limit, settings or Settings(), is_this_revision, clusters, elsewhere
        )
        return expander.run()
    except (GitopsError, TemplateError, RecursionError) as error:
        reason = f"the ApplicationSet {_clause(error)}"
        return Expansion((), (reason,), False, {reason: (("spec",), Refusal.SET)} if is_refusal(error) else {})


class _Expander:
    def __init__(
        self,
        appset: Mapping[str, Any],
        tree: Tree,
        is_this_repository: Callable[[str], bool],
        limit: int,
        settings: Settings,
        is_this_revision: Callable[[str], bool],
        clusters: Clusters | None,
        elsewhere: Elsewhere | None,
    ) -> None:
        if not isinstance(appset, Mapping):
            raise Refused("is no map")
        measure(dict(appset))
        self._metadata = _mapping(appset.get("metadata"), "metadata")
        self._spec = _mapping(appset.get("spec"), "spec")
        self._template = _mapping(self._spec.get("template"), "template")
        self._limit = max(limit, 0)
        options = self._spec.get("goTemplateOptions") or []
        if not isinstance(options, list):
            raise Refused("has goTemplateOptions that are no list")
        is_go = self._spec.get("goTemplate") is True
        missing_key = gotemplate.missing_key(map(go_text, options)) if is_go else "default"
        self._allowance = gotemplate.Allowance(MAX_STEPS)
        self._dialect = Dialect(is_go, missing_key, self._allowance)
        self._generators = Generators(
            Repository(tree, settings),
            self._dialect,
            is_this_repository,
            max(self._limit, 1),
            is_this_revision,
            clusters,
            elsewhere,
        )
        self._generated: list[Generated] = []
        self._names: set[str] = set()
        self._unknown: dict[str, int] = {}
        self._refused: dict[str, tuple[Route, Refusal]] = {}
        self._truncated = False

    def run(self) -> Expansion:
        generators = self._spec.get("generators")
        if not isinstance(generators, list):
            raise Refused("has no generators")
        for i, generator in enumerate(generators):
            self._generator(i, generator)
        reasons = self._reasons()
        refused = {text: self._refused[bare] for bare, text in reasons.items() if bare in self._refused}
        truncated = self._truncated or self._generators.truncated
        assumed = tuple(self._generators.assumed)
        return Expansion(tuple(self._generated), tuple(reasons.values()), truncated, refused, assumed)

    def _reasons(self) -> dict[str, str]:
        reasons = {r: f"{r} ({n} elements)" if n > 1 else r for r, n in self._unknown.items()}
        if len(reasons) > MAX_REASONS:
            # What Argo CD refuses comes before what only we do not know.
            kept = sorted(reasons, key=lambda reason: reason not in self._refused)[: MAX_REASONS - 1]
            left = len(reasons) - len(kept)
            reasons = {reason: reasons[reason] for reason in kept} | {"": f"and {left} more reasons"}
        return reasons

    def _note(
        self,
        subject: str,
        error: BaseException | str,
        route: Route | None = None,
        reach: Refusal = Refusal.SET,
    ) -> None:
        """`route` tells where Argo CD fails; without it, only argofix does not know."""
        reason = f"{subject} {error if isinstance(error, str) else _clause(error)}"
        self._unknown[reason] = self._unknown.get(reason, 0) + 1
        if route is not None:
            self._refused.setdefault(reason, (route, reach))

    def _generator(self, index: int, generator: Any) -> None:
        subject = f"generator {index + 1}"
        if not isinstance(generator, dict):
            self._note(subject, "is no map", ("spec", "generators", index))
            return
        kinds = [kind for kind in KINDS if generator.get(kind) is not None]
        if not kinds:
            names = ", ".join(sorted(go_text(k)[:40] for k in generator if k != "selector")[:5])
            self._note(subject, f"is of no known kind ({names})" if names else "is empty")
        for kind in kinds:
            try:
                elements = self._generators.elements(generator, kind, ("spec", "generators", index), {}, depth=0)
                template = filled_up(_own_template(generator[kind]), self._template)
            except (GitopsError, TemplateError, RecursionError) as error:
                at: Route = ("spec", "generators", index, kind)
                self._note(f"{subject} ({kind})", error, at if is_refusal(error) else None)
                continue
            finally:
                for gap in self._generators.gaps:
                    self._note(f"{subject} ({kind})", gap)
                self._generators.gaps.clear()
            self._applications(f"{subject} ({kind})", elements, template)

    def _applications(self, subject: str, elements: list[Element], template: dict[str, Any]) -> None:
        failures = 0
        for element in elements:
            if len(self._generated) >= self._limit:
                self._truncated = True
                return
            try:
                manifest = self._application(template, element)
                self._allowance.take(measure(manifest))
            except (GitopsError, TemplateError, RecursionError) as error:
                certain = is_refusal(error) and not element.assumed
                self._note(subject, error, self._where(template, element) if certain else None)
                failures += 1
                if failures > MAX_FAILURES:
                    self._note(subject, "has too many elements that fail; the rest is not looked at")
                    return
                continue
            name = manifest["metadata"].get("name")
            if not isinstance(name, str) or not is_valid(name):
                at = ("spec", "template", "metadata", "name")
                self._note(
                    subject,
                    f"gives an Application the invalid name {go_text(name or '')[:80]!r}",
                    at,
                    Refusal.DELETIONS,
                )
            elif name in self._names:
                what = f"gives a second Application the name {name!r}, which Argo CD refuses"
                self._note(subject, what, element.route, Refusal.APPLICATIONS)
            elif tag := _unfilled_destination(manifest):
                what = f"gives Applications the destination {tag[:80]!r}, which nothing fills in"
                at = ("spec", "template", "spec", "destination")
                self._note(subject, what, at, Refusal.APPLICATIONS)
            else:
                self._names.add(name)
                self._generated.append(Generated(manifest, element.params, element.route, element.assumed))

    def _where(self, template: dict[str, Any], element: Element) -> Route:
        """The first text of the template that cannot be filled in, else what brings the element."""
        stack: list[tuple[Route, Any]] = [(("spec", "template"), template)]
        while stack:
            route, value = stack.pop()
            if isinstance(value, dict):
                stack.extend(((*route, str(key)), part) for key, part in reversed(value.items()))
            elif isinstance(value, list):
                stack.extend(((*route, i), part) for i, part in reversed(list(enumerate(value))))
            elif isinstance(value, str):
                try:
                    self._dialect.fill(value, element.params)
                except (GitopsError, TemplateError, RecursionError):
                    return route
        return ("spec", "templatePatch") if self._spec.get("templatePatch") is not None else element.route

    def _application(self, template: dict[str, Any], element: Element) -> dict[str, Any]:
        params = element.params
        filled = self._dialect.fill_all(template, params) if params else copied(template)
        metadata = dict(_mapping(filled.get("metadata"), "template.metadata"))
        if params and not metadata.get("finalizers") and not self._preserves_resources():
            metadata["finalizers"] = [FINALIZER]
        manifest = {
            "apiVersion": "argoproj.io/v1alpha1",
            "kind": "Application",
            "metadata": metadata,
            "spec": _mapping(filled.get("spec"), "template.spec"),
        }
        patch = self._spec.get("templatePatch")
        if patch is not None:
            manifest = patched(manifest, self._dialect.fill(go_text(patch), params))
            metadata = dict(_mapping(manifest.get("metadata"), "templatePatch.metadata"))
        # The Application lives where its set lives, whatever template and patch say (appsets in any namespace).
        metadata.pop("namespace", None)
        if self._metadata.get("namespace"):
            metadata["namespace"] = go_text(self._metadata["namespace"])
        fields = ("name", "namespace", "labels", "annotations", "finalizers")
        return {**manifest, "metadata": {field: metadata[field] for field in fields if metadata.get(field)}}

    def _preserves_resources(self) -> bool:
        policy = self._spec.get("syncPolicy")
        return isinstance(policy, dict) and policy.get("preserveResourcesOnDeletion") is True


def _clause(error: BaseException) -> str:
    if isinstance(error, CannotExpand):
        return str(error)
    if isinstance(error, RecursionError):
        return "is nested too deeply"
    return f"cannot be evaluated: {error}"


def _mapping(value: Any, field: str) -> dict[str, Any]:
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise Refused(f"has a {field} that is no map")
    return value


def _unfilled_destination(manifest: Mapping[str, Any]) -> str:
    """A destination that is still a template: no cluster has such a name, and Argo CD refuses the Application."""
    spec = manifest.get("spec")
    destination = spec.get("destination") if isinstance(spec, dict) else None
    if not isinstance(destination, dict):
        return ""
    return next((text for key in ("server", "name") if "{{" in (text := go_text(destination.get(key) or ""))), "")


def _own_template(body: Any) -> dict[str, Any]:
    return _mapping(body.get("template") if isinstance(body, dict) else None, "generator template")


def filled_up(own: dict[str, Any], base: dict[str, Any]) -> dict[str, Any]:
    """A generator's template with what it leaves empty taken from the set's (mergo.Merge without override)."""
    result = dict(own)
    for key, value in base.items():
        mine = result.get(key)
        if isinstance(mine, dict) and isinstance(value, dict):
            result[key] = filled_up(mine, value)
        elif not mine:
            result[key] = value
    return result
