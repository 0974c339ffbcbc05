"""What can go wrong between a client and quay.io, on demand. The first fault that applies wins.

quay.faults.append(Fault(too_many(), path=r"page=2", times=2))
"""

import json

from tests.http_faults import Effect, Fault, half_body, held, reset

__all__ = ["Effect", "Fault", "half_body", "held", "reset", "says", "server_error", "too_many", "web_page"]

_NGINX = (
    "<html>\r\n<head><title>{0}</title></head>\r\n<body>\r\n<center><h1>{0}</h1></center>\r\n</body>\r\n</html>\r\n"
)


def _page(status: int, title: str, **headers: str) -> Effect:
    return Effect(status, {"Content-Type": "text/html", **headers}, _NGINX.format(title).encode())


def too_many(retry_after: int | None = None) -> Effect:
    """As quay.io's nginx says it: HTML, and no Retry-After unless asked for."""
    headers = {} if retry_after is None else {"Retry-After": str(retry_after)}
    return _page(429, "429 Too Many Requests", **headers)


def server_error(status: int = 502) -> Effect:
    return _page(status, f"{status} Bad Gateway")


def web_page() -> Effect:
    """A proxy's or captive portal's page, with status 200."""
    return _page(200, "Sign in to the network")


def says(data: object, content_type: str = "application/json") -> Effect:
    """Status 200 with whatever a lying source has to say."""
    body = data if isinstance(data, bytes) else json.dumps(data).encode()
    return Effect(200, {"Content-Type": content_type}, body)
