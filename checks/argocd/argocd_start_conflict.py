"""Settings of Argo CD that are right one by one and do not go together.

What it finds: settings with which a program ends at its start, or with which a part of it works for nobody: TLS of
the repo-server switched off from 3.5.0 on, a sharded controller whose pods have no numbers, dynamic distribution
without its Deployment, words for a log level, a log format or a compression that do not exist, sizes that are no
quantities, TLS versions the wrong way round, a link that can be made only once, an image that was never published.

Why it matters: the new pods go into CrashLoopBackOff, most often right after a bump: nothing in the manifests has
changed, and the rollout stops half way.

Example: `reposerver.disable.tls: "true"` with Argo CD 3.5.0, whose repo-server ends with `--client-ca-path cannot be
used when --disable-tls is enabled`.

How the fix is safe: where an argument settles it by itself, it is put behind the others (or into the values of the
chart), and nothing else may be rendered otherwise or be found then. Where it takes a decision, none is offered.

How sure it is: an error (a warning where the program starts and does not work), one step lower for a file that no
Application deploys. Silent where the version is not known, where a setting's value is not in git, and where no
workload takes the key.

Sources: argo-cd at the tag named, cmd/argocd-*/commands, controller/sharding/sharding.go, util/cli/cli.go,
util/cache/redis.go, util/tls/tls.go, manifests/base/repo-server; argo-cd issues 29661, 26595, 26613, 13489.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from packaging.version import Version

from checks.argocd.conflicts import CONFLICTS, Conflict, Told
from checks.argocd.repairing import argument_of
from checks.argocd.view import applications, installations, owners, severity_in, stands, written
from checks.declaration import FixAvailability, declare
from checks.model import Finding, Repair, Severity
from checks.policy.file import Policy
from checks.wording import listed
from gitops.discovery.snapshot import Change, Snapshot
from gitops.files.editing import append
from gitops.files.spans import Applicability
from gitops.installation.model import Installation, Process
from gitops.installation.places import place_of
from gitops.installation.releases import releases

RULE = declare(
    "argocd-start-conflict", Severity.ERROR, Severity.WARNING, Severity.NOTICE, fix=FixAvailability.SOMETIMES
)


def check(change: Change, policy: Policy) -> Iterator[Finding]:
    """One finding for each conflict of each process."""
    for installation in installations(change):
        yield from conflicts_of(change.head, installation)


def conflicts_of(snapshot: Snapshot, installation: Installation, version: Version | None = None) -> Iterator[Finding]:
    """What would be found in an installation: with the versions that its images have, or all with `version`."""
    for process in installation.processes:
        judged = version or (process.version if releases().knows(process.version) else None)
        if judged is None:
            continue
        for conflict in CONFLICTS:
            if conflict.concerns(process, judged):
                told = conflict.look(installation, process, judged)
                if told is not None:
                    yield _finding(snapshot, installation, process, judged, conflict, told)


def _issues(conflict: Conflict) -> str:
    if not conflict.issues:
        return ""
    return f", argo-cd issue{'s' if len(conflict.issues) > 1 else ''} {listed([str(one) for one in conflict.issues])}"


def _finding(
    snapshot: Snapshot, installation: Installation, process: Process, version: Version, conflict: Conflict, told: Told
) -> Finding:
    which = f"container `{process.container}` of {process.workload}"
    severity = Severity.ERROR if conflict.refuses else Severity.WARNING
    return RULE.finding(
        place_of(snapshot, told.member or process.member, *told.words),
        f"{told.message} ({process.component} {written(version)}{_issues(conflict)})",
        conflict.title(process),
        text=stands(installation, f"In {which}: {told.message}.", conflict.effect),
        advice=told.advice,
        commands=told.lines,
        severity=severity_in(installation, severity),
        about=(*installation.key, *process.route, conflict.id),
        resource=process.member.id,
        applications=applications([process.member]),
        owners=owners([process.member]),
        repair=_repair(process, told) if process.version == version else None,
    )


def _repair(process: Process, told: Told) -> Repair | None:
    """The argument that settles it by itself."""
    if not told.argument:
        return None
    values = (append((_CHART_KEYS.get(process.component, ""), "extraArgs"), told.argument),)
    wanted = argument_of(process, told.argument, values=values)
    if wanted is None:
        return None
    title = f"Give `{told.argument}` to {process.component} in {process.workload}"
    return Repair(title, (wanted,), Applicability.SAFE, f"{RULE}|{wanted.written}|{process.container}")


# Where argo-helm's chart has the settings of a program.
_CHART_KEYS: Final = {"argocd-repo-server": "repoServer", "argocd-server": "server"}
