"""What can go wrong between a client and an API server, on demand. The first fault that applies wins.

cluster.faults.append(Fault(internal_error(), path=r"/namespaces/shop/secrets", times=2))
"""

import json

from tests.http_faults import Effect, Fault, half_body, held, reset
from tests.kubernetes.status import Refused, too_old

__all__ = [
    "Effect",
    "Fault",
    "expired",
    "garbage",
    "half_body",
    "held",
    "internal_error",
    "reset",
    "too_many_requests",
    "unavailable",
]


def _plain(status: int, text: str, **headers: str) -> Effect:
    return Effect(
        status,
        {"Content-Type": "text/plain; charset=utf-8", "X-Content-Type-Options": "nosniff", **headers},
        text.encode(),
    )


def _status(refused: Refused) -> Effect:
    return Effect(refused.code, {"Content-Type": "application/json"}, json.dumps(refused.body).encode())


def too_many_requests(retry_after: int | None = 1) -> Effect:
    """As API Priority and Fairness says it."""
    headers = {} if retry_after is None else {"Retry-After": str(retry_after)}
    return _plain(429, "Too many requests, please try again later.\n", **headers)


def internal_error(message: str = "etcdserver: leader changed") -> Effect:
    return _status(Refused(500, "InternalError", f"Internal error occurred: {message}"))


def unavailable() -> Effect:
    """As a load balancer without a backend says it."""
    return _plain(503, "no healthy upstream")


def expired() -> Effect:
    """410, with a token for those who can do with an inconsistent rest."""
    return _status(too_old("eyJ2IjoibWV0YS5rOHMuaW8vdjEiLCJydiI6LTEsInN0YXJ0IjoiIn0"))


def garbage(body: bytes, status: int = 200, content_type: str = "application/json") -> Effect:
    """Whatever a proxy makes of an answer."""
    return Effect(status, {"Content-Type": content_type}, body)
