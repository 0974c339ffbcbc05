"""Argo CD refuses an ApplicationSet.

What it finds: an ApplicationSet that Argo CD cannot expand, whatever clusters it knows: a template that does not
parse or was written for the other template language, two Applications of one name, a name that Kubernetes does not
take, matrix children that contradict each other, a malformed generator or selector.

Why it matters: Argo CD sets ErrorOccurred on the ApplicationSet and, in most cases, neither makes, changes nor
deletes any of its Applications: all of them stay as they are, and nobody is told in git.

Example: `goTemplate: true` with `{{path.basename}}`, which without a dot in front is a function that does not exist.

How the fix is safe: none is offered; the finding stands on the field or the generator to mend.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from checks.declaration import declare
from checks.model import Finding, Severity
from checks.policy.file import Policy
from gitops.discovery.snapshot import Change, Unknown

RULE = declare("application-set-refused", Severity.ERROR)
_COUNT = re.compile(r" \(\d+ elements\)$")


def check(change: Change, policy: Policy) -> Iterator[Finding]:
    """One finding per ApplicationSet and reason."""
    told: set[tuple[str, ...]] = set()
    for unknown in change.head.unknown:
        # The more elements there are, the more often it happens: that is the same problem.
        reason = _COUNT.sub("", unknown.reason)
        about = (unknown.span.path, unknown.namespace, unknown.name, reason)
        if unknown.refused is None or about in told:
            continue
        told.add(about)
        yield _finding(unknown, unknown.refused.value, about)


def _finding(unknown: Unknown, reach: str, about: tuple[str, ...]) -> Finding:
    refuses = f"Argo CD refuses the ApplicationSet `{unknown.name}`"
    what = unknown.reason[:1].upper() + unknown.reason[1:]
    return RULE.finding(
        unknown.span,
        f"{refuses}: {unknown.reason}",
        refuses,
        text=f"{what}. Argo CD sets ErrorOccurred on the ApplicationSet: {reach}.",
        about=about,
        applications=[unknown.name],
    )
