"""Cut GitHub's own OpenAPI documents down to what the simulation serves.

Usage: python -m tests.github.make_description API_JSON WEBHOOKS_JSON   (see description/README.md)

The output is plain JSON Schema 2020-12: `nullable` becomes a null type, prose is dropped, and every object that names
its properties is closed, because a client that sends a field GitHub does not know has a mistake GitHub would swallow.

Closing an object that is one branch of an `allOf` would reject the fields of the other branches. Components therefore
come in two variants: `name` is closed, `name~open` is what a combining schema refers to before it closes the whole.
"""

import json
import sys
from pathlib import Path
from typing import Any

from tests.github.operations import EVENTS, OPERATIONS

Json = dict[str, Any]

HERE = Path(__file__).parent / "description"
CONSTRAINTS = [
    "const",
    "enum",
    "format",
    "maxItems",
    "maxLength",
    "maxProperties",
    "maximum",
    "minItems",
    "minLength",
    "minProperties",
    "minimum",
    "pattern",
    "required",
    "type",
    "uniqueItems",
]


class Slicer:
    """Copies schemas out of one OpenAPI document, with the components they reach."""

    def __init__(self, document: Json) -> None:
        self.document = document
        self.definitions: Json = {}

    def resolve(self, node: Json) -> Json:
        while "$ref" in node:
            section, name = node["$ref"].removeprefix("#/components/").split("/")
            node = self.document["components"][section][name]
        return node

    def schema(self, node: Any, *, closed: bool = True) -> Any:
        if isinstance(node, bool):
            return node
        if "$ref" in node:
            name = node["$ref"].rsplit("/", 1)[1]
            key = name if closed else f"{name}~open"
            if key not in self.definitions:
                self.definitions[key] = {}
                self.definitions[key] = self.schema(self.document["components"]["schemas"][name], closed=closed)
            return {"$ref": f"#/$defs/{key}"}
        return self._nullable(node, self._inline(node, closed))

    def _inline(self, node: Json, closed: bool) -> Json:
        result: Json = {key: node[key] for key in CONSTRAINTS if key in node}
        if result.get("format") == "email":
            # GitHub's own Apps have addresses (`name[bot]@...`) that are none by the book.
            del result["format"]
        alternatives = node.get("anyOf", []) + node.get("oneOf", [])
        combined = "allOf" in node or ("properties" in node and bool(alternatives))
        if "properties" in node:
            result["properties"] = {name: self.schema(value) for name, value in node["properties"].items()}
        if "items" in node:
            result["items"] = self.schema(node["items"])
        if "allOf" in node:
            result["allOf"] = [self.schema(branch, closed=False) for branch in node["allOf"]]
        if alternatives:
            # `oneOf` is relaxed: several of GitHub's alternatives overlap, and GitHub itself sends what matches two.
            result["anyOf"] = [self.schema(branch, closed=closed and not combined) for branch in alternatives]
        if "not" in node:
            result["not"] = self.schema(node["not"], closed=False)
        extra = node.get("additionalProperties")
        if closed and extra is None and combined:
            result["unevaluatedProperties"] = False
        elif closed and extra is None and "properties" in node:
            result["additionalProperties"] = False
        elif isinstance(extra, dict):
            result["additionalProperties"] = self.schema(extra)
        elif extra is False:
            result["additionalProperties"] = False
        return result

    @staticmethod
    def _nullable(node: Json, result: Json) -> Json:
        if not node.get("nullable"):
            return result
        if "enum" in result and None not in result["enum"]:
            result["enum"] = [*result["enum"], None]
        if isinstance(result.get("type"), str):
            result["type"] = [result["type"], "null"]
        if "anyOf" in result or "allOf" in result:
            return {"anyOf": [result, {"type": "null"}]}
        return result

    def content(self, node: Json) -> Any:
        """The schema of a body: None for no body, True for one that is described without a schema."""
        for media_type, media in node.get("content", {}).items():
            if media_type == "application/json" or media_type.endswith("+json"):
                return self.schema(media["schema"]) if "schema" in media else True
        return None


def slice_api(document: Json) -> Json:
    slicer = Slicer(document)
    operations: Json = {}
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            name = operation.get("operationId") if isinstance(operation, dict) else None
            if name not in OPERATIONS:
                continue
            shared = methods.get("parameters", [])
            parameters = [slicer.resolve(item) for item in [*shared, *operation.get("parameters", [])]]
            body = slicer.resolve(operation["requestBody"]) if "requestBody" in operation else {}
            operations[name] = {
                "method": method.upper(),
                "path": path,
                "parameters": [
                    {
                        "name": item["name"],
                        "in": item["in"],
                        "required": item.get("required", False),
                        "schema": slicer.schema(item["schema"]),
                    }
                    for item in parameters
                ],
                "body": slicer.content(body),
                "body_required": body.get("required", False),
                "responses": {
                    status: slicer.content(slicer.resolve(response))
                    for status, response in operation["responses"].items()
                },
            }
    if missing := OPERATIONS - operations.keys():
        raise SystemExit(f"not in the document: {', '.join(sorted(missing))}")
    return {"operations": dict(sorted(operations.items())), "$defs": dict(sorted(slicer.definitions.items()))}


def slice_webhooks(document: Json) -> Json:
    slicer = Slicer(document)
    events = {
        name: slicer.content(slicer.resolve(document["webhooks"][name]["post"]["requestBody"]))
        for name in sorted(EVENTS)
    }
    return {"events": events, "$defs": dict(sorted(slicer.definitions.items()))}


def main(api: str, webhooks: str) -> None:
    HERE.mkdir(exist_ok=True)
    for name, sliced in (
        ("api.json", slice_api(json.loads(Path(api).read_text()))),
        ("webhooks.json", slice_webhooks(json.loads(Path(webhooks).read_text()))),
    ):
        text = json.dumps(sliced, separators=(",", ":"), ensure_ascii=False)
        (HERE / name).write_text(text + "\n")
        print(f"{name}: {len(text):,} characters, {len(sliced['$defs'])} components")


if __name__ == "__main__":
    main(*sys.argv[1:])
