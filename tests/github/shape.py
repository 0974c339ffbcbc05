"""Fits what the simulation knows into the shape that a schema asks for.

GitHub shows one repository in half a dozen shapes (full, minimal, webhook, ...). State is written down once, with
every field that carries meaning; a schema then picks the fields it knows, and fields it requires but that mean
nothing here get a neutral value (null where allowed). Validation afterwards is a separate step, same schema.
"""

from typing import Any, NamedTuple

Json = dict[str, Any]

NOTHING: Any = object()
SCALARS = (str, int, float, bool)
EPOCH = "2020-01-01T00:00:00Z"


def fit(schema: Any, definitions: Json, value: Any = NOTHING) -> Any:
    if schema is True or schema is None:
        return {} if value is NOTHING else value
    if "$ref" in schema:
        return fit(definitions[schema["$ref"].removeprefix("#/$defs/")], definitions, value)
    if "each" in schema:
        # Several branches of an allOf describe this field: it has to please all of them.
        if value is NOTHING:
            neutral = [fit(branch, definitions) for branch in schema["each"] if branch not in (True, {})]
            return next((item for item in neutral if item is not None), None)
        for branch in schema["each"]:
            value = fit(branch, definitions, value)
        return value
    if value is NOTHING:
        return _neutral(schema, definitions)
    if value is None or isinstance(value, SCALARS):
        return value
    if isinstance(value, list):
        return _list(schema, definitions, value)
    return _object(schema, definitions, value)


def _list(schema: Json, definitions: Json, value: list[Any]) -> Any:
    for branch in _alternatives(schema, definitions):
        if "items" in branch:
            return [fit(branch["items"], definitions, item) for item in value]
    return value


class _Fields(NamedTuple):
    """What a schema says about the fields of an object."""

    schema: Json
    properties: Json
    required: frozenset[str]
    choices: list[tuple[str, list[Any]]]  # fields that have one of a few values


# By the address of a schema, which is kept with its entry: schemas come from the description and do not change.
_BRANCHES: dict[int, tuple[Json, list[_Fields]]] = {}


def _branches(schema: Json, definitions: Json) -> list[_Fields]:
    known = _BRANCHES.get(id(schema))
    if known is None:
        found = []
        for branch in _alternatives(schema, definitions):
            properties, required = _fields(branch, definitions)
            choices = [
                (name, inner["enum"]) for name, inner in properties.items() if inner is not True and "enum" in inner
            ]
            found.append(_Fields(branch, properties, frozenset(required), choices))
        known = _BRANCHES[id(schema)] = schema, found
    return known[1]


def _object(schema: Json, definitions: Json, value: Json) -> Json:
    branches = _branches(schema, definitions)
    best, score = branches[0] if len(branches) == 1 else None, -1
    for branch in branches:
        properties = branch.properties
        fitting = len(properties.keys() & value.keys()) * 100 - len(properties)
        # A branch may be told by the value of a field (`type`) and not by the fields that there are.
        apart = any(isinstance(v := value.get(name), str) and v not in values for name, values in branch.choices)
        if properties and fitting > score and not apart:
            best, score = branch, fitting
    if best is None or not best.properties:
        return value
    result = {}
    for name, inner in best.properties.items():
        known = value.get(name, NOTHING)
        if known is None or isinstance(known, SCALARS):  # most are, and fit any schema as they are
            result[name] = known
        elif known is not NOTHING or name in best.required:
            result[name] = fit(inner, definitions, known)
    if best.schema.get("additionalProperties") not in (None, False):
        result.update({name: inner for name, inner in value.items() if name not in result})
    return result


def _alternatives(schema: Json, definitions: Json) -> list[Json]:
    """The schemas one of which holds, when the schema is nothing but a choice; else the schema itself."""
    if "$ref" in schema:
        return _alternatives(definitions[schema["$ref"].removeprefix("#/$defs/")], definitions)
    if "anyOf" in schema and "properties" not in schema and "allOf" not in schema:
        return [inner for branch in schema["anyOf"] for inner in _alternatives(branch, definitions)]
    return [schema]


def _fields(schema: Json, definitions: Json) -> tuple[Json, set[str]]:
    if "$ref" in schema:
        return _fields(definitions[schema["$ref"].removeprefix("#/$defs/")], definitions)
    properties: Json = {}
    required = set(schema.get("required", ()))
    for branch in schema.get("allOf", ()):
        inner, needed = _fields(branch, definitions)
        for name, inner_schema in inner.items():
            properties[name] = {"each": [properties[name], inner_schema]} if name in properties else inner_schema
        required |= needed
    properties |= schema.get("properties", {})
    if properties:
        for branch in schema.get("anyOf", ()):
            properties = {**_fields(branch, definitions)[0], **properties}
    return properties, required


def _neutral(schema: Json, definitions: Json) -> Any:
    types = schema.get("type", [])
    types = [types] if isinstance(types, str) else types
    branches = schema.get("anyOf", [])
    if "null" in types or {"type": "null"} in branches:
        return None
    if "const" in schema:
        return schema["const"]
    if "enum" in schema:
        return schema["enum"][0]
    if "allOf" in schema or "properties" in schema or "object" in types:
        return _object(schema, definitions, {})
    if branches:
        return fit(branches[0], definitions)
    if "string" in types:
        return {"date-time": EPOCH, "uri": "https://github.com/"}.get(schema.get("format", ""), "")
    return {"integer": 0, "number": 0, "boolean": False, "array": []}.get(types[0] if types else "")
