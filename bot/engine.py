"""Drives the pure model: gives `discover` and the proofs what they ask for, from the cache or from the renderer."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Generic, TypeVar

from bot.render_cache import RenderCache
from bot.renderer import Renderer
from gitops.argocd_config import KnownCluster, ToldMemo
from gitops.closure import ParseMemo
from gitops.directory import PlainMemo
from gitops.discovery import discover
from gitops.manifests import redactor
from gitops.rendering import BuildOptions, Output, RenderFailed, RenderRequest
from gitops.repositories import RepositoryMatcher
from gitops.scan import ScanMemo
from gitops.snapshot import Snapshot, State
from gitops.sources import Analysis
from gitops.tree import Tree
from gitops.walk import ClosureMemo

T = TypeVar("T")
Asking = Generator[Sequence[RenderRequest], Mapping[str, Output], T]
Progress = Callable[[int, int], None]

_SNAPSHOTS = 8
_NOWHERE = Tree({}, lambda _path, _entry: b"")
_RECENT = 5_000  # renderings kept decoded; a typical one has a few KB
_MEMO_LIMIT = 200_000  # parsed kustomizations and looked-at blobs kept in memory


class Engine:
    """One per process. Renderings that are under way are shared by everyone who asks for them."""

    def __init__(self, renderer: Renderer, cache: RenderCache) -> None:
        self._renderer = renderer
        self._cache = cache
        self._redact = redactor(cache.key)
        self._parsed: ParseMemo = {}
        self._looked: ScanMemo = {}
        self._closures: ClosureMemo = {}
        self._plain: PlainMemo = {}
        self._told: ToldMemo = {}
        self._recent: OrderedDict[str, Output] = OrderedDict()
        self._snapshots: OrderedDict[tuple[object, ...], Snapshot] = OrderedDict()
        self._running: dict[str, asyncio.Task[Output]] = {}
        self.rendered = 0  # runs of the renderer so far
        self.observe_cache: Callable[[str, int], None] = lambda _result, _count: None  # `hit` or `miss`

    @classmethod
    async def start(cls, directory: Path, renderer: str | None = None, jobs: int | None = None) -> Engine:
        """Raises `RendererMissing`. `directory` holds the cache and the scratch space."""
        return cls(await Renderer.start(renderer, directory / "scratch", jobs), RenderCache(directory))

    @property
    def renderer(self) -> str:
        """Name and version of the engine behind it."""
        return self._renderer.engine.identity

    def observe_renderings(self, observe: Callable[[float, str], None]) -> None:
        """`observe(seconds, result)` hears of each run of the renderer: `rendered` or `failed`."""
        self._renderer.observe = observe

    @property
    def exposed(self) -> tuple[str, ...]:
        """What the renderer is not shut away from, for the log (`bot.renderer.Engine.exposed`)."""
        return self._renderer.engine.exposed

    def analysis(
        self,
        matcher: RepositoryMatcher,
        build_options: BuildOptions | None = None,
        clusters: tuple[KnownCluster, ...] = (),
    ) -> Analysis:
        for memo, most in (
            (self._parsed, _MEMO_LIMIT),
            (self._looked, _MEMO_LIMIT),
            (self._closures, _MEMO_LIMIT // 10),
            (self._plain, _MEMO_LIMIT // 10),
            (self._told, _MEMO_LIMIT // 10),
        ):
            if len(memo) > most:
                memo.clear()
        return Analysis(
            matcher,
            self._redact,
            self._renderer.engine.identity,
            build_options,
            self._parsed,
            self._looked,
            self._closures,
            self._plain,
            told=self._told,
            clusters=clusters,
            shut_in=self._renderer.engine.shut_in,
        )

    async def snapshot(self, tree: Tree, analysis: Analysis, progress: Progress | None = None) -> Snapshot:
        """Find and render every Application of `tree`.

        A commit's snapshot is remembered: it is the base of many changes, and the head of the push that made it.
        """
        key = (tree.sha, analysis.matcher, analysis.build_options, analysis.max_applications, analysis.clusters)
        known = self._snapshots.get(key) if tree.sha is not None else None
        if known is not None:
            self._snapshots.move_to_end(key)
            return replace(known, tree=tree)
        snapshot = await self.drive(discover(tree, analysis), progress)
        if tree.sha is not None and not any(_is_transient(state) for state in snapshot.states):
            # Without its tree, whose reader is closed when the run ends.
            self._snapshots[key] = replace(snapshot, tree=_NOWHERE)
            while len(self._snapshots) > _SNAPSHOTS:
                self._snapshots.popitem(last=False)
        return snapshot

    async def drive(self, asking: Asking[T], progress: Progress | None = None) -> T:
        """Run a generator of the model to its end; its own work is done in a thread, so that the server answers."""
        step = await asyncio.to_thread(_step, asking, None)
        while not isinstance(step, _End):
            outputs = await self._outputs(step, progress)
            step = await asyncio.to_thread(_step, asking, outputs)
        return step.value

    async def render(self, request: RenderRequest) -> Output:
        """One rendering, past the cache."""
        return await self._renderer.render(request, self._redact)

    async def _outputs(self, requests: Sequence[RenderRequest], progress: Progress | None) -> Mapping[str, Output]:
        wanted = {request.fingerprint: request for request in requests}
        found = {key: self._recent[key] for key in wanted if key in self._recent}
        found |= self._cache.get([key for key in wanted if key not in found])
        missing = [request for key, request in wanted.items() if key not in found]
        self.observe_cache("hit", len(found))
        self.observe_cache("miss", len(missing))
        done = 0

        async def one(request: RenderRequest) -> None:
            nonlocal done
            found[request.fingerprint] = await self._shared(request)
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
            self._cache.put({request.fingerprint: found[request.fingerprint] for request in missing})
        self._remember(found)
        return found

    def _remember(self, outputs: Mapping[str, Output]) -> None:
        for key, output in outputs.items():
            if not output.transient:
                self._recent[key] = output
                self._recent.move_to_end(key)
        while len(self._recent) > _RECENT:
            self._recent.popitem(last=False)

    async def _shared(self, request: RenderRequest) -> Output:
        running = self._running.get(request.fingerprint)
        if running is None:
            self.rendered += 1
            running = asyncio.create_task(self._renderer.render(request, self._redact))
            self._running[request.fingerprint] = running
            running.add_done_callback(lambda _: self._running.pop(request.fingerprint, None))
        # Shielded: when one delivery is superseded, another may be waiting for the same rendering.
        return await asyncio.shield(running)

    async def close(self) -> None:
        for task in list(self._running.values()):
            task.cancel()
        await asyncio.gather(*self._running.values(), return_exceptions=True)
        self._cache.close()


def _is_transient(state: State) -> bool:
    return isinstance(state.rendering, RenderFailed) and state.rendering.transient


@dataclass(frozen=True, slots=True)
class _End(Generic[T]):
    value: T


def _step(asking: Asking[T], outputs: Mapping[str, Output] | None) -> Sequence[RenderRequest] | _End[T]:
    # A StopIteration cannot pass through a future.
    try:
        return next(asking) if outputs is None else asking.send(outputs)
    except StopIteration as end:
        return _End(end.value)


def _first(group: BaseExceptionGroup[Exception]) -> Exception:
    error = group.exceptions[0]
    return _first(error) if isinstance(error, BaseExceptionGroup) else error
