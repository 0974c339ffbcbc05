"""The images of Argo CD that an installation runs, in whatever container."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from packaging.version import Version

from gitops.facts.secrets.pods import POD_SPECS, Route, at, mapping, sequence
from gitops.installation.model import Installation, Member
from gitops.installation.processes import OFFICIAL
from gitops.resources.manifests import text_of
from gitops.versions.pins.images import split_image
from gitops.versions.pins.model import parse_version


@dataclass(frozen=True, eq=False, slots=True)
class Image:
    """One container's image of Argo CD; `version` is None for a digest, a branch and a build of one's own. `route`
    leads to it in the manifest."""

    member: Member
    container: str
    initial: bool
    text: str
    name: str
    tag: str
    version: Version | None
    route: Route

    @property
    def label(self) -> str:
        """For people: ``init container `copyutil` of Deployment argocd/argocd-repo-server``."""
        kind = "init container" if self.initial else "container"
        return f"{kind} `{self.container}` of {self.member.id}"


def images_of(installation: Installation) -> Iterator[Image]:
    """Every container whose image is called as upstream's is."""
    for member in installation.members:
        route = POD_SPECS.get((member.id.group, member.id.kind))
        spec = mapping(at(member.manifest, route)) if route is not None else {}
        for field, initial in (("initContainers", True), ("containers", False)):
            for place, container in enumerate(sequence(spec.get(field))):
                one = mapping(container)
                text = text_of(one.get("image"))
                image = split_image(text)
                if route is not None and OFFICIAL.search(image.name):
                    version, at_ = parse_version(image.tag), (*route, field, place, "image")
                    yield Image(member, text_of(one.get("name")), initial, text, image.name, image.tag, version, at_)
