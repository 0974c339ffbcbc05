"""One Application is made twice.

What it finds: two ApplicationSets, or an ApplicationSet and a manifest, that make the Application of one name.

Why it matters: an Application has one owner. The second ApplicationSet fails with "already owned by another
ApplicationSet controller", or the two overwrite each other's spec for ever.

Example: two ApplicationSets go over the directories below `apps/`, and both name their Applications
`{{path.basename}}`.

How the fix is safe: none is offered, since only people know which of the two is meant. Two manifests of one
Application among the files of one parent are found by `duplicate-entry`, in the manifests of two parents by
`duplicate-owner`.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePosixPath

from checks.declaration import declare
from checks.model import Finding, Related, Severity, Topic
from checks.policy.file import Policy
from checks.wording import listed
from gitops.discovery.snapshot import Change, Repeated, Snapshot, State

RULE = declare("duplicate-application", Severity.ERROR, Severity.NOTICE)


def check(change: Change, policy: Policy) -> Iterator[Finding]:
    """One finding per Application, and one notice per pair of files that may be about one Argo CD."""
    for repeated in change.head.repeated:
        if repeated.makers != ("", ""):
            yield _fought_over(repeated)
    yield from _beside_each_other(change.head, policy)


def _fought_over(repeated: Repeated) -> Finding:
    one, other = repeated.makers
    topic = Topic(
        f"{RULE}|{repeated.root}|{one}|{other}",
        f"{one[:1].upper()}{one[1:]} and {other} make the same Application",
        f"Both make `{repeated.name}`. An Application has one owner: the second ApplicationSet fails on it, or the "
        "two overwrite each other's spec for ever.",
        "Give the names of one of them a prefix of its own, or leave the Application out of one.",
    )
    return RULE.finding(
        repeated.other.span,
        f"the Application `{repeated.name}` is made by {one} and by {other}",
        topic=topic,
        severity=Severity.ERROR,
        about=(repeated.root, repeated.namespace, repeated.name, *sorted(repeated.makers)),
        applications=[repeated.name],
        related=[Related(repeated.kept.span, f"{one} makes it here")],
    )


def _beside_each_other(snapshot: Snapshot, policy: Policy) -> Iterator[Finding]:
    """ApplicationSets of one directory that nothing brings in: bootstraps of one Argo CD, or of several."""
    by_name: dict[tuple[str, str], list[State]] = {}
    for state in snapshot.states:
        application = state.application
        if len(application.parents) == (1 if application.generated else 0):
            by_name.setdefault((application.namespace, application.name), []).append(state)
    pairs: dict[tuple[str, str], list[tuple[State, State]]] = {}
    for states in by_name.values():
        for other in states[1:]:
            first = states[0]
            if _may_meet(first, other, policy):
                pairs.setdefault((first.application.root, other.application.root), []).append((first, other))
    for roots, found in sorted(pairs.items()):
        yield _notice(roots, found)


def _may_meet(first: State, other: State, policy: Policy) -> bool:
    one, two = first.application, other.application
    if one.root == two.root or not (one.generated or two.generated):
        return False
    if PurePosixPath(one.origin.path).parent != PurePosixPath(two.origin.path).parent:
        return False
    instances = [policy.instance_of(a.root, a.name) for a in (one, two)]
    return None in instances or instances[0] == instances[1]


def _notice(roots: tuple[str, str], found: list[tuple[State, State]]) -> Finding:
    names = tuple(first.application.name for first, _ in found)
    first, other = (state.application for state in found[0])
    makers = f"`{roots[0]}` and `{roots[1]}`"
    return RULE.finding(
        other.origin.span,
        f"{makers} both make {listed([f'`{name}`' for name in names])}",
        f"{makers} make the same {'Application' if len(names) == 1 else f'{len(names)} Applications'}",
        text=f"Both make {listed([f'`{name}`' for name in names])}. In one Argo CD the second fails on "
        f"{'it' if len(names) == 1 else 'them'}; in two all is well.",
        advice=f"Say which in `.github/argofix.yaml`: `instances: {{name: [{roots[0]}, {roots[1]}]}}` when they "
        "share one Argo CD, two entries under `instances` when they do not.",
        severity=Severity.NOTICE,
        about=("roots", *roots),
        applications=names,
        related=[Related(first.origin.span, f"`{roots[0]}` makes it here")],
    )
