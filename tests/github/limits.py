"""GitHub's secondary rate limits, for whoever switches them on (`github.secondary = SecondaryLimits()`).

Source: GitHub's "Rate limits for the REST API", "About secondary rate limits" and "Calculating points for the
secondary rate limit": at most 100 requests at the same time; 900 points a minute for REST, where most GET, HEAD and
OPTIONS cost 1 and most POST, PATCH, PUT and DELETE 5; 80 requests a minute and 500 an hour that create content.
Whoever is over gets 403 or 429, often with `Retry-After`. GitHub Enterprise Server has none of them unless its
administrator says so.

GitHub does not tell which requests create content, nor whether points go by endpoint or by installation: here
comments, reactions, issues and pull requests do, and everything that an installation asks counts together, which is
the stricter reading.
"""

from collections import deque
from dataclasses import dataclass, field

READING = frozenset({"GET", "HEAD", "OPTIONS"})
CONTENT = frozenset({"issues/create-comment", "pulls/create", "reactions/create-for-issue-comment"})


@dataclass(slots=True)
class _Used:
    points: deque[tuple[float, int]] = field(default_factory=deque)
    content: deque[float] = field(default_factory=deque)


@dataclass(slots=True)
class SecondaryLimits:
    """Counted for each installation by itself. `hits` are the requests that were refused, by what they were over."""

    concurrent: int = 100
    points_per_minute: int = 900
    content_per_minute: int = 80
    content_per_hour: int = 500
    status: int = 403
    hits: list[str] = field(default_factory=list)
    _used: dict[int, _Used] = field(default_factory=dict)

    def refuse(self, installation: int, method: str, operation: str, busy: int, now: float) -> float | None:
        """Seconds to stay away, for a request that is one too many; None when it is served (and then it counts)."""
        used = self._used.setdefault(installation, _Used())
        cost = 1 if method in READING else 5
        while used.points and used.points[0][0] <= now - 60:
            used.points.popleft()
        while used.content and used.content[0] <= now - 3600:
            used.content.popleft()
        creates = operation in CONTENT
        if busy > self.concurrent:
            return self._hit("concurrent", 1.0)
        if sum(points for _, points in used.points) + cost > self.points_per_minute:
            return self._hit("points", used.points[0][0] + 60 - now)
        if creates and len(used.content) >= self.content_per_hour:
            return self._hit("content/hour", used.content[-self.content_per_hour] + 3600 - now)
        if creates and sum(at > now - 60 for at in used.content) >= self.content_per_minute:
            return self._hit("content/minute", used.content[-self.content_per_minute] + 60 - now)
        used.points.append((now, cost))
        if creates:
            used.content.append(now)
        return None

    def _hit(self, limit: str, wait: float) -> float:
        self.hits.append(limit)
        return wait
