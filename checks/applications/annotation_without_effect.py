"""An annotation of Argo CD's does nothing, or not what was meant.

What it finds: hooks and hook delete policies that Argo CD does not know, delete policies on what is no hook, sync
waves that are no whole numbers, compare options that it does not know or that do nothing on what they stand on, and
annotations whose name is spelt almost like one of Argo CD's.

Why it matters: a hook of an unknown kind is never applied at all; a wave that is no number counts as 0; a delete
policy that is not known leaves the hook to be deleted before it is made anew. Argo CD says nothing about any of it.

Example: `argocd.argoproj.io/hook: Presync`, `argocd.argoproj.io/sync-wave: "first"`.

How the fix is safe: none is offered; the message says what to write.

How sure it is: a warning, since all of it is compared letter by letter with what is rendered. Silent about hooks of
Helm's that Argo CD leaves out on purpose (tests), and about annotations that are spelt like none that is known.

Sources: argo-cd, gitops-engine/pkg/sync/hook/hook.go (IsHook, Types), hook/delete_policy.go, sync_phase.go,
syncwaves/waves.go; controller/hook.go; controller/state.go (CompareAppState); common/common.go.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from checks.applications.annotations import Annotated, Said, annotated_in, findings_about, quoted
from checks.applications.subjects import Remark, Subject, collect, subjects_of, told
from checks.declaration import declare
from checks.model import Finding, Severity
from checks.policy.file import Policy
from gitops.applications.options import (
    ANNOTATIONS,
    COMPARE_OPTIONS,
    COMPARISONS,
    COMPARISONS_OF_APPLICATIONS,
    HOOK,
    HOOK_DELETE_POLICIES,
    HOOK_DELETE_POLICY,
    HOOKS,
    PREFIX,
    SYNC_OPTIONS,
    SYNC_WAVE,
    is_wave,
    meant,
    words_of,
)
from gitops.discovery.snapshot import Change, Snapshot, State
from gitops.facts.secrets.pods import at, mapping
from gitops.resources.manifests import text_of

RULE = declare("annotation-without-effect", Severity.WARNING)

_ROUTE = ("metadata", "annotations")


def check(change: Change, policy: Policy) -> Iterator[Finding]:
    """One finding for each annotation, or each of its words."""
    for subject in change.head.once(subjects_of):
        yield from told(RULE, change.head, subject, collect(subject, _of_applications(subject)))
    yield from findings_about(RULE, change.head, _of_resources(change.head))


def _of_applications(subject: Subject) -> Iterable[tuple[State, Remark]]:
    """Of the Applications that nothing renders: an ApplicationSet makes them, or they are applied by hand."""
    for state in subject.states:
        application = state.application
        if application.parents and not application.generated:
            continue
        annotations = mapping(at(application.manifest, _ROUTE))
        values = {key: text_of(value) for key, value in annotations.items() if key.startswith(PREFIX)}
        for said in _wrong(values, is_application=True, is_hook=True):
            if said.key != SYNC_WAVE:  # nobody goes through waves there, which is told as that
                about = (said.key, said.word)
                route = (*_ROUTE, said.key)
                yield state, Remark(route, said.message, said.effect, said.advice, about, Severity.WARNING)


def _of_resources(snapshot: Snapshot) -> Iterator[tuple[Annotated, Said]]:
    for annotated in snapshot.once(annotated_in):
        for said in _wrong(annotated.values, annotated.is_application, annotated.copy.resource.hook):
            yield annotated, said


def _wrong(values: Mapping[str, str], is_application: bool, is_hook: bool) -> Iterator[Said]:
    for key, value in values.items():
        if key == SYNC_WAVE and not is_wave(value):
            yield Said(
                key,
                value,
                f"the sync wave {quoted(value)} is no whole number",
                "Argo CD takes it for wave 0.",
                "Write a whole number in quotes.",
            )
        elif key == HOOK:
            yield from _hooks(value)
        elif key == HOOK_DELETE_POLICY:
            yield from _policies(value, is_hook)
        elif key == COMPARE_OPTIONS:
            yield from _comparisons(value, is_application)
        elif key not in ANNOTATIONS:
            near = meant(key.removeprefix(PREFIX), [known.removeprefix(PREFIX) for known in ANNOTATIONS])
            if near:
                yield Said(
                    key,
                    "",
                    f"Argo CD knows no annotation {quoted(key)}",
                    "It passes over it, without a message.",
                    f"Write `{PREFIX}{near}`.",
                )


def _hooks(value: str) -> Iterator[Said]:
    words = words_of(value)
    known = [word for word in words if word in HOOKS]
    effect = (
        "Argo CD passes over that word, without a message."
        if known
        else "Argo CD takes the resource for a hook of no phase, and never applies it."
    )
    for word in words:
        if word not in HOOKS:
            near = meant(word, HOOKS)
            advice = f"Write `{near}`." if near else f"Hooks are {', '.join(f'`{hook}`' for hook in HOOKS)}."
            yield Said(HOOK, word, f"{quoted(word)} is no hook that Argo CD knows", effect, advice)


def _policies(value: str, is_hook: bool) -> Iterator[Said]:
    words = words_of(value)
    if not is_hook:
        yield Said(
            HOOK_DELETE_POLICY,
            "",
            "it has a hook delete policy and is no hook",
            "Argo CD syncs it like any other resource, and does not delete it by that policy.",
            f"Annotate it with `{HOOK}` too, or take the policy out.",
        )
    for word in words:
        if word not in HOOK_DELETE_POLICIES:
            near = meant(word, HOOK_DELETE_POLICIES)
            listed = ", ".join(f"`{policy}`" for policy in HOOK_DELETE_POLICIES)
            yield Said(
                HOOK_DELETE_POLICY,
                word,
                f"{quoted(word)} is no hook delete policy that Argo CD knows",
                "Argo CD passes over that word; without any other, it deletes the hook before it makes it anew.",
                f"Write `{near}`." if near else f"The policies are {listed}.",
            )


def _comparisons(value: str, is_application: bool) -> Iterator[Said]:
    for word in words_of(value):
        if word in COMPARISONS or (is_application and word in COMPARISONS_OF_APPLICATIONS):
            continue
        message, advice = f"{quoted(word)} is no compare option that Argo CD knows", "Take it out."
        effect = "Argo CD compares whole words and passes over this one, without a message."
        near = meant(word, (*COMPARISONS, *COMPARISONS_OF_APPLICATIONS))
        if word in COMPARISONS_OF_APPLICATIONS:
            message = f"the compare option {quoted(word)} works on Applications only"
            effect, advice = (
                "Anywhere else it does nothing, and Argo CD says nothing.",
                "Annotate the Application with it.",
            )
        elif near and near not in ("", word):
            advice = f"Write `{near}`."
        elif meant(word.partition("=")[0], ("Prune", "Delete", "Replace", "Force", "ServerSideApply", "Validate")):
            advice = f"Put it into `{SYNC_OPTIONS}`."
        yield Said(COMPARE_OPTIONS, word, message, effect, advice)
