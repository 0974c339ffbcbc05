"""Who carries the traffic, and under which address."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from checks.changes.declaration import Danger
from checks.changes.subject import Subject
from gitops.facts.secrets.pods import at
from gitops.resources.manifests import text_of

_CLASS = "kubernetes.io/ingress.class"


def _class(subject: Subject) -> Iterator[str]:
    if subject.id.kind != "Ingress" or subject.change.before is None:
        return
    was, will = (_class_of(side) for side in (subject.before, subject.after))
    if was != will:
        yield f"the class goes from {_named(was)} to {_named(will)}"


def _gateway(subject: Subject) -> Iterator[str]:
    if subject.kind != ("gateway.networking.k8s.io", "Gateway") or subject.change.before is None:
        return
    was, will = (text_of(at(side, ("spec", "gatewayClassName"))) for side in (subject.before, subject.after))
    if was != will:
        yield f"the class goes from {_named(was)} to {_named(will)}"


def _type(subject: Subject) -> Iterator[str]:
    if subject.kind != ("", "Service") or subject.change.before is None:
        return
    was, will = (text_of(at(side, ("spec", "type"))) or "ClusterIP" for side in (subject.before, subject.after))
    if was == "LoadBalancer" and will != was:
        yield f"the type goes from `{was}` to `{will}`"


def _class_of(manifest: dict[str, Any]) -> str:
    named = text_of(at(manifest, ("spec", "ingressClassName")))
    return named or text_of(at(manifest, ("metadata", "annotations", _CLASS)))


def _named(name: str) -> str:
    return f"`{name}`" if name else "the default one"


ROWS = (
    Danger(
        "ingress-class-changed",
        "An Ingress gets another class.",
        "other controller, other address: the former one stops serving it at once, and names that lead to its "
        "address lead nowhere until they are changed",
        "https://kubernetes.io/docs/concepts/services-networking/ingress/#ingress-class",
        _class,
    ),
    Danger(
        "gateway-class-changed",
        "A Gateway gets another class.",
        "other controller, other address: the former one takes down what it made for it",
        "https://gateway-api.sigs.k8s.io/api-types/gatewayclass/",
        _gateway,
    ),
    Danger(
        "load-balancer-released",
        "A Service stops being a load balancer.",
        "its external address is released, and may not come back",
        "https://kubernetes.io/docs/concepts/services-networking/service/#loadbalancer",
        _type,
    ),
)
