"""An issuer cannot prove that a host is yours, since its credentials are not there.

What it finds: a Secret that a ClusterIssuer or an Issuer of cert-manager names for a DNS-01 solver, for an external
account or for Vault, and that nothing brings into the namespace where it is read; or that is brought without the key.
An Issuer reads its own namespace, a ClusterIssuer the one that cert-manager's controller is told
(`--cluster-resource-namespace`), most often its own.

Why it matters: cert-manager asks again and again and gets no certificate (`error getting secret`). The old one stays
until it expires, and nobody notices before.

Example: a ClusterIssuer with `cloudflare.apiTokenSecretRef.name: cloudflare-api-token`, and the Secret in `default`.

How the fix is safe: none is applied. Where the Secret is in another namespace the finding says in which one; else
it has a ready command with placeholders for the values.

How sure it is: an error where everything that may provide it is known (the cluster was listed, or `secrets.provided`
says what comes from outside, or the change takes it away), else a warning; one step lower where an Application that
may bring it could not be analysed. A notice where something in git may make
it. Silent for ambient credentials, which name no Secret, and for webhook solvers, whose configuration is their own.
Where cert-manager is not in git, a Secret of that name counts in whichever namespace it is.

Sources: cert-manager.io, ACME DNS01 providers, External Account Bindings, Vault; cert-manager
cmd/controller (`--cluster-resource-namespace`); cert-manager issues 263, 650, 2399, 2944, 4475.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from checks.declaration import declare
from checks.model import Finding, Related, Severity, Topic
from checks.policy.file import Policy
from checks.secret_keys import mend
from checks.secret_keys.cases import Case, Group, is_issuers
from checks.secret_keys.knowledge import Knowledge, Observer
from checks.wording import DOUBT, listed
from gitops.discovery.snapshot import Change
from gitops.facts.secrets.cert_manager import Controllers, controllers_of
from gitops.facts.secrets.place import place
from gitops.facts.secrets.survey import Needed, ObjectId
from gitops.resources.resource import ResourceId

RULE = declare("dns-solver-secret-missing", Severity.ERROR, Severity.WARNING, Severity.NOTICE)

_SHOWN: Final = 3


def check(change: Change, policy: Policy) -> Iterator[Finding]:
    """One finding for each reference."""
    observer = Observer(change, policy)
    controllers = change.head.once(controllers_of)
    seen: set[tuple[str, ...]] = set()
    for needed in observer.survey.needed:
        if not is_issuers(needed) or "webhook" in needed.use.route:
            continue
        needed, known = _placed(needed, controllers)
        knowledge = observer.about(needed.id, needed.owner.application, needed.moment)
        key = needed.use.key
        lacks = knowledge.exists and key is not None and knowledge.keys is not None and key not in knowledge.keys
        if knowledge.exists and not lacks:
            continue
        case = Case(needed, knowledge, place(needed.owner, needed.use))
        if case.identity not in seen:
            seen.add(case.identity)
            yield _finding(case, observer, known=known)


def _placed(needed: Needed, controllers: Controllers) -> tuple[Needed, bool]:
    """The reference in the namespace that is read, and whether that is known."""
    if not needed.use.assumed:
        return needed, True
    namespace = controllers.get((needed.owner.application.root, needed.id.cluster))
    if not namespace:
        return needed, False
    return replace(needed, id=replace(needed.id, namespace=namespace)), True


def _finding(case: Case, observer: Observer, *, known: bool) -> Finding:
    use, wanted, knowledge = case.needed.use, case.id, case.knowledge
    application = case.needed.owner.application
    issuer = f"{case.workload.kind} `{case.workload.name}`"
    where = f"the namespace `{wanted.namespace}`" if known else "cert-manager's namespace"
    elsewhere = [one for one in observer.neighbours(wanted, application) if one.name == wanted.name]
    namespaces = sorted({one.namespace for one in elsewhere} - {wanted.namespace})
    if knowledge.exists:
        what = f"the key `{use.key}` of Secret `{wanted.name}`, which has no such key"
    else:
        what = f"Secret `{wanted.name}` in {where}, which {_absence(knowledge, namespaces)}"
    group = Group((case,))
    if knowledge.exists:
        help_ = mend.missing_keys(group)
        advice, commands = help_.advice, help_.commands
    elif namespaces:
        advice = f"Bring it into {where}, where {issuer} reads it; it is in {listed([f'`{n}`' for n in namespaces])}."
        commands = ""
    else:
        help_ = mend.missing_object(group, "", ())
        advice, commands = help_.advice, help_.commands
    doubts = (*knowledge.makers, *knowledge.doubts, *knowledge.elsewhere)
    text = (
        f"{issuer} needs {what}. cert-manager gets no certificate without it, and the old one stays until it expires."
    )
    text += f" {DOUBT}{listed(doubts, _SHOWN)}." if doubts else ""
    return RULE.finding(
        case.span,
        f"{use.holder} of {issuer} needs {what}",
        topic=Topic("|".join((RULE.id, *case.identity)), f"{issuer} gets no certificate", text, advice, commands),
        severity=_severity(knowledge),
        about=case.identity,
        resource=ResourceId("", wanted.kind, wanted.namespace, wanted.name),
        applications=(application.label,),
        owners=(application.key,),
        fields=[case.field(of_key=knowledge.exists)],
        related=_related(knowledge, wanted),
    )


def _absence(knowledge: Knowledge, namespaces: list[str]) -> str:
    if knowledge.removed:
        return "loses the manifest that provides it"
    if namespaces:
        return f"is in {listed([f'`{one}`' for one in namespaces])}"
    return "is provided by nobody" if knowledge.certain else "nothing in git provides"


def _severity(knowledge: Knowledge) -> Severity:
    if knowledge.makers:
        return Severity.NOTICE
    certain = (knowledge.exists and not knowledge.fetching) or knowledge.certain
    if knowledge.doubts or knowledge.elsewhere:
        return Severity.WARNING if certain else Severity.NOTICE
    return Severity.ERROR if certain else Severity.WARNING


def _related(knowledge: Knowledge, wanted: ObjectId) -> Iterator[Related]:
    for one in knowledge.provisions:
        yield Related(one.owner.origin.span, f"`{one.owner.application.label}` provides {wanted} here")
