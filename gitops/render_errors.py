"""What the renderer said, in words a person can act on, at the entry that causes it.

kustomize wraps an error once for each kustomization on the way down; only the innermost part tells what is wrong.
The texts matched here are those of kustomize 5 (api/internal/target, api/resmap, api/loader).
"""

from __future__ import annotations

import re

from gitops.closure import Closure, ParseMemo, load
from gitops.documents import child, first_line, last_line, read_documents
from gitops.errors import GitopsError, MalformedYaml
from gitops.kustomization import Kustomization
from gitops.manifests import identify
from gitops.rendering import RenderFailed
from gitops.resources import ResourceId
from gitops.spans import Span
from gitops.tree import Tree

MAX_DETAIL = 2_000

_KLOG = re.compile(r'^[EF]\d{4} [^\]]*\] "[^"]*" err="(?P<text>(?:[^"\\]|\\.)*)"', re.MULTILINE)
# klog writes what has several lines as an indented block.
_KLOG_LINES = re.compile(r'^[EF]\d{4} [^\]]*\] "[^"]*" err=<\n(?P<text>(?:\t.*\n|\n)*?) >', re.MULTILINE)
_RECURSED = re.compile(r"recursed accumulation of path '(?P<path>[^']*)': ")
_NO_TARGET_FOR = re.compile(r"couldn't make target for path '(?P<path>[^']*)': ")
_REGISTERED = re.compile(r"may not add resource with an already registered id: (?P<id>[^\s'\"]+)")
_TRIED_AS_FILE = re.compile(
    r"accumulation err='(?P<inner>.*)': (?:must build at directory|unable to find one of)", re.DOTALL
)
_MERGING = re.compile(
    r"^(?:accumulating resources|merging resources from '[^']*'|accumulating resources from '[^']*'): "
)
_NO_TARGET = re.compile(
    r"no (?:resource )?matches for(?: strategic merge patch)? (?:Id|\"?)\s*\"?(?P<id>[^\s;\"':]+)"
)
_STRATEGIC = re.compile(r'no resource matches strategic merge patch "(?P<id>[^"]+)"')
_UNKNOWN_FIELD = re.compile(r'unknown field \\?"(?P<field>[^"\\]+)')
_SECURITY = re.compile(r"security; file '(?P<file>[^']+)' is not in or below")
_ID = re.compile(r"^(?P<kind>[^.]+)\.(?P<version>[^.]+)\.(?P<group>.+)/(?P<name>[^/]+)\.(?P<namespace>[^.]+)$")


def unwrap(stderr: str) -> str:
    """The engine's own sentence out of what it printed (klog line of kubectl, `Error:` of kustomize)."""
    match = _KLOG.search(stderr)
    if match:
        return match["text"].encode("latin-1", "replace").decode("unicode_escape", "replace")
    match = _KLOG_LINES.search(stderr)
    if match:
        return "\n".join(line.removeprefix("\t") for line in match["text"].splitlines()).strip()
    lines = [line for line in stderr.splitlines() if line.strip() and not line.startswith("#")]
    errors = [line for line in lines if line.lower().startswith("error: ")]
    return (errors[-1][7:] if errors else "\n".join(lines)).strip()


def parse_kustomize_id(text: str) -> ResourceId | None:
    """`Namespace.v1.[noGrp]/a.[noNs]` as a `ResourceId`; None for anything else."""
    match = _ID.match(text)
    if match is None:
        return None
    group = "" if match["group"] == "[noGrp]" else match["group"]
    namespace = "" if match["namespace"] == "[noNs]" else match["namespace"]
    return ResourceId(group, match["kind"], namespace, match["name"])


def explain(tree: Tree, closure: Closure, error: str, at: Span, memo: ParseMemo) -> RenderFailed:
    """A failure of the engine as data. `at` is the Application's own place, the last resort."""
    text = unwrap(error)
    wraps = [*_RECURSED.finditer(text), *_NO_TARGET_FOR.finditer(text)]
    inner = text[wraps[-1].end() :] if wraps else text
    kustomization = _load(tree, closure, wraps[-1]["path"] if wraps else closure.root, memo)
    detail = inner[:MAX_DETAIL]
    registered = _REGISTERED.search(text)
    if registered:
        rid = parse_kustomize_id(registered["id"].rstrip(":"))
        what = str(rid) if rid else registered["id"]
        span = Span(kustomization.path, 1, 1) if kustomization else at
        return RenderFailed(f"{what} is brought in twice", span, detail, registered["id"].rstrip(":"))
    restricted = [p for p in closure.problems if p.needs_lifted_restriction]
    if _SECURITY.search(inner) and restricted:
        return RenderFailed(restricted[0].message, restricted[0].span, detail)
    message, span = _place(tree, kustomization, inner, at)
    return RenderFailed(message, span, detail)


def _load(tree: Tree, closure: Closure, directory: str, memo: ParseMemo) -> Kustomization | None:
    wanted = directory.strip("/")
    for file in closure.kustomizations:
        if file.rpartition("/")[0] == wanted:
            try:
                return load(tree, file, memo)
            except GitopsError:
                return None
    return None


def _place(tree: Tree, kustomization: Kustomization | None, inner: str, at: Span) -> tuple[str, Span]:
    short = _shorten(inner)
    if kustomization is None:
        return short, at
    top = Span(kustomization.path, 1, 1)
    target = _STRATEGIC.search(inner) or _NO_TARGET.search(inner)
    if target:
        rid = parse_kustomize_id(target["id"])
        span = _patch_of(tree, kustomization, rid) if rid else None
        where = f"{rid.kind} {rid.name}" if rid else target["id"]
        return f"a patch names {where}, which this kustomization does not bring in", span or top
    field = _UNKNOWN_FIELD.search(inner)
    if field:
        line = _line_of_field(tree, kustomization.path, field["field"])
        return f"`{field['field']}` is no field of a kustomization", Span(kustomization.path, line, line)
    for reference in kustomization.references:
        if f"'{reference.value}'" in inner or f" {reference.value}:" in inner or f"/{reference.value}" in inner:
            return (short if reference.value in short else f"`{reference.value}`: {short}"), reference.span
    return short, top


def _shorten(text: str) -> str:
    """The innermost sentence: kustomize tries each entry as a file, then as a directory, and reports both."""
    tried = _TRIED_AS_FILE.search(text)
    text = tried["inner"] if tried else text
    while match := _MERGING.match(text):
        text = text[match.end() :]
    first = " ".join(text.split())
    return first if len(first) <= 300 else first[:297] + "..."


def _patch_of(tree: Tree, kustomization: Kustomization, rid: ResourceId) -> Span | None:
    for reference in kustomization.references:
        if reference.field not in ("patches", "patchesStrategicMerge", "patchesJson6902"):
            continue
        path = f"{kustomization.directory}/{reference.value}".lstrip("/")
        try:
            for document in read_documents(path, tree.read(tree.resolve(path))):
                value = document.value()
                if isinstance(value, dict) and _names(identify(value), rid):
                    return reference.span
        except (GitopsError, KeyError):
            continue
    return _inline_patch_of(tree, kustomization, rid)


def _inline_patch_of(tree: Tree, kustomization: Kustomization, rid: ResourceId) -> Span | None:
    try:
        documents = read_documents(kustomization.path, tree.read(tree.resolve(kustomization.path)))
    except GitopsError:
        return None
    for field in ("patches", "patchesStrategicMerge"):
        for item in getattr(child(documents[0].node, field), "value", ()):
            text = child(item, "patch") or item
            body = text.value if isinstance(text.value, str) else ""
            try:
                values = [document.value() for document in read_documents("patch", body.encode())]
            except MalformedYaml:
                continue
            if any(isinstance(value, dict) and _names(identify(value), rid) for value in values):
                return Span(kustomization.path, first_line(item), last_line(item))
    return None


def _names(one: ResourceId, other: ResourceId) -> bool:
    return one.kind == other.kind and one.name == other.name


def _line_of_field(tree: Tree, path: str, field: str) -> int:
    pattern = re.compile(rb"^\s*(?:- )?[\"']?" + re.escape(field.encode()) + rb"[\"']?\s*:", re.MULTILINE)
    data = tree.read(tree.resolve(path))
    match = pattern.search(data)
    return data.count(b"\n", 0, match.start()) + 1 if match else 1
