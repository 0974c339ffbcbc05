"""Finding every Application of a tree, and rendering it, without doing any I/O.

`discover` is a generator: it yields the renderings it needs and what it needs from outside the repository, a round at
a time, and is sent what came of them. So the rules of discovery can be tested with a dictionary, and whoever drives
it decides about processes, caches, hosts and time.

Rounds are needed because Applications hide in what other Applications render (app-of-apps), to any depth. A
declaration that was expanded before is not expanded again, which is what ends cycles.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial

from gitops.applications.application import Application, Origin, Source, is_application_set, parse_application
from gitops.applications.argocd_config import ArgoCdConfig, read_config
from gitops.discovery.absent import plan_present
from gitops.discovery.asking import TOO_FAR, Job, done
from gitops.discovery.assembly import Assembly, assemble
from gitops.discovery.evidence import recognised
from gitops.discovery.homeward import closure_at_home
from gitops.discovery.known import Known
from gitops.discovery.locate import locate
from gitops.discovery.planning import without_source
from gitops.discovery.record import Record
from gitops.discovery.renderings import rendering_of
from gitops.discovery.roots import Declaration, Node, Seed, declare, unclaimed
from gitops.discovery.scan import Declared, Scan, lost, scan
from gitops.discovery.scripted import by_chance, scripted
from gitops.discovery.set_aside.left_out import leave_out
from gitops.discovery.set_aside.undeployed import (
    LeftOut,
    Why,
    by_itself,
    excluded,
    not_made,
    unaccounted,
    unnamed,
)
from gitops.discovery.sets import expand_set, known_clusters
from gitops.discovery.settled import settle
from gitops.discovery.snapshot import Cause, NotDeployed, Part, Snapshot, Unknown
from gitops.discovery.sources import Analysis, Plan
from gitops.discovery.starts import charts_named, charts_read, plan_start, starts_of
from gitops.discovery.unread_files import files_of_unread
from gitops.discovery.unrendered import built_of, unrendered
from gitops.files.containment import CONTENT, told
from gitops.files.reads import Reads, WatchedTree
from gitops.files.spans import Span
from gitops.files.tree import Tree
from gitops.kustomize.closure import Chain, Closure
from gitops.outside.answers import Answers, Asked, asked_now
from gitops.outside.mounts import MountedTree
from gitops.resources.rendering import Asking, NotAnalysed, Output, Rendered, RenderFailed, Rendering, rendered
from gitops.resources.resource import Resource

MAX_ROUNDS = 32

Discovery = Asking[Snapshot]


def discover(tree: Tree, analysis: Analysis, known: Known | None = None, answers: Answers | None = None) -> Discovery:
    """Find and render every Application of `tree`, as Argo CD's own configuration in it has them deployed. Never
    raises for what the repository holds. What is `known` of another tree, and is the same, is taken from there;
    `answers` are what is known of the outside."""
    given = analysis
    found = scan(tree, analysis.scan_memo, analysis.memo, analysis.said)
    if analysis.build_options is None:
        analysis = replace(analysis, build_options=found.build_options)
    left_out = leave_out(tree, found, analysis.exclude)
    everything = [declared for documents in found.declared.values() for declared in documents]
    watched = WatchedTree(tree)
    matcher, guessed = recognised(watched, everything, analysis.matcher)
    analysis = replace(analysis, matcher=matcher)
    config = read_config(tree, found.telling, analysis.told)
    analysis = replace(analysis, plugins=replace(analysis.plugins, defined=config.plugins))
    there = known.here(analysis, found, config) if known is not None else None
    search = Search(tree, watched, found, analysis, list(left_out), config, there, answers)
    yield from search.run()
    made = search.made_of_templates()
    if made:
        # What charts make names this repository too, and tells under which names it is meant.
        matcher, guessed = recognised(watched, [*everything, *made], given.matcher)
        if matcher != analysis.matcher:
            analysis = replace(analysis, matcher=matcher)
            search = Search(tree, watched, found, analysis, list(left_out), config, None, search.answers.anew())
            yield from search.run()
    assembly = search.assembled()
    unknown = [
        *assembly.unknown,
        *(Unknown(span.path, "", reason, span, "", is_set=False) for reason, span in found.unread),
    ]
    applying = [path for path in found.applying if excluded(path, analysis.exclude) is None]
    installing = tuple(path for path in found.installing if excluded(path, analysis.exclude) is None)
    applied = yield from scripted(tree, applying, installing, assembly.states, analysis, search.answers)
    asked = search.all_asked()
    snapshot = Snapshot(
        tree,
        tuple(assembly.states),
        tuple(unknown),
        search.truncated,
        found.application_health,
        sets=tuple(assembly.sets),
        not_deployed=tuple(sorted(set(search.left_out), key=lambda one: (one.span, one.name))),
        repeated=tuple(assembly.repeated),
        guessed=guessed,
        installing=installing,
        applied=applied,
        outside=tuple(asked.values()),
    )
    settled = settle(snapshot, config, analysis.clusters)
    if search.by_chance or by_chance(applied):
        return settled  # what failed by chance is tried again
    declared = tuple(assembly.declared)
    record = Record(given, analysis, found, search.nodes, search.all_reads(), declared, config, asked)
    return replace(settled, record=record)


class Search:
    """One run over one tree. `nodes` are what the declarations turned out to be, by `Declaration.id`, `reads` what
    each of them read; what more than one of them depends on is read by "", for everybody."""

    def __init__(
        self,
        tree: Tree,
        watched: WatchedTree,
        found: Scan,
        analysis: Analysis,
        left_out: list[NotDeployed],
        config: ArgoCdConfig,
        known: Known | None = None,
        answers: Answers | None = None,
    ) -> None:
        self.answers = answers or Answers()
        self._plain, self._tree = tree, watched
        self.reads = watched.reads
        self._found = found
        self.analysis = analysis
        self._paths = sorted(found.declared)
        self._lists = sorted(found.kustomizations)
        self._seeds: list[Seed] = []
        self.nodes: dict[str, Node] = {}
        self._clusters = known_clusters(config, analysis)
        self.left_out = left_out
        self._known = known
        self._taken: set[str] = set()  # of the nodes those that were known
        self.truncated = False
        self.by_chance = False  # whether a rendering failed that may not fail the next time

    def run(self) -> Asking[None]:
        """Look at every declaration, and at what each of them brings in, round by round."""
        yield from self._start()
        pending = [declaration for seed in self._seeds for declaration in seed.declarations]
        most = self.analysis.max_applications
        for _ in range(MAX_ROUNDS):
            fresh = list({d.id: d for d in pending if d.id not in self.nodes}.values())
            if len(self.nodes) + len(fresh) > most:
                fresh = fresh[: max(0, most - len(self.nodes))]
                self.truncated = True
            if not fresh:
                return
            yield from self.expand(fresh)
            pending = [declared for d in fresh for declared in self.nodes[d.id].children]
        self.truncated = True

    def made_of_templates(self) -> list[Declared]:
        """The declarations that stand in no file as they are."""
        written = {one.content for documents in self._found.declared.values() for one in documents}
        declared = (node.declaration for node in self.nodes.values())
        made = (one for one in declared if not one.generated and not one.elsewhere and one.id not in written)
        return [Declared(dict(one.manifest), one.origin.span) for one in made]

    def all_reads(self) -> Reads:
        """Those of the nodes that were known too."""
        return self._known.reads(self._taken).also(self.reads) if self._known is not None else self.reads

    def all_asked(self) -> dict[str, Asked]:
        """What was asked of others, for the nodes that were known too."""
        if self._known is None:
            return self.answers.asked()
        before = self._known.record.asked
        return asked_now(before, {id_ for one in before.values() for id_ in one.readers} - self._taken, self.answers)

    def assembled(self) -> Assembly:
        """The Applications below their roots; what is left over is added to `left_out`."""
        self.left_out.extend(one for node in self.nodes.values() for one in node.put_aside)
        out = LeftOut.of(self._tree, self._found, self.nodes.values())
        kept: list[Seed] = []
        for seed, brings in unclaimed(self._seeds, self.nodes):
            why = None if brings else out.why(seed)
            if why is None:
                kept.append(seed)
                if seed.template and not seed.declarations and seed.trouble is None:
                    at = Span(seed.template, 1, 1)
                    why = (Cause.SWITCHED_OFF, "with its own values its chart makes no Application")
                    self.left_out.append(NotDeployed("", "", "Application", at, *why))
            else:
                self._put_aside(seed, why)
        assembly = assemble(self._tree, kept, self.nodes)
        for declaration in assembly.empty:
            self.left_out.append(not_made(declaration, (Cause.EMPTY, "its generators give nothing")))
        if not self.truncated:
            told = dict(assembly.places)
            for one in self.left_out:
                told.setdefault(one.span.path, []).append(one.span)
            names = frozenset(state.application.name for state in assembly.states)
            self.left_out.extend(unaccounted(self._found, told, names))
        return assembly

    def _put_aside(self, seed: Seed, why: Why) -> None:
        self.left_out.extend(not_made(declaration, why) for declaration in seed.declarations)

    def _start(self) -> Asking[None]:
        tree, found, analysis = self._tree, self._found, self.analysis
        starts = [start for start in starts_of(tree, found) if excluded(start.at.path, analysis.exclude) is None]
        jobs = [Job("", partial(plan_start, tree, start, analysis, self.answers)) for start in starts]
        yield from done(jobs, self.answers, tree)
        outputs = yield from self._render([_planned(job) for job in jobs])
        covered: set[str] = set()
        for start, job in zip(starts, jobs, strict=True):
            plan = _planned(job)
            own = closure_at_home(plan.closure, plan.tree)
            if own is None and not start.template:
                own = Closure(start.directory)
            covered.update(own.chains if own is not None else ())
            trouble = None
            try:
                rendering = rendering_of(tree, plan, outputs, start.at, analysis)
                declarations = self._brought(plan, own, rendering, Origin(start.at), self.left_out)
            except CONTENT as error:
                rendering, declarations = RenderFailed(told(error), start.at), []
            if not isinstance(rendering, Rendered):
                self._failed(rendering)
                trouble = rendering.message if isinstance(rendering, RenderFailed) else rendering.reason
            label = start.directory or "."
            self._seeds.append(Seed(label, tuple(declarations), start.at.path, trouble, start.template))
        ring = lost(found)
        for path in self._paths:
            if path in covered or path in found.patches or (path in found.listed_by and path not in ring):
                continue
            for one in found.declared[path]:
                # What a parent reads all the same is told as its child; the rest is left over in the end.
                if by_itself(path, one.manifest) is None:
                    self._seeds.append(Seed(path.rpartition("/")[0] or ".", (Declaration.written(one),)))

    def expand(self, fresh: Sequence[Declaration]) -> Asking[None]:
        tree, analysis = self._tree, self.analysis
        planned: list[tuple[Node, Application, list[Job[Plan]]]] = []
        sets: list[Job[None]] = []
        for declaration in fresh:
            same = self._known.node(declaration) if self._known is not None else None
            if same is not None:
                self.nodes[declaration.id] = same
                self._taken.add(declaration.id)
                continue
            node = self.nodes[declaration.id] = Node(declaration)
            if is_application_set(declaration.manifest):
                sets.append(Job(declaration.id, partial(self._expand_set, node)))
                continue
            application = declaration.application or parse_application(declaration.manifest, declaration.origin)
            if declaration.generated or declaration.elsewhere:
                application = replace(application, generated=declaration.generated, elsewhere=declaration.elsewhere)
            node.application = application
            node.kustomizations.update(charts_named(self._found, application))
            jobs = [Job(declaration.id, partial(self._plan, application, each)) for each in application.sources]
            planned.append((node, application, jobs))
        yield from done(sets, self.answers, tree)
        yield from done([job for _, _, jobs in planned for job in jobs], self.answers, tree)
        outputs = yield from self._render([_planned(job) for _, _, jobs in planned for job in jobs])
        for node, application, jobs in planned:
            self._tree.reader = node.declaration.id
            parts: list[Part] = []
            for index, plan in enumerate(map(_planned, jobs)):
                closure, at = closure_at_home(plan.closure, plan.tree), application.origin.entry
                try:
                    rendering = rendering_of(tree, plan, outputs, at, analysis)
                    brought = self._brought(plan, closure, rendering, application.origin, node.put_aside)
                    node.children.extend(brought)
                except CONTENT as error:
                    rendering = RenderFailed(told(error), at)
                fingerprint = plan.request.fingerprint if plan.request else ""
                known = isinstance(rendering, NotAnalysed)
                reads = self._unread(application, plan, closure, index) if known else None
                parts.append(Part(index, rendering, closure, fingerprint, plan.elsewhere, reads))
                self._failed(rendering)
                self._claim(node, plan, closure)
            if not jobs:
                parts.append(Part(0, without_source(application)))
            node.parts = tuple(parts)
        self._tree.reader = ""

    def _expand_set(self, node: Node) -> None:
        try:
            expand_set(node, self._tree, self.analysis, self._clusters, self.answers)
        except CONTENT as error:
            node.unknown = (told(error),)

    def _unread(
        self, application: Application, plan: Plan, closure: Closure | None, index: int
    ) -> frozenset[str] | None:
        try:
            return files_of_unread(self._tree, application, index, plan, closure, self.analysis)
        except CONTENT:
            return None

    def _failed(self, rendering: Rendering) -> None:
        self.by_chance |= isinstance(rendering, RenderFailed) and rendering.transient

    def _render(self, plans: Iterable[Plan]) -> Asking[Mapping[str, Output]]:
        # What a renderer reads is known by then, and read elsewhere.
        asked = (request for plan in plans for request in plan.requests)
        requests = {request.fingerprint: replace(request, tree=self._unwatched(request.tree)) for request in asked}
        return (yield from rendered(list(requests.values())))

    def _unwatched(self, tree: Tree) -> Tree:
        return tree.charged_to(self._plain.effort) if isinstance(tree, MountedTree) else self._plain

    def _plan(self, application: Application, source: Source) -> Plan:
        try:
            return plan_present(self._tree, application, source, self.analysis, self.answers)
        except CONTENT as error:
            return Plan(answer=RenderFailed(told(error), application.origin.entry))

    def _brought(
        self, plan: Plan, closure: Closure | None, rendering: Rendering, origin: Origin, put_aside: list[NotDeployed]
    ) -> list[Declaration]:
        """The declarations that something brings in. What is not meant for a cluster is `put_aside`."""
        built = built_of(rendering)
        found = self._written(plan, closure) if built is None else self._declared_in(built, closure, origin)
        return [one for one in found if self._is_meant(one, put_aside)]

    def _claim(self, node: Node, plan: Plan, closure: Closure | None) -> None:
        """Note what an Application reads, so that it is nothing that stands by itself."""
        if closure is not None:
            node.kustomizations.update(closure.kustomizations)
        node.kustomizations.update(charts_read(self._found, plan, closure))
        if plan.directory is not None and not plan.elsewhere:
            # Argo CD reads the files and not the kustomizations among them.
            root, options = plan.directory
            node.directories.append(plan.directory)
            for file in self._below(self._lists, root):
                if options.recurse or file.rpartition("/")[0] == root:
                    node.kustomizations.add(file)

    def _declared_in(
        self, built: Iterable[Resource], closure: Closure | None, fallback: Origin
    ) -> Iterator[Declaration]:
        for resource in built:
            if resource.id.group == "argoproj.io" and resource.id.kind in ("Application", "ApplicationSet"):
                origin = locate(self._tree, resource, closure, fallback)
                yield declare(resource.manifest(), origin, elsewhere=resource.elsewhere is not None)

    def _written(self, plan: Plan, closure: Closure | None) -> Iterator[Declaration]:
        """The declarations in the files of what cannot be rendered."""
        for path, chain in self._files(plan, closure):
            yield from (unrendered(one, chain, self._found.kustomizations) for one in self._found.declared[path])

    def _files(self, plan: Plan, closure: Closure | None) -> Iterable[tuple[str, Chain]]:
        declared = self._found.declared
        if closure is not None:
            return [(path, closure.chains[path][0]) for path in closure.chains if path in declared]
        if plan.elsewhere:
            return []
        if plan.directory is None:
            return []
        root, options = plan.directory
        start = len(root) + 1 if root else 0
        below = ((path, path[start:]) for path in self._below(self._paths, root))
        return [(path, ()) for path, own in below if (options.recurse or "/" not in own) and options.chooses(own)]

    def _below(self, paths: Sequence[str], root: str) -> Iterator[str]:
        prefix = f"{root}/" if root else ""
        for index in range(bisect_left(paths, prefix), len(paths)):
            if not paths[index].startswith(prefix):
                return
            yield paths[index]

    def _is_meant(self, declaration: Declaration, put_aside: list[NotDeployed]) -> bool:
        """Whether something that is brought in is an Application of a cluster. What is not is told as that."""
        path = declaration.origin.path
        why = excluded(path, self.analysis.exclude) or unnamed(declaration.manifest)
        if why is None:
            return True
        if why[0] is not Cause.EXCLUDED:  # those were told when the files were read
            put_aside.append(not_made(declaration, why))
        return False


def _planned(job: Job[Plan]) -> Plan:
    return Plan(answer=NotAnalysed(TOO_FAR)) if job.result.waiting else job.result
