"""Components whose versions are followed: what they are called in manifests, and where they are published.

Only Argo CD is built in. Every other component that publishes images on quay.io and releases on GitHub is a matter of
configuration (`versions:` in `.github/argofix.yaml`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True, order=True)
class Chart:
    """A Helm chart that installs a component; its own versions differ from the component's.

    `repository` is the chart repository's URL (`https://` or `oci://`), `name` the chart's name there.
    """

    repository: str
    name: str


@dataclass(frozen=True, slots=True)
class Component:
    """`images` are all names by which manifests call the image (without tag); `repository` is `owner/name` on GitHub,
    `quay` `namespace/name` on quay.io. `manifest` is the URL of the released install manifest with `{tag}` in it, ''
    when it is not known: with it a vendored copy can be renewed. `values` are the routes in its charts' values that
    hold its image (`repository` and `tag`), whatever the repository is. `definitions` maps the names of its CRDs to
    the URLs where they are published, with `{tag}`.
    """

    name: str
    images: tuple[str, ...]
    repository: str
    quay: str
    charts: tuple[Chart, ...] = ()
    manifest: str = ""
    values: tuple[str, ...] = ("image", "global.image")
    definitions: tuple[tuple[str, str], ...] = ()

    def is_image(self, name: str) -> bool:
        """Whether an image name (no tag, no digest) is this component's."""
        return name in self.images

    def chart(self, repository: str, name: str) -> Chart | None:
        """The chart of this component that a repository's URL and a chart's name mean, None for any other. The name
        may stand at the end of an OCI URL instead."""
        wanted = _location(repository, name)
        return next((chart for chart in self.charts if _location(chart.repository, chart.name) == wanted), None)


def _location(repository: str, name: str) -> str:
    # Argo CD writes OCI repositories without their scheme.
    bare = repository.lower().partition("://")[2] or repository.lower()
    return f"{bare.rstrip('/')}/{name}".rstrip("/")


ARGO_CD: Final = Component(
    name="argo-cd",
    images=("quay.io/argoproj/argocd", "argoproj/argocd", "docker.io/argoproj/argocd"),
    repository="argoproj/argo-cd",
    quay="argoproj/argocd",
    charts=(
        Chart("https://argoproj.github.io/argo-helm", "argo-cd"),
        Chart("oci://ghcr.io/argoproj/argo-helm", "argo-cd"),
    ),
    # argo-helm charts/argo-cd/values.yaml: what defaults to `global.image`.
    values=(
        "global.image",
        "controller.image",
        "server.image",
        "repoServer.image",
        "applicationSet.image",
        "notifications.image",
        "notifications.bots.slack.image",
        "commitServer.image",
        "dex.initImage",
        "redisSecretInit.image",
    ),
    manifest="https://raw.githubusercontent.com/argoproj/argo-cd/{tag}/manifests/install.yaml",
    definitions=tuple(
        (
            f"{kind}s.argoproj.io",
            f"https://raw.githubusercontent.com/argoproj/argo-cd/{{tag}}/manifests/crds/{file}-crd.yaml",
        )
        for kind, file in (
            ("application", "application"),
            ("applicationset", "applicationset"),
            ("appproject", "appproject"),
        )
    ),
)

BUILT_IN: Final = {ARGO_CD.name: ARGO_CD}
