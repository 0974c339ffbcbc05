"""Which images are the published ones, and which are builds of one's own."""

from __future__ import annotations

from gitops.versions.components import Component
from gitops.versions.pins.model import Pin, Style, split_build


def is_build(pin: Pin) -> bool:
    return pin.style is not Style.CHART and pin.version is not None and bool(split_build(pin.version)[1])


def is_published(pin: Pin, component: Component) -> bool:
    """Whether the published digest is that of a pin's image: a component may have several, and builds of one's own
    are none of them."""
    name = pin.runs or pin.subject
    if is_build(pin):
        return False
    paths = {"/".join(image.split("/")[-2:]) for image in component.images}
    one = component.is_image(name) and len(paths) == 1
    return one or name == component.quay or name.endswith(f"/{component.quay}")
