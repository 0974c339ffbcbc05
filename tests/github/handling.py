"""How an operation is served: one function per operation id, registered with what it needs to be allowed."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar
from urllib.parse import urlencode

from tests.github.description import Operation
from tests.github.repository import CheckRun, Comment, Issue, Repository
from tests.github.state import App, Installation, State, Token, User

Json = dict[str, Any]
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks: the App itself (JWT), one of its installations (token), or nobody in particular."""

    app: App | None = None
    token: Token | None = None

    @property
    def installation(self) -> Installation | None:
        return self.token.installation if self.token else None

    def sees(self, repository: Repository) -> bool:
        return not repository.private or (self.token is not None and self.token.covers(repository))


@dataclass(slots=True)
class Call:
    """A request that has been matched, authenticated and validated."""

    state: State
    operation: Operation
    caller: Caller
    path: dict[str, str]
    query: Json
    body: Any
    url: str
    repository: Repository | None = None

    @property
    def repo(self) -> Repository:
        assert self.repository is not None
        return self.repository

    @property
    def app(self) -> App:
        app = self.caller.app or (self.caller.token and self.caller.token.installation.app)
        assert app
        return app

    @property
    def bot(self) -> User:
        return self.app.bot

    def issue(self) -> Issue:
        number = self.path.get("issue_number") or self.path["pull_number"]
        return found(self.repo.issues.get(int(number)))

    def comment(self) -> Comment:
        wanted = int(self.path["comment_id"])
        return found(next((item for item in self.repo.comments if item.id == wanted), None))

    def check_run(self) -> CheckRun:
        return found(self.repo.check_runs.get(int(self.path["check_run_id"])))


@dataclass(frozen=True, slots=True)
class Answer:
    status: int = 200
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)


class ApiError(Exception):
    """An error as GitHub words it."""

    def __init__(
        self, status: int, message: str, errors: list[Any] | None = None, headers: Json | None = None
    ) -> None:
        super().__init__(message)
        self.status = status
        self.body: Json = {
            "message": message,
            "documentation_url": "https://docs.github.com/rest",
            "status": str(status),
        }
        if errors is not None:
            self.body["errors"] = errors
        self.headers: dict[str, str] = headers or {}


Handler = Callable[[Call], Answer]


@dataclass(frozen=True, slots=True)
class Route:
    """`needs`: alternatives such as ("issues:write", "pull_requests:write"); "app" stands for the App's JWT."""

    handler: Handler
    needs: tuple[str, ...]


ROUTES: dict[str, Route] = {}


def operation(name: str, *needs: str) -> Callable[[Handler], Handler]:
    def register(handler: Handler) -> Handler:
        assert name not in ROUTES, name
        ROUTES[name] = Route(handler, needs)
        return handler

    return register


def found(value: T | None) -> T:
    if value is None:
        raise ApiError(404, "Not Found")
    return value


def invalid(resource: str, field: str, code: str = "invalid", message: str | None = None) -> ApiError:
    error = {"resource": resource, "field": field, "code": code} | ({"message": message} if message else {})
    return ApiError(422, "Validation Failed", [error])


def page(call: Call, items: Sequence[Any]) -> tuple[list[Any], dict[str, str]]:
    """The page that was asked for, and its Link header."""
    size, number = min(max(call.query.get("per_page", 30), 1), 100), max(call.query.get("page", 1), 1)
    last = max(1, math.ceil(len(items) / size))
    links = {"prev": number - 1, "next": number + 1, "last": last, "first": 1}
    if number >= last:
        del links["next"], links["last"]
    if number == 1:
        del links["prev"], links["first"]
    url = call.url.partition("?")[0]
    header = ", ".join(
        f'<{url}?{urlencode(call.query | {"per_page": size, "page": target})}>; rel="{relation}"'
        for relation, target in links.items()
    )
    return list(items[(number - 1) * size : number * size]), {"Link": header} if header else {}


def listed(call: Call, items: Sequence[Any], show: Callable[[Any], Any], key: str | None = None) -> Answer:
    """A page of items; wrapped with total_count under `key` where GitHub does so."""
    chosen, headers = page(call, items)
    shown = [show(item) for item in chosen]
    return Answer(200, {"total_count": len(items), key: shown} if key else shown, headers)
