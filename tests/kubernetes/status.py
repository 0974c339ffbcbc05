"""The API server's way to say no: `Status` objects. Wording: apimachinery's pkg/api/errors."""

from dataclasses import dataclass, field
from typing import Any

Json = dict[str, Any]


@dataclass
class Refused(Exception):
    """An answer that is no object. `text` instead of a Status where the server answers plainly."""

    code: int
    reason: str = ""
    message: str = ""
    details: Json = field(default_factory=dict)
    metadata: Json = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    text: str | None = None

    @property
    def body(self) -> Json:
        status: Json = {
            "kind": "Status",
            "apiVersion": "v1",
            "metadata": self.metadata,
            "status": "Failure",
            "message": self.message,
        }
        if self.reason:
            status["reason"] = self.reason
        if self.details:
            status["details"] = self.details
        return status | {"code": self.code}


def details(resource: str, group: str, name: str) -> Json:
    found = {"name": name, "group": group, "kind": resource}
    return {key: value for key, value in found.items() if value}


def qualified(resource: str, group: str) -> str:
    return f"{resource}.{group}" if group else resource


def not_found(resource: str, group: str, name: str) -> Refused:
    message = f'{qualified(resource, group)} "{name}" not found'
    return Refused(404, "NotFound", message, details(resource, group, name))


def no_such_resource() -> Refused:
    return Refused(404, "NotFound", "the server could not find the requested resource")


def no_such_path() -> Refused:
    return Refused(404, text="404 page not found\n")


def unauthorized() -> Refused:
    return Refused(401, "Unauthorized", "Unauthorized")


def forbidden(user: str, verb: str, resource: str, group: str, namespace: str, name: str) -> Refused:
    what = qualified(resource, group) + (f' "{name}"' if name else "")
    where = f'in the namespace "{namespace}"' if namespace else "at the cluster scope"
    message = f'{what} is forbidden: User "{user}" cannot {verb} resource "{resource}" in API group "{group}" {where}'
    return Refused(403, "Forbidden", message, details(resource, group, name))


def path_forbidden(user: str, verb: str, path: str) -> Refused:
    return Refused(403, "Forbidden", f'forbidden: User "{user}" cannot {verb} path "{path}"')


def not_acceptable(message: str = "") -> Refused:
    accepted = "only the following media types are accepted: application/json, application/yaml"
    return Refused(406, "NotAcceptable", message or accepted)


def bad_request(message: str) -> Refused:
    return Refused(400, "BadRequest", message)


def too_old(token: str) -> Refused:
    message = (
        "The provided continue parameter is too old to display a consistent list result. You can start a new list "
        "without the continue parameter, or use the continue token in this response to retrieve the remainder of the "
        "results. Continuing with the provided token results in an inconsistent list - objects that were created, "
        "modified, or deleted between the time the first chunk was returned and now may show up in the list."
    )
    return Refused(410, "Expired", message, metadata={"continue": token})
