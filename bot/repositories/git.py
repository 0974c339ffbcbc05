"""The one door to git.

Every git process of the server is started here: with an environment of our own (nothing of GIT_* is inherited, no
system or user configuration, no hooks, no prompts), in its own session so that it can be killed together with the
helpers it starts, and with the token where neither `ps` nor a URL nor an error message shows it.

What repositories control (names of branches, content of `.git/config` in a checkout given to the CLI) is hostile:
pass names after `--end-of-options` or fully qualified, and see `_SETTINGS` for what configuration may not do.
"""

from __future__ import annotations

import asyncio
import base64
import os
import re
import signal
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from bot.process.begin import begin
from bot.process.errors import PermanentError, TemporaryError
from bot.process.logs import redact

MAX_STDERR = 8 * 1024  # bytes that are searched for a meaning: the last ones tell it
DEFAULT_TIMEOUT = 300.0  # seconds; a shallow fetch of one commit takes a fraction of one

# Command scope: wins over whatever the repository's own configuration says.
_SETTINGS: dict[str, str] = {
    "core.hooksPath": "/dev/null",
    "core.fsmonitor": "false",  # would run a program
    "core.askPass": "",
    "credential.helper": "",
    "submodule.recurse": "false",
    "fetch.recurseSubmodules": "false",
    "filter.lfs.smudge": "",
    "filter.lfs.process": "",
    "filter.lfs.required": "false",
    "core.bigFileThreshold": "16m",  # larger ones are never compared line by line, which takes many times their size
    "gc.auto": "0",  # the mirror decides when; a background gc would outlive the call
    "maintenance.auto": "false",
    "http.lowSpeedLimit": "1000",  # bytes a second ...
    "http.lowSpeedTime": "60",  # ... for that many seconds: the other side has gone
    "safe.directory": "*",  # nothing in the repository's configuration can run, so its owner does not matter
    "advice.detachedHead": "false",
    "protocol.allow": "never",
}
# What a process needs to reach the network through a company's proxy, and to run at all.
_INHERITED = (
    "PATH", "TMPDIR", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "no_proxy",
    "all_proxy", "SSL_CERT_FILE", "SSL_CERT_DIR",
)  # fmt: skip


# Of a person's own environment: variables that lead git to another repository, and settings that are his.
_ELSEWHERE = frozenset((
    "GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY", "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_COMMON_DIR", "GIT_NAMESPACE", "GIT_CEILING_DIRECTORIES", "GIT_PREFIX", "GIT_QUARANTINE_PATH",
))  # fmt: skip
_THEIRS = frozenset(("core.askPass", "credential.helper", "http.lowSpeedLimit", "http.lowSpeedTime"))


class GitError(Exception):
    """A git command failed. The message holds its last words and no secret.

    `status` is its exit status, `output` what it had written to standard output (some tell their result there).
    """

    def __init__(self, message: str, *, status: int | None = None, output: bytes = b"") -> None:
        super().__init__(message)
        self.status = status
        self.output = output


class RepositoryGone(GitError, PermanentError):
    """The repository was deleted, made invisible to us, or its access is blocked."""


class RefNotFound(GitError, PermanentError):
    """The commit or ref that was asked for does not exist there (any more)."""


class RemoteUnavailable(GitError, TemporaryError):
    """The server cannot be reached, or broke off."""

    def __init__(self, message: str, *, status: int | None = None, output: bytes = b"") -> None:
        GitError.__init__(self, message, status=status, output=output)
        self.delay = None


class AuthenticationRefused(RemoteUnavailable):
    """The server does not take the token.

    Worth another try: whoever asks git has just been let in by the API, and a token that was made a moment ago may
    not be known to every server of GitHub's yet. One that stays refused ends with the last attempt.
    """


class GitTimeout(GitError, TemporaryError):
    """The command took longer than it may; it and its children were killed."""

    def __init__(self, message: str) -> None:
        GitError.__init__(self, message)
        self.delay = None


class TooMuchOutput(GitError, PermanentError):
    """The command wrote more than anybody reads, or a larger file than it may."""


# First match wins. Texts: git's http.c, remote-curl.c, fetch-pack.c, upload-pack.c, and what github.com answers.
_MEANINGS: tuple[tuple[re.Pattern[str], type[GitError]], ...] = tuple(
    (re.compile(pattern, re.IGNORECASE), meaning)
    for pattern, meaning in (
        # Damage on our own disk may read like the other side's fault further down.
        (
            r"is corrupt|is empty|bad object|bad pack|packfile .* (invalid|cannot)|missing (blob|tree|commit)",
            GitError,
        ),
        (r"file too large", TooMuchOutput),  # errno's EFBIG
        (r"couldn't find remote ref|not our ref|no such remote ref", RefNotFound),
        (r"repository .*not found|error: 404|error: 410|error: 451|repository .*(disabled|blocked)", RepositoryGone),
        (
            r"authentication failed|could not read (username|password)|error: 40[13]|access denied",
            AuthenticationRefused,
        ),
        (
            r"could not resolve host|failed to connect|couldn't connect|connection (refused|reset|timed out)"
            r"|error: 5\d\d|error: 429|rpc failed|early eof|hung up unexpectedly|unexpected disconnect"
            r"|operation too slow|empty reply|recv failure|ssl|gnutls|transfer closed|invalid server response"
            r"|timed out",
            RemoteUnavailable,
        ),
    )
)


def environment(
    *,
    token: str | None = None,
    origin: str | None = None,
    local: bool = False,
    personal: bool = False,
    settings: Mapping[str, str] | None = None,
) -> dict[str, str]:
    """The whole environment of a git process.

    `token` is sent as basic authorisation to `origin` (`scheme://host[:port]/`) only; everywhere when that is None.
    `local` allows the file transport and nothing else; otherwise only http and https are allowed. `personal` (the
    command line) lets the configuration and the credentials of whoever runs us count, and ssh. `settings` are of this
    command alone: no other reads them, and none is written anywhere.
    """
    settings = {**_SETTINGS, **(settings or {})}
    for transport in ("file",) if local else ("http", "https", "ssh") if personal else ("http", "https"):
        settings.setdefault(f"protocol.{transport}.allow", "always")
    if personal:
        return _personal(settings)
    inherited = {name: os.environ[name] for name in _INHERITED if name in os.environ}
    if "SSL_CERT_FILE" in inherited:
        settings["http.sslCAInfo"] = inherited["SSL_CERT_FILE"]
    if token is not None:
        key = f"http.{origin}.extraHeader" if origin else "http.extraHeader"
        settings[key] = f"Authorization: Basic {_basic(token)}"
    pairs = {}
    for i, (name, value) in enumerate(settings.items()):
        pairs[f"GIT_CONFIG_KEY_{i}"] = name
        pairs[f"GIT_CONFIG_VALUE_{i}"] = value
    return {
        **inherited,
        "HOME": "/nonexistent",
        "LC_ALL": "C",  # `_MEANINGS` reads English
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": "/dev/null",
        "GIT_ATTR_NOSYSTEM": "1",
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_OPTIONAL_LOCKS": "0",
        "GIT_LFS_SKIP_SMUDGE": "1",
        "GIT_NO_REPLACE_OBJECTS": "1",
        "GIT_NO_LAZY_FETCH": "1",
        "GIT_CONFIG_COUNT": str(len(settings)),
        **pairs,
    }


def _personal(settings: Mapping[str, str]) -> dict[str, str]:
    """What whoever runs us has set, without what would make git work elsewhere, and without questions."""
    inherited = {name: value for name, value in os.environ.items() if name not in _ELSEWHERE}
    count = inherited.get("GIT_CONFIG_COUNT", "0")
    first = int(count) if count.isdigit() else 0
    ours = {name: value for name, value in settings.items() if name not in _THEIRS}
    pairs = {}
    for i, (name, value) in enumerate(ours.items(), first):
        pairs[f"GIT_CONFIG_KEY_{i}"] = name
        pairs[f"GIT_CONFIG_VALUE_{i}"] = value
    return {
        "GIT_SSH_COMMAND": "ssh -oBatchMode=yes",
        **inherited,
        "LC_ALL": "C",
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_OPTIONAL_LOCKS": "0",
        "GIT_LFS_SKIP_SMUDGE": "1",
        "GIT_NO_REPLACE_OBJECTS": "1",
        "GIT_NO_LAZY_FETCH": "1",
        "GIT_CONFIG_COUNT": str(first + len(ours)),
        **pairs,
    }


async def git(
    args: Sequence[str],
    cwd: Path,
    *,
    token: str | None = None,
    origin: str | None = None,
    input: bytes | None = None,
    timeout: float = DEFAULT_TIMEOUT,  # noqa: ASYNC109 - it kills the processes, which a caller's own could not
    local: bool = False,
    personal: bool = False,
    settings: Mapping[str, str] | None = None,
    extra_env: Mapping[str, str] | None = None,
    most: int | None = None,
    largest: int | None = None,
) -> bytes:
    """Run `git ARGS` in `cwd` and give its standard output, of `most` bytes. No file that it writes gets larger than
    `largest` bytes.

    Raises `GitError` or the subclass that tells what it means. On time-out (seconds), on too much output and on
    cancellation the whole process group is killed and reaped before this returns. See `environment` for `token`,
    `origin`, `local`, `personal` and `settings`.
    """
    own = environment(token=token, origin=origin, local=local, personal=personal, settings=settings)
    process = await begin(
        *_within(largest),
        *args,
        end=_end,
        cwd=cwd,
        env={**own, **(extra_env or {})},
        stdin=asyncio.subprocess.DEVNULL if input is None else asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        start_new_session=True,
    )
    try:
        async with asyncio.timeout(timeout):
            out, err = await process.communicate(input) if most is None else await _bounded(process, args, most)
    except BaseException as error:
        await asyncio.shield(_end(process))
        if isinstance(error, TimeoutError):
            raise GitTimeout(f"git {args[0]} was stopped after {timeout:g} s") from None
        raise
    status = await process.wait()
    if status != 0:
        raise _meaning(args, status, out, err, token)
    return out


def _within(largest: int | None) -> Sequence[str]:
    """The command that is git, with a limit that its children have from their first instruction. Without the signal
    they say what the matter is."""
    if largest is None:
        return ("git",)
    return ("sh", "-c", f'trap "" XFSZ && ulimit -f {largest // 512} && exec git "$@"', "git")


async def _bounded(process: asyncio.subprocess.Process, args: Sequence[str], most: int) -> tuple[bytes, bytes]:
    """What it writes, without more than `most` bytes of it ever being held."""
    assert process.stdout is not None
    assert process.stderr is not None

    async def drained(stream: asyncio.StreamReader) -> bytes:
        last = b""
        while chunk := await stream.read(2**16):
            last = (last + chunk)[-MAX_STDERR:]
        return last

    words = asyncio.create_task(drained(process.stderr))
    try:
        out = bytearray()
        while chunk := await process.stdout.read(2**16):
            out += chunk
            if len(out) > most:
                raise TooMuchOutput(f"git {args[0]} writes more than {most:,} bytes")
        return bytes(out), await words
    finally:
        words.cancel()


def git_now(
    args: Sequence[str],
    cwd: Path,
    *,
    input: bytes | None = None,
    timeout: float = DEFAULT_TIMEOUT,
    check: bool = True,
) -> bytes:
    """The same for synchronous readers of a local repository: no network, no token; `check=False` takes all."""
    with open_git(args, cwd, stderr=subprocess.PIPE) as process:
        try:
            out, err = process.communicate(input, timeout)
        except BaseException as error:
            _kill_group(process.pid)
            if isinstance(error, subprocess.TimeoutExpired):
                raise GitTimeout(f"git {args[0]} was stopped after {timeout:g} s") from None
            raise
    if check and process.returncode != 0:
        raise _meaning(args, process.returncode, out, err, None)
    return out


def open_git(args: Sequence[str], cwd: Path, *, stderr: int = subprocess.DEVNULL) -> subprocess.Popen[bytes]:
    """A git process on a local repository with pipes to talk through; the caller ends it (`close_git`)."""
    return subprocess.Popen(
        ["git", *args],
        cwd=cwd,
        env=environment(local=True),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=stderr,
        start_new_session=True,
    )


def close_git(process: subprocess.Popen[bytes]) -> None:
    """End what `open_git` started, with its children, and release its pipes."""
    _kill_group(process.pid)
    for pipe in (process.stdin, process.stdout, process.stderr):
        if pipe is not None:
            try:
                pipe.close()
            except OSError:  # unwritten input to a process that has gone
                continue
    process.wait()


async def _end(process: asyncio.subprocess.Process) -> None:
    # git itself may have ended already while a helper of its group (git-remote-https) holds on.
    _kill_group(process.pid)
    await process.wait()


def _kill_group(pid: int) -> None:
    try:
        os.killpg(pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        return


def _basic(token: str) -> str:
    return base64.b64encode(f"x-access-token:{token}".encode()).decode()


def failure(command: str, status: int, stderr: bytes) -> GitError:
    """What a command that `open_git` started died of, by its exit status and its last words."""
    return _meaning([command], status, b"", stderr, None)


def _meaning(args: Sequence[str], status: int, out: bytes, stderr: bytes, token: str | None) -> GitError:
    text = redact(stderr[-MAX_STDERR:].decode("utf-8", "replace"), *((token, _basic(token)) if token else ()))
    kind = next((meaning for pattern, meaning in _MEANINGS if pattern.search(text)), GitError)
    last = " / ".join(line.strip() for line in text.strip().splitlines()[-3:])[:500]
    return kind(f"git {args[0]} failed ({status}): {last or 'without a word'}", status=status, output=out)
