"""kustomize's errors in the words of kustomizations.

kustomize prints Go values as they lie in its memory: pointers that differ in every run, structs, type names. What a
person reads, and what tells an old failure from a new one, must hold none of them. The texts matched are those of
kustomize 5 (api/resmap/reswrangler.go, api/resource/factory.go, api/internal/target/kusttarget.go, api/kv/kv.go,
api/internal/builtins, and encoding/json of Go). What none of them knows is at least freed of Go values.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable

_Words = Callable[[re.Match[str]], str]

# Kind.version.group/name.namespace, as api's resid.ResId prints itself.
_ID = re.compile(
    r"\b(?P<kind>[A-Z]\w*)\.(?:\[noVer\]|v\d\w*)\.(?:\[noGrp\]|[a-z0-9][a-z0-9.-]*)"
    r"(?:/(?P<name>[^\s\"'`;,/]+?)\.(?P<namespace>\[noNs\]|[a-z0-9-]+))?(?![\w/])"
)
_STRUCT = (
    r"(?:resid\.ResId\{.*?Kind:\"(?P<kind>[^\"]*)\".*?Name:\"(?P<name>[^\"]*)\", *Namespace:\"(?P<space>[^\"]*)\"\})"
)
_TYPES = {
    "string": "a text",
    "[]string": "a list of texts",
    "bool": "true or false",
    "map[string]string": "a mapping of texts",
}
_JSON = {"string": "a text", "array": "a list", "object": "a mapping", "bool": "true or false"}


def in_words(text: str) -> str:
    """One kustomize error, without its wrapping, as a sentence for people: the same in every run."""
    text = text.replace('\\"', '"')
    for pattern, words in _SENTENCES:
        match = pattern.search(text)
        if match is not None:
            return _clean(words(match))
    return _clean(text)


def without_lines(message: str) -> str:
    """What stays of a sentence when lines are added above: two failures are the same when this is the same."""
    return re.sub(r"(?<=[\w`'])[:](\d+)\b|\b(?:on|at) lines? \d+|\blines? \d+", "", message)


def generated(text: str) -> tuple[str, str] | None:
    """(kind, name) of the object whose generator fails, when the error is about one."""
    match = _GENERATOR.search(text.replace('\\"', '"'))
    return (match["kind"], match["name"]) if match else None


def _clean(text: str) -> str:
    text = re.sub(r"&\{[^{}]*\}", "", text)
    text = re.sub(r"map\[string\]interface \{\}\(nil\): ", "", text)
    text = re.sub(r"\(?0x[0-9a-f]{4,}\)?|<nil>|\(nil\)", "", text)
    text = re.sub(_STRUCT, lambda m: f"{m['kind']} {m['name']}", text)
    text = _ID.sub(_id, text)
    text = re.sub(r"\*?\b(?:types|resid|resource|resmap|yaml|json)\.[A-Z]\w*", "value", text)
    text = re.sub(r"\b(?:json|yaml): (?:unmarshal errors: )?", "", text)
    text = re.sub(r"map\[([^\[\]]*)\]", r"\1", text)
    return re.sub(r" +([:;,.])", r"\1", " ".join(text.split()))


def _id(match: re.Match[str]) -> str:
    if match["name"] is None:
        return match["kind"]
    namespace = "" if match["namespace"] == "[noNs]" else f"{match['namespace']}/"
    return f"{match['kind']} {namespace}{match['name']}"


def _generator(match: re.Match[str]) -> str:
    what = f"{match['kind']} `{match['name']}`"
    where = f" in namespace {match['space']}" if match["space"] else ""
    if match["state"] == "exists":
        return (
            f"the generator of {what} makes what is there already{where}; it needs `behavior: merge` or `replace`, "
            "or another name"
        )
    if match["state"] == "does not exist":
        return (
            f"the generator of {what} has `behavior: merge` or `replace`, and nothing that this kustomization brings "
            f"in is a {match['kind']} of that name{where}"
        )
    return f"the generator of {what} matches more than one of that name{where}"


def _wrong_type(match: re.Match[str]) -> str:
    field = match["field"].rpartition(".")[2]
    found = match["found"].split()[0]
    given = "a number" if found == "number" else _JSON.get(found, found)
    return f"`{field}` must be {_type(match['type'])}, and is {given}"


def _type(name: str) -> str:
    if name in _TYPES:
        return _TYPES[name]
    if re.match(r"u?int|float", name):
        return "a number"
    return "a list" if name.startswith("[]") else "a mapping"


def _unnamed(match: re.Match[str]) -> str:
    kind = re.search(r"\{\{\S* ?(?P<kind>[A-Z]\w*)\}", match["object"])
    return f"a {kind['kind']} in it has no metadata.name" if kind else "an object in it has no metadata.name"


def _unwritable(match: re.Match[str]) -> str:
    kind = re.search(r"\"kind\":\"(\w+)\"", match["object"])
    name = re.search(r"\"metadata\":map\[string\]interface \{\}\{[^{}]*\"name\":\"([^\"]*)\"", match["object"])
    what = f"{kind[1]} {name[1]}" if kind and name else "an object"
    return f"kustomize cannot write {what}: {match['what'].strip()}"


def _conflict(match: re.Match[str]) -> str:
    try:
        listed = json.loads("[" + match["objects"].replace("} {", "}, {") + "]")
        metadata = listed[0]["metadata"]
        what = f"{listed[0]['kind']} {metadata['name']}"
        return f"setting the namespace {metadata['namespace']} makes one object of two: {what}"
    except (ValueError, LookupError, TypeError):
        return "setting the namespace makes one object of two"


def _replicas(match: re.Match[str]) -> str:
    kinds = sorted(set(re.findall(r"\b([A-Z]\w+)(?=[.\s\]])", match["kinds"])))
    listed = ", ".join(kinds[:-1]) + f" or {kinds[-1]}" if len(kinds) > 1 else "".join(kinds)
    return f"`replicas` names `{match['name']}`, and no {listed or 'workload'} has that name"


_GENERATOR = re.compile(rf"id {_STRUCT} (?P<state>does not exist|exists|matched)", re.DOTALL)
_SENTENCES: tuple[tuple[re.Pattern[str], _Words], ...] = (
    (_GENERATOR, _generator),
    (
        re.compile(r"cannot unmarshal (?P<found>[\w. ]+?) into Go struct field (?P<field>\S+) of type (?P<type>\S+)"),
        _wrong_type,
    ),
    (
        re.compile(r"cannot unmarshal (?P<found>[\w. ]+?) into Go value of type (?P<type>\S+)"),
        lambda m: f"the file must be {_type(m['type'])}, and is {_JSON.get(m['found'], 'a number')}",
    ),
    (re.compile(r"missing metadata\.name in object (?P<object>.*)", re.DOTALL), _unnamed),
    (re.compile(r"missing Resource metadata"), lambda _: "it holds something that is no Kubernetes manifest"),
    (re.compile(r"namespace transformation produces ID conflict: \[(?P<objects>.*)\]", re.DOTALL), _conflict),
    (
        re.compile(r"resource with name (?P<name>\S+) does not match a config with the following GVK (?P<kinds>.*)"),
        _replicas,
    ),
    (
        re.compile(r"nothing selected by (?P<id>\S+)"),
        lambda m: f"a replacement takes its value from {m['id']}, which this kustomization does not bring in",
    ),
    (
        re.compile(r"fieldPath `(?P<field>[^`]*)` is missing for replacement source (?P<id>\S+)"),
        lambda m: f"a replacement takes its value from `{m['field']}` of {m['id']}, which has no such field",
    ),
    (
        re.compile(r"expected kind != 'Component' for path '(?P<path>[^']*)'"),
        lambda m: f"{m['path'].lstrip('/')} is a Component; it belongs under `components`, not `resources`",
    ),
    (
        re.compile(r"expected kind 'Component' for path '(?P<path>[^']*)' but got '(?P<kind>[^']*)'"),
        lambda m: f"{m['path'].lstrip('/')} is no Component; it belongs under `resources`, not `components`",
    ),
    (
        re.compile(r"unable to parse SM or JSON patch from"),
        lambda _: "a patch is neither a strategic merge patch nor a JSON patch",
    ),
    (
        re.compile(r"(?P<verb>\w+) operation does not apply: doc is missing \w[\w ]*: (?P<path>/[^\s:]*)"),
        lambda m: f"a JSON patch is to {m['verb']} `{m['path']}`, which the resource does not have",
    ),
    (
        re.compile(r"illegally qualifies as both an SM and JSON patch"),
        lambda _: "a patch says nothing",
    ),
    (
        re.compile(r"map\[string\]interface \{\}\{(?P<object>.*)\}: (?:yaml: )?(?P<what>[^{}]+)$", re.DOTALL),
        _unwritable,
    ),
    (
        re.compile(r"env source files: \[(?P<file>[^\]]*)\]: line \[[\d ]*\] has invalid utf8"),
        lambda m: f"a line of {m['file']} is no valid UTF-8, which `envs` need",
    ),
    (re.compile(r"new root cannot be empty"), lambda _: "an entry of `resources` is empty"),
    (re.compile(r"must specify one of patch and path in"), lambda _: "a patch has neither `patch` nor `path`"),
    (
        re.compile(r"patch and path can't be set at the same time"),
        lambda _: "a patch has both `patch` and `path`; it takes one of them",
    ),
    (
        re.compile(r"trouble configuring builtin \w+ with config: (?:`.*?`|\[hidden\]): (?P<rest>.*)", re.DOTALL),
        lambda m: m["rest"],
    ),
    (
        re.compile(r"evalsymlink failure on '(?P<path>[^']*)' : lstat [^:]*: no such file or directory"),
        lambda m: f"`{m['path'].lstrip('/')}` does not exist",
    ),
    (
        re.compile(r"var '\{(?P<name>\S+) (?P<kind>[A-Z]\w*)\..*?' cannot be mapped to a field"),
        lambda m: (
            f"the variable `{m['name']}` takes its value from a {m['kind']} that this kustomization does not bring in"
        ),
    ),
    (
        re.compile(r"testing value (?P<path>\S+) failed"),
        lambda m: f"a JSON patch tests `{m['path']}`, which has another value",
    ),
    (
        re.compile(r"Failed to read kustomization file under [^\n]*:\s*(?P<rest>.*)", re.DOTALL),
        lambda m: m["rest"],
    ),
    (
        re.compile(r"MalformedYAMLError: yaml: (?:line \d+: )?(?P<what>.*?) in File: (?P<file>\S+)", re.DOTALL),
        lambda m: f"{m['file']} is not valid YAML: {m['what']}",
    ),
    (
        re.compile(r"(?:mapping key|key) \"(?P<key>[^\"]*)\" already (?:defined|set)"),
        lambda m: f"a file that it reads repeats the key `{m['key']}` in one mapping, which kustomize refuses",
    ),
)
