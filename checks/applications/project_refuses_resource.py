"""An AppProject in git does not permit what an Application brings.

What it finds: rendered resources of a kind that the AppProject's lists keep out, or in a namespace that none of its
destinations permits; and Namespaces that `CreateNamespace=true` would have to make while the project permits none.

Why it matters: before a sync applies anything, Argo CD asks the project about every resource. One that is not
permitted fails the sync, and nothing of the Application is applied.

Example: a chart brings a ClusterRole, and the project has no `clusterResourceWhitelist`.

How the fix is safe: none is offered; whether the project or the resource is wrong only people know.

How sure it is: an error for what is rendered. A warning for a Namespace that is to be made, which fails only where it
is not there yet. Silent for a project that no Application brings, or that several bring, for kinds of which nobody
tells whether they live in a namespace, for hooks that no sync runs (of deletions, tests), and in the cases in which
`project-refuses` is. Hooks of a sync are asked about before it begins, whatever their phase.

Sources: argo-cd, controller/sync.go (validateSyncPermissions), gitops-engine/pkg/sync/sync_context.go (getSyncTasks),
app_project_types.go (IsGroupKindNamePermitted, IsDestinationPermitted).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from checks.applications.projects import Known, Projects, projects_known
from checks.applications.subjects import Subject, subjects_of
from checks.declaration import declare
from checks.model import Finding, Related, Severity, Topic
from checks.policy.file import Policy
from checks.wording import counted, listed
from gitops.discovery.snapshot import Change, Owned, OwnedId, Snapshot, State
from gitops.facts.namespaces import made_in
from gitops.facts.owners import is_owned
from gitops.facts.projects import place_of
from gitops.facts.scopes import placed_by, scopes_in
from gitops.facts.secrets.phases import Phase, moment_of
from gitops.resources.kinds import scope_of
from gitops.resources.resource import ResourceId

RULE = declare("project-refuses-resource", Severity.ERROR, Severity.WARNING)

Refused = tuple[str, str, str]  # the list, the group and the kind, or `destinations`, '' and the namespace


def check(change: Change, policy: Policy) -> Iterator[Finding]:
    """One finding for each kind, or namespace, of an Application or of all that an ApplicationSet makes."""
    projects, head = projects_known(change, policy), change.head
    for subject in head.once(subjects_of):
        found: dict[Refused, list[tuple[ResourceId, Owned]]] = {}
        for state in subject.states:
            known = projects.of(state.application)
            if known is None:
                continue
            for refused, rid, copy in _refused(head, state, known, projects.more):
                found.setdefault(refused, []).append((rid, copy))
        for refused, resources in found.items():
            known = projects.of(resources[0][1].application)
            if known is not None:
                beside = [each for each in found if each[0] == refused[0]]
                yield _finding(subject, refused, resources, known, beside)
        yield from _not_made(subject, projects, head)


def _refused(head: Snapshot, state: State, known: Known, more: bool) -> Iterator[tuple[Refused, ResourceId, Owned]]:
    scopes, project, destination = head.once(scopes_in), known.project, state.application.destination
    own = place_of(destination, destination.namespace, head.clusters)
    if destination.namespace and project.keeps_from(own) is not None and not more:
        return  # all of it is, and that is told
    permitted: dict[str, bool] = {}
    for owned_id, copy in _asked_about(head, state):
        rid = owned_id.id
        if scope_of(rid.group, rid.kind, scopes) is None:
            continue
        by = project.refuses_kind(rid)
        if by is not None:
            yield (by, rid.group, rid.kind), rid, copy
            continue
        namespace = rid.namespace
        if namespace and namespace not in permitted:
            place = place_of(destination, namespace, head.clusters)
            permitted[namespace] = more or project.keeps_from(place) is None
        if namespace and not permitted[namespace]:
            yield ("destinations", "", namespace), rid, copy


def _asked_about(head: Snapshot, state: State) -> Iterator[tuple[OwnedId, Owned]]:
    """What a sync applies: what the Application owns, and its hooks."""
    for owned_id, part, resource in state.once(placed_by, head.once(scopes_in)):
        runs = resource.hook and moment_of(resource).phase <= Phase.SYNC_FAIL
        if runs or is_owned(resource):
            yield owned_id, Owned(state, part, resource, head.tree)


def _finding(
    subject: Subject,
    refused: Refused,
    resources: list[tuple[ResourceId, Owned]],
    known: Known,
    beside: list[Refused],
) -> Finding:
    """`beside` are all that the same list keeps out, which is told once."""
    field, _, what = refused
    rid, copy = resources[0]
    names = tuple(dict.fromkeys(one.application.label for _, one in resources))
    project, shown = copy.application.project, counted(list(dict.fromkeys(one for one, _ in resources)))
    denied = f"the namespace `{what}`" if field == "destinations" else f"resources of the kind {_full(refused)}"
    who = listed([f"`{name}`" for name in names], 3)
    all_denied = denied
    if len(beside) > 1:
        nouns = "the namespaces" if field == "destinations" else "resources of the kinds"
        all_denied = f"{nouns} {listed([f'`{_full(each)}`' for each in beside], 4)}"
        who = subject.label
    effect = f"{shown} is not permitted in the project" if len(beside) == 1 else "these are not permitted"
    topic = Topic(
        f"{RULE}|{known.owned.origin.span}|{field}|{'|'.join(subject.key)}",
        f"AppProject `{project}` does not permit {all_denied} of {who}",
        f"Argo CD fails the sync before it applies anything of {who}: {effect}.",
        f"{_advice(refused, beside)} of the project, or take it out of what {who} renders.",
    )
    return RULE.finding(
        copy.origin.span,
        f"AppProject `{project}` ({known.owned.origin.span}) does not permit {denied}, and "
        f"{listed([f'`{name}`' for name in names], 3)} brings {shown}",
        topic=topic,
        severity=Severity.ERROR,
        about=(*subject.key, *refused),
        resource=rid,
        applications=names,
        related=[Related(known.owned.origin.span, f"the AppProject `{project}`")],
    )


def _full(refused: Refused) -> str:
    _, group, what = refused
    return f"{what}.{group}" if group else what


def _advice(refused: Refused, beside: list[Refused]) -> str:
    field, group, what = refused
    if field == "destinations":
        return f"Permit {'them' if len(beside) > 1 else f'the namespace `{what}`'} in `spec.destinations`"
    if not field.endswith("Whitelist"):
        return f"Take the {'kinds' if len(beside) > 1 else 'kind'} out of `spec.{field}`"
    entry = "the kinds" if len(beside) > 1 else f"`{{group: {group or repr('')}, kind: {what}}}`"
    return f"Add {entry} to `spec.{field}`"


def _not_made(subject: Subject, projects: Projects, head: Snapshot) -> Iterator[Finding]:
    """The Namespaces that Argo CD is to make for a sync, and may not."""
    made: Mapping[tuple[str, str], object] = head.once(made_in).brought
    for state in subject.states:
        application = state.application
        namespace, cluster = application.destination.namespace, application.destination.cluster
        known = projects.of(application)
        if known is None or not namespace or "CreateNamespace=true" not in application.sync_policy.options:
            continue
        field = known.project.refuses_kind(ResourceId("", "Namespace", "", namespace))
        if field is None or (cluster, namespace) in made:
            continue
        project, own = application.project, application.label
        yield RULE.finding(
            subject.place(head, ("spec", "syncPolicy", "syncOptions")),
            f"AppProject `{project}` ({known.owned.origin.span}) does not permit the Namespace `{namespace}`, which "
            f"`{own}` has Argo CD make",
            f"AppProject `{project}` does not permit Namespaces, and `{own}` has one made",
            f"As long as there is no Namespace `{namespace}`, Argo CD fails the sync before it applies anything.",
            f"Add `{{group: '', kind: Namespace}}` to `spec.{field}` of the project."
            if field.endswith("Whitelist")
            else f"Take Namespaces out of `spec.{field}` of the project.",
            severity=Severity.WARNING,
            about=(*subject.key, field, "CreateNamespace"),
            applications=[application.label],
            related=[Related(known.owned.origin.span, f"the AppProject `{project}`")],
        )
        return  # once for each that is written
