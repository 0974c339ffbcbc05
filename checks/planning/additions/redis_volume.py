"""What makes the Deployment of redis a StatefulSet with a volume, as a JSON patch of a kustomization or as another
document in the Deployment's place."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final

from checks.planning.additions.place import Place
from checks.planning.additions.plan import NotPossible
from gitops.discovery.snapshot import Owned, Snapshot
from gitops.facts.secrets.pods import POD_SPECS, at, mapping, sequence
from gitops.files.block_style import as_yaml
from gitops.files.documents import read_documents
from gitops.files.rewriting import rewrite_document
from gitops.files.spans import Edit, split_lines
from gitops.installation.model import Member
from gitops.installation.routes.model import mappings
from gitops.kustomize.adding import add_items
from gitops.resources.manifests import text_of

DATA: Final = "/data"
SIZE: Final = "1Gi"
_CLAIM: Final = "data"
_USER: Final = 999  # that of the official image
# Fields of a Deployment that a StatefulSet does not have.
_DEPLOYMENTS: Final = ("strategy", "progressDeadlineSeconds", "paused")


@dataclass(frozen=True, slots=True)
class Redis:
    """`workload` is the Deployment behind `service`; `container` the index of the one that runs redis."""

    workload: Member
    owned: Owned
    service: str
    container: int


def containers_of(workload: Member) -> list[Mapping[str, Any]]:
    return mappings(mapping(at(workload.manifest, POD_SPECS[workload.id.group, workload.id.kind])).get("containers"))


def operations(redis: Redis) -> Iterator[Mapping[str, Any]]:
    """The JSON patch. What is replaced is tested first: where upstream moves it, the build fails and says so."""
    spec = mapping(redis.workload.manifest.get("spec"))
    yield _op("replace", "/kind", "StatefulSet")
    yield _op("add", "/spec/serviceName", redis.service)  # kustomize does not rename it along
    for field in _DEPLOYMENTS:
        if field in spec:
            yield {"op": "remove", "path": f"/spec/{field}"}
    pod = "/spec/template/spec"
    context = at(spec, ("template", "spec", "securityContext"))
    user = mapping(context).get("runAsUser")
    group = user if isinstance(user, int) and user else _USER
    if not isinstance(context, dict):
        yield _op("add", f"{pod}/securityContext", {"fsGroup": group})
    elif "fsGroup" not in context:
        yield _op("add", f"{pod}/securityContext/fsGroup", group)
    container = containers_of(redis.workload)[redis.container]
    here = f"{pod}/containers/{redis.container}"
    yield from _arguments(redis.workload, container, here)
    mount = {"name": _CLAIM, "mountPath": DATA}
    mounts = mappings(container.get("volumeMounts"))
    if any(text_of(one.get("mountPath")).rstrip("/") == DATA for one in mounts):
        raise NotPossible(f"{redis.workload.id} has a volume at {DATA} already")
    if any(text_of(one.get("name")) == _CLAIM for one in mappings(at(spec, ("template", "spec", "volumes")))):
        raise NotPossible(f"{redis.workload.id} has a volume called `{_CLAIM}` already")
    yield _op("add", f"{here}/volumeMounts{'/-' if mounts else ''}", mount if mounts else [mount])
    claim = {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": _CLAIM},
        "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": SIZE}}},
    }
    yield _op("add", "/spec/volumeClaimTemplates", [claim])


def paths(redis: Redis) -> tuple[str, ...]:
    """What differs between the Deployment and the StatefulSet."""
    here = f"spec.template.spec.containers[{redis.container}]"
    return (
        "kind",
        "spec.serviceName",
        "spec.volumeClaimTemplates",
        *(f"spec.{field}" for field in _DEPLOYMENTS),
        "spec.template.spec.securityContext",
        f"{here}.args",
        f"{here}.volumeMounts",
    )


def _arguments(workload: Member, container: Mapping[str, Any], here: str) -> Iterator[Mapping[str, Any]]:
    command = [text_of(one) for one in sequence(container.get("command"))]
    words = [text_of(one) for one in sequence(container.get("args"))]
    if command and command != ["redis-server"]:
        raise NotPossible(f"{workload.id} starts redis by a command of its own (`{command[0]}`)")
    for at_, (one, following) in enumerate(pairwise(words)):
        if one == "--dir" and following.rstrip("/") != DATA:
            raise NotPossible(f"{workload.id} keeps its data in {following}")
        if one == "--appendonly" and following == "yes":
            return
        if one == "--appendonly":
            yield _op("test", f"{here}/args/{at_ + 1}", following)
            yield _op("replace", f"{here}/args/{at_ + 1}", "yes")
            return
    if any("appendonly" in one for one in words) or (words and not words[0].startswith("--")):
        raise NotPossible(f"the arguments of {workload.id} are not written one by one (`{words[0]}`)")
    if words:
        yield _op("add", f"{here}/args/-", "--appendonly")
        yield _op("add", f"{here}/args/-", "yes")
    else:
        yield _op("add", f"{here}/args", ["--appendonly", "yes"])


def _op(op: str, path: str, value: object) -> Mapping[str, Any]:
    return {"op": op, "path": path, "value": value}


def patched(snapshot: Snapshot, place: Place, redis: Redis, changes: Sequence[Mapping[str, Any]]) -> tuple[Edit, ...]:
    tree = snapshot.tree
    return add_items(place.file, tree.read(place.file), [place.patch(tree, redis.workload, changes)])


def rewritten(snapshot: Snapshot, redis: Redis, changes: Sequence[Mapping[str, Any]]) -> tuple[Edit, ...]:
    written = redis.workload.written
    data = snapshot.tree.read(written.path)
    found = next((one.value() for one in read_documents(written.path, data) if one.line == written.line), None)
    if not isinstance(found, dict) or redis.owned.resource.template:
        raise NotPossible(f"the Deployment of {written} is no manifest that argofix rewrites")
    return rewrite_document(written.path, data, written.line, as_yaml(_applied(found, changes)))


def _applied(manifest: Mapping[str, Any], changes: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:
    """The manifest with the changes, which fit it."""
    made: dict[str, Any] = copy.deepcopy(dict(manifest))
    for operation in changes:
        *steps, last = operation["path"].split("/")[1:]
        here: Any = made
        for step in steps:
            here = here[int(step)] if isinstance(here, list) else here[step]
        if operation["op"] == "remove":
            del here[last]
        elif last == "-":
            here.append(operation["value"])
        elif isinstance(here, list):
            here[int(last)] = operation["value"]
        else:
            here[last] = operation["value"]
    return made


def has_comments(snapshot: Snapshot, redis: Redis) -> bool:
    written = redis.workload.written
    lines = split_lines(snapshot.tree.read(written.path))[written.line - 1 : written.end_line]
    return any(line.lstrip().startswith(b"#") or b" #" in line for line in lines)
