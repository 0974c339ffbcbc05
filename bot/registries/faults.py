"""A source of versions that cannot be trusted right now."""

from __future__ import annotations


class SourceFault(Exception):
    """Nothing may be concluded from this source now. The message is one sentence without a full stop.

    `source` (`quay` or `releases`) and `kind` (`unreachable`, `limited`, `refused`, `not-json`, `malformed`,
    `too-much`) are for the metrics.
    """

    def __init__(self, source: str, kind: str, message: str) -> None:
        super().__init__(message)
        self.source = source
        self.kind = kind
