"""Runs a program as a Pod under the Pod Security Standard "restricted" would: `python confine.py PROGRAM ARGUMENT...`

No new privileges, and a seccomp filter that answers `unshare`, `chroot`, `setns` and `mount` with EPERM, as the
profile `RuntimeDefault` does for processes without capabilities.
Sources: containerd's contrib/seccomp, linux/bpf_common.h.
"""

from __future__ import annotations

import ctypes
import os
import platform
import struct
import sys

_CALLS = {
    "x86_64": {"unshare": 272, "chroot": 161, "setns": 308, "mount": 165},
    "aarch64": {"unshare": 97, "chroot": 51, "setns": 268, "mount": 40},
}
_PR_SET_SECCOMP, _PR_SET_NO_NEW_PRIVS = 22, 38
_SECCOMP_MODE_FILTER = 2
_LOAD, _JUMP_IF_EQUAL, _RETURN = 0x20, 0x15, 0x06
_ALLOW, _EPERM = 0x7FFF0000, 0x00050001


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_char_p))


def confine() -> None:
    """Takes effect for this process and all that it starts."""
    calls = list(_CALLS[platform.machine()].values())
    words = [(_LOAD, 0, 0, 0)]  # the number of the call
    words += [(_JUMP_IF_EQUAL, len(calls) - index, 0, call) for index, call in enumerate(calls)]
    words += [(_RETURN, 0, 0, _ALLOW), (_RETURN, 0, 0, _EPERM)]
    program = _Program(len(words), b"".join(struct.pack("HBBI", *word) for word in words))
    libc = ctypes.CDLL(None, use_errno=True)
    for arguments in (
        (_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0),
        (_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, ctypes.byref(program)),
    ):
        if libc.prctl(*arguments) != 0:
            raise OSError(ctypes.get_errno(), "prctl")


if __name__ == "__main__":
    confine()
    os.execv(sys.argv[1], sys.argv[1:])
