"""An AppProject in git does not permit an Application.

What it finds: an Application whose destination or source repository matches no entry of its AppProject, where an
Application of this repository brings that project.

Why it matters: Argo CD shows InvalidSpecError and neither compares nor syncs the Application.

Example: an Application of the project `team-a` with the destination namespace `team-b`, while the project lists
`destinations: [{server: "*", namespace: team-a}]`.

How the fix is safe: none is offered; whether the project or the Application is wrong only people know.

How sure it is: an error where no entry can match. Silent for a project that no Application brings, or that several
bring, where only the name or the server of a cluster that git does not tell could match, and for what only a denying
entry (`!`) refuses.

Sources: argo-cd, util/argo/argo.go (ValidatePermissions), app_project_types.go (IsSourcePermitted,
isDestinationMatched).
"""

from __future__ import annotations

from collections.abc import Iterator

from checks.declaration import declare
from checks.model import Finding, Related, Severity
from checks.policy.file import Policy
from gitops.applications.application import GROUP, Application
from gitops.discovery.snapshot import Change, Owned, Snapshot
from gitops.facts.deletions.projects import Project, read_project
from gitops.facts.owners import owners_of

RULE = declare("project-refuses", Severity.ERROR)


def check(change: Change, policy: Policy) -> Iterator[Finding]:
    """One finding for each Application."""
    projects = _projects(change.head)
    for state in change.head.states:
        found = projects.get(state.application.project or "default")
        if found is not None:
            project, owned = found
            refused = _refused(project, state.application)
            if refused:
                yield _finding(state.application, owned, *refused)


def _projects(snapshot: Snapshot) -> dict[str, tuple[Project, Owned]]:
    """The projects that one Application brings, by name."""
    found: dict[str, list[Owned]] = {}
    for owned_id, copies in snapshot.once(owners_of).items():
        if (owned_id.id.group, owned_id.id.kind) == (GROUP, "AppProject"):
            found.setdefault(owned_id.id.name, []).extend(copies)
    return {
        name: (read_project(copies[0].resource.manifest()), copies[0])
        for name, copies in found.items()
        if len(copies) == 1
    }


def _refused(project: Project, application: Application) -> tuple[str, str] | None:
    """What is not permitted, and the field of the project that would permit it."""
    destination = application.destination
    if project.keeps_from(destination):
        where = destination.server or f"cluster `{destination.name}`"
        return f"the namespace `{destination.namespace}` in {where}", "destinations"
    for source in application.sources:
        if source.repo_url and not project.may_read(source.repo_url):
            return f"the repository {source.repo_url}", "sourceRepos"
    return None


def _finding(application: Application, project: Owned, what: str, field: str) -> Finding:
    name, own = application.project or "default", application.label
    return RULE.finding(
        application.origin.span,
        f"AppProject `{name}` ({project.origin.span}) does not permit {what}",
        f"AppProject `{name}` does not permit `{own}`",
        f"Argo CD shows InvalidSpecError, and neither compares nor syncs `{own}`.",
        f"Add it to `spec.{field}` of the project, or give `{own}` what stands there.",
        about=(*application.key, field),
        applications=[application.name],
        related=[Related(project.origin.span, f"the AppProject `{name}`")],
    )
