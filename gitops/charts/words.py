"""What Helm and Jsonnet say, without what values say.

A message may quote a value, which may be a password. Only what is known to hold none is kept: the kind of error, the
place, the function, and texts that stand in the chart's own files word for word (the message of a `required`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from gitops.files.errors import GitopsError
from gitops.resources.rendering import RenderRequest
from gitops.resources.requests import HelmRequest, JsonnetRequest

HIDDEN = "(what it says holds values and is not shown)"
# `execution error at (web/templates/cm.yaml:7:11): WORDS`: of `required` and `fail`.
_EXECUTION = re.compile(r"^(?P<where>.*?execution error at \([^()\s]+\)): (?P<words>.*)$", re.DOTALL)
# What stands in front of the error itself: places, calls and whose error it is. What is called stands in a template.
_PIECE = re.compile(
    r"(?:template: )?[\w./-]+:\d+(?::\d+)?:? |"
    r'executing "[^"]*" at <.*?>: |'
    r"error calling \w+: |"
    r"YAML parse error on [\w./-]+: |"
    r"failed to parse [\w./-]+: |"
    r"cannot load [\w./-]+: |"
    r"error converting YAML to JSON: |"
    r"error unmarshaling JSON: |"
    r"while decoding JSON: |"
    r"template: |"
    r"json: |"
    r"yaml: (?:line \d+: )?"
)
_OF_CHART = re.compile(
    r"template: [\w./-]+:\d+|[\w./-]+:\d+:\d+\s+executing|execution error at|YAML parse error on|"
    r"values don't meet|failed to parse values|parse error at"
)
_TPL = "error calling tpl: "  # the text of its template may be a value
_NO_TEMPLATE = re.compile(r'no template "([^"]*)"')
# Tails that hold names of the chart and of Go's types, and no values.
_SAFE = (
    r"nil pointer evaluating [\w.{} \[\]]+",
    r"can't evaluate field [\w-]+ in type [\w.{}\[\] *]+",
    r"wrong type for value; expected [\w.{}\[\] *]+; got [\w.{}\[\] *]+",
    r"invalid value; expected [\w.{}\[\] *]+",
    r"wrong number of args for \w+: want (?:at least )?\d+ got \d+",
    r'function "[\w.-]+" not defined',
    r'no template "[\w./-]+"(?: associated with template "[\w./-]+")?',
    r'map has no entry for key "[\w.-]+"',
    r'undefined variable "\$\w*"',
    r"rendering template has a nested reference name: [\w./-]+(?:: unable to execute template)?",
    r"exceeded maximum template depth \(\d+\)",
    r"incompatible types for comparison",
    r"unexpected (?:EOF|\{\{end\}\}|\{\{else\}\})",
    r"index of untyped nil",
    r"runtime error: [\w :]+",
    r"index out of range: \d+",
    r"strings: negative Repeat count",
    r"list should be type of slice or array but \w+",
    r"non-function [\w.]+ of type \w+",
    r"cannot unmarshal (?:number|string|array|object|bool) into Go (?:value of type|struct field) [\w.]+",
    r"illegal base64 data at input byte \d+",
    r"Object 'Kind' is missing",
)
_YAML = (
    r"did not find expected [\w' -]+",
    r"could not find expected [\w':’ -]+",
    r"mapping values are not allowed in this context",
    r"block sequence entries are not allowed in this context",
    r"found character that cannot start any token",
    r"found a tab character that violates indentation",
    r"found unexpected end of stream",
    r"found unknown escape character",
    r"control characters are not allowed",
)
_TAIL = re.compile("|".join(f"(?:{each})" for each in (*_SAFE, *_YAML)))
# Of a schema: the place of a value and what is wrong with its type or with the names beside it.
_SCHEMA_SAFE = re.compile(
    r"got \w+, want [\w, or]+|missing propert(?:y|ies) [\w', -]+|additional propert(?:y|ies) [\w', -]+ not allowed|"
    r"m(?:in|ax)imum: .*|value must be one of [^\n]*|required"
)
_SCHEMA_LINE = re.compile(r"^(\s*- at '[^']*': )(.*)$")
# Codes whose messages the engine makes of names alone.
_OWN_WORDS = frozenset({"not-found", "escapes", "needs-url", "needs-chart", "too-large", "timed-out", "not-built"})


def without_values(request: RenderRequest, code: str, message: str) -> str:
    """The message, with `HIDDEN` in place of what may be a value."""
    if isinstance(request.asks, JsonnetRequest):
        return _jsonnet(request, message)
    if request.asks is None:
        return _of_kustomize(request, message)
    if code in _OWN_WORDS:
        return message
    if (match := _EXECUTION.match(message)) is not None:
        return f"{match['where']}: {_kept(request, match['words'])}"
    if "specifications of the schema" in message:
        return "\n".join(_schema_line(line) for line in message.splitlines())
    if message.startswith(("failed parsing --set", "failed to parse values: ")):
        return _up_to(message)
    if message.startswith("parse error at ("):
        return message  # of the template's own text
    text = " ".join(message.split())
    at = _behind_pieces(text)
    if at:
        tail = None if text.endswith(_TPL, 0, at) else _TAIL.match(text, at)
        named = _NO_TEMPLATE.match(text, at)
        if named is not None and not any(named[1].encode() in own for own in _own_texts(request)):
            tail = None
        return text[:at] + (tail.group() if tail is not None else HIDDEN)
    return _quoted(request, message)


def _of_kustomize(request: RenderRequest, message: str) -> str:
    """kustomize's own words, and behind them what a chart says that it inflates."""
    begin = _OF_CHART.search(message)
    if begin is None:
        return message
    return message[: begin.start()] + without_values(
        replace(request, asks=HelmRequest("", "", "")), "failed", message[begin.start() :]
    )


def _behind_pieces(text: str) -> int:
    at = 0
    while not text.endswith(_TPL, 0, at) and (found := _PIECE.match(text, at)) is not None:
        at = found.end()
    return at


def _schema_line(line: str) -> str:
    match = _SCHEMA_LINE.match(line)
    if match is None:
        return line if line.endswith(":") or "specifications of the schema" in line or not line.strip() else HIDDEN
    safe = _SCHEMA_SAFE.match(match[2])
    return match[1] + (safe.group() if safe is not None else "does not fit the schema")


def _up_to(message: str) -> str:
    """A message up to the first thing that it quotes."""
    cut = re.search(r"""["'`]|error |key """, message)
    return message if cut is None else f"{message[: cut.start()].rstrip(' :')} {HIDDEN}"


def _kept(request: RenderRequest, words: str) -> str:
    """The words of a `required` or `fail`, where the chart's own files hold them."""
    lines = [line.strip() for line in words.strip().splitlines() if line.strip()]
    texts = list(_own_texts(request))
    if lines and all(any(line.encode() in text for text in texts) for line in lines):
        return " ".join(lines)
    return HIDDEN


def _quoted(request: RenderRequest, message: str) -> str:
    """Without the quoted texts that do not stand in the chart's own files or in the names of its files."""
    texts = list(_own_texts(request))
    asks = request.asks
    named = (
        asks.value_files + tuple(path for _, path in asks.file_parameters) if isinstance(asks, HelmRequest) else ()
    )
    names = "\n".join((*request.files, *named)).encode()

    def keep(match: re.Match[str]) -> str:
        inner = match[0][1:-1].encode()
        return match[0] if inner in names or any(inner in text for text in texts) else "(a value)"

    return re.sub(r'"[^"\n]*"|`[^`\n]*`|\'[^\'\n]*\'', keep, message)


def _own_texts(request: RenderRequest) -> Iterator[bytes]:
    """The templates, Chart.yaml and schemas among a request's files: what is written by whoever wrote the chart."""
    for path in request.files:
        name = path.rpartition("/")[2]
        if "/templates/" in f"/{path}" or name in ("Chart.yaml", "values.schema.json", "requirements.yaml"):
            try:
                yield request.tree.read(path)
            except (GitopsError, KeyError):
                continue


def _jsonnet(request: RenderRequest, message: str) -> str:
    """What Jsonnet says, where it stands in its files; an assertion may put a value into its words."""
    first = message.splitlines()[0] if message else ""
    head, _, words = first.partition("RUNTIME ERROR: ")
    if not words:
        return first
    texts: list[bytes] = []
    for path in request.files:
        try:
            texts.append(request.tree.read(path))
        except (GitopsError, KeyError):
            continue
    names = re.compile(
        r"^couldn't open import|^Field does not exist: \w+|^External variable .* not declared|^Function"
    )
    if names.match(words) or any(words.encode() in text for text in texts):
        return first
    return head + "RUNTIME ERROR: " + HIDDEN
