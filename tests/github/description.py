"""GitHub's description, loaded: which operation a request is for, and the schemas of what goes in and out."""

import json
import re
from dataclasses import dataclass, field
from functools import cache, cached_property
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import jsonschema_rs

Json = dict[str, Any]

HERE = Path(__file__).parent / "description"
# GitHub lets these parameters hold slashes.
WIDE = frozenset({"ref", "path", "branch", "basehead"})


@dataclass(frozen=True)
class Operation:
    id: str
    method: str
    template: str
    parameters: tuple[Json, ...] = field(hash=False)
    body: Any = field(hash=False)
    body_required: bool
    responses: dict[str, Any] = field(hash=False)

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        parts = re.split(r"\{(\w+)\}", self.template)
        return re.compile(
            "".join(
                re.escape(part) if index % 2 == 0 else f"(?P<{part}>{'.+' if part in WIDE else '[^/]+'})"
                for index, part in enumerate(parts)
            )
        )

    @property
    def literal_length(self) -> int:
        return len(re.sub(r"\{\w+\}", "", self.template))


class Description:
    """Both documents, with validators built the first time they are needed."""

    def __init__(self, api: Json, webhooks: Json) -> None:
        self.operations = {
            name: Operation(
                name,
                item["method"],
                item["path"],
                tuple(item["parameters"]),
                item["body"],
                item["body_required"],
                item["responses"],
            )
            for name, item in api["operations"].items()
        }
        self.definitions: Json = api["$defs"]
        self.events: Json = webhooks["events"]
        self.event_definitions: Json = webhooks["$defs"]
        self._routes = sorted(self.operations.values(), key=lambda item: -item.literal_length)
        self._validators: dict[str, jsonschema_rs.Draft202012Validator] = {}

    def match(self, method: str, path: str) -> tuple[Operation, dict[str, str]] | None:
        """The operation for a raw (percent-encoded) path below the API root, and its path parameters, decoded."""
        for operation in self._routes:
            if operation.method == method and (found := operation.pattern.fullmatch(path)):
                return operation, {name: unquote(value) for name, value in found.groupdict().items()}
        return None

    def errors(self, key: str, schema: Any, value: Any, *, event: bool = False) -> list[str]:
        """Where `value` departs from `schema`, in words; `key` names the schema for the cache."""
        validator = self._validators.get(key)
        if validator is None:
            definitions = _reached(schema, self.event_definitions if event else self.definitions)
            whole = {"allOf": [schema], "$defs": definitions} if schema is not True else {}
            validator = jsonschema_rs.Draft202012Validator(whole, validate_formats=True)
            self._validators[key] = validator
        return [
            f"/{'/'.join(map(str, error.instance_path))}: {error.message[:300]}"
            for error in validator.iter_errors(value)
        ]


def _reached(schema: Any, definitions: Json) -> Json:
    """What a schema refers to, directly or not: to build a validator with all of GitHub's takes far longer."""
    reached: Json = {}
    waiting = [schema]
    while waiting:
        here = waiting.pop()
        if isinstance(here, dict):
            name = str(here.get("$ref", "")).removeprefix("#/$defs/")
            if name in definitions and name not in reached:
                reached[name] = definitions[name]
                waiting.append(definitions[name])
        waiting.extend(here.values() if isinstance(here, dict) else here if isinstance(here, list) else ())
    return reached


@cache
def load() -> Description:
    return Description(
        json.loads((HERE / "api.json").read_text()),
        json.loads((HERE / "webhooks.json").read_text()),
    )
