"""A workload references a Secret or ConfigMap that nobody provides.

What it finds: references of pods (environment, volumes, pull secrets), Ingresses, ServiceAccounts and well-known
custom resources (a TriggerAuthentication, a ServiceMonitor, an Issuer) to an object that no Application of the same
cluster and namespace brings or has made, that the configuration does not declare and that the cluster, when it can be
asked, does not hold. What is brought too late (a PostSync hook), never (a Skip hook) or only while somebody mounts it
(a SecretProviderClass) does not count.

Why it matters: containers wait in CreateContainerConfigError and volumes in FailedMount until the object is there.

How sure it is: an error when the cluster was listed completely, when `secrets.provided` says what comes from outside,
when the change itself takes the object out of git, or when kustomize generates it under a name that the reference
does not have; a warning when git is all there is. One step lower when an Application of the same namespace could not
be analysed, or when it is a custom resource that asks. A notice, one an object, when something in git may make it: an
operator whose custom resource names it or lends it its name, a Job or controller that is told its name, a copy.

Example: a Deployment reads `database-url` from a Secret that a pipeline was meant to create.

How the fix is safe: none is applied; the message names what was probably meant, or has a ready command with
placeholders for the values.

Sources: kubernetes.io/docs/concepts/configuration/secret, kubernetes.io/docs/tasks/configure-pod-container/
pull-image-private-registry (a pull secret that does not exist is passed over).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from checks.declaration import declare
from checks.model import Finding, Related, Severity, Topic
from checks.policy.file import Policy
from checks.secret_keys import mend
from checks.secret_keys.cases import Case, Group, groups
from checks.secret_keys.hints import Hint, hint_of
from checks.secret_keys.knowledge import Knowledge, Observer
from checks.secret_keys.words import consequence, label, others, place_of, quoted, who
from checks.wording import DOUBT, listed
from gitops.discovery.snapshot import Change
from gitops.facts.secrets.references import Effect
from gitops.facts.secrets.survey import ObjectId
from gitops.facts.secrets.undelivered import Undelivered, undelivered
from gitops.resources.resource import ResourceId

RULE = declare("secret-missing", Severity.ERROR, Severity.WARNING, Severity.NOTICE)

_LEVELS = (Severity.NOTICE, Severity.WARNING, Severity.ERROR)
_SHOWN_KEYS = 12
_SHOWN_DOUBTS = 3
# The most that a reference can cost, whatever is known about the object.
_WORST = {
    Effect.STOPS: 2,
    Effect.TLS: 2,
    Effect.PULL: 1,
    Effect.NONE: 0,
    Effect.DEFAULTS: 1,
    Effect.CONTROLLER: 1,
}

Lying = Mapping[ObjectId, tuple[Undelivered, ...]]


def check(change: Change, policy: Policy) -> Iterator[Finding]:
    """One finding per reference (per object, while it is no more than a notice), one topic per object."""
    observer = Observer(change, policy)
    found = list(groups(change, policy, observer, exists=False))
    roots: dict[ObjectId, set[str]] = {}
    for case in (case for group in found for case in group.cases):
        roots.setdefault(case.id, set()).add(case.needed.owner.application.root)
    lying = undelivered(change.head, roots)
    for group in found:
        hint = hint_of(group, observer)
        topic = _topic(group, hint, lying)
        severity = max((_severity(case, hint, lying) for case in group.cases), key=_LEVELS.index)
        findings = [_finding(case, group, topic, severity, hint, lying) for case in group.cases]
        yield from findings if severity is not Severity.NOTICE else _summed(findings)


def _summed(findings: Sequence[Finding]) -> Iterator[Finding]:
    """One finding an object; what it stands for stays known when it is told one by one after a change."""
    by_object: dict[ResourceId | None, list[Finding]] = {}
    for finding in findings:
        by_object.setdefault(finding.resource, []).append(finding)
    for first, *rest in by_object.values():
        applications = tuple(dict.fromkeys(name for each in (first, *rest) for name in each.applications))
        owners = tuple(dict.fromkeys(key for each in (first, *rest) for key in each.owners))
        identities = tuple(each.identity for each in rest)
        yield replace(first, applications=applications, owners=owners, stands_for=identities)


def _severity(case: Case, hint: Hint, lying: Lying) -> Severity:
    knowledge = case.knowledge
    if knowledge.makers or any(each.beside for each in lying.get(case.id, ())):
        return Severity.NOTICE
    effect = case.needed.use.effect
    level = 2 if knowledge.certain or hint.certain else 1
    if knowledge.doubts or (knowledge.certain and knowledge.elsewhere):
        level -= 1
    if effect is Effect.CONTROLLER and not hint.certain:  # such credentials are often made by hand, once
        level -= 1
    return _LEVELS[max(min(level, 2 if hint.certain else _WORST[effect]), 0)]


def _topic(group: Group, hint: Hint, lying: Lying) -> Topic:
    first = group.first
    knowledge = first.knowledge
    files = lying.get(first.id, ())
    title = f"{label(group)} {_absence(knowledge, files, hint)}"
    message = [f"{who(group)} it"]
    if group.keys:
        plural = "key" if len(group.keys) == 1 else "keys"
        message[0] += f", with the {plural} {quoted(group.keys, _SHOWN_KEYS)}"
    message[0] += "."
    message.append(consequence(group.cases))
    for idle in knowledge.idle:
        rid, span = idle.provision.owner.resource.id, idle.provision.owner.origin.span
        message.append(f"`{rid.kind} {rid.name}` ({span}) {idle.why}.")
    for file in files[:_SHOWN_DOUBTS]:
        message.append(_lies(file))
    if first.needed.use.assumed:
        message.append(f"Its controller is taken to run in the namespace `{first.id.namespace}`.")
    merging = [p.owner.resource.id for p in knowledge.provisions]
    if merging:
        message.append(f"{listed([f'`{rid.kind} {rid.name}`' for rid in merging])} only fills it once it exists.")
    doubts = (*knowledge.makers, *knowledge.doubts, *knowledge.elsewhere)
    if doubts:
        message.append(f"{DOUBT}{listed(doubts, _SHOWN_DOUBTS)}.")
    if hint.said:
        message.append(hint.said)
    help_ = mend.missing_object(group, hint.advice, files)
    identifier = "|".join([RULE.id, *(f"{w.cluster}/{w.kind}/{place_of(w)}" for w in group.ids)])
    return Topic(identifier, title, " ".join(message), help_.advice, help_.commands)


def _lies(file: Undelivered) -> str:
    text = f"`{file.id.kind} {file.id.name}` at {file.span} would provide it, and no Application deploys that file"
    if file.beside:
        return f"{text}; {file.beside} holds it beside Applications, so whoever applies these by hand applies it too."
    return f"{text}."


def _absence(knowledge: Knowledge, files: tuple[Undelivered, ...], hint: Hint) -> str:
    if knowledge.removed:
        return "loses the manifest that provides it"
    if knowledge.idle:
        return "is not there when it is needed"
    if hint.certain:
        return "is there under a generated name only"
    if files:
        return "lies in git and no Application deploys it"
    if knowledge.certain and not knowledge.makers:
        return "is provided by nobody"
    return "is made by no manifest in git" if knowledge.makers else "is provided by nothing in git"


def _finding(case: Case, group: Group, topic: Topic, severity: Severity, hint: Hint, lying: Lying) -> Finding:
    use, wanted = case.needed.use, case.id
    application = case.needed.owner.application
    key = f" (key `{use.key}`)" if use.key is not None else ""
    files = lying.get(wanted, ())
    related = [
        Related(p.owner.origin.span, f"`{p.owner.application.label}` only fills {wanted} here")
        for p in case.knowledge.provisions
    ]
    related += [
        Related(idle.provision.owner.origin.span, f"this `{idle.provision.owner.resource.id.kind}` {idle.why}")
        for idle in case.knowledge.idle
    ]
    related += [Related(file.span, f"no Application deploys this {file.id}") for file in files]
    return RULE.finding(
        case.span,
        f"{use.holder} of {case.workload.kind} {case.workload.name} needs {wanted}{key}, which "
        f"{_absence(case.knowledge, files, hint)}",
        topic=topic,
        severity=severity,
        about=case.identity,
        resource=ResourceId("", wanted.kind, wanted.namespace, wanted.name),
        applications=(application.label,),
        owners=(application.key,),
        fields=[case.field(of_key=False)],
        related=(*related, *others(group, case)),
    )
