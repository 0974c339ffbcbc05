"""Notes about Argo CD's own ConfigMaps, policies and workloads."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, Final

from checks.argocd.upgrades.match import Match, Place, Predicate, key_of, word_of
from gitops.facts.secrets.pods import mapping, sequence
from gitops.installation.model import Member, data_of
from gitops.installation.places import line_in
from gitops.installation.rbac import READERS, Grant, Policies, policies_of, policies_of_project
from gitops.resources.manifests import text_of
from gitops.versions.pins.images import split_image

_CM: Final = "argocd-cm"
_EXTENSIONS: Final = "/tmp/extensions"  # noqa: S108  (where argocd-server looks for them)
_RBAC: Final = "argocd-rbac-cm"
# Of manifests/ and of argo-helm's values.yaml, before Argo CD 3.2.
_REDIS_OF_UPSTREAM: Final = frozenset(
    f"7.{minor}-alpine"
    for minor in ("0.4", "0.5", "0.7", "0.11", "0.13", "0.14", "0.15", "2.4", "2.7", "2.8", "2.11", "4.1", "4.2")
)
_SCRIPTS: Final = ("entrypoint.sh", "uid_entrypoint.sh")
_INHERITS: Final = "server.rbac.disableApplicationFineGrainedRBACInheritance"


def _entrypoint(place: Place) -> Iterator[Match]:
    for member, _, container in place.containers():
        words = [text_of(word) for word in sequence(container.get("command"))]
        script = next((word for word in words if word.rpartition("/")[2] in _SCRIPTS), "")
        if script and "argocd" in split_image(text_of(container.get("image"))).name:
            yield place.at(member, f"{member.id} starts `{script}`", script)


def _policies(place: Place) -> Iterator[tuple[Member, Policies]]:
    """Those of argocd-rbac-cm and of the AppProjects beside it."""
    for member, data in place.maps(_RBAC):
        yield member, policies_of(data)
    for member in place.installation.of_kind("AppProject"):
        yield member, policies_of_project(member.manifest)


def _wildcard_actions(place: Place) -> Iterator[Match]:
    for member, policies in _policies(place):
        for grant in policies.grants:
            if grant.resource == "applications" and grant.action in ("*", "action/*", "action/batch/*"):
                yield _grant(place, member, grant)


def _grant(place: Place, member: Member, grant: Grant, lines: str = "") -> Match:
    seen = f"{member.id.name} has `{grant.text}`"
    found = place.at(member, seen, grant.text, f"{grant.subject}, {grant.resource}", about=grant.text, lines=lines)
    data = data_of(member) if lines and member.id.kind == "ConfigMap" else {}
    holding = [
        key for key, text in data.items() if any(each.strip() == grant.text for each in text_of(text).splitlines())
    ]
    return replace(found, key=holding[0]) if len(holding) == 1 else found


def _sub_resources(place: Place) -> Iterator[Match]:
    if place.value(_CM, _INHERITS) == "false":
        return
    for member, policies in _policies(place):
        for grant in policies.grants:
            if grant.resource != "applications" or grant.action not in ("update", "delete"):
                continue
            if "role:admin" in policies.all_of(grant.subject):
                continue
            deeper = f"{grant.action}/"
            if not any(
                one.resource in ("applications", "*") and (one.action == "*" or one.action.startswith(deeper))
                for one in policies.of(grant.subject)
            ):
                line = f"p, {grant.subject}, applications, {grant.action}/*, {grant.scope}, allow"
                yield _grant(place, member, grant, line)


def _logs(place: Place) -> Iterator[Match]:
    if place.value(_CM, "server.rbac.log.enforce.enable") == "true":
        return
    default = next((text_of(data.get("policy.default")) for _, data in place.maps(_RBAC)), "")
    for member, policies in _policies(place):
        seen: set[str] = set()
        for grant in policies.grants:
            reads = grant.resource == "applications" and grant.covers("applications", "get")
            if (
                not reads
                or grant.subject in seen
                or not (policies.all_of(grant.subject) | {default}).isdisjoint(READERS)
            ):
                continue
            if not any(one.covers("logs", "get") for one in policies.of(grant.subject)):
                seen.add(grant.subject)
                yield _grant(place, member, grant, f"p, {grant.subject}, logs, get, {grant.scope}, allow")


_BASE64: Final = re.compile(r"C[g-i][A-Za-z0-9_-]{16,}={0,2}")


def _dex_subjects(place: Place) -> Iterator[Match]:
    if place.value(_CM, "dex.config") is None and any(True for _ in place.maps(_CM)):
        return
    for member, data in place.maps(_RBAC):
        policies = policies_of(data)
        for subject in dict.fromkeys((*policies.roles, *(grant.subject for grant in policies.grants))):
            if _BASE64.fullmatch(subject) and _decodes(subject):
                yield place.at(member, f"`{subject}` looks like the `sub` claim of Dex", subject)


def _decodes(subject: str) -> bool:
    """Whether it is Dex's: a protocol buffer of the user's id and the connector's."""
    try:
        raw = base64.urlsafe_b64decode(subject + "=" * (-len(subject) % 4))
    except (binascii.Error, ValueError):
        return False
    return len(raw) > 2 and raw[0] == 0x0A and len(raw) > raw[1] + 2 and raw[raw[1] + 2] == 0x12


def _dex(pattern: str, seen: str, unless: str = "") -> Predicate:
    found = re.compile(pattern)

    def look(place: Place) -> Iterator[Match]:
        if unless and place.value("argocd-cmd-params-cm", unless) is not None:
            return
        for member, data in place.maps(_CM):
            match = found.search(text_of(data.get("dex.config")))
            if match is not None:
                yield place.at(member, seen, match[0].strip(" -"), "dex.config")

    return look


def _exclusions(place: Place) -> Iterator[Match]:
    for member, data in place.maps(_CM):
        if member.owned is not None and member.owned.resource.elsewhere is not None:
            continue
        told = text_of(data.get("resource.exclusions"))
        # The list that upstream's own manifests bring from 3.0 on begins with a sentence about networks.
        if told and "EndpointSlice" not in told:
            yield place.at(
                member, "`resource.exclusions` is set, and the new defaults are not in it", "resource.exclusions"
            )


def _pkce(place: Place) -> Iterator[Match]:
    for member, data in place.maps(_CM):
        if re.search(r"enablePKCEAuthentication[\"']?\s*:\s*true", text_of(data.get("oidc.config"))):
            yield place.at(member, "`enablePKCEAuthentication` is on", "enablePKCEAuthentication", "oidc.config")


def _extensions(place: Place) -> Iterator[Match]:
    for member, _, container in place.containers():
        mounts = [text_of(mapping(one).get("mountPath")) for one in sequence(container.get("volumeMounts"))]
        image = split_image(text_of(container.get("image"))).name
        if image.endswith("argocd-extension-installer"):
            yield place.at(member, f"{member.id} installs UI extensions", "argocd-extension-installer")
        elif any(mount.startswith(_EXTENSIONS) for mount in mounts) and "argocd" in image:
            yield place.at(member, f"{member.id} mounts UI extensions", _EXTENSIONS, about="mount")


def _known_hosts(place: Place) -> Iterator[Match]:
    for member, _, container in place.containers():
        if "repo-server" not in member.id.name:
            continue
        for mount in sequence(container.get("volumeMounts")):
            path = text_of(mapping(mount).get("mountPath"))
            if path.endswith((".ssh/known_hosts", "/.ssh")):
                yield place.at(member, f"{member.id} mounts `{path}`", path)
    yield from word_of("SSH_KNOWN_HOSTS")(place)


def _impersonation(place: Place) -> Iterator[Match]:
    if place.value(_CM, "application.sync.impersonation.enabled") == "true":
        for member, _ in place.maps(_CM):
            yield place.at(member, "impersonation is on", "application.sync.impersonation.enabled")


def _redis(place: Place) -> Iterator[Match]:
    """An image that somebody chose: one that upstream's manifests or the chart bring goes with them."""
    for member, _, container in place.containers():
        image = split_image(text_of(container.get("image")))
        major = re.match(r"v?(\d+)", image.tag)
        if image.name.rpartition("/")[2] != "redis" or not major or int(major[1]) >= 8:
            continue
        match = place.at(member, f"{member.id} runs {image.name}:{image.tag}", image.tag, about="redis")
        path, line = match.span.path, match.span.line
        said = line_in(place.snapshot.tree, path, image.tag, first=line, last=line) > 0
        vendored = path == member.written.path and image.tag in _REDIS_OF_UPSTREAM
        if said and not vendored:
            yield match


def _missing(place: Place) -> Iterator[Match]:
    for member, data in place.maps("argocd-notifications-cm"):
        for key, value in data.items():
            if key.startswith("trigger.") and re.search(r"health[^\n]*Missing", text_of(value)):
                yield place.at(member, f"`{key}` waits for the health `Missing`", key)
    for member in place.installation.of_kind("PrometheusRule"):
        if 'health_status="Missing"' in str(member.manifest).replace("'", '"'):
            yield place.at(member, f"{member.id} waits for the health `Missing`", 'health_status="Missing"')


def _mtls(place: Place) -> Iterator[Match]:
    wanted = "argocd-repo-server-mtls"
    mounting = {
        one.member.id
        for one in place.installation.processes
        for volume in sequence(_pod_volumes(place, one.member))
        if text_of(mapping(mapping(volume).get("secret")).get("secretName")) == wanted
    }
    for member in place.installation.members:
        if member.id.name == wanted and member.id.kind in ("Secret", "ExternalSecret", "SealedSecret", "Certificate"):
            without = [one.member for one in place.installation.processes if one.member.id not in mounting]
            if without:
                yield place.at(member, f"{member.id} is there, and {without[0].id} does not mount it", wanted)


def _pod_volumes(place: Place, member: Member) -> list[Any]:
    return next((sequence(pod.get("volumes")) for one, pod, _ in place.containers() if one is member), [])


def _ratio(place: Place) -> Iterator[Match]:
    for process in place.installation.processes:
        words = iter(process.words)
        for word in words:
            name, equals, value = word.partition("=")
            if name == "--otlp-sample-ratio":
                told = value if equals else next(words, "")
                if not re.fullmatch(r"0?\.\d+|0(?:\.0*)?|1(?:\.0*)?", told):
                    yield place.at(process.member, "`--otlp-sample-ratio` is not between 0 and 1", name)


SETTINGS: Final[Mapping[str, Predicate]] = {
    "plugins-in-argocd-cm": key_of(_CM, "configManagementPlugins"),
    "entrypoint-script": _entrypoint,
    "wildcard-actions": _wildcard_actions,
    "self-heal-backoff": word_of("--self-heal-timeout-seconds", "controller.self.heal.timeout.seconds", default="5"),
    "dex-ldap": _dex(r"type: *[\"']?ldap", "`dex.config` has a connector of the type `ldap`"),
    "rbac-sub-resources": _sub_resources,
    "rbac-logs": _logs,
    "resource-exclusions": _exclusions,
    "legacy-metrics": word_of("ARGOCD_LEGACY_CONTROLLER_METRICS"),
    "dex-subject": _dex_subjects,
    "repositories-in-argocd-cm": key_of(_CM, "repositories", "repository.credentials", "helm.repositories"),
    "compare-options": key_of(_CM, "resource.compareoptions"),
    "static-assets": word_of("--staticassets", "server.staticassets", default="/shared/app"),
    "pkce": _pkce,
    "redis-pinned": _redis,
    "kubernetes-timeout": word_of("ARGOCD_K8S_TCP_TIMEOUT"),
    "self-heal-cooldown": word_of(
        "--self-heal-backoff-cooldown-seconds",
        "ARGOCD_APPLICATION_CONTROLLER_SELF_HEAL_BACKOFF_COOLDOWN_SECONDS",
        "controller.self.heal.backoff.cooldown.seconds",
    ),
    "health-missing": _missing,
    "dex-continues": _dex(r"connectors:", "`dex.config` has connectors", "dexserver.connector.failure.continue"),
    "ui-extensions": _extensions,
    "impersonation": _impersonation,
    "known-hosts": _known_hosts,
    "strict-tls": word_of(
        "--repo-server-strict-tls",
        "--argocd-repo-server-strict-tls",
        "server.repo.server.strict.tls",
        "controller.repo.server.strict.tls",
        "applicationsetcontroller.repo.server.strict.tls",
        "notificationscontroller.repo.server.strict.tls",
        default="false",
    ),
    "otlp-headers": word_of("ARGOCD_REPO_OTLP_HEADERS"),
    "mtls-secret": _mtls,
    "otlp-sample-ratio": _ratio,
}
