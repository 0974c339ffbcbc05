"""What the renderer said, in words a person can act on, at the entry that causes it.

kustomize wraps an error once for each kustomization on the way down; only the innermost part tells what is wrong.
The texts matched here are those of kustomize 5 (api/internal/target, api/resmap, api/loader).
"""

from __future__ import annotations

import posixpath
import re

from gitops.files.errors import GitopsError
from gitops.files.spans import Span
from gitops.files.tree import Tree
from gitops.kustomize.closure import Closure, ParseMemo, load
from gitops.kustomize.failures.patch_faults import patch_at_fault
from gitops.kustomize.failures.places import fault_of, line_of_field, listed, malformed, patch_of, repeated_key
from gitops.kustomize.failures.words import generated, in_words
from gitops.kustomize.fields import KUSTOMIZATION
from gitops.kustomize.kustomization import Kustomization, generator_span
from gitops.resources.rendering import RenderFailed
from gitops.resources.resource import ResourceId

MAX_DETAIL = 2_000

_KLOG = re.compile(r'^[EF]\d{4} [^\]\n]*\] "[^"\n]*" err="(?P<text>(?:[^"\\]|\\.)*)"', re.MULTILINE)
# klog writes what has several lines as an indented block.
_KLOG_LINES = re.compile(r'^[EF]\d{4} [^\]\n]*\] "[^"\n]*" err=<\n(?P<text>(?:\t.*\n|\n)*?) >', re.MULTILINE)
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
_REPEATED_KEY = re.compile(r'key \\?"[^"]*" already (?:defined|set)')
_GENERATED = re.compile(r"(?P<kind>configmap|secret) (?P<name>\S+) illegally repeats")
_NO_YAML = re.compile(r"MalformedYAMLError|unable to parse SM or JSON|\byaml: (?!unmarshal errors|control)")
_WRONG_TYPE = re.compile(r"into Go struct field \w+\.(?:\w+\.)*?(?P<field>\w+) of type")
# The field whose entries an error is about, where it names none of them.
_FIELD_OF = {
    "replacement": "replacements",
    "nothing selected by": "replacements",
    "does not match a config with the following GVK": "replicas",
    "namespace transformation": "namespace",
    "var '": "vars",
}
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
    detail = in_words(inner)[:MAX_DETAIL]
    registered = _REGISTERED.search(text)
    if registered:
        rid = parse_kustomize_id(registered["id"].rstrip(":"))
        what = str(rid) if rid else registered["id"]
        span = Span(kustomization.path, 1, 1) if kustomization else at
        return RenderFailed(f"{what} is brought in twice", span, detail, registered["id"].rstrip(":"))
    restricted = [p for p in closure.problems if p.needs_lifted_restriction]
    if _SECURITY.search(inner) and restricted:
        return RenderFailed(restricted[0].message, restricted[0].span, detail)
    message, span = _place(tree, closure, kustomization, inner, at)
    return RenderFailed(message, span, detail)


def _configured(tree: Tree, kustomization: Kustomization, field: str) -> tuple[str, Span] | None:
    """The file of `configurations` that has a field which such a file has not. Those of kinds, say `apiVersion`, are
    a kustomization's."""
    for reference in kustomization.references if field in KUSTOMIZATION else ():
        if reference.field != "configurations":
            continue
        try:
            path = tree.resolve(posixpath.join(kustomization.directory, reference.value))
            written = re.search(rb"(?m)^" + re.escape(field.encode()) + rb"[ \t]*:", tree.read(path))
        except (GitopsError, KeyError):
            continue
        if written is not None:
            line = line_of_field(tree, path, field)
            return f"`{field}` is no field of a file of `configurations`", Span(path, line, line)
    return None


def _load(tree: Tree, closure: Closure, directory: str, memo: ParseMemo) -> Kustomization | None:
    wanted = directory.strip("/")
    for file in closure.kustomizations:
        if file.rpartition("/")[0] == wanted:
            try:
                return load(tree, file, memo)
            except GitopsError:
                return None
    return None


def _place(
    tree: Tree, closure: Closure, kustomization: Kustomization | None, inner: str, at: Span
) -> tuple[str, Span]:
    """The sentence and the place. The engine's own text is only searched, never shown as it is."""
    short = _shorten(inner)
    if kustomization is None:
        return short, at
    top = Span(kustomization.path, 1, 1)
    target = _STRATEGIC.search(inner) or _NO_TARGET.search(inner)
    if target:
        rid = parse_kustomize_id(target["id"])
        span = patch_of(tree, kustomization, rid) if rid else None
        where = f"{rid.kind} {rid.name}" if rid else target["id"]
        return f"a patch names {where}, which this kustomization does not bring in", span or top
    if _NO_YAML.search(inner):
        broken = malformed(tree, [path for path in listed(tree, kustomization) if path in closure.parsed])
        if broken is not None:
            return broken
    patch = patch_at_fault(tree, kustomization, inner)
    if patch is not None:
        return short, patch
    field = _UNKNOWN_FIELD.search(inner)
    if field:
        configured = _configured(tree, kustomization, field["field"])
        if configured is not None:
            return configured
        line = line_of_field(tree, kustomization.path, field["field"])
        return f"`{field['field']}` is no field of a kustomization", Span(kustomization.path, line, line)
    if _REPEATED_KEY.search(inner):
        found = repeated_key(tree, (*listed(tree, kustomization), *sorted(closure.parsed)))
        return found or (short, top)
    made = generated(inner) or _GENERATED.search(inner)
    if made:
        name, kind = (made[1], made[0]) if isinstance(made, tuple) else (made["name"], made["kind"].lower())
        list_ = "secretGenerator" if kind.lower() == "secret" else "configMapGenerator"
        again = _second_way(closure, kustomization.path) if "exists; behavior" in inner else None
        data = tree.read(tree.resolve(kustomization.path))
        return short, again or generator_span(kustomization.path, data, list_, name) or top
    for words, name in _FIELD_OF.items():
        if words in inner and name in kustomization.fields:
            line = line_of_field(tree, kustomization.path, name)
            return short, Span(kustomization.path, line, line)
    for reference in kustomization.references:
        value = reference.value
        if any(spelled in inner for spelled in (f"'{value}'", f" {value}:", f"/{value}", f"[{value}]")):
            if reference.field in ("resources", "bases"):
                fault = fault_of(tree, posixpath.join(kustomization.directory, reference.value))
                if fault is not None:
                    return fault
            return (short if reference.value in short else f"`{reference.value}`: {short}"), reference.span
    if "patch" in inner and "patches" in kustomization.fields:
        line = line_of_field(tree, kustomization.path, "patches")
        return short, Span(kustomization.path, line, line)
    wrong = _WRONG_TYPE.search(inner)
    if wrong:
        line = line_of_field(tree, kustomization.path, wrong["field"], "unmarshal number" in inner)
        return short, Span(kustomization.path, line, line)
    return short, top


def _second_way(closure: Closure, file: str) -> Span | None:
    """The entry nearest to the root that brings in a kustomization which others bring in too."""
    chains = closure.kustomizations.get(file, [])
    nearest = min(chains, key=len) if len(chains) > 1 else ()
    return nearest[-1].span if nearest else None


def _shorten(text: str) -> str:
    """The innermost sentence: kustomize tries each entry as a file, then as a directory, and reports both."""
    tried = _TRIED_AS_FILE.search(text)
    text = tried["inner"] if tried else text
    while match := _MERGING.match(text):
        text = text[match.end() :]
    first = in_words(text)
    return first if len(first) <= 300 else first[:297] + "..."
