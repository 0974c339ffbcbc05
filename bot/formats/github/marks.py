"""Hidden lines by which our own pull requests are known again, and what they remember for us."""

from __future__ import annotations

import re
from urllib.parse import quote, unquote

from checks.planning.ownership.pair import Pair
from gitops.discovery.snapshot import ApplicationKey

_STATE = re.compile(r"<!-- argofix:state:(?P<edits>[0-9a-f]{12}):(?P<commit>[0-9a-f]{40}) -->")
_KEEP = re.compile(r"<!-- argofix:keep:(?P<keeper>[^:\s]+):(?P<loser>[^:\s]+) -->")
_END = r"(?P<{0}>[^/:\s]*/[^/:\s]*/[^/:\s]+)"  # root, namespace and name of an Application
_PAIR = re.compile(f"<!-- argofix:pair:{_END.format('keeper')}:{_END.format('loser')} -->")
CLOSED = "<!-- argofix:closed -->"


def fix_mark(key: str) -> str:
    """The hidden line by which the pull request of a fix is known again."""
    return f"<!-- argofix:fix:{key} -->"


def state_mark(edits: str, commit: str) -> str:
    """The hidden line that tells which edits the branch holds and at which commit we left it."""
    return f"<!-- argofix:state:{edits}:{commit} -->"


def read_state(body: str) -> tuple[str, str] | None:
    """(digest of the edits, commit) of our last update, as written in a body.

    The last one counts: what stands before it (a diff, say) may quote a file of the repository.
    """
    match = _last_state(body)
    return (match["edits"], match["commit"]) if match else None


def closed_by_us(body: str) -> bool:
    """Whether we closed the pull request, as written behind the state."""
    match = _last_state(body)
    return CLOSED in body[match.end() if match else 0 :]


def keep_mark(keeper: str, loser: str) -> str:
    """The hidden line, behind the state, that tells that somebody chose which Application keeps what both own."""
    return f"<!-- argofix:keep:{quote(keeper, safe='')}:{quote(loser, safe='')} -->"


def read_keep(body: str) -> tuple[str, str] | None:
    """(keeper, loser) as somebody chose them, None when nobody did."""
    match = _last_state(body)
    chosen = _KEEP.search(body, match.end()) if match else None
    return (unquote(chosen["keeper"]), unquote(chosen["loser"])) if chosen else None


def pair_mark(pair: Pair) -> str:
    """The hidden line, behind the state, that tells which two Applications a fix is about."""
    return f"<!-- argofix:pair:{_written(pair.keeper)}:{_written(pair.loser)} -->"


def read_pair(body: str) -> Pair | None:
    """The two Applications of a fix; None where an earlier release wrote the body."""
    match = _last_state(body)
    pair = _PAIR.search(body, match.end()) if match else None
    return Pair(_read(pair["keeper"]), _read(pair["loser"])) if pair else None


def _written(key: ApplicationKey) -> str:
    return "/".join(quote(part, safe="") for part in key)


def _read(text: str) -> ApplicationKey:
    root, namespace, name = text.split("/")
    return unquote(root), unquote(namespace), unquote(name)


def _last_state(body: str) -> re.Match[str] | None:
    match = None
    for match in _STATE.finditer(body):  # noqa: B007 - the last one is wanted
        pass
    return match
