"""What goes out for people to read: check runs, comments, pull requests. Nothing in it looks like a credential.

One door, through which every request with a text goes. What people read must stay what was written, so only what is
unmistakable is blanked here: the server's own secrets, in whatever lines they were broken into, and what has the
shape of a token or a private key. The log (`bot.process.logs`) is stricter.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

HIDDEN = "***"
_SHORTEST = 8  # characters; a shorter secret would blank words
_PIECE = 24  # characters of a line of a key that tell something of it

_SHAPES = re.compile(
    r"""
      \bgh[opusr]_[A-Za-z0-9_.\-]{20,}
    | \bgithub_pat_[A-Za-z0-9_]{20,}
    | \beyJ[A-Za-z0-9_\-]{8,2000}\.eyJ[A-Za-z0-9_\-]{1,4000}\.[A-Za-z0-9_\-]+      # JWT
    | -----BEGIN[ A-Z]{0,30}PRIVATE\ KEY-----(?:(?:\\n|\s)+[A-Za-z0-9+/=]{16,})+
      (?:(?:\\n|\s)*[A-Za-z0-9+/=]{0,15}(?:\\n|\s)*-----END[ A-Z]{0,30}PRIVATE\ KEY-----)?
    | (?<=://)[^/\s@:]{1,200}:[^/\s@]{1,600}(?=@)                                   # user:password in a URL
    """,
    re.VERBOSE,
)
# What is written into the repository is not said, it is done: a file with a hole in it would be another file.
_FILES = re.compile(r"/git/|/contents/")


class Outgoing:
    """Blanks credentials in the JSON bodies of requests; `secrets` are the server's own."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        pieces = {piece for secret in secrets for piece in _pieces(secret)}
        longest_first = sorted(pieces, key=len, reverse=True)
        self._own = re.compile("|".join(map(re.escape, longest_first))) if longest_first else None

    def body(self, path: str, data: Any) -> Any:
        """`data` as it may be sent to `path`."""
        return data if _FILES.search(path) else self._cleaned(data)

    def text(self, text: str) -> str:
        if self._own is not None:
            text = self._own.sub(HIDDEN, text)
        return _SHAPES.sub(HIDDEN, text)

    def _cleaned(self, data: Any) -> Any:
        if isinstance(data, str):
            return self.text(data)
        if isinstance(data, Mapping):
            return {key: self._cleaned(value) for key, value in data.items()}
        if isinstance(data, list | tuple):
            return [self._cleaned(item) for item in data]
        return data


def _pieces(secret: str) -> Iterable[str]:
    """A secret, and its lines: tables, code spans and YAML break and join them anew."""
    if len(secret) >= _SHORTEST:
        yield secret
    yield from (line for line in secret.split() if len(line) >= _PIECE)
