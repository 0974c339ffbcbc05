"""A sync option does nothing.

What it finds: options in `syncPolicy.syncOptions` and in the annotation `argocd.argoproj.io/sync-options` that Argo
CD does not know, that have another value than it looks for, that have no effect at the place where they stand, or
that another option beside them switches off.

Why it matters: Argo CD compares whole words and passes over the others without a message, so what the option was to
protect or to allow is not protected and not allowed.

Example: `CreateNamespace: true` for `CreateNamespace=true`; `Prune=False` on a PersistentVolumeClaim, which is pruned
all the same; `ServerSideApply=true` beside `Replace=true`, which goes first.

How the fix is safe: none is offered; the message says what to write.

How sure it is: a warning, since all of it is compared letter by letter with what is rendered. Silent about options
that say what happens anyway (`CreateNamespace=false`; `allowEmpty=true` beside `automated.allowEmpty`).

Sources: argo-cd, gitops-engine/pkg/sync/common/types.go, controller/sync.go (SyncAppState),
gitops-engine/pkg/sync/sync_context.go (applyObject, isPruningDisabled), controller/appcontroller.go
(shouldBeDeleted).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from checks.applications.annotations import Annotated, Said, annotated_in, findings_about, quoted
from checks.applications.subjects import Remark, Subject, collect, subjects_of, told
from checks.declaration import declare
from checks.model import Finding, Severity
from checks.policy.file import Policy
from gitops.applications.options import (
    COMPARE_OPTIONS,
    OF_APPLICATIONS,
    OF_COMPARISONS,
    OF_RESOURCES,
    SYNC_OPTIONS,
    meant,
    words_of,
)
from gitops.discovery.snapshot import Change, Snapshot, State
from gitops.facts.secrets.pods import at
from gitops.resources.manifests import text_of

RULE = declare("sync-option-without-effect", Severity.WARNING)

_ROUTE = ("spec", "syncPolicy", "syncOptions")
_PASSED_OVER = "Argo CD compares whole words and passes over this one, without a message."
_REPLACED = "Argo CD replaces the object and does not apply it."
Known = Mapping[str, tuple[str, ...]]


def check(change: Change, policy: Policy) -> Iterator[Finding]:
    """One finding for each option of an Application, of an ApplicationSet's template, and of a resource."""
    for subject in change.head.once(subjects_of):
        yield from told(RULE, change.head, subject, collect(subject, _of_applications(subject)))
    yield from findings_about(RULE, change.head, _of_resources(change.head))


def _of_applications(subject: Subject) -> Iterable[tuple[State, Remark]]:
    for state in subject.states:
        listed = at(state.application.manifest, _ROUTE)
        options = [text_of(option) for option in listed] if isinstance(listed, list) else []
        for index, option in enumerate(options):
            if option in ("", "ServerSideDiff=false"):
                continue
            if option == "allowEmpty=true" and state.application.sync_policy.allow_empty:
                continue  # argocd-autopilot writes it beside the field that does it
            wrong = _wrong(option, options, OF_APPLICATIONS)
            if wrong is not None:
                message, effect, advice = wrong
                said = f"the sync option {quoted(option)} {message}"
                yield state, Remark((*_ROUTE, index), said, effect, advice, (option,), Severity.WARNING)


def _of_resources(snapshot: Snapshot) -> Iterator[tuple[Annotated, Said]]:
    for annotated in snapshot.once(annotated_in):
        words = words_of(annotated.values.get(SYNC_OPTIONS, ""))
        for word in words:
            wrong = _wrong(word, words, OF_RESOURCES)
            if wrong is not None:
                message, effect, advice = wrong
                yield annotated, Said(SYNC_OPTIONS, word, f"the sync option {quoted(word)} {message}", effect, advice)


def _wrong(option: str, beside: Sequence[str], known: Known) -> tuple[str, str, str] | None:
    """What is wrong with an option, what that does, and what to write. `known` are those of its place."""
    if "," in option:
        return "is several in one", _PASSED_OVER, "List each of them by itself."
    key, sign, value = option.partition("=")
    if key in known and sign:
        if value in known[key]:
            if option == "ServerSideApply=true" and "Replace=true" in beside:
                return "does nothing beside `Replace=true`", _REPLACED, "Keep one of the two."
            return None
        near = meant(value, known[key])
        wanted = f"`{key}={near}`" if near else " or ".join(f"`{key}={each}`" for each in known[key])
        return "has a value that Argo CD does not look for", _PASSED_OVER, f"Write {wanted}."
    name, _, rest = option.replace(":", "=", 1).partition("=")
    name, rest = name.strip(), rest.strip().strip("\"'")
    if meant(name, OF_COMPARISONS) and not meant(name, known):
        return "is one for comparing", _PASSED_OVER, f"Put it into the annotation `{COMPARE_OPTIONS}`."
    elsewhere = OF_RESOURCES if known is OF_APPLICATIONS else OF_APPLICATIONS
    if name in elsewhere and name not in known:
        if known is OF_APPLICATIONS:
            advice = f"Annotate the resources that need it with `{SYNC_OPTIONS}: {name}=true`."
            return "works on single resources only", _PASSED_OVER, advice
        advice = "Put it into `spec.syncPolicy.syncOptions` of the Application."
        return "works for a whole Application only", _PASSED_OVER, advice
    near = meant(name, known)
    if not near:
        return "is none that Argo CD knows", _PASSED_OVER, "Take it out."
    # A value is proposed only where one was given, or where there is but one that does something.
    value = meant(rest, known[near]) if rest else "true" if known[near] == ("true", "false") else ""
    return "is none that Argo CD knows", _PASSED_OVER, f"Write `{near}={value}`." if value else f"Write `{near}=...`."
