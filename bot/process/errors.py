"""Two ways for work to fail, as types: try again later, or do not.

After kopf's `PermanentError` and `TemporaryError`: whoever raises knows whether time can heal it, whoever retries
does not. Anything else that escapes a handler is a mistake of ours and is retried a bounded number of times.
"""

from __future__ import annotations


class PermanentError(Exception):
    """Trying again cannot help. The delivery ends as dead with this message."""


class TemporaryError(Exception):
    """Trying again may help. `delay` is in seconds when the other side named one, else the back-off decides.

    `counts` is False when the attempt must not be held against the delivery (a rate limit, a shutdown).
    """

    counts: bool = True

    def __init__(self, message: str, *, delay: float | None = None) -> None:
        super().__init__(message)
        self.delay = delay


def causes(error: BaseException) -> list[BaseException]:
    """What went wrong, without the groups around it: of those, Python says only how many errors they hold."""
    if isinstance(error, BaseExceptionGroup):
        return [cause for inner in error.exceptions for cause in causes(inner)]
    return [error]


class Superseded(Exception):
    """A newer delivery does this work; raised inside a handler to end the older run at once."""
