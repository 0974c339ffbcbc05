"""An AppProject in git does not permit an Application.

What it finds: an Application whose destination, source repository or own namespace its AppProject does not permit,
where an Application of this repository brings that project.

Why it matters: Argo CD shows InvalidSpecError and neither compares nor syncs the Application.

Example: an Application of the project `team-a` with the destination namespace `team-b`, while the project lists
`destinations: [{server: "*", namespace: team-a}]`; `sourceRepos: [https://github.com/*]`, whose star stops at the
next slash.

How the fix is safe: none is offered; whether the project or the Application is wrong only people know.

How sure it is: an error where no entry can match, or one that denies (`!`) does. Silent for a project that no
Application brings, or that several bring, where only the name or the server of a cluster that git does not tell could
match, where argocd-cm has global projects, and about sources and destinations where a Secret gives a project its own.
With `permitOnlyProjectScopedClusters` it is a warning where git has the Secret of the cluster, and it is for all
projects or for another one.

Sources: argo-cd, util/argo/argo.go (ValidatePermissions), app_project_types.go (IsSourcePermitted,
isDestinationMatched, IsAppNamespacePermitted).
"""

from __future__ import annotations

from collections.abc import Iterator

from checks.applications.projects import Known, Projects, projects_known
from checks.applications.subjects import Subject, subjects_of
from checks.declaration import declare
from checks.model import Finding, Related, Severity
from checks.policy.file import Policy
from gitops.applications.application import Application
from gitops.discovery.snapshot import Change, Snapshot
from gitops.facts.projects import place_of

RULE = declare("project-refuses", Severity.ERROR, Severity.WARNING)

_ONLY_OWN = "permitOnlyProjectScopedClusters"


def check(change: Change, policy: Policy) -> Iterator[Finding]:
    """One finding for each Application, of those of an ApplicationSet one for each thing that is not permitted."""
    projects = projects_known(change, policy)
    for subject in change.head.once(subjects_of):
        found: dict[tuple[str, str], list[Application]] = {}
        for state in subject.states:
            known = projects.of(state.application)
            refused = _refused(known, state.application, projects, change.head) if known else None
            if refused:
                found.setdefault(refused, []).append(state.application)
        for (what, field), applications in found.items():
            known = projects.of(applications[0])
            if known is not None:
                yield _finding(subject, applications, known, what, field)


def _refused(known: Known, application: Application, projects: Projects, head: Snapshot) -> tuple[str, str] | None:
    """What is not permitted, and the field of the project that would permit it."""
    project, destination = known.project, application.destination
    if not project.takes_from(application.namespace, known.namespace):
        return f"Applications of the namespace `{application.namespace}`", "sourceNamespaces"
    place = place_of(destination, destination.namespace, head.clusters)
    if project.only_scoped_clusters and place.server is not None and _is_of_others(place.server, application, head):
        where = destination.server or f"`{destination.name}`"
        return f"the cluster {where}, which is not its own", _ONLY_OWN
    if projects.more:
        return None
    if destination.namespace and project.keeps_from(place) is not None:
        where = destination.server or f"cluster `{destination.name}`"
        return f"the namespace `{destination.namespace}` in {where}", "destinations"
    for source in application.sources:
        if source.repo_url and not project.may_read(source.repo_url):
            return f"the repository {source.repo_url}", "sourceRepos"
    return None


def _is_of_others(server: str, application: Application, head: Snapshot) -> bool:
    """Whether git has the Secret of a cluster, and none that is for the Application's project."""
    told = {project for where, project in head.cluster_projects if where == server}
    return bool(told) and application.project not in told


def _finding(subject: Subject, applications: list[Application], known: Known, what: str, field: str) -> Finding:
    application, owned = applications[0], known.owned
    name, own = application.project or "default", application.label
    others = f" and {len(applications) - 1} more" if len(applications) > 1 else ""
    return RULE.finding(
        application.origin.span,
        f"AppProject `{name}` ({owned.origin.span}) does not permit {what}",
        f"AppProject `{name}` does not permit `{own}`{others}",
        f"Argo CD shows InvalidSpecError, and neither compares nor syncs `{own}`{others}.",
        f"Give the cluster's Secret `project: {name}`, or take `{field}` out of the project."
        if field == _ONLY_OWN
        else f"Add it to `spec.{field}` of the project, or give `{own}` what stands there.",
        severity=Severity.WARNING if field == _ONLY_OWN else Severity.ERROR,
        # Of a set it is the same problem whichever of its elements have it.
        about=(*subject.key, field) if subject.made_by is None else (*subject.key, field, what),
        applications=[each.name for each in applications],
        related=[Related(owned.origin.span, f"the AppProject `{name}`")],
    )
