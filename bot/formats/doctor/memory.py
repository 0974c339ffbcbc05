"""What the checklist's issue remembers for us, in its last line: hidden, and sealed with the App's key.

Every server of the App can read it, and nobody else can write it: without the seal, whoever may edit the issue could
say that somebody has asked for something, or that nothing is to be written for a year.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import re
import zlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from bot.formats.doctor.boxes import without_ticks
from bot.github.seals import keyed

_LINE = re.compile(r"\n?<!-- argofix:dashboard-memory:(?P<data>[A-Za-z0-9_=-]+):(?P<seal>[0-9a-f]{40}) -->\n?")
_MOST_BYTES = 200_000  # unpacked; ours are some thousand


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of a tick, as Markdown, for as long as what it is `about` stays so."""

    text: str
    about: str


@dataclass(frozen=True, slots=True)
class Memory:
    """`shape` is a digest of what the issue says but for commits, `text` one of its very text, `lines` those of its
    boxes. `written` is when (seconds since the epoch), `day` and `count` how often without being asked on that day.

    `waiting` are requests that have no place yet, by key, and who asked; `seen` are ticks that nobody told us of yet,
    and since when. `errors` are digests of the errors that were known, None where nobody wants to hear of new ones,
    `commented` the day of the last comment about such.
    """

    shape: str = ""
    text: str = ""
    lines: tuple[str, ...] = ()
    written: float = 0.0
    day: str = ""
    count: int = 0
    answers: Mapping[str, Answer] = field(default_factory=dict)
    waiting: Mapping[str, str] = field(default_factory=dict)
    seen: Mapping[str, float] = field(default_factory=dict)
    errors: tuple[str, ...] | None = None
    commented: str = ""

    def sealed(self, key: bytes, repository: int) -> str:
        """The line."""
        packed = zlib.compress(json.dumps(asdict(self), separators=(",", ":")).encode(), 9)
        data = base64.urlsafe_b64encode(packed).decode()
        return f"<!-- argofix:dashboard-memory:{data}:{_seal(key, repository, data)} -->"


def read_memory(body: str, key: bytes, repository: int) -> Memory | None:
    """What a body of ours remembers; None where there is nothing, or somebody else wrote it."""
    for match in reversed(list(_LINE.finditer(body.replace("\r\n", "\n")))):
        if hmac.compare_digest(match["seal"], _seal(key, repository, match["data"])):
            return _memory(match["data"])
    return None


def text_digest(body: str) -> str:
    """Of what people see of a body, whichever boxes are ticked."""
    return digest(without_ticks(_LINE.sub("\n", body.replace("\r\n", "\n"))))


def digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:16]


def _seal(key: bytes, repository: int, data: str) -> str:
    return keyed("argofix checklist", key, f"{repository}\0{data}")


def _memory(data: str) -> Memory | None:
    try:
        told: Any = json.loads(zlib.decompressobj().decompress(base64.urlsafe_b64decode(data), _MOST_BYTES))
        errors = told["errors"]
        return Memory(
            told["shape"],
            told["text"],
            tuple(told["lines"]),
            told["written"],
            told["day"],
            told["count"],
            {key: Answer(**answer) for key, answer in told["answers"].items()},
            told["waiting"],
            told["seen"],
            None if errors is None else tuple(errors),
            told["commented"],
        )
    except (ValueError, KeyError, TypeError, AttributeError, zlib.error, binascii.Error):
        return None  # another release wrote it
