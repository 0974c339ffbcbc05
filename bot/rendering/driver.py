"""Drives the pure model: gives `discover` and the proofs what they ask for, from the cache or from the renderer."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Generic, TypeVar

from bot.process.bounded import Bounded
from bot.process.errors import PermanentError
from bot.rendering.cache import RenderCache
from bot.rendering.kustomize import Renderer
from bot.rendering.living import choose
from bot.rendering.outside import Answering, Nowhere, Outside, OutsideBroke, as_before
from bot.rendering.sizes import size_of_kustomization, size_of_snapshot
from gitops.applications.argocd_config import ToldMemo
from gitops.applications.clusters import KnownCluster
from gitops.applications.plugins import Plugins
from gitops.applications.repositories import RepositoryMatcher
from gitops.discovery.rediscovery import rediscover
from gitops.discovery.rounds import discover
from gitops.discovery.scan import SaidMemo, ScanMemo
from gitops.discovery.snapshot import Snapshot
from gitops.discovery.sources import Analysis
from gitops.files.effort import Effort, Exhausted
from gitops.files.errors import MalformedYaml
from gitops.files.tree import Tree
from gitops.kustomize.kustomization import Kustomization
from gitops.kustomize.walked import ClosureMemo
from gitops.outside.found import Found
from gitops.outside.wanted import Wanted
from gitops.resources.manifests import redactor
from gitops.resources.rendering import Asking, BuildOptions, Output, RenderRequest
from gitops.resources.resource import Resource

T = TypeVar("T")
Progress = Callable[[int, int], None]
_Parsed = Bounded[tuple[str, str], Kustomization | MalformedYaml]  # a `ParseMemo`
_Plain = Bounded[tuple[str, str], tuple[Resource, ...]]  # a `PlainMemo`

_Known = tuple[Snapshot, Mapping[Wanted, str]]  # and what was asked for outside

_NOWHERE = Tree({}, lambda _path, _entry: b"")
_MB = 2**20
_RECENT = 64 * _MB  # renderings kept decoded; a typical one has a few KB
_SNAPSHOTS = 96 * _MB  # of commits; those of one monorepo have some 20
_PARSED = 64 * _MB  # kustomizations
_PLAIN = 64 * _MB  # manifests of directories
_CLOSURES = 32 * _MB
_SAID = 64 * _MB  # declarations of Applications
_LOOKED = 32 * _MB  # what blobs can matter for
_SLOW = 10_000  # renderings that did not end
REMEMBERED = 6 * 3600.0  # seconds for which those are not tried again

TOO_LARGE = "with what it renders the manifests of this commit are larger than the {:,} MB that argofix keeps of one"


class TooMuchToRead(PermanentError):
    """A commit holds more than argofix reads for one evaluation."""


@contextmanager
def spending(effort: Effort) -> Iterator[None]:
    """Raises `TooMuchToRead` where `effort` is used up. When this is cancelled, what goes on in threads ends too, at
    the next thing that it reads."""
    try:
        yield
    except asyncio.CancelledError:
        effort.abandoned = True
        raise
    except Exhausted as error:
        raise TooMuchToRead(str(error)) from None


class Engine:
    """One per process. Renderings that are under way are shared by everyone who asks for them."""

    def __init__(self, renderer: Renderer, cache: RenderCache) -> None:
        self._renderer = renderer
        self._cache = cache
        self._redact = redactor(cache.key)
        self._parsed: _Parsed = Bounded(_PARSED, size_of_kustomization)
        self._looked: ScanMemo = Bounded(_LOOKED, lambda _: 150)
        self._said: SaidMemo = Bounded(_SAID, lambda said: 300 + said.size)
        self._closures: ClosureMemo = Bounded(_CLOSURES, lambda walked: walked.size)
        self._plain: _Plain = Bounded(_PLAIN, lambda found: 300 + sum(one.size for one in found))
        self._told: ToldMemo = Bounded(_LOOKED, lambda _: 2_000)
        self._recent: Bounded[str, Output] = Bounded(_RECENT, lambda output: output.size)
        self._snapshots: Bounded[tuple[object, ...], _Known] = Bounded(
            _SNAPSHOTS, lambda known: size_of_snapshot(*known)
        )
        self._slow: Bounded[str, tuple[float, Output]] = Bounded(_SLOW, lambda _: 1)
        self._running: dict[str, _Shared] = {}
        self._ending: set[asyncio.Task[Output]] = set()
        self.outside: Outside = Nowhere()  # for whoever brings nobody of his own
        self.grant: Callable[[], Effort] = Effort  # what each evaluation may cost
        self.now: Callable[[], float] = time.monotonic
        self.renderer_runs = 0  # so far
        self.observe_cache: Callable[[str, int], None] = lambda _result, _count: None  # `hit` or `miss`

    @classmethod
    async def start(
        cls, directory: Path, renderer: str | None = None, jobs: int | None = None, engine: str | None = None
    ) -> Engine:
        """Raises `RendererMissing`. `directory` holds the cache and the scratch space."""
        return cls(await choose(renderer, directory / "scratch", jobs, engine), RenderCache(directory))

    @property
    def renderer(self) -> str:
        """Name and version of the engine behind it."""
        return self._renderer.engine.identity

    def observe_renderings(self, observe: Callable[[float, str], None]) -> None:
        """`observe(seconds, result)` hears of each run of the renderer: `rendered` or `failed`."""
        self._renderer.observe = observe

    @property
    def confinement(self) -> str:
        """What a person should know of a renderer that is not shut in (`bot.rendering.kustomize`)."""
        return self._renderer.engine.confinement

    @property
    def exposed(self) -> tuple[str, ...]:
        """What the renderer is not shut away from, for the log (`bot.rendering.kustomize.RendererBinary.exposed`)."""
        return self._renderer.engine.exposed

    def analysis(
        self,
        matcher: RepositoryMatcher,
        build_options: BuildOptions | None = None,
        clusters: tuple[KnownCluster, ...] = (),
        exclude: tuple[str, ...] = (),
        kubernetes: str = "",
        plugins: tuple[tuple[str, str], ...] = (),
    ) -> Analysis:
        return Analysis(
            matcher,
            self._redact,
            self._renderer.engine.fingerprint,
            build_options,
            self._parsed,
            self._looked,
            self._said,
            self._closures,
            self._plain,
            told=self._told,
            clusters=clusters,
            shut_in=self._renderer.engine.shut_in,
            exclude=exclude,
            kubernetes=kubernetes,
            plugins=Plugins(plugins),
            engine=self._renderer.engine.charts,
        )

    async def snapshot(
        self,
        tree: Tree,
        analysis: Analysis,
        progress: Progress | None = None,
        near: Snapshot | None = None,
        outside: Outside | None = None,
    ) -> Snapshot:
        """Find and render every Application of `tree`, at the cost of `tree.effort`. Of what is the same `near`, in
        the snapshot of a tree that differs little, nothing is looked at again. `outside` answers for what is not in
        the tree.

        A commit's snapshot is remembered: it is the base of many changes, and the head of the push that made it. It
        is made anew when something outside has changed meanwhile.
        """
        outside = outside or self.outside
        key = (
            tree.sha,
            analysis.matcher,
            analysis.build_options,
            analysis.max_applications,
            analysis.clusters,
            analysis.exclude,
            analysis.kubernetes,
            analysis.plugins,
            analysis.made,
        )
        known = self._snapshots.get(key) if tree.sha is not None else None
        if known is not None and await as_before(outside, known[1]):
            return known[0].read_by(tree)
        while True:
            left_out = len(tree.effort.left_out)
            asking = discover(tree, analysis) if near is None else rediscover(near, tree, analysis, remember=True)
            answering = Answering(outside)
            try:
                snapshot = await self._drive(asking, progress, tree.effort, answering)
            except OutsideBroke:
                near = None  # which may hold the same tree
                continue
            whole = len(tree.effort.left_out) == left_out and not answering.by_chance
            seen = answering.seen
            return await asyncio.to_thread(self._kept, snapshot, key if tree.sha is not None else None, whole, seen)

    def _kept(
        self, snapshot: Snapshot, key: tuple[object, ...] | None, whole: bool, seen: Mapping[Wanted, str]
    ) -> Snapshot:
        """The snapshot, of which whatever is `whole` is kept: looks at every resource, so it is for a thread."""
        if not whole or snapshot.record is None:
            return replace(snapshot, record=None)  # what failed by chance is tried again
        if key is not None:
            # Without its tree, whose reader is closed when the run ends.
            self._snapshots[key] = snapshot.read_by(_NOWHERE), seen
        return snapshot

    async def drive(
        self,
        asking: Asking[T],
        progress: Progress | None = None,
        effort: Effort | None = None,
        outside: Outside | None = None,
    ) -> T:
        """Run a generator of the model to its end; its own work is done in a thread, so that the server answers.

        What it renders is charged to `effort` (see `spending`). Raises `TooMuchToRead`, `OutsideBroke`.
        """
        return await self._drive(asking, progress, effort or self.grant(), Answering(outside or self.outside))

    async def _drive(self, asking: Asking[T], progress: Progress | None, effort: Effort, answering: Answering) -> T:
        with spending(effort):
            step = await asyncio.to_thread(_step, asking, None)
            while not isinstance(step, _End):
                requests = [one for one in step if isinstance(one, RenderRequest)]
                wanted = [one for one in step if not isinstance(one, RenderRequest)]
                answers: dict[str, Output | Found] = dict(await answering.to(wanted) if wanted else {})
                answers.update(await self._outputs(requests, progress, effort) if requests else {})
                step = await asyncio.to_thread(_step, asking, answers)
        return step.value

    async def render(self, request: RenderRequest) -> Output:
        """One rendering, past the cache."""
        return await self._renderer.render(request, self._redact)

    async def _outputs(
        self, requests: Sequence[RenderRequest], progress: Progress | None, effort: Effort
    ) -> Mapping[str, Output]:
        wanted = {request.fingerprint: request for request in requests}
        too_large = Output(refused=TOO_LARGE.format(effort.granted_bytes // _MB), transient=True)

        def kept(fingerprint: str, output: Output) -> Output:
            return output if effort.keep(output.size, fingerprint) else too_large

        def at_hand() -> dict[str, Output]:
            """What is known; for a thread, as there may be thousands."""
            found = {key: kept(key, output) for key in wanted if (output := self._known(key)) is not None}
            asked = [key for key in wanted if key not in found]
            cached = self._cache.get(asked, lambda key, size: effort.keep(size, key))
            self._remember({key: output for key, output in cached.items() if output is not None})
            return found | {key: too_large if output is None else output for key, output in cached.items()}

        found = await asyncio.to_thread(at_hand)
        missing = [request for key, request in wanted.items() if key not in found]
        self.observe_cache("hit", len(found))
        self.observe_cache("miss", len(missing))
        done = 0

        async def one(request: RenderRequest) -> None:
            nonlocal done
            output = await self._shared(request, effort)
            found[request.fingerprint] = kept(request.fingerprint, output)
            done += 1
            if progress is not None:
                progress(done, len(missing))

        if missing:
            try:
                async with asyncio.TaskGroup() as group:
                    for request in missing:
                        group.create_task(one(request))
            except* Exception as failures:
                # Whoever asked knows single errors (a damaged mirror, a renderer that is gone), not groups of them.
                raise _first(failures) from None
        effort.left_out += [out.refused for out in found.values() if out.refused is not None and out.transient]
        return found

    def _known(self, fingerprint: str) -> Output | None:
        slow = self._slow.get(fingerprint)
        if slow is not None and self.now() < slow[0]:
            return slow[1]
        return self._recent.get(fingerprint)

    def _remember(self, outputs: Mapping[str, Output]) -> None:
        for key, output in outputs.items():
            if not output.transient:
                self._recent[key] = output

    async def _shared(self, request: RenderRequest, effort: Effort) -> Output:
        """A rendering that goes on for as long as somebody waits for it. Whoever asked first is charged for it."""
        key = request.fingerprint
        while True:
            shared = self._running.get(key)
            if shared is None:
                self.renderer_runs += 1
                # What it reads was measured when it was planned. Charged to whoever asked first, it would end for
                # everybody when that one gives up.
                free = replace(request, tree=request.tree.charged_to(Effort()))
                shared = self._running[key] = _Shared(effort)
                shared.task = asyncio.create_task(self._render_and_keep(free, shared))
                shared.task.add_done_callback(partial(self._ended, key, shared))
            shared.waiting += 1
            try:
                # Shielded: when one delivery is superseded, another may be waiting for the same rendering.
                output = await asyncio.shield(shared.task)
            finally:
                shared.waiting -= 1
                if not shared.waiting and not shared.arrived and not shared.task.done():
                    self._ended(key, shared, shared.task)
                    self._ending.add(shared.task)
                    shared.task.add_done_callback(self._ending.discard)
                    shared.task.cancel()
            if output.timed_out:
                output = self._not_again(key, output)
            if output.refused is None or not output.transient or effort.seconds <= 0 or shared.effort is effort:
                return output
            # Another evaluation had nothing left to spend; this one has.

    async def _render_and_keep(self, request: RenderRequest, shared: _Shared) -> Output:
        """What has arrived is kept, also when the last one who waited for it gives up in that moment."""
        output = await self._renderer.render(request, self._redact, shared.effort)
        shared.arrived = True
        self._remember({request.fingerprint: output})
        await asyncio.to_thread(self._cache.put, {request.fingerprint: output})
        return output

    def _not_again(self, key: str, output: Output) -> Output:
        text = f"{output.error}; these very files are not tried again for {REMEMBERED / 3600:.0f} hours"
        output = replace(output, error=text)
        self._slow[key] = (self.now() + REMEMBERED, output)
        return output

    def _ended(self, key: str, shared: _Shared, _task: asyncio.Task[Output]) -> None:
        if self._running.get(key) is shared:
            del self._running[key]

    async def close(self) -> None:
        tasks = [*(shared.task for shared in self._running.values()), *self._ending]
        arrived = {shared.task for shared in self._running.values() if shared.arrived}
        for task in tasks:
            if task not in arrived:
                task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._renderer.close()
        self._cache.close()


@dataclass(slots=True, eq=False)
class _Shared:
    """A rendering under way, who pays for it, and how many wait for it. `arrived`: it only has to be kept."""

    effort: Effort
    waiting: int = 0
    arrived: bool = False
    task: asyncio.Task[Output] = field(init=False)


@dataclass(frozen=True, slots=True)
class _End(Generic[T]):
    value: T


def _step(
    asking: Asking[T], answers: Mapping[str, Output | Found] | None
) -> Sequence[RenderRequest | Wanted] | _End[T]:
    # A StopIteration cannot pass through a future.
    try:
        return next(asking) if answers is None else asking.send(answers)
    except StopIteration as end:
        return _End(end.value)


def _first(group: BaseExceptionGroup[Exception]) -> Exception:
    error = group.exceptions[0]
    return _first(error) if isinstance(error, BaseExceptionGroup) else error
