"""A part of Argo CD is told to speak to a Service that nothing brings.

What it finds: an installation that is complete otherwise and whose redis, repo-server or Dex has no Service of the
name by which the others ask for it.

Why it matters: the server answers log-ins with an error and the controller compares nothing: `dial tcp: lookup
argocd-redis: no such host`.

Example: a hand-written installation with server, repo-server and controller, and no Service `argocd-redis`.

How the fix is safe: none is applied; the finding names the Service and who asks for it.

How sure it is: an error. Silent for installations of which git has only parts, where an Application of the namespace
could not be rendered or a script installs Argo CD, for hosts outside of the namespace, for Sentinel, and where the
host's name is not in git.

Sources: argo-cd common/common.go (DefaultRedisAddr, DefaultRepoServerAddr, DefaultDexServerAddr); manifests/base.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from checks.argocd.view import applications, installations, owners
from checks.declaration import declare
from checks.model import Finding, Severity
from checks.policy.file import Policy
from checks.wording import listed
from gitops.discovery.snapshot import Change, Snapshot
from gitops.installation.model import Installation, Process, data_of
from gitops.installation.places import place_of
from gitops.installation.routes.model import host_of
from gitops.installation.scripts import may_install, scripts_of
from gitops.installation.settings import setting
from gitops.resources.rendering import Rendered

RULE = declare("argocd-component-missing", Severity.ERROR)

_COMPLETE: Final = ("argocd-server", "argocd-repo-server", "argocd-application-controller")
# Who asks by which flag, and whom where nothing is said.
_ASKED: Final = (
    ("redis", "argocd-redis:6379", _COMPLETE),
    (
        "repo-server",
        "argocd-repo-server:8081",
        ("argocd-server", "argocd-application-controller"),
    ),
    ("argocd-repo-server", "argocd-repo-server:8081", ("argocd-applicationset-controller", "argocd-notifications")),
    ("dex-server", "argocd-dex-server:5556", ("argocd-server",)),
)


def check(change: Change, policy: Policy) -> Iterator[Finding]:
    """One finding for each Service."""
    for installation in installations(change):
        if not all(installation.of(component) for component in _COMPLETE) or installation.directory:
            continue
        if not knows_all(change.head, installation) or may_install(change.head.once(scripts_of)):
            continue
        for host, asking in _missing(installation).items():
            yield _finding(change, installation, host, asking)


def knows_all(snapshot: Snapshot, installation: Installation) -> bool:
    """Whether every Application of its root that may bring something into its namespace is rendered."""
    for state in snapshot.states:
        application = state.application
        place = (application.root, application.destination.cluster)
        if place != (installation.root, installation.cluster):
            continue
        if not application.name:
            return False  # scripts may bring more
        whole = isinstance(state.rendering, Rendered) and not state.rendering.gaps
        if not whole and application.destination.namespace in ("", installation.namespace):
            return False
    return not any(each.root == installation.root for each in snapshot.unknown)


def _missing(installation: Installation) -> dict[str, list[tuple[Process, str]]]:
    services = {one.id.name for one in installation.of_kind("Service")}
    found: dict[str, list[tuple[Process, str]]] = {}
    for flag, default, components in _ASKED:
        if flag == "dex-server" and not _has_dex(installation):
            continue
        for process in (one for component in components for one in installation.of(component)):
            told = setting(installation, process, flag)
            sentinel = setting(installation, process, "sentinel") if flag == "redis" else None
            if (
                not told.known
                or not process.certain
                or (sentinel is not None and (sentinel.value or not sentinel.known))
            ):
                continue
            address = (told.value or default).partition("://")[2] or (told.value or default)
            place = host_of(address.partition("/")[0].rpartition(":")[0] or address, installation.namespace)
            if address.startswith("localhost"):
                continue
            if place is not None and place[0] == installation.namespace and place[1] not in services:
                found.setdefault(place[1], []).append((process, flag))
    return found


def _has_dex(installation: Installation) -> bool:
    return any("dex.config" in data_of(one) for one in installation.named("ConfigMap", "argocd-cm"))


def _finding(change: Change, installation: Installation, host: str, asking: list[tuple[Process, str]]) -> Finding:
    process, flag = asking[0]
    who = listed([f"`{one}`" for one in dict.fromkeys(each.component for each, _ in asking)], 4)
    return RULE.finding(
        place_of(change.head, process.member, f"--{flag}", process.program),
        f"{who} in {installation.namespace} ask{'s' if len(asking) == 1 else ''} for `{host}` (`--{flag}`), and "
        "nothing brings a Service of that name",
        f"Service {installation.namespace}/{host} is brought by nothing",
        f"Every look-up of the name fails (`no such host`): {_effect(flag)}",
        f"Bring the Service `{host}` with its pods, or name the host that serves it by `--{flag}`.",
        about=(*installation.key, host),
        resource=process.member.id,
        applications=applications(one.member for one, _ in asking),
        owners=owners(one.member for one, _ in asking),
    )


def _effect(flag: str) -> str:
    return {
        "redis": "the controller keeps no state of Applications and the server answers with errors.",
        "dex-server": "nobody can log in by single sign-on.",
    }.get(flag, "no Application is rendered or compared.")
