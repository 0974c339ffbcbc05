"""Holds requests and answers against GitHub's description."""

import json
import re
from collections.abc import Mapping
from typing import Any

from tests.github.description import Description, Operation, load
from tests.github.shape import fit

Json = dict[str, Any]

VERSIONS = frozenset({"2022-11-28", "2026-03-10"})
# What every endpoint may answer, whether its description says so or not.
COMMON = frozenset({301, 304, 307, 400, 401, 403, 404, 410, 415, 422, 429, 500, 503})
ERROR = {
    "type": "object",
    "properties": {
        "message": {"type": "string"},
        "documentation_url": {"type": "string"},
        "status": {"type": "string"},
        "errors": {"type": "array"},
        "url": {"type": "string"},
    },
    "required": ["message"],
    "additionalProperties": False,
}


def convert(text: str, schema: Json, definitions: Json) -> Any:
    """A query or path value as the type that its schema wants, or the text itself when it is not of that type."""
    while "$ref" in schema:
        schema = definitions[schema["$ref"].removeprefix("#/$defs/")]
    types = schema.get("type", [])
    if "integer" in types and re.fullmatch(r"-?\d+", text):
        return int(text)
    if "boolean" in types and text in ("true", "false"):
        return text == "true"
    return text


def parameters(operation: Operation, path: Mapping[str, str], query: list[tuple[str, str]]) -> tuple[Json, list[str]]:
    """The query, converted, and what is wrong with path and query."""
    description = load()
    known = {item["name"]: item for item in operation.parameters if item["in"] == "query"}
    problems, values = [], {}
    for name, text in query:
        if name not in known:
            problems.append(f"query parameter {name!r} is not described")
        elif name in values:
            problems.append(f"query parameter {name!r} is given twice")
        else:
            values[name] = convert(text, known[name]["schema"], description.definitions)
    for item in operation.parameters:
        name, place = item["name"], item["in"]
        if place == "path":
            value = convert(path[name], item["schema"], description.definitions)
        elif place == "query" and name in values:
            value = values[name]
        else:
            if place == "query" and item["required"]:
                problems.append(f"query parameter {name!r} is missing")
            continue
        key = f"{operation.id} {place} {name}"
        problems += [f"{place} {name}{error}" for error in description.errors(key, item["schema"], value)]
    return values, problems


def headers(values: Mapping[str, str], *, has_body: bool) -> list[str]:
    problems = []
    accept = values.get("Accept", "")
    if accept and not re.search(r"application/(vnd\.github[\w.+-]*|json)|\*/\*", accept):
        problems.append(f"Accept {accept!r} is not one of GitHub's media types")
    version = values.get("X-GitHub-Api-Version")
    if version is None:
        problems.append("X-GitHub-Api-Version is missing")
    elif version not in VERSIONS:
        problems.append(f"X-GitHub-Api-Version {version!r} is not supported")
    content_type = values.get("Content-Type", "").partition(";")[0].strip()
    if has_body and content_type != "application/json":
        problems.append(f"Content-Type {content_type!r} is not application/json")
    return problems


def body(operation: Operation, raw: bytes) -> tuple[Any, list[str]]:
    """The parsed body, and what is wrong with it. Raises ValueError when it is not JSON."""
    if not raw:
        return None, ["a body is required"] if operation.body_required else []
    value = json.loads(raw)
    if operation.body is None:
        return value, [] if value in ({}, None) else ["no body is described"]
    return value, load().errors(f"{operation.id} body", operation.body, value)


def answer(operation: Operation, status: int, value: Any) -> tuple[Any, list[str]]:
    """The answer cut to its schema, and what is wrong with it."""
    description: Description = load()
    described = str(status) in operation.responses
    if status >= 300 and status in COMMON:
        return value, description.errors("error", ERROR, value) if value is not None else []
    if not described:
        return value, [f"status {status} is not described"]
    schema = operation.responses[str(status)]
    if schema is None:
        return None, [] if value in (None, {}) else [f"status {status} has no body"]
    fitted = fit(schema, description.definitions, value)
    return fitted, description.errors(f"{operation.id} {status}", schema, fitted)
