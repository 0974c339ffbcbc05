"""What Quay documents of its answers, as JSON Schema, closed against everything else.

`TAGS` is `listRepoTags`: fields as `_tag_dict` in Quay's `endpoints/api/tag.py` builds them. `SAMPLE` is of the kind
that Red Hat shows in "Viewing image tags by using the API". `ERROR` is the problem document of Quay's
`endpoints/exception.py`, `REGISTRY_ERROR` that of the distribution specification.
"""

from typing import Any

import jsonschema_rs

Json = dict[str, Any]

TAG: Json = {
    "type": "object",
    "required": ["name", "reversion", "manifest_digest", "is_manifest_list", "size"],
    "additionalProperties": False,
    "properties": {
        "name": {"type": "string", "pattern": "^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$"},
        "reversion": {"type": "boolean"},
        "start_ts": {"type": "integer", "minimum": 1},
        "end_ts": {"type": "integer", "minimum": 1},
        "manifest_digest": {"type": "string", "pattern": "^sha256:[0-9a-f]{64}$"},
        "is_manifest_list": {"type": "boolean"},
        "size": {"type": ["integer", "null"]},
        "last_modified": {"type": "string", "pattern": "^[A-Z][a-z]{2}, [0-9]{2} [A-Z][a-z]{2} [0-9]{4} .* -0000$"},
        "expiration": {"type": "string", "pattern": "^[A-Z][a-z]{2}, [0-9]{2} [A-Z][a-z]{2} [0-9]{4} .* -0000$"},
    },
    "dependentRequired": {"start_ts": ["last_modified"], "end_ts": ["expiration"]},
}
TAGS: Json = {
    "type": "object",
    "required": ["tags", "page", "has_additional"],
    "additionalProperties": False,
    "properties": {
        "tags": {"type": "array", "items": TAG, "maxItems": 100},
        "page": {"type": "integer", "minimum": 1},
        "has_additional": {"type": "boolean"},
    },
}
ERROR: Json = {
    "type": "object",
    "required": ["error_type", "title", "type", "status"],
    "additionalProperties": False,
    "properties": {
        "detail": {"type": "string"},
        "error_message": {"type": "string"},
        "error_type": {"enum": ["invalid_token", "not_found", "invalid_request"]},
        "title": {"type": "string"},
        "type": {"type": "string"},
        "status": {"type": "integer"},
    },
}
REGISTRY_ERROR: Json = {
    "type": "object",
    "required": ["errors"],
    "additionalProperties": False,
    "properties": {
        "errors": {
            "type": "array",
            "minItems": 1,
            "items": {
                "type": "object",
                "required": ["code", "message"],
                "additionalProperties": False,
                "properties": {
                    "code": {"enum": ["MANIFEST_UNKNOWN", "NAME_UNKNOWN", "UNAUTHORIZED"]},
                    "message": {"type": "string"},
                    "detail": {"type": "object"},
                },
            },
        }
    },
}
QUERY: Json = {
    "type": "object",
    "additionalProperties": False,
    "properties": {
        "onlyActiveTags": {"enum": ["true", "false"]},
        "limit": {"type": "string", "pattern": "^[1-9][0-9]?$|^100$"},
        "page": {"type": "string", "pattern": "^[1-9][0-9]*$"},
        "specificTag": {"type": "string"},
        "filter_tag_name": {"type": "string", "pattern": "^(like|eq):"},
    },
}
SAMPLE: Json = {
    "tags": [
        {
            "name": "test-two",
            "reversion": False,
            "start_ts": 1717680780,
            "manifest_digest": "sha256:57583a1b9c0a7509d3417387b4f43acf80d08cdcf5266ac87987be3f8f919d5d",
            "is_manifest_list": False,
            "size": 2275314,
            "last_modified": "Thu, 06 Jun 2024 13:33:00 -0000",
        }
    ],
    "page": 1,
    "has_additional": False,
}


def problems(schema: Json, value: object) -> list[str]:
    """Where `value` departs from `schema`, in words."""
    validator = jsonschema_rs.Draft202012Validator(schema)
    return [f"/{'/'.join(map(str, e.instance_path))}: {e.message[:200]}" for e in validator.iter_errors(value)]
