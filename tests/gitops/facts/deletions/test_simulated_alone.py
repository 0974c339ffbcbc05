"""The same as `test_simulated` where nothing is handed over, so that nothing depends on who comes first: hooks and
their delete policies, how a prune propagates, finalizers of sets and of their templates, projects, excluded kinds,
moves between clusters. What is told as deleted is then exactly what may be removed."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from gitops.facts.deletions.compare import consequences
from gitops.facts.deletions.model import Verdict, Why
from tests.gitops.facts.deletions.declared import HERE, Child, Repository, Set, Spec, Thing
from tests.gitops.facts.deletions.simulated import merged
from tests.gitops.facts.deletions.stage import FINALIZER
from tests.gitops.facts.deletions.test_simulated import OPTIONS, THERE, snapshot, where

KINDS = ("PersistentVolumeClaim", "Widget", "Secret")
HOOKS = ("", "", "", "", "PreSync", "Sync", "PostSync", "PostDelete", "PreDelete")
POLICIES = ("", "", "BeforeHookCreation", "HookSucceeded", "HookFailed", "HookFailed,HookSucceeded")
TEMPLATES = ((), (), (FINALIZER,), (f"{FINALIZER}/background",), ("example.com/own",), (f"{FINALIZER}/orphan",))
APPLICATION_OPTIONS = (
    (),
    (),
    ("Prune=false",),
    ("Delete=false", "Prune=confirm"),
    ("Delete=confirm", "PruneLast=true"),
)
GONE = (Verdict.DELETED, Verdict.APPLICATION_DELETED, Verdict.RECREATED)


@st.composite
def specs(draw: st.DrawFn, path: str) -> Spec:
    options = draw(st.sampled_from(APPLICATION_OPTIONS))
    return Spec(
        path,
        automated=draw(st.sampled_from((True, True, True, False))),
        prune=draw(st.sampled_from((True, True, False))),
        allow_empty=draw(st.booleans()),
        options=options,
        server=draw(st.sampled_from((HERE, HERE, HERE, THERE))),
        forbids=draw(st.sampled_from(("", "", "", "Secret"))),
    )


@st.composite
def things(draw: st.DrawFn, suffix: str) -> tuple[Thing, ...]:
    found = []
    for kind in KINDS:
        if draw(st.booleans()):
            hook = draw(st.sampled_from(HOOKS))
            option = draw(st.sampled_from((*OPTIONS, "PruneLast=true")))
            wave = draw(st.sampled_from((0, 0, 2)))
            policy = draw(st.sampled_from(POLICIES)) if hook else ""
            found.append(Thing(kind, f"{kind.lower()}-{suffix}", option, draw(st.booleans()), wave, hook, policy))
    return tuple(found)


@st.composite
def sides(draw: st.DrawFn) -> tuple[Repository, Repository]:
    below = ((), ("PrunePropagationPolicy=background",), ("PrunePropagationPolicy=orphan",), ("Prune=false",))
    root = Spec("argocd", options=draw(st.sampled_from(below)))

    def side() -> Repository:
        children = []
        if draw(st.booleans()):
            spec = draw(specs("apps/a"))
            approved = draw(st.sampled_from(("", "", "2126-01-01T00:00:00Z")))
            children.append(Child("a", spec, draw(st.booleans()), draw(st.sampled_from(OPTIONS)), approved))
        sets = []
        if draw(st.booleans()):
            policy = draw(st.sampled_from(("", "sync", "create-only", "create-update", "create-delete")))
            made = Set("made", draw(st.sampled_from((("e",), ()))), policy, preserves=draw(st.booleans()))
            server = draw(st.sampled_from((HERE, HERE, HERE, THERE)))
            template = draw(st.sampled_from(TEMPLATES))
            sets.append(replace(made, finalizer=draw(st.booleans()), template=template, server=server))
        found = {"apps/a": draw(things("a")), "apps/e": draw(things("e"))}
        return Repository(found, tuple(children), tuple(sets), root, draw(st.sampled_from(("", "", "", "Widget"))))

    base, head = side(), side()
    # Whether everything goes is for somebody else to find out when the kinds that are left alone change as well.
    assume(
        not (base.excluded or head.excluded)
        or all(len({t.kind for t in found}) != 1 for found in head.things.values())
    )
    # With something in its files that its project does not permit it is not synced at all.
    if _forbids(base):
        base = _without_secrets(base)
    return base, _without_secrets(head) if _forbids(base) or _forbids(head) else head


def _forbids(one: Repository) -> bool:
    return any(child.spec.forbids for child in one.children)


def _without_secrets(one: Repository) -> Repository:
    kept = {path: tuple(t for t in found if t.kind != "Secret") for path, found in one.things.items()}
    return replace(one, things=kept)


@given(sides())
@settings(max_examples=30, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
def test_what_is_told_as_deleted_is_exactly_what_may_be_removed(both: tuple[Repository, Repository]) -> None:
    base, head = both
    told = consequences(snapshot(base), snapshot(head), lambda _: "", lambda _: "").all
    if any(one.application == "root" and one.why is Why.CONFIRM for one in told):
        return  # the root waits for a person, and until then hands on nothing of what changes below it
    goes = {where(one) for one in told if one.verdict in GONE and one.id.id.kind != "ApplicationSet"}
    ever = set.union(*(merged(base, head, seed) for seed in range(8)))
    # An Application that goes, or lives on as it was, may be synced with the files of the head until then: that is
    # told of the Application.
    doubted = {one.subject.name for one in told if one.verdict is Verdict.UNKNOWN and one.subject is not None}
    doubtful = {key for key in ever if key[2].rpartition("-")[2] in doubted}
    assert goes | doubtful == ever
