"""A chart renders something else each time.

What it finds: a field that two renderings of the same commit do not agree on, because its template calls a random
function (`randAlphaNum`, `genCA`, `uuidv4`), the clock (`now`) or something else that chance decides.

Why it matters: Argo CD renders again with each refresh, so the Application is never in sync. Where it syncs by
itself, it overwrites what is in the cluster with another value each time: passwords and certificates change below
those who use them. A template that asks the cluster for the old value (`lookup`) finds nothing in Argo CD.

Example: `password: {{ randAlphaNum 16 | b64enc }}` in a Secret of a chart.

How the fix is safe: none is offered. Give the chart the value, or take it from a Secret that exists.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from checks.declaration import declare
from checks.model import Finding, Severity
from checks.policy.file import Policy
from checks.wording import listed
from gitops.discovery.snapshot import Change, State
from gitops.files.errors import GitopsError
from gitops.files.spans import Span
from gitops.files.tree import Tree
from gitops.resources.rendering import Rendered, Unstable
from gitops.resources.resource import ResourceId

RULE = declare("unstable-render", Severity.WARNING)

# Functions of Helm's templates whose result is another one each time (sprig).
_RANDOM = re.compile(
    r"\b(randAlphaNum|randAlpha|randNumeric|randAscii|randBytes|randInt|shuffle|uuidv4|genPrivateKey|genCAWithKey|"
    r"genCA|"
    r"genSelfSignedCertWithKey|genSelfSignedCert|genSignedCertWithKey|genSignedCert|htpasswd|bcrypt|encryptAES|"
    r"derivePassword|now|ago|date|dateInZone|htmlDate)\b"
)
_ACTION = re.compile(r"\{\{.*?\}\}", re.DOTALL)


def check(change: Change, policy: Policy) -> Iterator[Finding]:
    """One finding for each resource of each place, with every Application that renders it so."""
    found: dict[tuple[ResourceId | None, str, int], list[tuple[Unstable, State]]] = {}
    for state in change.head.states:
        rendering = state.rendering
        if isinstance(rendering, Rendered):
            for one in rendering.unstable:
                found.setdefault((one.resource, one.path, one.line), []).append((one, state))
    for (resource, path, line), noted in found.items():
        yield _finding(change.head.tree, resource, path, line, noted)


def _finding(
    tree: Tree, resource: ResourceId | None, path: str, line: int, noted: list[tuple[Unstable, State]]
) -> Finding:
    names = tuple(dict.fromkeys(state.application.label for _, state in noted))
    fields = listed([f"`{_shown(each)}`" for each in dict.fromkeys(one.field for one, _ in noted) if each], 3)
    what = str(resource) if resource is not None else "what is rendered"
    functions = _functions(tree, path)
    called = f"{listed([f'`{each}`' for each in functions], 3)} in {path}" if functions else path
    by = f" ({called})" if called else ""
    message = f"{f'{fields} of {what}' if fields else what} is something else at each rendering{by}"
    span = Span(path, max(line, 1), max(line, 1)) if path in tree else noted[0][1].application.origin.entry
    who = listed([f"`{name}`" for name in names])
    effect = (
        "Argo CD renders again at each refresh and finds a difference to the cluster each time; where it syncs by "
        "itself, it overwrites the last value"
    )
    return RULE.finding(
        span,
        message,
        f"{who} {'is' if len(names) == 1 else 'are'} never in sync",
        text=f"At {span}: {message}. {effect}.",
        advice="Give the chart a value for it, or have it use a Secret that exists: `lookup` finds nothing "
        "in Argo CD.",
        about=[path, str(resource), *names],
        resource=resource,
        applications=names,
    )


def _shown(field: str) -> str:
    """A JSON pointer as people write it."""
    return ".".join(part.replace("~1", "/").replace("~0", "~") for part in field.split("/")[1:])


def _functions(tree: Tree, path: str) -> list[str]:
    """The random functions that a template calls itself; those of a helper that it includes are not looked up."""
    try:
        text = tree.read(tree.resolve(path)).decode("utf-8", "replace")
    except (GitopsError, KeyError):
        return []
    called = (name for action in _ACTION.findall(text) for name in _RANDOM.findall(action))
    return list(dict.fromkeys(called))
