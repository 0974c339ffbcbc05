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
from typing import Final

from checks.argocd.view import applications, installations, judged_version, owners, written
from checks.declaration import declare
from checks.model import Finding, Severity
from checks.policy.file import Policy
from checks.wording import listed
from gitops.discovery.snapshot import Change
from gitops.installation.model import Process
from gitops.installation.places import place_of
from gitops.installation.processes import COMPONENTS
from gitops.installation.releases import releases

RULE = declare("argocd-version-unknown", Severity.NOTICE)


# Dex and plugins run Argo CD's program from a volume, in images of their own.
_ASKED: Final = COMPONENTS - {"argocd-cmp-server", "argocd-dex"}


def check(change: Change, policy: Policy) -> Iterator[Finding]:
    """One finding for each reason, whatever number of installations it is true of."""
    found: dict[tuple[str, str], list[Process]] = {}
    for installation in installations(change):
        unknown = [one for one in installation.processes if _is_asked(one) and judged_version(one) is None]
        if installation.deployed and unknown:
            found.setdefault((installation.namespace, _why(unknown[0])), []).extend(unknown)
    for (namespace, why), processes in found.items():
        yield _finding(change, namespace, why, processes)


def _is_asked(process: Process) -> bool:
    return not process.initial and process.component in _ASKED


def _finding(change: Change, namespace: str, why: str, unknown: list[Process]) -> Finding:
    images = list(dict.fromkeys(one.image.name for one in unknown))
    components = listed([f"`{one}`" for one in dict.fromkeys(one.component for one in unknown)], 3)
    where = f"{components} in {namespace}" if namespace else components
    return RULE.finding(
        place_of(change.head, unknown[0].member, *images),
        f"which flags and settings {where} know is not judged: {why}",
        "What this version of Argo CD knows is not judged",
        "Rules that depend on the version are silent about it.",
        about=(namespace, unknown[0].image.name, *sorted({one.component for one in unknown})),
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
