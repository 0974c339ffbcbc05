"""Argo CD's redis asks for a password that a part of Argo CD does not have.

What it finds: a redis that runs with `--requirepass` and a server, repo-server or controller that is handed neither
`REDIS_PASSWORD` nor `REDIS_CREDS_DIR_PATH`; and a password that is made anew from time to time while nothing restarts
who has read it.

Why it matters: redis answers `NOAUTH Authentication required` (or `WRONGPASS` after the password has changed). The
controller then keeps no state of Applications, and the server answers with errors.

Example: the redis of 2.11.1's manifests beside Deployments that were written for 2.8.

How the fix is safe: none is applied; the finding has the variable to add.

How sure it is: a warning; a notice for files that no Application deploys. Silent where variables are taken from
elsewhere as a whole (`envFrom`), and where arguments are not known.

Sources: argo-cd util/cache/cache.go (REDIS_PASSWORD, REDIS_CREDS_DIR_PATH) and manifests/base/redis, which has
`--requirepass` since 2.8.19, 2.9.15, 2.10.10 and 2.11.1; external-secrets.io (generators).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from checks.argocd.view import applications, installations, owners, severity_in, stands
from checks.declaration import declare
from checks.model import Finding, Related, Severity
from checks.policy.file import Policy
from checks.wording import listed
from gitops.discovery.snapshot import Change
from gitops.facts.secrets.pods import POD_SPECS, at, mapping, sequence
from gitops.installation.model import Installation, Member, Process
from gitops.installation.places import place_of
from gitops.installation.routes.model import annotations_of, host_of, mappings
from gitops.installation.settings import setting
from gitops.resources.manifests import text_of

RULE = declare("argocd-redis-password", Severity.WARNING, Severity.NOTICE)

_ASKING: Final = ("argocd-server", "argocd-repo-server", "argocd-application-controller")
_HANDED: Final = ("REDIS_PASSWORD", "REDIS_CREDS_DIR_PATH")
_RELOADERS: Final = ("reloader.stakater.com", "stakater.com", "secret.reloader", "wave.pusher.com", "checksum/")
_VARIABLE: Final = """\
- name: REDIS_PASSWORD
  valueFrom:
    secretKeyRef: {name: argocd-redis, key: auth}"""


def check(change: Change, policy: Policy) -> Iterator[Finding]:
    """One finding for each installation whose redis asks for a password, one for each password that changes."""
    for installation in installations(change):
        for redis in installation.members:
            if (redis.id.group, redis.id.kind) in POD_SPECS and _requires(redis):
                yield from _without(change, installation, redis)
                yield from _renewed(change, installation)
                break


def _requires(workload: Member) -> bool:
    spec = mapping(at(workload.manifest, POD_SPECS[workload.id.group, workload.id.kind]))
    for container in mappings(spec.get("containers")):
        words = [text_of(one) for one in (*sequence(container.get("command")), *sequence(container.get("args")))]
        if "redis" in text_of(container.get("image")) and any("--requirepass" in word for word in words):
            return True
    return False


def _without(change: Change, installation: Installation, redis: Member) -> Iterator[Finding]:
    asking = [
        process
        for component in _ASKING
        for process in installation.of(component)
        if process.certain
        and not process.sources
        and not any(name in process.variables for name in _HANDED)
        and _asks(installation, process, redis)
    ]
    if not asking:
        return
    who = listed([f"`{each.component}`" for each in asking], 3)
    first = asking[0]
    yield RULE.finding(
        place_of(change.head, first.member, f"name: {first.container}", first.program),
        f"{who} in {installation.namespace} {'has' if len(asking) == 1 else 'have'} no password for {redis.id}, "
        "which asks for one",
        "Argo CD has no password for its redis",
        stands(installation, "Redis answers `NOAUTH Authentication required` to each of their requests."),
        "Add the variable to their containers; the Secret is the one that the redis takes its password from.",
        _VARIABLE,
        severity=severity_in(installation, Severity.WARNING),
        about=(*installation.key, str(redis.id), *(each.component for each in asking)),
        resource=first.member.id,
        applications=applications([redis, *(each.member for each in asking)]),
        owners=owners([redis, *(each.member for each in asking)]),
        related=[Related(place_of(change.head, redis, "--requirepass"), "the redis asks for a password here")],
    )


def _asks(installation: Installation, process: Process, redis: Member) -> bool:
    """Whether a process asks this redis: its address is a Service in front of it."""
    told = setting(installation, process, "redis")
    if not told.known or setting(installation, process, "sentinel").value:
        return False
    place = host_of((told.value or "argocd-redis:6379").rpartition(":")[0], installation.namespace)
    if place is None or place[0] != installation.namespace:
        return False
    labels = mapping(mapping(at(redis.manifest, ("spec", "template", "metadata"))).get("labels"))
    for service in installation.named("Service", place[1]):
        selector = mapping(mapping(service.manifest.get("spec")).get("selector"))
        if selector and all(labels.get(key) == value for key, value in selector.items()):
            return True
    return False


def _renewed(change: Change, installation: Installation) -> Iterator[Finding]:
    """A password that a generator makes anew, and processes that have read the old one."""
    for external in installation.of_kind("ExternalSecret"):
        spec = mapping(external.manifest.get("spec"))
        target = text_of(mapping(spec.get("target")).get("name")) or external.id.name
        generated = any("generatorRef" in mapping(one.get("sourceRef")) for one in mappings(spec.get("dataFrom")))
        once = (
            text_of(spec.get("refreshInterval")) in ("0", "0s") or text_of(spec.get("refreshPolicy")) == "CreatedOnce"
        )
        if target != "argocd-redis" or not generated or once:
            continue
        holding = [
            one for component in _ASKING for one in installation.of(component) if "REDIS_PASSWORD" in one.variables
        ]
        stale = [one for one in holding if not _is_restarted(one.member)]
        if stale:
            who = listed([f"`{each.component}`" for each in stale], 3)
            yield RULE.finding(
                place_of(change.head, external, "refreshInterval", "dataFrom"),
                f"the password of {external.id} is made anew at each refresh, and nothing restarts {who}",
                "Argo CD keeps an old password of its redis",
                stands(
                    installation,
                    "A process reads `REDIS_PASSWORD` when it starts. After a refresh redis answers `WRONGPASS`, at "
                    "the latest when it restarts.",
                ),
                'Have it made once (`refreshInterval: "0"`), or restart the pods with it.',
                severity=severity_in(installation, Severity.WARNING),
                about=(*installation.key, str(external.id), "renewed"),
                resource=external.id,
                applications=applications([external]),
                owners=owners([external]),
            )


def _is_restarted(workload: Member) -> bool:
    template = mapping(at(workload.manifest, ("spec", "template", "metadata", "annotations")))
    return any(key.startswith(_RELOADERS) for key in (*annotations_of(workload), *template))
