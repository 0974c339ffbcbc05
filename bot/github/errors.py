"""What GitHub's answers mean. Whether trying again later can help is in the base class (`bot.process.errors`)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bot.http.retry import LONGEST, retry_after
from bot.process.errors import PermanentError, TemporaryError


class GitHubError(Exception):
    """Base of all. `status` is the HTTP status (0 when there was no answer), `request` is `METHOD /path`."""

    def __init__(self, message: str, *, status: int = 0, request: str = "", errors: object = None) -> None:
        super().__init__(f"{request}: {message}" if request else message)
        self.status = status
        self.request = request
        self.reason = message
        self.errors = errors


class NotFound(GitHubError, PermanentError):
    """404, 410 or 451: it is not there, or not for us to see."""


class Forbidden(GitHubError, PermanentError):
    """The App lacks a permission. `needed` is GitHub's own list of what would do, when it says so."""

    needed: str | None = None


class Suspended(GitHubError, PermanentError):
    """The installation is suspended; nothing works until its owner lifts that."""


class BadRequest(GitHubError, PermanentError):
    """Another 4xx: the request is wrong."""


class Conflict(BadRequest):
    """409: the state of the repository does not allow it (empty repository, merge conflict)."""


class Unprocessable(BadRequest):
    """422: a field is invalid, or the thing exists already. `errors` is GitHub's list."""

    def says(self, *words: str) -> bool:
        """Whether GitHub's message or its list of errors holds one of these phrases (any case)."""
        text = f"{self.reason} {self.errors}".lower()
        return any(word.lower() in text for word in words)


class HeadMoved(GitHubError, TemporaryError):
    """A branch is no longer where the work began. Start again from its present head."""

    def __init__(self, message: str, *, status: int = 0, request: str = "", errors: object = None) -> None:
        GitHubError.__init__(self, message, status=status, request=request, errors=errors)
        self.delay = None


class Unauthorised(GitHubError, TemporaryError):
    """401 with a fresh token: the key is wrong or revoked, the clock is off, or GitHub's replicas are behind."""

    def __init__(self, message: str, *, status: int = 0, request: str = "", errors: object = None) -> None:
        GitHubError.__init__(self, message, status=status, request=request, errors=errors)
        self.delay = None


class ServerFault(GitHubError, TemporaryError):
    """5xx, after the retries that are safe."""

    def __init__(self, message: str, *, status: int = 0, request: str = "", errors: object = None) -> None:
        GitHubError.__init__(self, message, status=status, request=request, errors=errors)
        self.delay = None


class Unreachable(ServerFault):
    """No whole answer: no connection, a time-out, a body that broke off or is not JSON."""


class RateLimited(GitHubError, TemporaryError):
    """A limit of GitHub's, or our own pace below it. `retry_at` is in seconds since the epoch, `delay` in seconds
    from now; `limit` is one of `bot.github.pace.Limit`."""

    counts = False

    def __init__(
        self, message: str, *, retry_at: float, delay: float, request: str = "", limit: str = "requests"
    ) -> None:
        GitHubError.__init__(self, message, request=request)
        self.limit = limit
        self.retry_at = retry_at
        self.delay = delay


@dataclass(frozen=True, slots=True)
class Answer:
    """A finished HTTP exchange: `headers` with lower-case names, `data` the decoded body."""

    status: int
    headers: Mapping[str, str]
    data: Any
    next_url: str | None = None

    @property
    def message(self) -> str:
        text = self.data.get("message") if isinstance(self.data, dict) else None
        return text if isinstance(text, str) and text else f"HTTP {self.status}"


def limit_wait(answer: Answer, now: float, hits: int) -> float | None:
    """Seconds to wait when `answer` is a rate limit, else None. `hits` counts limits in a row before this one.

    Source: GitHub's "Rate limits for the REST API": Retry-After first; else, with nothing remaining, until
    x-ratelimit-reset; else at least a minute, growing with every repetition.
    """
    if answer.status not in (403, 429):
        return None
    asked = retry_after(answer.headers.get("retry-after"), now)
    if asked is not None:
        return max(1.0, asked)
    reset = answer.headers.get("x-ratelimit-reset", "")
    if answer.headers.get("x-ratelimit-remaining") == "0" and reset.isdecimal():
        return 1.0 + min(LONGEST, max(0.0, float(reset) - now))
    if answer.status == 429 or "rate limit" in answer.message.lower() or "abuse" in answer.message.lower():
        return 60.0 * 2.0 ** min(hits, 6)
    return None


def error_of(answer: Answer, request: str) -> GitHubError:
    """The error that an unsuccessful answer (not a rate limit) means."""
    errors = answer.data.get("errors") if isinstance(answer.data, dict) else None
    message = answer.message
    if answer.status == 403:
        if "suspended" in message.lower():
            return Suspended(message, status=403, request=request)
        forbidden = Forbidden(message, status=403, request=request)
        forbidden.needed = answer.headers.get("x-accepted-github-permissions")
        return forbidden
    kinds: dict[int, type[GitHubError]] = {
        401: Unauthorised, 404: NotFound, 410: NotFound, 451: NotFound, 409: Conflict, 422: Unprocessable,
    }  # fmt: skip
    kind = kinds.get(answer.status, ServerFault if answer.status >= 500 else BadRequest)
    if kind is Unprocessable and (details := _details(errors)):
        message = f"{message}: {details}"
    return kind(message, status=answer.status, request=request, errors=errors)


def _details(errors: object) -> str:
    """GitHub's list of errors in words; an item is a sentence, or names a field and what is wrong with it."""
    found = []
    for item in errors if isinstance(errors, list) else []:
        if isinstance(item, dict):
            said, place = item.get("message"), item.get("field")
            found.append(str(said) if said else f"{place} {item.get('code', 'is wrong')}")
        else:
            found.append(str(item))
    return "; ".join(found)
