"""Alerts and monitors that are written and that no Prometheus reads.

What it finds: a PrometheusRule, ServiceMonitor or PodMonitor about Argo CD in a file that no Application deploys; one
that is deployed and whose labels the Prometheus in git does not select, or for which there is only a Prometheus
that does not know these kinds; and an entry of `rule_files` at which no volume of the pod brings a file.

Why it matters: the alert exists for whoever reads the repository, and for nobody else. Prometheus passes over a rule
file that is not there without a word.

Example: `rule_files: [/etc/prometheus/argocd-alerts.yml]`, and an init container that copies `prometheus.yml` alone.

How the fix is safe: the label that the Prometheus in git selects is added, where nothing else is rendered
otherwise. A file is not deployed by itself: the finding names what is not there.

How sure it is: a warning; a notice where git has no Prometheus, which may be elsewhere. Silent where a script applies
the file, where a selector cannot be judged from git (expressions, labels of namespaces), for volumes that something
else may fill, and, about an operator that is not in git, on OpenShift, which brings one.

Sources: prometheus-operator's API (`ruleSelector` and `serviceMonitorSelector`: absent selects nothing, empty
everything); prometheus.io (`rule_files`).
"""

from __future__ import annotations

from collections.abc import Iterator

from checks.argocd.repairing import wanted_of
from checks.argocd.view import applications, installations, owners
from checks.declaration import FixAvailability, declare
from checks.model import Finding, Repair, Severity
from checks.policy.file import Policy
from gitops.discovery.snapshot import Change, Snapshot
from gitops.facts.secrets.pods import mapping
from gitops.files.editing import put
from gitops.files.spans import Applicability, Span
from gitops.installation.find import loose_of, member_of
from gitops.installation.loading import GROUP, SELECTORS, beside, operated, selects
from gitops.installation.model import Member
from gitops.installation.places import place_of
from gitops.installation.scraping import lost_rules, plain_prometheus
from gitops.installation.scripts import scripts_of
from gitops.resources.manifests import text_of
from gitops.resources.resource import Resource

RULE = declare("alerts-not-loaded", Severity.WARNING, Severity.NOTICE, fix=FixAvailability.SOMETIMES)


def check(change: Change, policy: Policy) -> Iterator[Finding]:
    """One finding for each resource and each entry of `rule_files`."""
    head = change.head
    if not (head.installing or installations(change)):
        return
    yield from _in_files(change, bool(head.once(operated) or head.once(plain_prometheus)))
    yield from _selected(change, head.once(operated))
    for lost in lost_rules(head):
        message = f"Prometheus finds no rules at `{lost.path}`: {lost.why}"
        yield _finding(
            change,
            lost.configuration,
            place_of(head, lost.configuration, lost.path),
            message,
            "A rule file is never loaded",
            "A path in `rule_files` that matches nothing is passed over without a word: none of its alerts exists.",
            "Mount the file there, or take the entry out.",
            Severity.WARNING,
            lost.path,
        )


def _is_of_openshift(resource: Resource) -> bool:
    return resource.id.group.endswith(".openshift.io") or resource.id.group == "operators.coreos.com"


def _in_files(change: Change, has_prometheus: bool) -> Iterator[Finding]:
    if any(one.refused is None for one in change.head.unknown):
        return  # any Application may deploy it
    scripts = change.head.once(scripts_of)
    plain = change.head.once(plain_prometheus)
    for loose in change.head.once(loose_of):
        rid = loose.member.id
        if rid.group != GROUP or rid.kind not in SELECTORS or loose.reached or loose.composed:
            continue
        path = loose.member.written.path
        if any(path in each.text or (loose.directory and loose.directory in each.text) for each in scripts):
            continue
        other = ""
        if plain:
            named = plain[0].workload.id
            other = f" The Prometheus in git ({named}) is not the operator's and does not know the kind."
        yield _finding(
            change,
            loose.member,
            loose.member.written,
            f"{rid} is deployed by no Application",
            f"{rid} reaches no Prometheus",
            f"Nothing in the repository applies the file, so what it asks for does not happen.{other}",
            "Have an Application deploy it, once its rules can fire.",
            Severity.WARNING if has_prometheus else Severity.NOTICE,
            path,
        )


def _selected(change: Change, operators: tuple[Member, ...]) -> Iterator[Finding]:
    head = change.head
    plain = head.once(plain_prometheus)
    if not operators and not plain:
        return
    knows = operators or _has_operator(head)
    if not knows and head.brings(_is_of_openshift):
        return
    for copy in head.copies(having=_watches_argo_cd):
        rid = copy.resource.id
        member = member_of(head, copy)
        if not knows:
            where = plain[0].workload
            if where.owned is None or where.owned.application.root != copy.application.root:
                continue
            yield _finding(
                change,
                member,
                member.written,
                f"{rid} is for the Prometheus Operator, and the only Prometheus in git ({where.id}) is not its",
                f"{rid} reaches no Prometheus",
                "A Prometheus that runs without the operator reads its own configuration alone.",
                "Write it into the configuration of that Prometheus, or install the operator.",
                Severity.WARNING,
                "operator",
            )
            continue
        near = [one for one in operators if beside(one, member)]
        if near and all(selects(one, member) is False for one in near):
            wanted = _wanted(near[0], rid.kind)
            yield _finding(
                change,
                member,
                place_of(head, member, "labels", "metadata"),
                f"{near[0].id} does not select {rid}: it wants {wanted}",
                f"{rid} reaches no Prometheus",
                "The operator leaves it out of the configuration, and nothing says so.",
                f"Add {wanted} to its labels."
                if wanted.startswith("the label")
                else "Give that Prometheus a selector.",
                Severity.WARNING,
                "label",
                _labelled(near[0], member),
            )


def _watches_argo_cd(resource: Resource) -> bool:
    rid = resource.id
    return rid.group == GROUP and rid.kind in SELECTORS and b"argocd" in resource.text


def _labelled(prometheus: Member, member: Member) -> Repair | None:
    """The labels that are selected."""
    field, namespaces = SELECTORS[member.id.kind]
    spec = mapping(prometheus.manifest.get("spec"))
    labels = mapping(mapping(spec.get(field)).get("matchLabels"))
    if not labels or (spec.get(namespaces) is None and member.id.namespace != prometheus.id.namespace):
        return None
    wanted = wanted_of(member, *(put(("metadata", "labels", key), text_of(value)) for key, value in labels.items()))
    title = f"Label {member.id} so that {prometheus.id} selects it"
    return Repair(title, (wanted,), Applicability.SAFE, f"{RULE}|{member.written}|{member.id}")


def _has_operator(snapshot: Snapshot) -> bool:
    """Whether anything of the operator is in git, or an Application brings a chart that may hold it."""
    for state in snapshot.states:
        named = any("prometheus" in (source.chart or source.path or "") for source in state.application.sources)
        if named and not (state.parts and all(part.resources for part in state.parts)):
            return True
    names = (copy.resource.id.name for copy in snapshot.copies())
    return any(name.startswith("prometheusrules.monitoring") or "prometheus-operator" in name for name in names)


def _wanted(prometheus: Member, kind: str) -> str:
    field, namespaces = SELECTORS[kind]
    spec = mapping(prometheus.manifest.get("spec"))
    labels = mapping(mapping(spec.get(field)).get("matchLabels"))
    if spec.get(field) is None:
        return f"nothing at all, since `{field}` is not set"
    if labels:
        return "the label " + " and ".join(f"`{key}: {text_of(value)}`" for key, value in labels.items())
    return f"its own namespace, since `{namespaces}` is not set"


def _finding(
    change: Change,
    member: Member,
    span: Span,
    message: str,
    title: str,
    effect: str,
    advice: str,
    severity: Severity,
    about: str,
    repair: Repair | None = None,
) -> Finding:
    return RULE.finding(
        Span(span.path, span.line, span.line),
        message,
        title,
        effect,
        advice,
        severity=severity,
        about=(str(member.id), about),
        resource=member.id,
        applications=applications([member]),
        owners=owners([member]),
        repair=repair,
    )
