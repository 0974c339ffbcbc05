"""CRDs are read by line as a YAML parser would read them."""

from __future__ import annotations

from itertools import product

import pytest

from gitops.files.documents import read_documents
from gitops.resources.definitions import Definition, definition_of
from gitops.resources.manifests import canonical, identify
from gitops.resources.resource import Resource

SPEC = """\
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata:
  name: widgets.acme.example
spec:
  conversion:
    strategy: None
  group: acme.example
  names:
    categories:
    - all
    kind: Widget
    listKind: WidgetList
    plural: widgets
  scope: Namespaced
  versions:
  - additionalPrinterColumns:
    - name: v9
      type: string
    name: v1
    schema:
      openAPIV3Schema:
        description: |
          kind: Trap

          name: trap
        properties:
          served:
            type: boolean
    served: true
    storage: true
  - name: v1beta1
    served: false
    storage: false
status:
  acceptedNames:
    kind: Other
    plural: others
"""
WIDGET = Definition("acme.example", "Widget", "widgets", True, frozenset({"v1"}))


def read(text: str) -> Definition | None:
    value = read_documents("x", text.encode())[0].value()
    return definition_of(Resource(identify(value), text.encode()))


def test_what_is_defined() -> None:
    assert read(SPEC) == WIDGET
    assert read(SPEC.replace("scope: Namespaced", "scope: Cluster")) == Definition(
        "acme.example", "Widget", "widgets", False, frozenset({"v1"})
    )


EDITS = [
    ("kind: Widget\n", "kind: 'Widget'\n"),
    ("  group: acme.example\n", "  group: \"acme.example\"\n"),
    ("    name: v1\n", "    name: 'v1'\n"),
    ("    served: false\n", "    served: FALSE\n"),
    ("  - name: v1beta1\n", "  - storage: false\n    name: v1beta1\n"),
    ("    plural: widgets\n", "    plural: widgets # many\n"),
]  # fmt: skip


@pytest.mark.parametrize("chosen", list(product([False, True], repeat=len(EDITS))))
def test_spellings_say_the_same(chosen: tuple[bool, ...]) -> None:
    text = SPEC
    for (old, new), take in zip(EDITS, chosen, strict=True):
        assert old in text
        text = text.replace(old, new, 1) if take else text
    assert read(text) == WIDGET
    # As plain directories are read.
    value = read_documents("x", text.encode())[0].value()
    assert read(canonical(value).decode()) == WIDGET


def test_flow_style_and_old_versions() -> None:
    old = (
        "apiVersion: apiextensions.k8s.io/v1beta1\nkind: CustomResourceDefinition\nmetadata: {name: x}\n"
        "spec: {group: acme.example, version: v1, scope: Cluster, names: {kind: Widget, plural: widgets}}\n"
    )
    assert read(old) == Definition("acme.example", "Widget", "widgets", False, frozenset({"v1"}))


@pytest.mark.parametrize("spec", ["", "spec: 1\n", "spec: {names: []}\n"])
def test_malformed_ones_define_nothing(spec: str) -> None:
    head = "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {name: x}\n"
    assert read(head + spec) is None
