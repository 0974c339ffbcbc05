"""What is told as deleted is what a simulated Argo CD removes: nothing more and nothing less."""

from __future__ import annotations

from collections.abc import Mapping

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gitops.discovery.rounds import discover
from gitops.discovery.snapshot import OwnedId, Snapshot
from gitops.discovery.sources import Analysis
from gitops.facts.deletions.compare import consequences
from gitops.facts.deletions.model import Consequence, Verdict, Why
from gitops.facts.owners import owners_of
from tests.gitops.facts.deletions.declared import HERE, TRACKED_NOT, Child, Repository, Set, Spec, Thing
from tests.gitops.facts.deletions.simulated import merged
from tests.scenarios import MATCHER, Files, tree

THERE = "https://other.example.org"
PATHS = ("apps/a", "apps/b", "apps/e", "apps/f")
THINGS = (
    ("PersistentVolumeClaim", "one"),
    ("PersistentVolumeClaim", "two"),
    ("ConfigMap", "map"),
    ("Widget", "w"),
    (TRACKED_NOT, "widgets.example.com"),
    ("Namespace", "x"),
)
OPTIONS = ("", "", "", "Prune=false", "Prune=confirm", "Delete=false", "Delete=confirm", "Prune=false,Delete=false")

specs = st.builds(
    Spec,
    path=st.just(""),
    automated=st.sampled_from((True, True, True, False)),
    prune=st.sampled_from((True, True, True, False)),
    allow_empty=st.booleans(),
    options=st.sampled_from(((), (), (), ("Prune=false",), ("Delete=false",), ("Prune=confirm",))),
)
options = st.sampled_from(OPTIONS)


@st.composite
def sides(draw: st.DrawFn) -> tuple[Repository, Repository]:
    """Two states of a repository; sync policies are those of before, which table tests change."""
    policies: Mapping[str, Spec] = {name: draw(specs) for name in ("a", "b", "e")}
    root = Spec("argocd", prune=draw(st.sampled_from((True, True, True, False))))

    def side() -> Repository:
        things: dict[str, list[Thing]] = {path: [] for path in PATHS}
        for kind, name in THINGS:
            path = draw(st.sampled_from((*PATHS, None) if kind != "Namespace" else ("apps/a", None, None, None)))
            if path is not None:
                wave = draw(st.sampled_from((0, 0, 0, 2)))
                things[path].append(Thing(kind, name, draw(options), draw(st.booleans()), wave))
        names = draw(st.sets(st.sampled_from(("a", "b", "e"))))
        children = []
        for name in sorted(names):
            server = draw(st.sampled_from((HERE, HERE, HERE, THERE)))
            spec = policies[name]
            placed = Spec(f"apps/{name}", spec.automated, spec.prune, spec.allow_empty, spec.options, server)
            children.append(Child(name, placed, draw(st.booleans()), draw(options)))
        free = [name for name in ("e", "f") if name not in names]
        mine = draw(st.sets(st.sampled_from(free))) if free else set()
        sets = []
        for number, elements in ((1, mine), (2, set(free) - mine)):
            if draw(st.booleans()):
                policy = draw(st.sampled_from(("", "", "", "create-only", "create-update", "create-delete")))
                broken = draw(st.sampled_from((False, False, False, True)))
                shape = draw(st.sampled_from(("list", "git", "matrix", "merge")))
                preserves = draw(st.booleans())
                sets.append(Set(f"set{number}", tuple(sorted(elements)), policy, preserves, broken, shape))
        return Repository({path: tuple(found) for path, found in things.items()}, tuple(children), tuple(sets), root)

    return side(), side()


def snapshot(repository: Repository) -> Snapshot:
    return snapshot_of(repository.files())


def snapshot_of(files: Files) -> Snapshot:
    """Plain directories need no renderer."""
    try:
        next(discover(tree(files), Analysis(MATCHER, lambda value: value.hex(), "none")))
    except StopIteration as end:
        found = end.value
        assert isinstance(found, Snapshot)
        return found
    raise AssertionError("a rendering was asked for")


def _at(owned_id: OwnedId) -> str:
    return HERE if owned_id.cluster == "in-cluster" else owned_id.cluster


def where(one: Consequence) -> tuple[str, str, str]:
    rid = one.id.id
    if rid.kind in ("Application", "ApplicationSet"):
        return ("", rid.kind, rid.name)
    return (_at(one.id), rid.kind, rid.name)


@given(sides())
@settings(max_examples=40, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
def test_what_is_told_as_deleted_is_what_is_removed(both: tuple[Repository, Repository]) -> None:
    base, head = both
    before = snapshot(base)
    told = consequences(before, snapshot(head), lambda _: "", lambda _: "").all
    runs = [merged(base, head, seed) for seed in range(8)]
    ever, always = set.union(*runs), set.intersection(*runs)
    goes = {where(one) for one in told if one.verdict in (Verdict.DELETED, Verdict.APPLICATION_DELETED)}
    goes = {key for key in goes if key[1] != "ApplicationSet"}
    racing = [one for one in told if one.verdict is Verdict.HANDED_OVER and one.races]
    at_risk = {where(one) for one in racing}
    doomed = {one.subject.name for one in racing if one.subject is not None and one.subject.cascades}
    doomed |= {one.subject.name for one in told if one.verdict is Verdict.UNKNOWN and one.subject is not None}
    sinks = {where(one)[0] for one in racing if one.id.id.kind == "Namespace"}
    owners = [(_at(owned_id), owned_id, copies[0]) for owned_id, copies in before.once(owners_of).items()]
    for server, owned_id, copy in owners:
        if copy.application.name in doomed and owned_id.id.kind == "Namespace":
            sinks.add(server)
    for server, owned_id, copy in owners:
        if copy.application.name in doomed or (server in sinks and owned_id.id.namespace == "x"):
            at_risk.add((server, owned_id.id.kind, owned_id.id.name))
    for name in doomed:  # before it goes it may take over what another one brings, and take it along
        at_risk |= {(server, *thing.key) for thing in head.things.get(f"apps/{name}", ()) for server in (HERE, THERE)}
    if {child.name for child in base.children} - {child.name for child in head.children}:
        # One that lives on without being declared may take over what asks for a confirmation; then nothing asks.
        at_risk |= {where(one) for one in told if one.why is Why.CONFIRM}
    assert ever <= goes | at_risk
    if any(one.application == "root" and one.why is Why.CONFIRM for one in told):
        return  # the root waits for a person, and until then hands on nothing of what changes below it
    made = {element for one in base.sets for element in one.elements} & {child.name for child in head.children}
    # Whether such a one gets its new definition before it is deleted depends on what the root does first.
    assert {where(one) for one in told if where(one) in goes and one.application not in made} <= ever
    # What somebody else's directory has, or what moves between clusters, may be saved by the order of events.
    somewhere = {thing.key for things in head.things.values() for thing in things}
    moving = {child.name for child in head.children if child.spec.server != _server(base, child.name)}
    sure = {where(one) for one in told if one.application not in moving | made and where(one) in goes}
    assert {key for key in sure if key[1:] not in somewhere} <= always | at_risk


def _server(repository: Repository, name: str) -> str:
    return next((child.spec.server for child in repository.children if child.name == name), HERE)
