"""A bump of Argo CD is judged by the rules about its installation, with the version that it goes to.

What a rule finds after the bump and not before comes with the version: with what would not start nothing is proven,
and the rest is told with its lines. Notes of upgrade guides that no manifest is about are left out.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from checks.argocd import CHECK
from checks.argocd.argocd_upgrade_note import notes_about
from checks.argocd.conflicts import CONFLICTS
from checks.model import Finding, Severity
from checks.planning.bumps.cautions import cautions, renders
from checks.planning.bumps.judged import Judged
from checks.planning.bumps.others import below
from checks.planning.bumps.overlay import overlay_of
from checks.planning.bumps.plan import BumpPlan, Escape
from checks.planning.proof import Row
from checks.policy.file import Policy
from checks.registry import rules
from checks.wording import plural
from gitops.applications.application import Application, Destination, Origin, SyncPolicy
from gitops.discovery.snapshot import Change, Part, Snapshot, State
from gitops.discovery.sources import Analysis
from gitops.files.containment import CONTENT
from gitops.files.errors import GitopsError
from gitops.files.spans import Span
from gitops.files.tree import Tree
from gitops.installation.find import installations_of
from gitops.kustomize.closure import Closure
from gitops.kustomize.walk import walk
from gitops.resources.rendering import Asking, Rendered, Rendering
from gitops.versions.components import ARGO_CD
from gitops.versions.find import closure_of

# What these find keeps a program from starting.
_REFUSALS: Final = frozenset({"argocd-unknown-flag", "argocd-start-conflict"})
_SILENT: Final = frozenset({"argocd-version-unknown"})
_NOTES: Final = "argocd-upgrade-note"
_SHOWN: Final = 3


def _told(finding: Finding) -> str:
    """What is wrong, where, and the lines that would be right."""
    lines = finding.topic.commands
    advice = f": {finding.topic.advice.rstrip('.')}" if finding.topic.advice else ""
    return f"{finding.span}: {finding.message}{advice}" + (f", `{lines}`" if lines and "\n" not in lines else "")


def judge(before: Snapshot, after: Snapshot, old: Rendering, new: Rendering, plan: BumpPlan) -> Judged:
    """What comes with the version, in the Applications that render the overlay; in the overlay itself where none
    does."""
    if plan.component.name != ARGO_CD.name:
        return Judged()
    if not any(renders(state, plan.overlay) for state in after.states):
        if not isinstance(old, Rendered) or not isinstance(new, Rendered):
            return Judged()
        before, after = _alone(before.tree, old, plan.overlay), _alone(after.tree, new, plan.overlay)
    programs = sum(
        1
        for installation in after.once(installations_of)
        for process in installation.processes
        if installation.deployed and not process.initial and process.official and process.version == plan.version
    )
    known = _findings(None, before)
    fresh = [finding for identity, finding in _findings(before, after).items() if identity not in known]
    refusals = [one for one in fresh if one.rule in _REFUSALS and one.severity is Severity.ERROR]
    said = _cautions(plan, (one for one in fresh if one not in refusals))
    escapes = tuple(_escapes(after, plan)) if refusals else ()
    return Judged(tuple(_rows(plan, programs, refusals, bool(escapes))), said, escapes)


def notes_of(before: Snapshot, analysis: Analysis, plan: BumpPlan) -> Asking[tuple[str, ...]]:
    """What upgrade guides say of what is rendered today, on the way to the version of a plan that keeps back what
    would move: whoever moves it by hand has to know. Sentences without a full stop."""
    if plan.component.name != ARGO_CD.name:
        return ()
    mine = {
        state.application.key
        for state in before.states
        # It may also be a directory of Applications that install Argo CD.
        if renders(state, plan.overlay) or below(state.application.origin.span.path, plan.overlay)
    }
    if not mine:
        rendering = yield from overlay_of(before.tree, plan.overlay, analysis)
        if isinstance(rendering, Rendered):
            before = _alone(before.tree, rendering, plan.overlay)
            mine = {state.application.key for state in before.states}
    # What cannot be rendered (a branch of another repository) is found in the files that are read for it.
    read = {path.rpartition("/")[0] for path in closure_of(before.tree, plan.overlay, {}).files}
    found: list[Finding] = []
    for installation in before.once(installations_of):
        old = installation.told_version or plan.current
        there = installation.directory
        concerned = not mine.isdisjoint(installation.owners) or (there != "" and there in read)
        if concerned and old is not None and old < plan.version:
            found += notes_about(before, installation, old, plan.version)
    return (*cautions(before, plan), *_cautions(plan, found))


def _cautions(plan: BumpPlan, findings: Iterable[Finding]) -> tuple[str, ...]:
    return tuple(
        f"{one.span}: {one.message}{_more(one)}"
        for one in findings
        # What was found in the text of the files is told already.
        if not any(note.startswith(f"{one.span}: ") for note in plan.notes)
    )


def _escapes(after: Snapshot, plan: BumpPlan) -> Iterator[Escape]:
    """What settles a start conflict of the version by itself. It is unknown to versions before, so it moves along."""
    for installation in after.once(installations_of):
        for process in installation.processes:
            for conflict in CONFLICTS:
                if conflict.refuses and conflict.since is not None and conflict.concerns(process, plan.version):
                    told = conflict.look(installation, process, plan.version)
                    if told is not None and told.argument:
                        why = f"{told.message}, so `{told.argument}` is given to container `{process.container}`"
                        yield Escape(process.member.id, process.container, told.argument, why)


def _rows(plan: BumpPlan, programs: int, refusals: Sequence[Finding], together: bool) -> Iterator[Row]:
    """The promise that it starts; none where nothing was looked at."""
    statement = f"Argo CD {plan.tag} takes what it is told"
    if refusals:
        more = len(refusals) - _SHOWN
        told = "; ".join(_told(finding) for finding in refusals[:_SHOWN])
        told += f"; and {more} more" if more > 0 else ""
        # The versions before do not know the argument, and would not start with it.
        told += "; the argument has to be merged together with the version" if together else ""
        yield Row(statement, told, False)
    elif programs:
        yield Row(statement, plural("program", programs), True)


def _more(finding: Finding) -> str:
    """The line that would be right, where there is one."""
    lines = finding.topic.commands
    return f"; add `{lines}`" if finding.rule == _NOTES and lines and "\n" not in lines else ""


def _findings(base: Snapshot | None, snapshot: Snapshot) -> Mapping[tuple[str, ...], Finding]:
    """What is found in a snapshot; of the rules only the one about upgrades asks what was there before."""
    found: dict[tuple[str, ...], Finding] = {}
    for rule in rules():
        if rule.check_name != CHECK or rule.id in _SILENT:
            continue
        change = Change(base if rule.id == _NOTES else None, snapshot)
        try:
            found.update((finding.identity, finding) for finding in rule.check(change, Policy()))
        except CONTENT:
            continue  # told where commits are judged, as a failure of the rule
    return found


def _alone(tree: Tree, rendering: Rendered, overlay: str) -> Snapshot:
    """A snapshot in which one Application renders the overlay."""
    at = Span(overlay, 1, 1)
    closure: Closure | None
    try:
        closure = walk(tree, overlay, {})
    except GitopsError:
        closure = None
    application = Application(
        name=overlay or ".",
        namespace="argocd",
        project="default",
        sources=(),
        destination=Destination("", "in-cluster", "argocd"),
        sync_wave=0,
        sync_policy=SyncPolicy(options=frozenset({"ServerSideApply=true"})),
        origin=Origin(at),
    )
    return Snapshot(tree, (State(application, (Part(0, rendering, closure),)),))
