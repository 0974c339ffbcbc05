"""Runs one program where it can do no harm: `python -I -S shut_in.py ROOT ALONE LIMITS PROGRAM ARGUMENT...`

ROOT is a directory, which becomes all of the file system (empty: it stays as it is), ALONE is `alone` for no network,
processes or messages but its own, LIMITS are `number:value` of setrlimit, separated by commas. It is run by itself
once for each rendering, so it imports little, and nothing of ours.

`unshare(1)` can only `chroot`, which a root of its own namespace leaves by a second `chroot` and `..`. So the old
root is taken away (`pivot_root`, then unmounted), no capability is left in the new one, and limits are set before the
program begins. In namespaces of its own the first process watches it: when that ends, the kernel kills all others.
Elsewhere we adopt (`PR_SET_CHILD_SUBREAPER`) and kill what it leaves, even what has left its process group.
Sources: pivot_root(2), user_namespaces(7), pid_namespaces(7), prctl(2), setrlimit(2).
"""

from __future__ import annotations

import ctypes
import os
import resource
import signal
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType
    from typing import NoReturn

FAILED = 125  # as env(1) and others say of themselves; the reason is on stderr

NEWNS, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET = 0x20000, 0x4000000, 0x8000000, 0x10000000, 0x20000000, 0x40000000
_RDONLY, _NOSUID, _NODEV, _REMOUNT, _BIND, _REC, _PRIVATE = 1, 2, 4, 32, 4096, 16384, 1 << 18
_DETACH = 2
_PIVOT_ROOT = {"x86_64": 155, "aarch64": 41}
_SET_PDEATHSIG, _CAPBSET_DROP, _SET_CHILD_SUBREAPER, _SET_NO_NEW_PRIVS = 1, 24, 36, 38
_NOBODY = 65534

_libc = ctypes.CDLL(None, use_errno=True)


def _call(name: str, *arguments: object) -> None:
    if getattr(_libc, name)(*arguments) != 0:
        raise OSError(ctypes.get_errno(), f"{name}: {os.strerror(ctypes.get_errno())}")


def _separate(alone: bool, root: str) -> None:
    flags = (NEWNET | NEWPID | NEWIPC | NEWUTS if alone else 0) | (NEWNS if root else 0)
    uid, gid = os.geteuid(), os.getegid()
    if uid != 0:
        flags |= NEWUSER
    _call("unshare", flags)
    if uid != 0:
        # To nobody: as root of the namespace it would have its capabilities again once it begins.
        for name, text in (
            ("setgroups", "deny"),
            ("gid_map", f"{_NOBODY} {gid} 1"),
            ("uid_map", f"{_NOBODY} {uid} 1"),
        ):
            with open(f"/proc/self/{name}", "w") as file:  # noqa: PTH123 - pathlib takes as long as the rest
                file.write(text)


def _enter(root: str) -> None:
    path = os.fsencode(root)
    _call("mount", None, b"/", None, _REC | _PRIVATE, None)
    _call("mount", path, path, None, _BIND | _REC, None)
    os.chdir(root)
    kept = os.statvfs(".").f_flag & (_NOSUID | _NODEV | 8 | 1024 | 2048)  # noexec, noatime, nodiratime
    _call("mount", None, b".", None, _REMOUNT | _BIND | _RDONLY | _NOSUID | _NODEV | kept, None)
    if _libc.syscall(ctypes.c_long(_PIVOT_ROOT[os.uname().machine]), b".", b".") != 0:
        raise OSError(ctypes.get_errno(), "pivot_root")
    _call("umount2", b".", _DETACH)
    os.chdir("/")


def _limit(limit: str) -> None:
    which, value = map(int, limit.split(":"))
    hard = resource.getrlimit(which)[1]
    most = value if hard == resource.RLIM_INFINITY else min(value, hard)
    resource.setrlimit(which, (most, most))


def _hand_on(child: int) -> NoReturn:
    """Be the end of a child, and bury what it leaves meanwhile."""
    while True:
        pid, status = os.wait()
        if pid == child:
            os._exit(128 + os.WTERMSIG(status) if os.WIFSIGNALED(status) else os.WEXITSTATUS(status))


def _begin(root: str, alone: str, limits: str, program: list[str]) -> None:
    """In the child. Limits and rights come last, so that setting up is not hindered by them."""
    if root:
        _enter(root)
    for limit in limits.split(","):
        _limit(limit)
    if root and os.geteuid() == 0:
        for capability in range(64):
            _libc.prctl(_CAPBSET_DROP, capability, 0, 0, 0)  # those that there are
        os.setgroups([])
        os.setresgid(_NOBODY, _NOBODY, _NOBODY)
        os.setresuid(_NOBODY, _NOBODY, _NOBODY)
    _call("prctl", _SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    _call("prctl", _SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)  # last: a change of user clears it
    if alone:
        # The first process of a namespace is deaf to signals from within; the program is to end as anywhere else.
        child = os.fork()
        if child:
            _hand_on(child)
    os.execv(program[0], program)  # noqa: S606


def _children() -> Iterator[int]:
    """Processes whose parent we are; the kernel's own list (`task/*/children`) is not built in everywhere."""
    mine = str(os.getpid())
    for name in os.listdir("/proc"):  # noqa: PTH208
        if name.isdigit():
            try:
                with open(f"/proc/{name}/stat") as file:  # noqa: PTH123
                    # The name of the program stands in brackets, and may hold anything.
                    if file.read().rpartition(")")[2].split()[1] == mine:
                        yield int(name)
            except OSError:
                pass  # it has ended


def _kill_orphans() -> None:
    """Everything that we have adopted, and what those leave, until nothing is left."""
    while True:
        try:
            os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        for pid in _children():
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)


def _watch(child: int) -> NoReturn:
    """Wait for the program, and be its end. Told to stop, stop all of it."""

    def stop(_number: int, _frame: FrameType | None) -> None:
        _kill_orphans()
        os._exit(128 + signal.SIGTERM)

    signal.signal(signal.SIGTERM, stop)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGTERM])
    status = os.waitpid(child, 0)[1]
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    _kill_orphans()
    number = os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0
    os._exit(128 + number if number else os.WEXITSTATUS(status))


def _just_run(root: str, alone: str, limits: str, program: list[str]) -> NoReturn:
    """Where there are no namespaces and nobody to adopt: on the machines that people sit at."""
    if root or alone:
        sys.stderr.write("shut_in: only Linux has namespaces\n")
        os._exit(FAILED)
    for limit in limits.split(","):
        try:  # noqa: SIM105 - contextlib takes as long as the rest
            _limit(limit)
        except (OSError, ValueError):
            pass  # not every system knows every limit
    try:
        os.execv(program[0], program)  # noqa: S606
    except OSError as error:
        sys.stderr.write(f"shut_in: {error.strerror}\n")
        os._exit(FAILED)


def main() -> None:
    root, alone, limits, *program = sys.argv[1:]
    if sys.platform != "linux":
        _just_run(root, alone, limits, program)
    try:
        # Whoever started us may be killed without a word.
        _call("prctl", _SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
        _call("prctl", _SET_CHILD_SUBREAPER, 1, 0, 0, 0)
        if alone or root:
            _separate(bool(alone), root)
        # Told to stop before it watches, it would leave behind what the program has started by then.
        signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])
        child = os.fork()
        if child:
            _watch(child)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGTERM])
        _begin(root, alone, limits, program)
    except OSError as error:
        sys.stderr.write(f"shut_in: {error.strerror or error}\n")
        os._exit(FAILED)


if __name__ == "__main__":
    main()
