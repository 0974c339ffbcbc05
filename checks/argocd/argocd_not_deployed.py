"""A part of Argo CD's own installation stands in git and nothing deploys it.

What it finds: workloads of Argo CD and its ConfigMaps in files that no Application, no kustomization and no script of
the repository reaches.

Why it matters: what git says is then not what runs. Whoever reads `--insecure` there believes that it is set, and a
change of the file changes nothing.

Example: `k8s/argocd-config/argocd-server.yaml` with the server's Deployment, in a directory that nobody lists.

How the fix is safe: none is applied. Argo CD would take over what runs from a file that was never tried: it should be
listed only once the other rules find nothing in it.

How sure it is: a notice. Silent in directories of examples, tests, documentation and archives, for templates of
charts, for patches, for files that a script, Terraform or a README names, and where Argo CD deploys nothing of the
repository.

Sources: none but the repository itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final

from checks.argocd.view import installations
from checks.declaration import declare
from checks.model import Finding, Related, Severity
from checks.policy.file import Policy
from checks.wording import listed
from gitops.discovery.snapshot import Change
from gitops.files.errors import GitopsError
from gitops.files.tree import Tree
from gitops.installation.find import loose_of
from gitops.installation.model import CONFIG_MAPS, Installation, Member
from gitops.installation.scripts import Script, scripts_of

RULE = declare("argocd-not-deployed", Severity.NOTICE)

_PATCH: Final = re.compile(r"(?:^|[/._-])patch(?:es)?(?:[/._-]|$)", re.IGNORECASE)


def check(change: Change, policy: Policy) -> Iterator[Finding]:
    """One finding for each directory."""
    if any(one.refused is None for one in change.head.unknown):
        return  # what these ApplicationSets make may deploy it
    if not change.head.states:
        return  # nothing of this repository is deployed by Argo CD, so the file may be how that begins
    scripts = change.head.once(scripts_of)
    composed = {one.member.written.path for one in change.head.once(loose_of) if one.composed}
    for installation in installations(change):
        if installation.deployed:
            continue
        parts = [one for one in _parts(installation) if one.written.path not in composed]
        paths = dict.fromkeys(one.written.path for one in parts)
        if parts and not any(_is_named(path, scripts) or _is_told(change.head.tree, path) for path in paths):
            yield _finding(installation, parts)


def _parts(installation: Installation) -> list[Member]:
    running = [process.member for process in installation.processes]
    settings = [one for one in installation.of_kind("ConfigMap") if one.id.name in CONFIG_MAPS]
    # A patch that no kustomization lists is not what could be deployed.
    return [one for one in dict.fromkeys([*running, *settings]) if not _PATCH.search(one.written.path)]


def _is_named(path: str, scripts: Sequence[Script]) -> bool:
    """Whether a script names a file, or the directory that it is in."""
    directory, _, name = path.rpartition("/")
    return any(path in each.text or name in each.text or (directory and directory in each.text) for each in scripts)


def _is_told(tree: Tree, path: str) -> bool:
    """Whether a README beside a file or above it tells people to apply it."""
    directory, _, name = path.rpartition("/")
    while True:
        readme = f"{directory}/README.md".lstrip("/")
        try:
            if readme in tree and name.encode("utf-8", "surrogateescape") in tree.read(tree.resolve(readme)):
                return True
        except GitopsError:
            pass
        if not directory:
            return False
        directory = directory.rpartition("/")[0]


def _finding(installation: Installation, parts: list[Member]) -> Finding:
    first, *rest = parts
    names = listed(list(dict.fromkeys(str(one.id) for one in parts)), 4)
    return RULE.finding(
        first.written,
        f"nothing in this repository deploys {names}",
        f"{installation.directory if installation.directory != '.' else 'The top directory'} holds parts of Argo CD "
        "that nothing deploys",
        "What git says here is not what runs: a change of these files changes nothing in the cluster.",
        "Have an Application bring them once no other rule finds anything in them, or say in a comment what applies "
        "them.",
        about=(installation.directory, installation.namespace, *sorted(str(one.id) for one in parts)),
        resource=first.id,
        related=[Related(one.written, f"{one.id} stands here") for one in rest[:8]],
    )
