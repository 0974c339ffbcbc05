"""A symbolic link leaves the repository.

What it finds: a link in git whose target is absolute or climbs out of the repository, wherever it lies.

Why it matters: before it generates anything, Argo CD looks through the whole checkout and refuses it for one such
link ("repository contains out-of-bounds symlinks"). Every Application that reads this repository shows
ComparisonError and stops syncing, also those that have nothing to do with the link.

Example: `result -> /nix/store/...`, committed with `git add .`.

How the fix is safe: none is offered; the message names the link. Where `reposerver.allow.oob.symlinks` in git says
that Argo CD lets such links be, it is a notice.
"""

from __future__ import annotations

from collections.abc import Iterator

from checks.declaration import declare
from checks.model import Finding, Severity
from checks.policy.file import Policy
from checks.wording import listed
from gitops.discovery.snapshot import Change, State
from gitops.files.links import are_allowed, leaving
from gitops.files.spans import Span
from gitops.resources.rendering import NotAnalysed

RULE = declare("link-leaves-repository", Severity.ERROR, Severity.NOTICE)


def check(change: Change, policy: Policy) -> Iterator[Finding]:
    """One finding for each link, while any Application reads this repository."""
    tree = change.head.tree
    reading = tuple(dict.fromkeys(state.application.name for state in change.head.states if _reads(state)))
    links = list(leaving(tree)) if reading else []
    if not links:
        return
    allowed = are_allowed(tree)
    shown = listed([f"`{name}`" for name in reading[:3]]) if len(reading) <= 3 else f"all {len(reading)} Applications"
    for path, target in links:
        said = target if target.isprintable() and len(target) <= 100 else "a place outside"
        if allowed:
            effect = (
                "a file here tells Argo CD's repo server to let such links be; without that it refuses the repository"
            )
        else:
            effect = f"Argo CD refuses the whole repository for it, so {shown} can neither be compared nor synced"
        yield RULE.finding(
            Span(path, 1, 1),
            f"the symbolic link points to {said}, outside the repository: {effect}",
            f"The symbolic link {path} leaves the repository",
            text=f"It points to {said}: {effect}.",
            advice="" if allowed else "Take the link out of git, or put what it points to into the repository.",
            commands="" if allowed else f"git rm --cached {_quoted(path)}",
            severity=Severity.NOTICE if allowed else Severity.ERROR,
            about=[path],
            applications=reading,
        )


def _reads(state: State) -> bool:
    """Whether a source of it lies in this repository."""
    return any(part.closure is not None or not isinstance(part.rendering, NotAnalysed) for part in state.parts)


def _quoted(path: str) -> str:
    plain = all(char.isalnum() or char in "._-/" for char in path)
    return path if plain else "'" + path.replace("'", "'\\''") + "'"
