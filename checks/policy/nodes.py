"""`argocd.nodes` of the repository's configuration: what the nodes of Argo CD's own cluster can hold."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

import yaml

from gitops.facts.deletions.quantities import quantity
from gitops.files.documents import first_line, items, scalar

_FIELDS = ("cpu", "memory")
_SHAPE = "`argocd.nodes` must be a list of {cpu, memory}, one for each node, such as {cpu: 4, memory: 16Gi}"


@dataclass(frozen=True, slots=True)
class Node:
    """What one node has for pods (allocatable), in cores and bytes."""

    cpu: Decimal
    memory: Decimal


def read_nodes(node: yaml.Node) -> tuple[tuple[Node, ...], list[tuple[int, str]]]:
    """The nodes, and (line, sentence) of each mistake. With a mistake there are none: fewer nodes than there are
    would be wrong as well."""
    if not isinstance(node, yaml.SequenceNode):
        return (), [(first_line(node), _SHAPE)]
    found: list[Node] = []
    problems: list[tuple[int, str]] = []
    for item in node.value:
        told = {key: value for key, _, value in items(item)}
        read = {
            key: quantity(scalar(value)) if isinstance(value, yaml.ScalarNode) else None
            for key, value in told.items()
        }
        cpu, memory = read.get("cpu"), read.get("memory")
        if set(told) != set(_FIELDS) or cpu is None or memory is None or cpu <= 0 or memory <= 0:
            problems.append((first_line(item), _SHAPE))
        else:
            found.append(Node(cpu, memory))
    return (tuple(found), []) if not problems else ((), problems)
