"""Structured logging on the standard library: one line per record, the delivery id on each, secrets never.

`delivery`, `repository` and `pull_request` are context variables: the worker, or whoever begins the work on a pull
request, sets them once and every line below carries them, in whatever task or thread it is written (asyncio copies
the context into both).
"""

from __future__ import annotations

import json
import logging
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any, TextIO

delivery: ContextVar[str | None] = ContextVar("delivery", default=None)
repository: ContextVar[str | None] = ContextVar("repository", default=None)
pull_request: ContextVar[str | None] = ContextVar("pull_request", default=None)

HIDDEN = "***"
_SECRETS = re.compile(
    r"""
      \bgh[opusr]_[A-Za-z0-9_.\-]{8,}           # GitHub tokens; those of 2026 carry dots and dashes
    | \bgithub_pat_[A-Za-z0-9_]{8,}
    | (?<=basic\s)[A-Za-z0-9+/=]{8,}
    | (?<=bearer\s)[^\s"']{8,}
    | -----BEGIN[ A-Z]*PRIVATE\ KEY-----.*?(?:-----END[ A-Z]*PRIVATE\ KEY-----|\Z)
    | (?<=://)[^/\s@]+(?=@)                     # user:password in a URL
    """,
    re.VERBOSE | re.IGNORECASE | re.DOTALL,
)
_RUN = re.compile(r"[A-Za-z0-9_\-.]{15,}")  # long enough for a JWT: `eyJ` and 8 more, two parts behind it
# What a LogRecord always has; anything else came in through `extra=` and is a field.
_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


def redact(text: str, *secrets: str) -> str:
    """`text` without anything that looks like a credential, and without each of `secrets` (8 characters and more)."""
    for secret in secrets:
        if len(secret) >= 8:
            text = text.replace(secret, HIDDEN)
    return _RUN.sub(_without_jwt, _SECRETS.sub(HIDDEN, text))


def _without_jwt(run: re.Match[str]) -> str:
    # By hand: a pattern would begin anew at each `eyJ` of a long text and read on to its end every time.
    if "eyJ" not in run[0]:
        return run[0]
    parts = run[0].split(".")
    at = 0
    while at + 2 < len(parts):
        begin = parts[at].find("eyJ")
        if 0 <= begin <= len(parts[at]) - 11 and parts[at + 1] and parts[at + 2]:
            parts[at : at + 3] = [parts[at][:begin] + HIDDEN]
        at += 1
    return ".".join(parts)


def _fields(record: logging.LogRecord) -> Iterator[tuple[str, Any]]:
    yield "time", datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
    yield "level", record.levelname.lower()
    yield "logger", record.name
    yield "message", record.getMessage()
    yield from ((each.name, value) for each in (delivery, repository, pull_request) if (value := each.get()))
    yield from ((k, v) for k, v in vars(record).items() if k not in _STANDARD and not k.startswith("_"))


class _Redacting(logging.Formatter):
    def __init__(self, secrets: tuple[str, ...]) -> None:
        super().__init__()
        self._secrets = secrets

    def format(self, record: logging.LogRecord) -> str:
        # Redaction runs over the finished fields: a secret may come in through arguments, extras or a traceback.
        fields = dict(_fields(record))
        if record.exc_info and record.exc_info[0] is not None:
            fields["exception"] = self.formatException(record.exc_info)
        safe = {k: redact(v, *self._secrets) if isinstance(v, str) else v for k, v in fields.items()}
        return redact(self.render(safe), *self._secrets)

    def render(self, fields: dict[str, Any]) -> str:
        raise NotImplementedError


class JsonFormatter(_Redacting):
    """One JSON object per line."""

    def render(self, fields: dict[str, Any]) -> str:
        return json.dumps(fields, default=str)


class TextFormatter(_Redacting):
    """`time level message key=value ...`, values quoted where they hold anything but plain characters."""

    def render(self, fields: dict[str, Any]) -> str:
        head = f"{fields.pop('time')} {fields.pop('level'):<7} {fields.pop('message')!s}".replace("\n", "\\n")
        exception = fields.pop("exception", None)
        pairs = " ".join(f"{k}={_plain(v)}" for k, v in fields.items())
        return f"{head} {pairs}" + (f"\n{exception}" if exception else "")


def _plain(value: object) -> str:
    text = str(value)
    return text if re.fullmatch(r"[\w./:@#+\-]+", text, re.ASCII) else json.dumps(text)


def configure(
    *, level: str = "info", style: str = "text", stream: TextIO | None = None, secrets: tuple[str, ...]
) -> None:
    """Send the root logger to `stream` (stderr) as `text` or `json`; `secrets` never appear in it."""
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter((JsonFormatter if style == "json" else TextFormatter)(secrets))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    # asyncio's and aiohttp's own access lines would repeat ours.
    logging.getLogger("aiohttp.access").setLevel(logging.WARNING)


@contextmanager
def about(*, delivery_id: str | None = None, repository_name: str | None = None) -> Iterator[None]:
    """Everything logged inside carries this delivery id and repository."""
    first, second = delivery.set(delivery_id), repository.set(repository_name)
    try:
        yield
    finally:
        delivery.reset(first)
        repository.reset(second)


@contextmanager
def about_pulls(*numbers: int) -> Iterator[None]:
    """Everything logged inside carries these pull requests (`#12`)."""
    token = pull_request.set(", ".join(f"#{number}" for number in numbers))
    try:
        yield
    finally:
        pull_request.reset(token)
