"""What to paste: the command or the entry that adds what is missing, with a placeholder for every value.

A JSON patch that adds `/data` would wipe out a Secret's other keys, so it is only written for a Secret that has none,
behind a `test` that fails when that is no longer so (RFC 6902; the API server takes an absent member for null).
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Sequence
from dataclasses import dataclass

from checks.policy.file import PATH
from checks.secret_keys.cases import Group
from checks.secret_keys.knowledge import Idle
from checks.secret_keys.words import place_of
from gitops.facts.secrets.pods import mapping, sequence
from gitops.facts.secrets.providers.provided import SECRET
from gitops.facts.secrets.references import Effect
from gitops.facts.secrets.survey import ObjectId, Provision
from gitops.facts.secrets.undelivered import Undelivered
from gitops.files.spans import Span
from gitops.kustomize.kustomization import FILE_NAMES
from gitops.resources.manifests import text_of
from gitops.resources.resource import Resource


@dataclass(frozen=True, slots=True)
class Help:
    """What to do, and the lines to paste."""

    advice: str
    commands: str


def missing_keys(group: Group) -> Help:
    """For keys that an existing object lacks."""
    knowledge = group.first.knowledge
    if knowledge.provisions:
        return _in_git(group, knowledge.provisions[0])
    lines = [patch(wanted, group.keys, has_data=bool(knowledge.keys)) for wanted in group.ids]
    what = "base64 of its value" if group.first.id.kind == SECRET else "its value"
    if knowledge.in_cluster:
        return Help(
            f"Add the missing keys where it is made; or patch it, with {what} in place of each <…>:", _block(lines)
        )
    advice = f"Correct the keys that {PATH} declares, or add them to the object, with {what} in place of each <…>:"
    return Help(advice, _block(lines))


def patch(wanted: ObjectId, keys: Sequence[str], *, has_data: bool) -> str:
    """`kubectl patch` that adds `keys` and touches nothing else."""
    encode = wanted.kind == SECRET
    operations: list[dict[str, object]] = []
    if not has_data:
        operations.append({"op": "test", "path": "/data", "value": None})
        operations.append({"op": "add", "path": "/data", "value": {}})
    for key in keys:
        pointer = key.replace("~", "~0").replace("/", "~1")
        value = f"<base64 of {key}>" if encode else f"<{key}>"
        operations.append({"op": "add", "path": f"/data/{pointer}", "value": value})
    return _kubectl("patch", wanted, "--type=json", "-p", json.dumps(operations, ensure_ascii=False))


def missing_object(group: Group, instead: str, files: Sequence[Undelivered]) -> Help:
    """For objects that nobody provides. `instead` is what to do when another name was meant, `files` hold manifests
    of it that nobody deploys: then making it by hand would only hide the cause."""
    first = group.first
    kind = first.id.kind
    declared = place_of(first.id) if kind == SECRET else f"{kind}/{place_of(first.id)}"
    declare = f"say so in `{PATH}` (`secrets: {{provided: [{declared}]}}`)"
    merging = [p for p in first.knowledge.provisions if not p.provided.creates]
    if merging:
        rid = merging[0].owner.resource.id
        creates = "`destination.create: true`" if rid.kind.startswith("Vault") else "`creationPolicy: Owner`"
        advice = f"Let `{rid.kind} {rid.name}` create it ({creates}), or make it by hand:"
    elif first.knowledge.idle:
        return Help(_in_time(first.knowledge.idle[0]), "")
    elif files:
        return Help(f"{_list(group, files[0])}; if it is applied by hand, {declare}.", "")
    elif instead:
        return Help(f"{instead} If something outside git makes `{first.id.name}`, {declare}.", "")
    elif first.knowledge.makers:
        return Help(f"Look whether the cluster has it; if so, {declare}.", "")
    else:
        advice = (
            f"Bring it with an Application of this namespace; if something outside git makes it, {declare}. "
            "To make it by hand:"
        )
    effects = {case.needed.use.effect for case in group.cases}
    return Help(advice, _block([_create(wanted, group.keys, effects) for wanted in group.ids]))


def _list(group: Group, file: Undelivered) -> str:
    """How to bring it: through the kustomization of those who need it, where the file lies below that."""
    closure = group.first.needed.owner.part.closure
    directory, _, name = file.span.path.rpartition("/")
    if name in FILE_NAMES:
        return f"If it is meant, let an Application build {directory or 'the top directory'}"
    near = [k for k in (closure.kustomizations if closure else ()) if f"{directory}/".startswith(_parent(k))]
    if not near:
        return f"If it is meant, list {file.span.path} in an Application"
    nearest = max(near, key=lambda each: len(_parent(each)))
    return f"If it is meant, add `{file.span.path.removeprefix(_parent(nearest))}` to the `resources` of {nearest}"


def _parent(path: str) -> str:
    """The directory with its slash, '' for the top one."""
    return path[: path.rfind("/") + 1]


def _in_time(idle: Idle) -> str:
    owner = idle.provision.owner
    rid, span = owner.resource.id, owner.origin.span
    if idle.provision.provided.mount:
        return (
            f"Mount `{rid.kind} {rid.name}` ({span}) in a pod of this namespace, with a `csi` volume of the driver "
            "`secrets-store.csi.k8s.io`."
        )
    return f"Take the hook annotations off `{rid.kind} {rid.name}` ({span}), so that the Sync phase brings it."


def _create(wanted: ObjectId, keys: Sequence[str], effects: set[Effect]) -> str:
    if wanted.kind != SECRET:
        return _kubectl("create", wanted, *(f"--from-literal={key}=<value>" for key in keys or ("<key>",)))
    if effects == {Effect.TLS}:
        return _kubectl("create", wanted, "--cert=<file>", "--key=<file>", type_="tls")
    if effects == {Effect.PULL}:
        words = ("--docker-server=<server>", "--docker-username=<name>", "--docker-password=<password>")
        return _kubectl("create", wanted, *words, type_="docker-registry")
    literals = (f"--from-literal={key}=<value>" for key in keys or ("<key>",))
    return _kubectl("create", wanted, *literals, type_="generic")


def _in_git(group: Group, provision: Provision) -> Help:
    """An entry for the manifest that provides the object."""
    resource, span, keys = provision.owner.resource, provision.owner.origin.span, group.keys
    kind, name = resource.id.kind, group.first.id.name
    if kind == "SealedSecret":
        scope = f"--namespace {shlex.quote(group.first.id.namespace)} --name {shlex.quote(name)}"
        lines = ["spec:", "  encryptedData:"]
        lines += [f"    {_yaml(key)}: <output of: kubeseal --raw {scope} --from-file=<file>>" for key in keys]
        return Help(f"Seal the missing values and add them to {span}:", _block(lines))
    if kind in ("ExternalSecret", "ClusterExternalSecret"):
        return _fetched(resource, span, keys)
    closure = provision.owner.part.closure
    made = closure.decrypted_as(kind, resource.id.name) if closure is not None and resource.generator else None
    if made is not None and made.span == span:
        if not made.field:
            return Help(f"Add the missing keys to what the generator at {span} decrypts.", "")
        lines = [_sops_set(span.path, made.field, key) for key in keys]
        return Help("Add the missing keys to the encrypted file:", _block(lines))
    if resource.generator is not None:
        lines = ["literals:", *(f"  - {_yaml(f'{key}=<value>')}" for key in keys)]
        return Help(f"Add the missing keys to the generator at {span}:", _block(lines))
    if kind == SECRET and b"\nsops:" in resource.text:
        field = "stringData" if b"\nstringData:" in resource.text else "data"
        lines = [_sops_set(span.path, field, key) for key in keys]
        return Help("Add the missing keys to the encrypted file:", _block(lines))
    if kind in (SECRET, "ConfigMap"):
        lines = ["stringData:" if kind == SECRET else "data:", *(f"  {_yaml(key)}: <value>" for key in keys)]
        return Help(f"Add the missing keys to {span}:", _block(lines))
    return Help(f"Use a key that `{kind} {resource.id.name}` ({span}) makes.", "")


def _fetched(resource: Resource, span: Span, keys: Sequence[str]) -> Help:
    """An ExternalSecret whose template has keys of its own makes only those (external-secrets, template.mergePolicy
    Replace): a key can be fetched, and not be there."""
    manifest = mapping(resource.manifest().get("spec"))
    spec = mapping(manifest.get("externalSecretSpec")) if resource.id.kind == "ClusterExternalSecret" else manifest
    there = {text_of(mapping(entry).get("secretKey")) for entry in sequence(spec.get("data"))}
    template = mapping(mapping(spec.get("target")).get("template"))
    new = [key for key in keys if key not in there]
    lines = ["data:"] if new else []
    for key in new:
        lines += [f"  - secretKey: {_yaml(key)}", "    remoteRef:", f"      key: <where {key} is in the store>"]
    makes = bool(template.get("data") or template.get("templateFrom")) and template.get("mergePolicy") != "Merge"
    if not makes:
        return Help(f"Add the missing keys to {span}, in the store and in the manifest:", _block(lines))
    lines += ["target:", "  template:", "    data:"]
    lines += [f"      {_yaml(key)}: '{{{{ index . \"{key}\" }}}}'" for key in keys]
    what = "it is" if len(keys) == 1 else "they are"
    advice = (
        f"Add the missing keys to {span}, in the store and in the manifest, its template included:"
        if new
        else f"The manifest at {span} fetches what is missing, but its template makes only its own keys. Add what is "
        f"missing to the template too, so that {what} in the Secret:"
    )
    return Help(advice, _block(lines))


def _sops_set(path: str, field: str, key: str) -> str:
    value = "<value>" if field == "stringData" else "<base64 of the value>"
    return shlex.join(["sops", "set", path, f'["{field}"][{json.dumps(key)}]', json.dumps(value)])


def _kubectl(verb: str, wanted: ObjectId, *words: str, type_: str = "") -> str:
    kind = "secret" if wanted.kind == SECRET else "configmap"
    arguments = ["kubectl", verb, kind, *([type_] if type_ else []), wanted.name]
    if wanted.namespace:
        arguments += ["-n", wanted.namespace]
    return shlex.join([*arguments, *words])


def _yaml(text: str) -> str:
    plain = text.replace("-", "").replace("_", "").replace(".", "").isalnum() and not text[:1].isdigit()
    return text if plain else json.dumps(text, ensure_ascii=False)


def _block(lines: Sequence[str]) -> str:
    """Lines that hold what they show: a key with control characters in it cannot exist, let alone be pasted."""
    return "\n".join("".join(char if char.isprintable() else "?" for char in line) for line in lines)
