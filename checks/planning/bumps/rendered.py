"""Comparing what was rendered before and after, value by value."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from gitops.resources.compare import differences
from gitops.resources.resource import Resource, ResourceId


def changes(old: tuple[Resource, ...], new: tuple[Resource, ...]) -> Iterator[tuple[ResourceId, str, object, object]]:
    """(resource, path, before, after) of every value that differs."""
    before = counted(old)
    for key, resource in counted(new).items():
        was = before.get(key)
        if was is not None and was.text != resource.text:
            for path, left, right in differences("", was.manifest(), resource.manifest()):
                yield resource.id, path, left, right


def counted(resources: tuple[Resource, ...]) -> dict[tuple[ResourceId, int], Resource]:
    """Resources by id; a directory may hold several of one id, such as Applications of one name."""
    count: Counter[ResourceId] = Counter()
    found: dict[tuple[ResourceId, int], Resource] = {}
    for resource in resources:
        found[resource.id, count[resource.id]] = resource
        count[resource.id] += 1
    return found


def texts(path: str, value: object) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for key, item in value.items():
            yield from texts(f"{path}.{key}" if path else str(key), item)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from texts(f"{path}[{index}]", item)
    elif isinstance(value, str):
        yield path, value
