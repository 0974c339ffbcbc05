"""What Pods may do on their nodes, and whose images they run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from checks.changes.block import Block
from checks.changes.declaration import Danger
from checks.changes.subject import Subject
from gitops.facts.secrets.pods import POD_SPECS, at, mapping, sequence

_LISTS = ("containers", "initContainers", "ephemeralContainers")
_STRONG = frozenset({"ALL", "SYS_ADMIN", "SYS_PTRACE", "SYS_MODULE", "NET_ADMIN", "BPF"})


def _privileged(subject: Subject) -> Iterator[str]:
    before, after = _sides(subject)
    for name, container in after.items():
        if _is_privileged(container) and not _is_privileged(before.get(name, {})):
            yield f"container `{name}` {_becomes(subject)} privileged"


def _capabilities(subject: Subject) -> Iterator[str]:
    before, after = _sides(subject)
    for name, container in after.items():
        for added in sorted(_added(container) - _added(before.get(name, {}))):
            yield f"container `{name}` gets the capability `{added}`"


def _host_paths(subject: Subject) -> Iterator[str]:
    before, after = (_paths(pod) for pod in _pods(subject))
    for path in sorted(after - before):
        yield f"`{path}` of the node is mounted"


def _host_namespaces(subject: Subject) -> Iterator[str]:
    before, after = _pods(subject)
    for field in ("hostNetwork", "hostPID", "hostIPC"):
        if after.get(field) is True and before.get(field) is not True:
            yield f"`{field}` is switched on"


def _registries(subject: Subject) -> Iterator[str]:
    before, after = _sides(subject)
    for name, container in after.items():
        was, will = (_registry(_image(side)) for side in (before.get(name, {}), container))
        if was and will and was != will:
            yield f"image of container `{name}` comes from another registry (`{was}` before, `{will}` now)"


def _digests(subject: Subject) -> Iterator[str]:
    before, after = _sides(subject)
    for name, container in after.items():
        was, will = _image(before.get(name, {})), _image(container)
        if "@sha256:" in was and will and "@sha256:" not in will:
            yield f"image of container `{name}` loses its digest"


def _sides(subject: Subject) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    before, after = _pods(subject)
    return _containers(before), _containers(after)


def _pods(subject: Subject) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    route = POD_SPECS.get(subject.kind)
    if route is None:
        return {}, {}
    return mapping(at(subject.before, route)), mapping(at(subject.after, route))


def _containers(pod: Mapping[str, Any]) -> Mapping[str, Any]:
    found = (mapping(item) for field in _LISTS for item in sequence(pod.get(field)))
    return {str(container.get("name")): container for container in found}


def _is_privileged(container: Mapping[str, Any]) -> bool:
    return mapping(container.get("securityContext")).get("privileged") is True


def _added(container: Mapping[str, Any]) -> set[str]:
    listed = sequence(at(mapping(container.get("securityContext")), ("capabilities", "add")))
    return {str(name).removeprefix("CAP_") for name in listed} & _STRONG


def _paths(pod: Mapping[str, Any]) -> set[str]:
    volumes = map(mapping, sequence(pod.get("volumes")))
    return {str(mapping(v["hostPath"]).get("path")) for v in volumes if isinstance(v.get("hostPath"), dict)}


def _image(container: Mapping[str, Any]) -> str:
    image = container.get("image")
    return image if isinstance(image, str) else ""


def _registry(image: str) -> str:
    """As containerd reads it (distribution/reference, splitDockerDomain): without a dot, a colon or `localhost` in
    front it is Docker Hub's."""
    first, slash, _ = image.partition("/")
    if not image:
        return ""
    named = bool(slash) and ("." in first or ":" in first or first == "localhost")
    return "docker.io" if not named or first in ("index.docker.io", "registry-1.docker.io") else first


def _becomes(subject: Subject) -> str:
    return "is" if subject.change.before is None else "becomes"


ROWS = (
    Danger(
        "privileged-container",
        "A container becomes privileged.",
        "it may do on its node whatever root may",
        "https://kubernetes.io/docs/concepts/security/pod-security-standards/",
        _privileged,
        Block.ASK,
    ),
    Danger(
        "capability-added",
        f"A container gets one of the capabilities {', '.join(sorted(_STRONG))}.",
        "with it a process can get out of its container",
        "https://kubernetes.io/docs/concepts/security/pod-security-standards/",
        _capabilities,
        Block.ASK,
    ),
    Danger(
        "host-path-mounted",
        "A directory of the node is mounted into a Pod.",
        "the Pod reads, and unless it is mounted read-only writes, files of its node",
        "https://kubernetes.io/docs/concepts/storage/volumes/#hostpath",
        _host_paths,
        Block.ASK,
    ),
    Danger(
        "host-namespace-shared",
        "A Pod shares the network, the processes or the memory of its node.",
        "the Pod sees what its node does, and NetworkPolicies do not hold for its traffic",
        "https://kubernetes.io/docs/concepts/security/pod-security-standards/",
        _host_namespaces,
        Block.ASK,
    ),
    Danger(
        "image-from-another-registry",
        "A container's image comes from another registry than before.",
        "what runs is what that registry serves under this name",
        "https://kubernetes.io/docs/concepts/containers/images/#image-names",
        _registries,
        Block.ASK,
    ),
    Danger(
        "image-digest-lost",
        "A container's image was pinned by a digest and no longer is.",
        "its tag may be pushed anew, so that two Pods may run different images",
        "https://kubernetes.io/docs/concepts/containers/images/#image-names",
        _digests,
    ),
)
