"""Proving a bump: render before and after, and see that the version moves and nothing else.

What cannot be rendered here (a remote base needs the network) is said, never assumed; what can be seen without
rendering it is proven all the same.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from checks.coverage import Coverage, Sight, named, of_both
from checks.planning.bumps.cautions import cautions, renders
from checks.planning.bumps.escapes import is_escape
from checks.planning.bumps.judged import Judge, unjudged
from checks.planning.bumps.others import Others, below, numbered
from checks.planning.bumps.overlay import overlay_of
from checks.planning.bumps.plan import BumpPlan, Escape
from checks.planning.bumps.released import Released
from checks.planning.bumps.rendered import changes, counted, texts
from checks.planning.bystanders import NAMED, same
from checks.planning.edits import after_edits
from checks.planning.proof import Proof, Row, reason_of
from checks.wording import listed, plural
from gitops.discovery.snapshot import Part, Snapshot, State
from gitops.discovery.sources import Analysis
from gitops.resources.rendering import Asking, NotAnalysed, Rendered, RenderFailed, Rendering
from gitops.resources.resource import Resource, ResourceId
from gitops.versions.find import ChartIndex, find_pins
from gitops.versions.pins.images import ImageReference, split_image
from gitops.versions.pins.model import Pin, Style, parse_version, split_build


@dataclass(frozen=True, slots=True)
class ImageChange:
    """An image of a rendered resource, before and after; `container` is the path of the value in the manifest."""

    resource: ResourceId
    container: str
    old: str
    new: str


@dataclass(frozen=True, slots=True)
class BumpProof(Proof):
    """`images` are all images that change; `escapes` may settle what does not hold."""

    images: tuple[ImageChange, ...] = ()
    escapes: tuple[Escape, ...] = ()


def prove_bump(
    before: Snapshot,
    analysis: Analysis,
    plan: BumpPlan,
    charts: ChartIndex | None = None,
    judge: Judge = unjudged,
) -> Asking[BumpProof]:
    """Check what `plan` promises. `before` is the snapshot of the tree that the plan was made for, `judge`
    knows rules about the version that it goes to."""
    edited = yield from after_edits(before, analysis, plan.edits)
    old = yield from overlay_of(before.tree, plan.overlay, analysis)
    new = yield from overlay_of(edited.snapshot.tree, plan.overlay, analysis)
    return _Comparison(before, edited.snapshot, plan, charts, judge).proof(old, new)


@dataclass
class _Comparison:
    before: Snapshot
    after: Snapshot
    plan: BumpPlan
    charts: ChartIndex | None
    judge: Judge = unjudged

    def proof(self, old: Rendering, new: Rendering) -> BumpProof:
        coverage = Coverage.of(self.before, self.after)
        rows = [self._every_pin()]
        images: tuple[ImageChange, ...] = ()
        unproven = ""
        if isinstance(old, RenderFailed | NotAnalysed) and not isinstance(new, Rendered):
            if isinstance(old, NotAnalysed) and isinstance(new, NotAnalysed):
                unproven = f"The overlay cannot be rendered here: {new.reason}"
            else:
                rows.append(Row(f"`{self.plan.overlay}` renders", reason_of(new), False))
        elif not isinstance(old, Rendered) or not isinstance(new, Rendered):
            rows.append(Row(f"`{self.plan.overlay}` renders", reason_of(new) or reason_of(old), False))
        else:
            released = Released.of(self.before.tree, self.plan, old.resources, new.resources)
            images = tuple(self._image_changes(old.resources, new.resources, released))
            rows.extend(self._what_changes(old.resources, new.resources, images, released))
        rows.extend(self._applications(coverage.unknown))
        judged = self.judge(self.before, self.after, old, new, self.plan)
        rows.extend(judged.rows)
        said = (*cautions(self.before, self.plan), *judged.cautions)
        return BumpProof(tuple(rows), said, coverage, unproven, images, judged.escapes)

    def _every_pin(self) -> Row:
        plan = self.plan
        pins = find_pins(self.after.tree, plan.overlay, plan.component, charts=self.charts)
        decided = [pin for pin in pins.pins if pin.decides]
        behind = [pin for pin in decided if not self._is_there(pin)]
        detail = f"{len(decided) - len(behind)} of {len(decided)}" + (f"; not {behind[0].span}" if behind else "")
        if plan.copies:
            tell = "tells" if len(plan.copies) == 1 else "tell"
            detail += f"; {plural('copy', len(plan.copies))} of upstream's files {tell} none"
        # Without one nothing was looked at.
        return Row(f"Every pin of the overlay is {plan.tag}", detail, bool(decided) and not behind)

    def _is_there(self, pin: Pin) -> bool:
        if pin.style is Style.CHART and pin.parsed is None:
            return any(pin.version == move.new and move.pin.chart == pin.chart for move in self.plan.moves)
        if pin.version is None:
            return pin.digest == self.plan.digest
        return pin.parsed == self.plan.version or pin.version in self._builds

    @cached_property
    def _builds(self) -> set[str]:
        """Tags of builds of one's own that pins move to."""
        return {move.new for move in self.plan.moves if split_build(move.new)[1]}

    @cached_property
    def _names(self) -> set[str]:
        """Every name that the component's image has here."""
        pinned = [pin for pin in self.plan.pins.pins if pin.style in (Style.IMAGE, Style.IMAGES)]
        used = {name for pin in pinned for name in (pin.subject, pin.image, pin.runs) if name}
        return {*self.plan.component.images, *used}

    def _what_changes(
        self,
        old: tuple[Resource, ...],
        new: tuple[Resource, ...],
        images: tuple[ImageChange, ...],
        released: Released,
    ) -> Iterator[Row]:
        others = list(dict.fromkeys(self._other_changes(old, new, released)))
        places = {(image.resource, image.container) for image in images}
        values = [
            (resource, path)
            for resource, path, left, right in changes(old, new)
            if self._is_bump(left, right) and resource not in released.changed
        ]
        rest = [place for place in values if place not in places]
        told = {resource for resource, _ in (*places, *values)}
        what = [plural("image", len(images))] if images else []
        what += [plural("value", len(rest))] if rest or not images else []
        with_it = list(released.clauses(frozenset(told)))
        pinned = [f"{' and '.join(what)} in {len(told)} of {plural('resource', len(new))}"]
        seen = "; ".join([*(pinned if told or not with_it else []), *with_it])
        # An entry in `images` that meets no image (a patch gives it another name) would be an edit without effect.
        moved = any(self._is_bump(image.old, image.new) for image in images)
        without_effect = not moved and any(move.pin.image and move.pin.decides for move in self.plan.moves)
        if without_effect:
            seen = "no image changes, so these pins do not decide what runs"
        given = [f"`{escape.argument}` for {escape.resource}" for escape in self.plan.escapes]
        if given:
            seen += f"; and {', '.join(given)}"
        if told or with_it or others or without_effect:
            needed = " and what it needs" if given else ""
            yield Row(
                f"Only the release{needed} changes in what it renders"
                if with_it or released.changed
                else f"Only the version{needed} changes in what it renders",
                f"{seen}; also {', '.join(others[:NAMED])}" if others else seen,
                not others and not without_effect,
            )
        running, wrong = self._images_in(new)
        if running:
            yield Row(
                f"Every rendered image of {self.plan.component.name} is {self.plan.tag}",
                f"{running - len(wrong)} of {running}" + (f"; {wrong[0]}" if wrong else ""),
                not wrong,
            )

    def _images_in(self, resources: tuple[Resource, ...]) -> tuple[int, list[str]]:
        """How many images of the component these run, and a clause for each that is another version."""
        running = 0
        wrong: list[str] = []
        for resource in resources:
            for _, text in texts("", resource.manifest()):
                image = split_image(text)
                if image.name in self._names and (image.tag or image.digest):
                    running += 1
                    if not self._is_new(image):
                        wrong.append(f"{resource.id} runs {text}")
        return running, wrong

    def _is_new(self, image: ImageReference) -> bool:
        if not image.tag:
            return image.digest == self.plan.digest
        return parse_version(image.tag) == self.plan.version or image.tag in self._builds

    def _image_changes(
        self, old: tuple[Resource, ...], new: tuple[Resource, ...], released: Released
    ) -> Iterator[ImageChange]:
        """The component's, and all that its release brings, such as the cache's."""
        for resource, path, left, right in changes(old, new):
            if not isinstance(left, str) or not isinstance(right, str):
                continue
            others = path.endswith(".image") and resource in released.changed
            if others or (self._is_bump(left, right) and split_image(right).name != right):
                yield ImageChange(resource, path, left, right)

    def _other_changes(
        self, old: tuple[Resource, ...], new: tuple[Resource, ...], released: Released
    ) -> Iterator[str]:
        before, after = counted(old), counted(new)
        yield from (f"{key[0]} goes" for key in before if key not in after and not released.has(key))
        yield from (f"{key[0]} comes" for key in after if key not in before and not released.has(key))
        for resource, path, left, right in changes(old, new):
            if resource in released.changed or self._is_bump(left, right):
                continue
            if not is_escape(self.plan, resource, path, left, right):
                yield f"{resource} {path}"

    def _is_bump(self, left: object, right: object) -> bool:
        """Whether a value changes as the plan says: an image of the component to the new version, or a pin's text."""
        if not isinstance(left, str) or not isinstance(right, str):
            return False
        old, new = split_image(left), split_image(right)
        if old.name == new.name and new.name in self._names:
            return self._is_new(new)
        return any(left == move.old and right == move.new for move in self.plan.moves)

    def _applications(self, unknown: Sequence[str]) -> Iterator[Row]:
        before, after = numbered(self.before.states), numbered(self.after.states)
        if before or after:
            detail = "; ".join((f"{len(before)} before, {len(after)} after", *unknown))
            any_ = "Application that can be seen" if unknown else "Application"
            yield Row(f"No {any_} comes or goes", detail, before.keys() == after.keys())
        others = Others()
        own: list[tuple[State, Sight]] = []
        for key, state in before.items():
            other = after.get(key)
            if other is None:
                continue
            if self._is_own(state):
                own.append((other, of_both(state, other)))
                if not self._moves_only(state.rendering, other.rendering):
                    others.broken.append(state.application.name)
            elif self._reads_edited(state) or not same(state, other):
                others.broken.append(state.application.name)
            else:
                others.take(state, of_both(state, other))
        yield from filter(None, [others.row()])
        yield from self._deployed(own)

    def _deployed(self, states: list[tuple[State, Sight]]) -> Iterator[Row]:
        """The Applications that render the overlay, with their own options: those may pin an image of their own."""
        old: list[str] = []
        running: list[str] = []
        blind: list[tuple[Sight, str]] = []
        for state, sight in states:
            rendering, name = state.rendering, state.application.name
            count, wrong = self._images_in(rendering.resources) if isinstance(rendering, Rendered) else (0, [])
            running += [name] if count else []
            old += [f"in {name} {wrong[0]}"] if wrong else []
            blind += [(sight, name)] if sight is not Sight.WHOLE else []
        if running:
            detail = old[0] if old else listed(running, NAMED)
            detail += f"; not seen: {named(blind, NAMED)}" if blind and not old else ""
            it = "it and were seen" if blind else "it"
            yield Row(f"The Applications that deploy {it} run {self.plan.tag}", detail, not old)

    def _is_own(self, state: State) -> bool:
        """Whether an Application renders the overlay, or stands in a file that the edits change."""
        declared = state.application.origin.span.path in self._edited
        return declared or (renders(state, self.plan.overlay) and self._reads_edited(state))

    def _reads_edited(self, state: State) -> bool:
        """Whether an Application reads an edited file. What a source without a walk reads lies below its path."""
        sources = state.application.sources
        return any(
            not self._edited.isdisjoint(_files(part))
            or (
                part.closure is None
                and not part.elsewhere
                and any(below(path, sources[part.index].path) for path in self._edited)
            )
            for part in state.parts
        )

    @cached_property
    def _edited(self) -> set[str]:
        return {edit.span.path for edit in self.plan.edits}

    def _moves_only(self, old: Rendering, new: Rendering) -> bool:
        if old == new or (isinstance(old, NotAnalysed) and isinstance(new, NotAnalysed)):
            return True
        if not isinstance(old, Rendered) or not isinstance(new, Rendered):
            return False
        released = Released.of(self.before.tree, self.plan, old.resources, new.resources)
        return not any(self._other_changes(old.resources, new.resources, released))


def _files(part: Part) -> set[str]:
    if part.closure is not None:
        return part.closure.files
    return {resource.path for resource in part.resources if resource.path is not None}
