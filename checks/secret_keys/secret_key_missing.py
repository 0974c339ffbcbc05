"""A workload references a key that its Secret or ConfigMap does not have.

What it finds: `secretKeyRef`, `configMapKeyRef` and volume `items` whose object is known (from git, from the
configuration or from the cluster) and has no such key. Key names alone are compared; values are never looked at.

Why it matters: the kubelet does not start the container (CreateContainerConfigError) or does not mount the volume
(FailedMount); an init container holds up everything behind it, and a rollout stays half done.

How sure it is: an error; a warning when the keys come from outside of git (an ExternalSecret with `dataFrom`, say)
and it is the cluster that lacks this one, since it may be fetched later.

Example: init container `db-migrate` asks for `supabase-url`, and the Secret has `supabase_url`.

How the fix is safe: none is applied. The message has a ready command or entry with placeholders for the values; a
`test` operation or a precise path keeps it from touching the keys that are there.

Sources: kubernetes.io/docs/concepts/configuration/secret ("optional Secrets"), API reference `SecretKeySelector`,
`KeyToPath`.
"""

from __future__ import annotations

from collections.abc import Iterator

from checks.declaration import declare
from checks.model import Finding, Related, Severity, Topic
from checks.policy.file import PATH, Policy
from checks.secret_keys import mend
from checks.secret_keys.cases import Case, Group, groups
from checks.secret_keys.knowledge import Knowledge, Observer
from checks.secret_keys.words import consequence, label, near, others, place_of, quoted, who
from checks.wording import listed
from gitops.discovery.snapshot import Change
from gitops.files.spans import Span
from gitops.resources.resource import ResourceId

RULE = declare("secret-key-missing", Severity.ERROR, Severity.WARNING)

_SHOWN_KEYS = 12


def check(change: Change, policy: Policy) -> Iterator[Finding]:
    """One finding per reference, one topic per object."""
    observer = Observer(change, policy)
    for group in groups(change, policy, observer, exists=True):
        topic = _topic(group)
        for case in group.cases:
            yield _finding(case, group, topic)


def _topic(group: Group) -> Topic:
    first = group.first
    knowledge = first.knowledge
    keys = group.keys
    plural = "key" if len(keys) == 1 else "keys"
    title = f"{label(group)} has no {plural} {quoted(keys)}"
    they = "it" if len(keys) == 1 else "them"
    has = f"has {quoted(sorted(knowledge.keys or ()), _SHOWN_KEYS)}" if knowledge.keys else "has no keys at all"
    message = [
        f"{who(group)} {they}.",
        consequence(group.cases),
        f"The {first.id.kind}, {_source(knowledge)}, {has}.",
    ]
    hints = {key: near(key, knowledge.keys or ()) for key in keys}
    meant = [f"`{hint}` for `{key}`" for key, hint in hints.items() if hint is not None]
    if meant:
        message.append(f"Did you mean {' and '.join(meant)}?")
    if knowledge.fetching:
        names = [f"`{p.owner.resource.id.kind} {p.owner.resource.id.name}`" for p in knowledge.fetching]
        message.append(f"{listed(names)} may bring it in later: its keys are not in git.")
    help_ = mend.missing_keys(group)
    identifier = "|".join([RULE.id, *(f"{w.cluster}/{w.kind}/{place_of(w)}" for w in group.ids), *keys])
    return Topic(identifier, title, " ".join(message), help_.advice, help_.commands)


def _source(knowledge: Knowledge) -> str:
    if knowledge.provisions:
        owner = knowledge.provisions[0].owner
        text = f"which `{owner.application.label}` brings ({owner.origin.span})"
        return f"{text} and the cluster holds" if knowledge.in_cluster else text
    return "as the cluster holds it" if knowledge.in_cluster else f"as {PATH} declares it"


def _finding(case: Case, group: Group, topic: Topic) -> Finding:
    use, wanted = case.needed.use, case.id
    hint = near(use.key or "", case.knowledge.keys or ())
    message = (
        f"{use.holder} of {case.workload.kind} {case.workload.name} needs the key `{use.key}` of {wanted}, which has "
        f"no such key"
    )
    application = case.needed.owner.application
    related: list[Related] = [
        Related(provision.owner.origin.span, f"`{provision.owner.application.label}` provides {wanted} here")
        for provision in case.knowledge.provisions
    ]
    if case.knowledge.declared is not None:
        span = Span(PATH, case.knowledge.declared, case.knowledge.declared)
        related.append(Related(span, f"{wanted} is declared here"))
    return RULE.finding(
        case.span,
        f"{message}; did you mean `{hint}`?" if hint else message,
        topic=topic,
        severity=Severity.WARNING if case.knowledge.fetching else Severity.ERROR,
        about=case.identity,
        resource=ResourceId("", wanted.kind, wanted.namespace, wanted.name),
        applications=(application.label,),
        owners=(application.key,),
        fields=[case.field(of_key=True)],
        related=(*dict.fromkeys(related), *others(group, case)),
    )
