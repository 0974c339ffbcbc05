"""Repositories and webhooks that something or somebody has broken, for property tests and `benchmarks.fuzz`."""

from __future__ import annotations

import asyncio
import copy
import json
from collections.abc import Callable, Mapping
from typing import Any

from hypothesis import strategies as st

from bot.formats.github import check_run
from bot.formats.reports import html, sarif, text
from bot.formats.reports import json as json_format
from bot.rendering.driver import Engine
from bot.rendering.evaluation import evaluate
from checks.judgement.evaluation import Evaluation
from checks.policy.file import read_policy
from demo.story import BEFORE, MIGRATION, PROPOSED
from gitops.files.tree import MODE_FILE, MODE_SYMLINK, Entry, Tree, blob_oid
from tests.bot import payloads
from tests.scenarios import MATCHER

WHOLE: Mapping[str, bytes] = {
    path: data for path, data in (BEFORE | PROPOSED | MIGRATION).items() if isinstance(data, bytes)
}
NASTY = [
    *(
        "",
        "null",
        "{}",
        "[]",
        "~",
        "true",
        "-1",
        "1e999",
        "0x7fffffffffffffff",
        "2026-13-45",
        "=",
        "<<",
        "- -",
        "? :",
    ),
    *("*a", "&a [*a, *a]", "!!python/object:os.system x", "!!binary ?", "|2", '"\\ud800"', "'", '"', "\x00", "\x85"),
    *("../../../etc/passwd", "/etc/passwd", "..", ".", "~root", "https://127.0.0.1:1/x?ref=y", "git::file:///etc"),
    *("x" * 5000, "{" * 300, "[" * 300, "a: " * 200, "\u202e", "@everyone", "`|<!--", "${HOME}", "{{.name}}"),
]


def _lines(change: Callable[[list[bytes], int, bytes], list[bytes]]) -> Callable[[bytes, int, bytes], bytes]:
    def changed(data: bytes, at: int, value: bytes) -> bytes:
        lines = data.split(b"\n")
        return b"\n".join(change(lines, at % len(lines), value))

    return changed


def _value(line: bytes, value: bytes) -> bytes:
    key, colon, _ = line.partition(b":")
    return key + colon + b" " + value if colon else b"- " + value


CHANGES: dict[str, Callable[[bytes, int, bytes], bytes]] = {
    "drop a line": _lines(lambda lines, at, _: lines[:at] + lines[at + 1 :]),
    "repeat a line": _lines(lambda lines, at, _: [*lines[: at + 1], *lines[at:]]),
    "shift a line": _lines(lambda lines, at, _: [*lines[:at], b"  " + lines[at], *lines[at + 1 :]]),
    "another value": _lines(lambda lines, at, value: [*lines[:at], _value(lines[at], value), *lines[at + 1 :]]),
    "a line between": _lines(lambda lines, at, value: [*lines[:at], value, *lines[at:]]),
    "bytes between": lambda data, at, value: data[: at % (len(data) + 1)] + value + data[at % (len(data) + 1) :],
    "cut": lambda data, at, _: data[: at % (len(data) + 1)],
    "CRLF and BOM": lambda data, _, __: b"\xef\xbb\xbf" + data.replace(b"\n", b"\r\n"),
    "repeat it all": lambda data, _, __: data + b"\n---\n" + data,
}


@st.composite
def repositories(draw: st.DrawFn) -> Tree:
    """The story's repository after one to six accidents."""
    files = dict(WHOLE)
    links: set[str] = set()
    for _ in range(draw(st.integers(1, 6))):
        path = draw(st.sampled_from(sorted(WHOLE)))
        what = draw(st.sampled_from([*CHANGES, "gone", "somewhere else", "swapped", "a link", "new"]))
        value = draw(st.sampled_from(NASTY).map(lambda text: text.encode("utf-8", "surrogatepass")) | st.binary())
        other = draw(st.sampled_from(sorted(WHOLE)))
        if what in CHANGES and path in files:
            files[path] = CHANGES[what](files[path], draw(st.integers(0, 5000)), value)
        elif what == "gone":
            files.pop(path, None)
        elif what == "somewhere else" and path in files:
            files[other + ".yaml"] = files.pop(path)
        elif what == "swapped" and path in files and other in files:
            files[path], files[other] = files[other], files[path]
        elif what == "a link":
            files[path] = draw(st.sampled_from([other, "..", ".", "/etc/passwd", "../../x", path])).encode()
            links.add(path)
        elif what == "new":
            files[draw(st.sampled_from(["a.yaml", "apps/b/kustomization.yaml", ".github/argofix.yaml"]))] = value
    entries = {
        path: Entry(MODE_SYMLINK if path in links else MODE_FILE, blob_oid(data), len(data))
        for path, data in files.items()
    }
    return Tree(entries, lambda path, _entry: files[path], None)


async def judged(engine: Engine, tree: Tree) -> Evaluation:
    """Evaluate a pull request that breaks the repository so, and write everything that can be said of it."""
    async with asyncio.timeout(300):
        evaluation = await evaluate(engine, tree, Tree.of(WHOLE), MATCHER, read_policy(tree))
    text.render(evaluation, colour=False)
    html.render(evaluation, None)
    json.loads(json_format.render(evaluation, None))
    json.loads(sarif.render(evaluation, None))
    for report in evaluation.reports:
        check_run.completed(evaluation, report, read_policy(tree), lambda span: f"https://github.example/{span.line}")
    return evaluation


_JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=40) | st.sampled_from(NASTY),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=10,
)


_HEAD = {"head_sha": "a" * 40, "head_branch": "feature", "app": {"id": 1}, "pull_requests": []}
_REST = {
    "check_run": {"id": 1, "name": "argofix / ownership", "external_id": "x", **_HEAD},
    "check_suite": {"id": 1, **_HEAD},
    "requested_action": {"identifier": "fix"},
    "issue": {"number": 1, "pull_request": {}},
    "comment": {
        "id": 1,
        "body": "/argofix help",
        "user": {"login": "alice", "type": "User"},
        "html_url": "https://github.com/octo/deploy/pull/1#issuecomment-1",
        "author_association": "OWNER",
    },
    "changes": {"base": {"ref": {"from": "main"}}, "body": {"from": ""}},
}


@st.composite
def webhooks(draw: st.DrawFn) -> tuple[str, bytes]:
    """Event name and body: GitHub's, with up to three places that hold something else."""
    event = draw(
        st.sampled_from(["pull_request", "push", "check_run", "check_suite", "issue_comment", "installation", "fork"])
    )
    payload: Any = payloads.pull_request("opened") | payloads.push("refs/heads/main") | copy.deepcopy(_REST)
    for _ in range(draw(st.integers(0, 3))):
        inside = payload
        while isinstance(inside, dict) and inside:
            key = draw(st.sampled_from(sorted(inside)))
            if not isinstance(inside[key], dict) or not inside[key] or draw(st.booleans()):
                inside[key] = draw(_JSON)
                break
            inside = inside[key]
    body = json.dumps(payload).encode("utf-8", "surrogatepass")
    match draw(st.integers(0, 9)):
        case 0:
            return event, draw(st.binary(max_size=200))
        case 1:
            return event, body + draw(st.binary(max_size=30))
    return event, body
