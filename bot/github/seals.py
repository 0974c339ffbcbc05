"""A line in our commits' messages by which we know them again, without keeping a list of them.

GitHub's "verified" flag says that somebody signed a commit, not who made it: a person who amends one of ours and
signs it is verified too, and still named as its author. So each commit of ours carries an HMAC over what it is (its
tree, its parents and its message) under a key that only the App has. Whatever is changed about it breaks the seal.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable

_TRAILER = "Argofix-Seal: "


def seal(message: str, key: bytes, tree: str, parents: Iterable[str]) -> str:
    """`message` with the seal as its last paragraph. `tree` and `parents` are object ids."""
    text = message.rstrip()
    return f"{text}\n\n{_TRAILER}{_digest(text, key, tree, parents)}"


def is_sealed(message: str, key: bytes, tree: str, parents: Iterable[str]) -> bool:
    """Whether a commit is one that `seal` was used for, unchanged."""
    text, found, digest = message.rstrip().rpartition(f"\n\n{_TRAILER}")
    # Bytes, since the text that a stranger put there may be anything.
    return bool(found) and hmac.compare_digest(digest.encode(), _digest(text, key, tree, parents).encode())


def _digest(text: str, key: bytes, tree: str, parents: Iterable[str]) -> str:
    return keyed("argofix seal", key, "\0".join((tree, *parents, "", text)))


def keyed(purpose: str, key: bytes, content: str) -> str:
    """What only somebody with the key can have written about this content, for this purpose and no other: 40
    hexadecimal digits."""
    derived = hashlib.sha256(f"{purpose}\0".encode() + key).digest()
    return hmac.new(derived, content.encode("utf-8", "replace"), "sha256").hexdigest()[:40]
