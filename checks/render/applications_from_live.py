"""ApplicationSets are judged by the Applications that a live Argo CD made of them.

What it finds: sets whose generators ask something that git does not hold (clusters, pull requests, an SCM, a plugin),
and whose Applications were read from a cluster or from the file given with `--applications`.

Why it matters: these Applications are as Argo CD made them when it was asked. What has been changed in the set since,
in its generators or its template, is not in them and is not judged.

Example: a set with a `plugin` generator, and `argofix check --applications applications.yaml`.

How the fix is safe: none is offered, since nothing is wrong.
"""

from __future__ import annotations

from collections.abc import Iterator

from checks.declaration import declare
from checks.model import Finding, Related, Severity
from checks.policy.file import Policy
from checks.wording import listed, plural
from gitops.discovery.snapshot import Change

RULE = declare("applications-from-live", Severity.NOTICE)


def check(change: Change, policy: Policy) -> Iterator[Finding]:
    """One finding, whatever the number of sets."""
    sets = [each for each in change.head.sets if each.live]
    if not sets:
        return
    names = sorted({each.name for each in sets})
    where = listed(sorted({each.live for each in sets}))
    one = len(names) == 1
    who = listed([f"`{name}`" for name in names])
    yield RULE.finding(
        sets[0].origin.entry,
        f"{who} {'is' if one else 'are'} judged by the Applications that {where} shows",
        f"{plural('ApplicationSet', len(names))} {'is' if one else 'are'} judged by what a live Argo CD made",
        text="Git alone does not tell what its generators give. What was changed in "
        f"{'the set' if one else 'these sets'} since those Applications were made is not judged.",
        about=names,
        related=[Related(other.origin.entry, f"is `{other.name}`") for other in sets[1:]],
    )
