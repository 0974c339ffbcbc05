"""Who may do what: roles, bindings and Argo CD's own projects."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from checks.changes.block import Block
from checks.changes.declaration import Danger
from checks.changes.subject import Subject
from gitops.facts.secrets.pods import at, mapping, sequence
from gitops.resources.manifests import text_of

_RBAC = "rbac.authorization.k8s.io"
_ROLES = ((_RBAC, "ClusterRole"), (_RBAC, "Role"))
_BINDINGS = ((_RBAC, "ClusterRoleBinding"), (_RBAC, "RoleBinding"))
_RISING = frozenset({"bind", "escalate", "impersonate"})
_PROJECT = ("argoproj.io", "AppProject")


def _wildcards(subject: Subject) -> Iterator[str]:
    if subject.kind not in _ROLES:
        return
    before = {_rule(rule) for rule in _rules(subject.before)}
    for rule in _rules(subject.after):
        if _rule(rule) in before:
            continue
        verbs, resources = _words(rule, "verbs"), _words(rule, "resources")
        if "*" in verbs and "*" in resources:
            yield f"{_groups(rule)} may be changed in every way (`*` on `*`)"
        elif "*" in verbs and resources:
            yield f"every verb (`*`) is permitted on {_quoted(resources)}"
        elif "*" in resources:
            yield f"{_quoted(verbs)} is permitted on every resource (`*`)"


def _rising(subject: Subject) -> Iterator[str]:
    if subject.kind not in _ROLES:
        return
    before = {verb for rule in _rules(subject.before) for verb in _words(rule, "verbs")}
    for verb in sorted(_RISING & ({v for rule in _rules(subject.after) for v in _words(rule, "verbs")} - before)):
        yield f"the verb `{verb}` is permitted"


def _administrators(subject: Subject) -> Iterator[str]:
    if subject.kind not in _BINDINGS or not _is_administrator(subject.after):
        return
    before = _subjects(subject.before) if _is_administrator(subject.before) else set()
    for who in sorted(_subjects(subject.after) - before):
        yield f"{who} becomes `cluster-admin`"


def _projects(subject: Subject) -> Iterator[str]:
    if subject.kind != _PROJECT:
        return
    before, after = (mapping(side.get("spec")) for side in (subject.before, subject.after))
    rows = (
        ("sourceRepos", "any repository", lambda item: text_of(item) == "*"),
        ("destinations", "any cluster and namespace", _is_everywhere),
        ("clusterResourceWhitelist", "every cluster-scoped kind", _is_everything),
    )
    for field, what, is_all in rows:
        if any(map(is_all, sequence(after.get(field)))) and not any(map(is_all, sequence(before.get(field)))):
            yield f"`{field}` permits {what}"


def _is_everywhere(item: Any) -> bool:
    fields = mapping(item)
    return text_of(fields.get("namespace")) == "*" and "*" in (
        text_of(fields.get("server")),
        text_of(fields.get("name")),
    )


def _is_everything(item: Any) -> bool:
    fields = mapping(item)
    return text_of(fields.get("group")) == "*" and text_of(fields.get("kind")) == "*"


def _rules(manifest: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [mapping(rule) for rule in sequence(manifest.get("rules"))]


def _rule(rule: Mapping[str, Any]) -> tuple[frozenset[str], ...]:
    fields = ("apiGroups", "resources", "verbs", "resourceNames", "nonResourceURLs")
    return tuple(frozenset(_words(rule, field)) for field in fields)


def _words(rule: Mapping[str, Any], field: str) -> list[str]:
    return [text_of(word) for word in sequence(rule.get(field))]


def _groups(rule: Mapping[str, Any]) -> str:
    groups = _words(rule, "apiGroups")
    if "*" in groups:
        return "everything"
    return "everything in " + " and ".join(f"`{group}`" if group else "the core group" for group in groups)


def _quoted(words: list[str]) -> str:
    return ", ".join(f"`{word}`" for word in words)


def _is_administrator(manifest: Mapping[str, Any]) -> bool:
    return text_of(at(dict(manifest), ("roleRef", "name"))) == "cluster-admin"


def _subjects(manifest: Mapping[str, Any]) -> set[str]:
    found: set[str] = set()
    for one in map(mapping, sequence(manifest.get("subjects"))):
        where = text_of(one.get("namespace"))
        name = text_of(one.get("name"))
        found.add(f"{text_of(one.get('kind'))} `{f'{where}/{name}' if where else name}`")
    return found


ROWS = (
    Danger(
        "role-widened",
        "A role permits `*`: every verb, or every resource.",
        "whoever has the role may do that from then on, with kinds that do not exist yet too",
        "https://kubernetes.io/docs/concepts/security/rbac-good-practices/",
        _wildcards,
        Block.ASK,
        Block.ASK,
    ),
    Danger(
        "role-may-rise",
        "A role permits `escalate`, `bind` or `impersonate`.",
        "whoever has the role can get any other permission with it",
        "https://kubernetes.io/docs/concepts/security/rbac-good-practices/#privilege-escalation-risks",
        _rising,
        Block.ASK,
        Block.ASK,
    ),
    Danger(
        "administrator-added",
        "Somebody becomes `cluster-admin`.",
        "who has that role may do everything it reaches",
        "https://kubernetes.io/docs/reference/access-authn-authz/rbac/#user-facing-roles",
        _administrators,
        Block.ASK,
        Block.ASK,
    ),
    Danger(
        "project-widened",
        "An AppProject permits all repositories, all destinations or all cluster-scoped kinds.",
        "every Application of the project may use that as soon as Argo CD has the new AppProject",
        "argo-cd v3.5.1, pkg/apis/application/v1alpha1/app_project_types.go:399-433",
        _projects,
        Block.ASK,
    ),
)
