"""A workload references a Secret or ConfigMap that nobody provides.

What it finds: references of pods (environment, volumes, pull secrets), Ingresses and ServiceAccounts to an object
that no Application of the same cluster and namespace brings or has made, that the configuration does not declare and
that the cluster, when it can be asked, does not hold.

Why it matters: containers wait in CreateContainerConfigError and volumes in FailedMount until the object is there.

How sure it is: an error when the cluster was listed completely, when `secrets.provided` says what comes from outside,
or when the change itself takes the object out of git; a warning when git is all there is. One step lower when an
Application of the same namespace could not be analysed, or a custom resource names the object: those may make it.

Example: a Deployment reads `database-url` from a Secret that a pipeline was meant to create.

How the fix is safe: none is applied; the message has a ready command with placeholders for the values.

Sources: kubernetes.io/docs/concepts/configuration/secret, kubernetes.io/docs/tasks/configure-pod-container/
pull-image-private-registry (a pull secret that does not exist is passed over).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from checks.model import Finding, Related, Severity, Topic
from checks.policy import Policy
from checks.secret_keys import mend
from checks.secret_keys.cases import Case, Group, groups
from checks.secret_keys.knowledge import Knowledge, Observer
from checks.secret_keys.words import consequence, label, near, others, place_of, quoted, who
from checks.wording import listed
from gitops.resources import ResourceId
from gitops.secrets.references import Effect
from gitops.snapshot import Change

RULE = "secret-missing"

_LEVELS = (Severity.NOTICE, Severity.WARNING, Severity.ERROR)
_SHOWN_KEYS = 12
_SHOWN_DOUBTS = 3
# The most that a reference can cost, whatever is known about the object.
_WORST = {Effect.STOPS: 2, Effect.TLS: 2, Effect.PULL: 1, Effect.NONE: 0}


def check(change: Change, policy: Policy) -> Iterator[Finding]:
    """One finding per reference, one topic per object."""
    observer = Observer(change, policy)
    for group in groups(change, policy, observer, exists=False):
        topic = _topic(group, observer)
        severity = max((_severity(case) for case in group.cases), key=_LEVELS.index)
        for case in group.cases:
            yield _finding(case, group, topic, severity)


def _severity(case: Case) -> Severity:
    knowledge = case.knowledge
    level = 2 if knowledge.certain else 1
    if knowledge.doubts or (knowledge.certain and knowledge.elsewhere):
        level -= 1
    return _LEVELS[min(level, _WORST[case.needed.use.effect])]


def _topic(group: Group, observer: Observer) -> Topic:
    first = group.first
    knowledge = first.knowledge
    title = f"{label(group)} {_absence(knowledge)}"
    message = [f"{who(group)} it"]
    if group.keys:
        plural = "key" if len(group.keys) == 1 else "keys"
        message[0] += f", with the {plural} {quoted(group.keys, _SHOWN_KEYS)}"
    message[0] += "."
    message.append(consequence(group.cases))
    merging = [p.owner.resource.id for p in knowledge.provisions]
    if merging:
        message.append(f"{listed([f'`{rid.kind} {rid.name}`' for rid in merging])} only fills it once it exists.")
    doubts = (*knowledge.doubts, *knowledge.elsewhere)
    if doubts:
        message.append(f"It may still come from elsewhere: {listed(doubts, _SHOWN_DOUBTS)}.")
    hint = _elsewhere(first, observer)
    if hint:
        message.append(hint)
    help_ = mend.missing_object(group)
    identifier = "|".join([RULE, *(f"{w.cluster}/{w.kind}/{place_of(w)}" for w in group.ids)])
    return Topic(identifier, title, " ".join(message), help_.advice, help_.commands)


def _absence(knowledge: Knowledge) -> str:
    if knowledge.removed:
        return "loses the manifest that provides it"
    if knowledge.certain:
        return "is provided by nobody"
    return "is provided by nothing in git"


def _elsewhere(case: Case, observer: Observer) -> str:
    """What was probably meant: a near name in the same namespace, or the same name in another one."""
    wanted = case.id
    # Another root's provider of the very same object is none for this one.
    found = set(observer.neighbours(wanted, case.needed.owner.application)) - {wanted}
    names = [other.name for other in found if other.namespace == wanted.namespace]
    hint = near(wanted.name, names)
    if hint is not None:
        return f"Did you mean `{hint}`?"
    places: Sequence[str] = sorted({other.namespace for other in found if other.name == wanted.name})
    if places:
        return (
            f"A {wanted.kind} of this name is in the namespace {quoted(places, 3)}, which pods elsewhere cannot use."
        )
    return ""


def _finding(case: Case, group: Group, topic: Topic, severity: Severity) -> Finding:
    use, wanted = case.needed.use, case.id
    application = case.needed.owner.application
    key = f" (key `{use.key}`)" if use.key is not None else ""
    related = [
        Related(p.owner.origin.span, f"`{p.owner.application.name}` only fills {wanted} here")
        for p in case.knowledge.provisions
    ]
    return Finding(
        rule=RULE,
        severity=severity,
        span=case.span,
        message=f"{use.holder} of {case.workload.kind} {case.workload.name} needs {wanted}{key}, which "
        f"{_absence(case.knowledge)}",
        topic=topic,
        identity=(RULE, *case.identity),
        resource=ResourceId("", wanted.kind, wanted.namespace, wanted.name),
        applications=(application.name,),
        owners=(application.key,),
        related=(*related, *others(group, case)),
    )
