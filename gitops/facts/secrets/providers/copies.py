"""Copies that annotations of a Secret or ConfigMap ask for, and the namespaces that selectors take in.

Sources, each read in its controller's code: emberstack/kubernetes-reflector, MirroringPropertiesExtensions.cs
(`CanBeAutoReflectedToNamespace`: allowed *and* enabled, both lists are regular expressions for the whole name and
empty ones take all); mittwald/kubernetes-replicator, generic-replicator.go and strings.go (`replicate-to` is a list
of expressions for the whole name); kubeops/config-syncer (kubed), pkg/syncer/util.go (`true` and the empty text are
all namespaces, anything else is a label selector).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from gitops.facts.secrets.pods import mapping, sequence
from gitops.facts.secrets.providers.provided import ANY_NAMESPACE, Provided
from gitops.resources.manifests import text_of

_REFLECTOR = "reflector.v1.k8s.emberstack.com/reflection-"
_REPLICATOR = "replicator.v1.mittwald.de/replicate-to"
_KUBED = "kubed.appscode.com/sync"

# Every namespace carries its own name as this label (Kubernetes, "Automatic labelling").
_OWN_NAME = "kubernetes.io/metadata.name"


def copies(kind: str, name: str, keys: frozenset[str] | None, annotations: Any) -> Iterator[Provided]:
    """The copies of an object with these annotations."""
    marks = mapping(annotations)
    for namespaces in (_reflected(marks), _replicated(marks), _synced(marks)):
        for namespace in namespaces:
            yield Provided(kind, name, keys, namespace)


def _reflected(marks: Any) -> Iterator[str]:
    if not all(text_of(marks.get(_REFLECTOR + word)).lower() == "true" for word in ("allowed", "auto-enabled")):
        return
    lists = [
        _words(marks, _REFLECTOR + word) if not text_of(marks.get(f"{_REFLECTOR}{word}-selector")) else []
        for word in ("allowed-namespaces", "auto-namespaces")
    ]
    given = [words for words in lists if words]
    if not given:
        yield ANY_NAMESPACE
    elif len(given) == 1:
        yield from (_expression(word) for word in given[0])
    else:
        yield f"^(?=(?:{'|'.join(given[0])})$)(?:{'|'.join(given[1])})"


def _replicated(marks: Any) -> Iterator[str]:
    yield from (_expression(word) for word in _words(marks, _REPLICATOR))
    matching = f"{_REPLICATOR}-matching"
    if matching in marks:
        yield from _matching(text_of(marks.get(matching)))


def _synced(marks: Any) -> Iterator[str]:
    if _KUBED in marks and text_of(marks.get(_KUBED)) != "false":
        selector = text_of(marks.get(_KUBED))
        yield from [ANY_NAMESPACE] if selector in ("", "true") else _matching(selector)


def _matching(selector: str) -> Iterator[str]:
    """Namespaces by a selector in text form; labels other than the name are not known."""
    for requirement in selector.split(","):
        key, sign, value = requirement.replace("==", "=").partition("=")
        if sign and key.strip() == _OWN_NAME:
            yield value.strip()
            return
    yield ANY_NAMESPACE


def _words(marks: Any, name: str) -> list[str]:
    return [word.strip() for word in text_of(marks.get(name)).split(",") if word.strip()]


def _expression(word: str) -> str:
    return word if word.replace("-", "").isalnum() else f"^(?:{word.removeprefix('^').removesuffix('$')})"


def selected(selector: Any) -> list[str]:
    """Namespaces that a label selector takes in, as far as their names tell; labels that are set elsewhere may be on
    any."""
    block = mapping(selector)
    own = text_of(mapping(block.get("matchLabels")).get(_OWN_NAME))
    if own:
        return [own]
    for entry in sequence(block.get("matchExpressions")):
        requirement = mapping(entry)
        if text_of(requirement.get("key")) != _OWN_NAME:
            continue
        values = [text_of(value) for value in sequence(requirement.get("values"))]
        if text_of(requirement.get("operator")) == "In":
            return values
        if text_of(requirement.get("operator")) == "NotIn":
            return [f"^(?!(?:{'|'.join(values)})$).*"]
    return [ANY_NAMESPACE]
