"""Argo CD cannot read an expression of `ignoreDifferences`.

What it finds: entries of `jqPathExpressions`, of Applications and of argocd-cm, that are no jq, or that call a
function which there is not.

Why it matters: Argo CD shows ComparisonError for the whole Application, compares nothing of it, and neither syncs nor
prunes it by itself. Of argocd-cm that goes for every Application.

Example: `.metadata.annotations.checksum-config`, which takes away something called `config`; `spec.replicas` without
the dot; `.metadata.annotations['a/b']`.

How the fix is safe: none is offered; the message says what cannot be read.

How sure it is: an error. Only what cannot be read by any version is told: functions of jq that Argo CD's lacks pass.
Whether an expression finds anything is not judged, since what it leaves out is most often not in git.

Sources: argo-cd, util/argo/normalizers/diff_normalizer.go (NewIgnoreNormalizer), controller/state.go
(CompareAppState); github.com/itchyny/gojq, parser.go.y, lexer.go, compiler.go.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from checks.applications.annotations import quoted
from checks.applications.differences import ignored_by
from checks.applications.subjects import Remark, collect, subjects_of, told
from checks.declaration import declare
from checks.model import Finding, Severity
from checks.policy.file import Policy
from gitops.applications.ignored import ignored_everywhere
from gitops.applications.jq import BadExpression, check_path
from gitops.applications.placeholders import holds_placeholder
from gitops.discovery.snapshot import Change, Owned, State
from gitops.facts.owners import owners_having
from gitops.facts.secrets.pods import mapping
from gitops.files.fields import nearest_field
from gitops.resources.resource import Resource

RULE = declare("ignore-difference-invalid", Severity.ERROR)

_ROUTE = ("spec", "ignoreDifferences")
_SHOWS = "Argo CD shows ComparisonError for the whole Application, and neither compares nor syncs anything of it."
# `.metadata.annotations.a-b/c`: what people write where a key has to be quoted.
_KEY = re.compile(r"(.*\.(?:annotations|labels|data|matchLabels|nodeSelector))\.([A-Za-z][A-Za-z0-9./_-]*)")


def check(change: Change, policy: Policy) -> Iterator[Finding]:
    """One finding for each expression, of an Application or of what an ApplicationSet makes."""
    for subject in change.head.once(subjects_of):
        found = [(state, remark) for state in subject.states for remark in _remarks(state)]
        yield from told(RULE, change.head, subject, collect(subject, found))
    for _, copies in owners_having(change.head, _is_configuration):
        for copy in copies:
            yield from _of_all(change, copy)


def _is_configuration(resource: Resource) -> bool:
    return (resource.id.kind, resource.id.name) == ("ConfigMap", "argocd-cm")


def _of_all(change: Change, copy: Owned) -> Iterator[Finding]:
    """What argocd-cm has all Applications leave out."""
    for entry in ignored_everywhere(mapping(copy.resource.manifest().get("data"))):
        for expression in entry.expressions:
            wrong = _wrong(expression)
            if wrong is not None:
                what = f"{entry.kind}.{entry.group}" if entry.group else entry.kind
                message = f"in argocd-cm, of {quoted(what)}: {wrong}"
                yield RULE.finding(
                    nearest_field(change.head.tree, copy.origin.span, ("data",)),
                    message,
                    message[:1].upper() + message[1:],
                    "Argo CD shows ComparisonError for every Application, and neither compares nor syncs any.",
                    _advice(expression),
                    about=(copy.origin.path, what, expression),
                    resource=copy.resource.id,
                    applications=[copy.application.label],
                )


def _wrong(expression: str) -> str | None:
    try:
        check_path(expression)
    except BadExpression as error:
        # What something fills in before it is applied is not known.
        unfilled = holds_placeholder(expression)
        return None if unfilled else f"Argo CD cannot read the expression {quoted(expression)}: {error}"
    return None


def _remarks(state: State) -> Iterator[Remark]:
    for entry in ignored_by(state):
        for place, expression in enumerate(entry.expressions):
            message = _wrong(expression)
            if message is not None:
                route = (*_ROUTE, entry.index, "jqPathExpressions", place)
                about = (entry.group, entry.kind, entry.name, expression)
                yield Remark(route, message, _SHOWS, _advice(expression), about, Severity.ERROR)


def _advice(expression: str) -> str:
    """What was most likely meant, where that can be read."""
    pointer = expression.strip().startswith("/")
    keyed = _KEY.fullmatch(expression.strip())
    guesses = [f'{keyed[1]}["{keyed[2]}"]'] if keyed else []
    guesses += [f".{expression.strip()}", expression.replace("'", '"')]
    for guess in guesses:
        try:
            check_path(guess)
        except BadExpression:
            continue
        if guess != expression and not pointer:
            return f"Write {quoted(guess)}."
    return "Put it into `jsonPointers`." if pointer else "Write a path of jq, such as `.spec.replicas`."
