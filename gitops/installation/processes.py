"""Recognising the programs of Argo CD by what a container starts, never by its name.

Sources: argo-cd cmd/main.go (the program is the base name of argv[0], or ARGOCD_BINARY_NAME), Dockerfile (which
names exist, and the entry point `tini --`), entrypoint.sh.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from packaging.version import Version

from gitops.facts.secrets.pods import POD_SPECS, at, mapping, sequence
from gitops.installation.arguments import is_filled_in
from gitops.installation.model import Member, Process, Variable
from gitops.resources.manifests import text_of
from gitops.versions.pins.images import ImageReference, split_image
from gitops.versions.pins.model import parse_version, split_build

COMPONENTS: Final = frozenset(
    {
        "argocd-server",
        "argocd-repo-server",
        "argocd-application-controller",
        "argocd-applicationset-controller",
        "argocd-notifications",
        "argocd-dex",
        "argocd-commit-server",
        "argocd-cmp-server",
    }
)
# Programs of the image that are no servers of their own.
_OTHERS: Final = frozenset({"argocd", "argocd-k8s-auth", "argocd-git-ask-pass"})
_WRAPPERS: Final = frozenset({"tini", "dumb-init", "entrypoint.sh", "uid_entrypoint.sh", "--", "-s", "-g", "exec"})
_SHELLS: Final = frozenset({"sh", "bash", "ash", "dash"})
_SIMPLE: Final = re.compile(r"[^;&|<>`\n$(){}*?#]*")
OFFICIAL: Final = re.compile(r"(?:^|/)argoproj/argocd$")
_BINARY_NAME: Final = "ARGOCD_BINARY_NAME"


def processes_of(member: Member) -> Iterator[Process]:
    """The programs of Argo CD that a workload starts. A program of that name which the image does not have is given
    too: its `component` is none of `COMPONENTS`."""
    route = POD_SPECS.get((member.id.group, member.id.kind))
    spec = mapping(at(member.manifest, route)) if route is not None else {}
    for field, initial in (("initContainers", True), ("containers", False)):
        for container in sequence(spec.get(field)):
            found = _process(member, mapping(container), initial, spec)
            if found is not None:
                yield found


def is_upstream(process: Process) -> bool:
    """Whether its image is called as upstream's is, whatever the tag."""
    return OFFICIAL.search(process.image.name) is not None


def _process(member: Member, container: Mapping[str, Any], initial: bool, spec: Mapping[str, Any]) -> Process | None:
    image = split_image(text_of(container.get("image")))
    if not image.name:
        return None  # a patch, or a template
    command, args = _texts(container.get("command")), _texts(container.get("args"))
    variables = {one.name: one for one in _variables(container)}
    told = _started([*command, *args])
    if told is None:
        return None
    program, words, certain = told
    component = program.rpartition("/")[2]
    override = variables.get(_BINARY_NAME)
    if override is not None:
        component, certain = override.value or "", certain and override.value is not None
    official_name = OFFICIAL.search(image.name) is not None
    if component in _OTHERS or not component.startswith("argocd-"):
        return None
    if component not in COMPONENTS and not official_name:
        return None  # a program of somebody else's that is called alike
    version, exact = _version(image, official_name)
    return Process(
        member,
        text_of(container.get("name")),
        initial,
        component,
        program,
        tuple(words),
        certain,
        image,
        version,
        official_name and exact,
        variables,
        tuple(_config_maps(container)),
        container,
        any(word.rpartition("/")[2] == program.rpartition("/")[2] for word in command),
    )


def _started(words: Sequence[str]) -> tuple[str, list[str], bool] | None:
    """(program, its arguments, whether they are all there is to it) of a container's command and arguments."""
    left = list(words)
    while left and left[0].rpartition("/")[2] in _WRAPPERS:
        left.pop(0)
    if not left:
        return None
    if left[0].rpartition("/")[2] in _SHELLS:
        return _in_shell(left[1:])
    if "{{" in left[0] or is_filled_in(left[0]):
        return None
    return left[0], left[1:], True


def _in_shell(words: Sequence[str]) -> tuple[str, list[str], bool] | None:
    script = next((word for word in words if not word.startswith("-")), "")
    simple = _SIMPLE.fullmatch(script.strip()) is not None
    for line in re.split(r"[;&|\n]+", script):
        try:
            parts = shlex.split(line, comments=True)
        except ValueError:
            continue
        found = _started([part for part in parts if part])
        # What a script copies or links is none of its programs.
        if found is not None and found[0].rpartition("/")[2] in COMPONENTS:
            return found[0], found[1], simple and found[2]
    return None


def _version(image: ImageReference, official_name: bool) -> tuple[Version | None, bool]:
    """(version, whether the tag is one that upstream publishes)."""
    if not official_name:
        return None, False
    written, behind = split_build(image.tag)
    return parse_version(written) if written else None, bool(written) and not behind


def _variables(container: Mapping[str, Any]) -> Iterator[Variable]:
    for entry in sequence(container.get("env")):
        one = mapping(entry)
        name, source = text_of(one.get("name")), mapping(one.get("valueFrom"))
        if not name:
            continue
        if not source:
            yield Variable(name, text_of(one.get("value")))
            continue
        reference = mapping(source.get("configMapKeyRef"))
        yield Variable(name, None, text_of(reference.get("name")), text_of(reference.get("key")))


def _config_maps(container: Mapping[str, Any]) -> Iterator[str]:
    """The ConfigMaps of `envFrom`; '' for a Secret and for one whose keys get a prefix."""
    for entry in sequence(container.get("envFrom")):
        one = mapping(entry)
        name = text_of(mapping(one.get("configMapRef")).get("name"))
        yield name if not one.get("prefix") else ""


def _texts(value: Any) -> list[str]:
    return [text_of(item) for item in sequence(value)]
