"""What the rules about Argo CD's own installation share: how sure they are, and the words for where it stands."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from packaging.version import Version

from checks.model import Severity
from gitops.discovery.snapshot import ApplicationKey, Change, Part
from gitops.files.errors import GitopsError
from gitops.files.tree import Tree
from gitops.installation.find import installations_of
from gitops.installation.model import Installation, Member, Process
from gitops.installation.releases import releases
from gitops.kustomize.kustomization import Kustomization, read_kustomization

NOT_DEPLOYED = "No Application of this repository deploys this file."
_LEVELS = (Severity.NOTICE, Severity.WARNING, Severity.ERROR)


def installations(change: Change) -> tuple[Installation, ...]:
    """Those of the commit that is judged."""
    return change.head.once(installations_of)


def severity_in(installation: Installation, severity: Severity) -> Severity:
    """One step lower for files that no Application deploys."""
    return severity if installation.deployed else lower(severity)


def lower(severity: Severity) -> Severity:
    """One step lower; a notice stays one."""
    return _LEVELS[max(_LEVELS.index(severity) - 1, 0)]


def stands(installation: Installation, *sentences: str) -> str:
    """The sentences, and that the file is not deployed where it is not."""
    return " ".join((*sentences, *(() if installation.deployed else (NOT_DEPLOYED,))))


def judged_version(process: Process) -> Version | None:
    """The version by which the arguments and variables of a process may be judged: that of upstream's own build, as
    long as the data tells of it."""
    return process.version if process.official and releases().knows(process.version) else None


def written(version: Version) -> str:
    """As upstream writes it: `v3.2.2`."""
    return f"v{version}"


def applications(members: Iterable[Member]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(one.application for one in members if one.application))


def kustomizations_of(tree: Tree, part: Part) -> Iterator[Kustomization]:
    """Those that a source is built from and that can be read."""
    for file in part.closure.kustomizations if part.closure is not None else ():
        try:
            yield tree.once(read_kustomization, file)
        except (GitopsError, KeyError):
            continue


def owners(members: Iterable[Member]) -> tuple[ApplicationKey, ...]:
    return tuple(dict.fromkeys(one.owner for one in members if one.owner is not None))
