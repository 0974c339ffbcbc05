"""A real PostgreSQL server in a directory of its own, reached by a Unix socket. For tests and benchmarks."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from uuid import uuid4

import psycopg

MISSING = "PostgreSQL's server programs are not installed (Debian: apt-get install postgresql)"
_SERVER_USERS = ("postgres", "nobody")  # for root: PostgreSQL refuses to run as root


def programs() -> Path | None:
    """The directory of `initdb` and `postgres`, the newest version there is; None when they are not installed."""
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: float(path.parent.name))
    on_path = shutil.which("initdb")
    found = [*reversed(debian), *([Path(on_path).resolve().parent] if on_path else [])]
    return next((path for path in found if (path / "initdb").exists() and (path / "postgres").exists()), None)


@dataclass
class PostgresqlServer:
    """One cluster. `durable` waits for the disk at each commit, as production does; tests need not."""

    directory: Path
    durable: bool = False
    _process: subprocess.Popen[bytes] | None = field(default=None, init=False)

    def url(self, database: str) -> str:
        return f"postgresql://argofix@/{database}?host={self.directory}"

    def create(self) -> None:
        owner = _owner()
        if owner is not None:
            shutil.chown(self.directory, owner)
        words = ["-D", str(self.directory / "data"), "-U", "argofix", "-A", "trust", "-E", "UTF8", "--no-sync"]
        done = subprocess.run(
            [*_as_owner(), _program("initdb"), *words], capture_output=True, cwd=self.directory, check=False
        )
        if done.returncode:
            raise RuntimeError(done.stderr.decode())

    def start(self) -> None:
        settings = {
            "listen_addresses": "",
            "unix_socket_directories": str(self.directory),
            "fsync": "on" if self.durable else "off",
            "log_min_messages": "fatal",
        }
        words = [f"-c{name}={value}" for name, value in settings.items()]
        log = (self.directory / "log").open("ab")
        self._process = subprocess.Popen(
            [*_as_owner(), _program("postgres"), "-D", str(self.directory / "data"), *words], stdout=log, stderr=log
        )
        log.close()
        deadline = time.monotonic() + 30
        while True:
            try:
                psycopg.connect(self.url("postgres")).close()
                return
            except psycopg.OperationalError:
                if self._process.poll() is not None or time.monotonic() > deadline:
                    raise RuntimeError((self.directory / "log").read_text()) from None
                time.sleep(0.05)

    def stop(self, number: signal.Signals = signal.SIGINT) -> None:
        """SIGINT ends open sessions in order, SIGQUIT is like a crash."""
        if self._process is not None:
            self._process.send_signal(number)
            self._process.wait(timeout=30)
            self._process = None

    def database(self) -> str:
        """The URL of a new, empty database."""
        name = f"t{uuid4().hex}"
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}")
        return self.url(name)


def _owner() -> str | None:
    """Whom the server runs as; None for ourselves."""
    if os.geteuid() != 0:
        return None
    known = {entry.pw_name for entry in pwd.getpwall()}
    return next(name for name in _SERVER_USERS if name in known)


def _as_owner() -> list[str]:
    """A command that runs the next one as the server's user, and ends it when we end, however that is."""
    owner = _owner()
    change = [] if owner is None else ["--reuid", owner, "--regid", str(pwd.getpwnam(owner).pw_gid), "--clear-groups"]
    return ["setpriv", *change, "--pdeathsig", "QUIT"]


def _program(name: str) -> str:
    found = programs()
    if found is None:
        raise RuntimeError(MISSING)
    return str(found / name)


@contextmanager
def postgresql(*, durable: bool = False) -> Iterator[PostgresqlServer]:
    """A running server. Raises `RuntimeError` with what the server says when it does not start."""
    directory = Path(tempfile.mkdtemp(prefix="argofix-pg-"))  # pytest's own directories are too long for a socket
    server = PostgresqlServer(directory, durable)
    try:
        server.create()
        server.start()
        yield server
    finally:
        server.stop()
        shutil.rmtree(directory, ignore_errors=True)
