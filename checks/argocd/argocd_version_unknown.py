"""Which version of Argo CD runs cannot be told, or argofix knows nothing of it.

What it finds: an installation whose images tell no version (a digest, a branch, a build of one's own), one that is
newer than what argofix knows, or one that is older.

Why it matters: whether a flag exists or a setting is read depends on the version. The rules about that say nothing
then, and a check without findings would pass for one that has looked.

Example: `image: quay.io/argoproj/argocd:latest`.

How the fix is safe: none is needed.

Sources: the releases that argofix knows, gitops/installation/data/releases.json.
"""

from __future__ import annotations

from collections.abc import Iterator

from checks.argocd.view import applications, installations, judged_version, owners, written
from checks.declaration import declare
from checks.model import Finding, Severity
from checks.policy.file import Policy
from checks.wording import listed
from gitops.discovery.snapshot import Change
from gitops.installation.model import Installation, Process
from gitops.installation.places import place_of
from gitops.installation.processes import COMPONENTS
from gitops.installation.releases import releases

RULE = declare("argocd-version-unknown", Severity.NOTICE)


def check(change: Change, policy: Policy) -> Iterator[Finding]:
    """One finding for each installation that is deployed."""
    for installation in installations(change):
        if not installation.deployed:
            continue
        unknown = [one for one in installation.processes if _is_asked(one) and judged_version(one) is None]
        if unknown:
            yield _finding(change, installation, unknown)


def _is_asked(process: Process) -> bool:
    # A plugin's sidecar has an image of its own, whatever Argo CD runs.
    return not process.initial and process.component in COMPONENTS - {"argocd-cmp-server"}


def _finding(change: Change, installation: Installation, unknown: list[Process]) -> Finding:
    images = list(dict.fromkeys(one.image.name for one in unknown))
    components = listed([f"`{one}`" for one in dict.fromkeys(one.component for one in unknown)], 3)
    where = f"{components} in {installation.namespace}"
    message = f"which flags and settings {where} know is not judged: {_why(unknown[0])}"
    return RULE.finding(
        place_of(change.head, unknown[0].member, *images),
        message,
        "What this version of Argo CD knows is not judged",
        "Rules that depend on the version are silent about it.",
        about=(*installation.key, *sorted(one.component for one in unknown)),
        resource=unknown[0].member.id,
        applications=applications(one.member for one in unknown),
        owners=owners(one.member for one in unknown),
    )


def _why(process: Process) -> str:
    known = releases()
    version = process.version
    if version is None:
        return f"the image `{process.image.name}` tells no version of Argo CD"
    if not known.knows(version):
        older = (version.major, version.minor) < tuple(int(part) for part in known.oldest.split("."))
        bound = f"older than {known.oldest}, the oldest" if older else f"newer than {known.newest}, the newest"
        return f"{written(version)} is {bound} that argofix knows"
    return f"the image `{process.image.name}` is a build of one's own"
