"""A test of Argo CD after each sync of staging: a script of the repository that the configuration names, run by
Argo CD as a PostSync hook in a namespace that is there for as long as the test, under a ServiceAccount of its own.

When it fails, the sync fails, and `promotion-untested` keeps production back until staging has the version.

Sources: argo-cd docs/user-guide/resource_hooks.md, gitops-engine pkg/sync/sync_context.go (hooks go by waves; those
that succeeded are deleted once all have); kustomize api/internal/target (`transformers` run after `namespace`).
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping
from typing import Any, Final

from checks.planning.additions.place import Place, places_of, project_notes
from checks.planning.additions.plan import AdditionPlan, Named, NotPossible, named
from checks.policy.file import Policy
from checks.policy.smoke_test import SmokeTest
from gitops.discovery.snapshot import Snapshot
from gitops.files.block_style import as_yaml
from gitops.files.documents import read_documents
from gitops.files.errors import GitopsError
from gitops.files.spans import new_file
from gitops.files.tree import Tree
from gitops.installation.destroying import deletions_in
from gitops.installation.find import installations_of
from gitops.kustomize.adding import Addition, add_items
from gitops.resources.manifests import identify
from gitops.resources.resource import Resource
from gitops.versions.overlay import is_first

ITEM: Final = "smoke-test"
HELP: Final = "a script of yours that tests staging after each sync, before production gets a version"
_NAME: Final = "argocd-smoke-test"
_FILE: Final = "argocd-smoke-test.yaml"
_NAMESPACE_FILE: Final = "argocd-smoke-test-namespace.yaml"
_RBAC: Final = "rbac.authorization.k8s.io"
_LABELS: Final = {"app.kubernetes.io/part-of": _NAME}
_LONGEST: Final = 500_000  # bytes; a ConfigMap holds a MiB
_SECONDS: Final = 600
_SCRATCH: Final = "/tmp"  # noqa: S108 - of the pod, and its own
_EXAMPLE: Final = "argocd:\n  smokeTest: {script: path/of/the/test.sh}\n"


def plan(snapshot: Snapshot, policy: Policy) -> AdditionPlan:
    """Two new files and the script in the kustomization of staging. Raises `NotPossible` and `GitopsError`."""
    test = policy.smoke_test
    if test is None:
        raise NotPossible("`argocd.smokeTest` names no script of this repository", _EXAMPLE)
    place = _staging(snapshot, policy)
    script = _script(snapshot, place, test)
    namespace = place.installation.namespace
    if any(one.id.name == _NAME and one.id.kind == "Job" for one in _members(snapshot, place)):
        raise NotPossible(f"the Job {_NAME} is there already")
    image = test.image or _image(place)
    moved = _moves(snapshot, place)
    file, other = place.beside(_FILE), place.beside(_NAMESPACE_FILE)
    for path in (file, *([other] if moved else [])):
        if path in snapshot.tree:
            raise NotPossible(f"{path} is there already")
    manifests = _manifests(namespace, image, _command(script, test.script))
    additions = [
        Addition("resources", _FILE),
        Addition("configMapGenerator", as_yaml(_generator(test.script, place)).rstrip("\n")),
        *([Addition("transformers", _NAMESPACE_FILE)] if moved else []),
    ]
    edits = [
        *add_items(place.file, snapshot.tree.read(place.file), additions),
        new_file(file, "---\n".join(as_yaml(one) for one in manifests)),
        *([new_file(other, "---\n".join(as_yaml(one) for one in _transformers()))] if moved else []),
    ]
    homes: dict[Named, str] = {named(identify(one)): one["metadata"].get("namespace", "") for one in manifests}
    homes["", "ConfigMap", _NAME] = _NAME
    return AdditionPlan(
        ITEM,
        place.path,
        f"Test Argo CD on staging with {test.script} after each sync",
        f"Argo CD runs `{test.script}` as a PostSync hook in `{_NAME}`, a namespace that it makes for that and "
        f"deletes once the test has passed. When the script fails, or takes longer than {_SECONDS // 60} minutes, "
        "the sync of staging fails, and what is left can be looked at until the next sync. A change that takes "
        "production to a version which staging does not have on the default branch then fails `promotion-untested`.",
        tuple(edits),
        comes=frozenset(homes),
        homes=homes,
        notes=(
            f"The test may read Applications, workloads and pods in `{namespace}`, and nothing else of the cluster: "
            f"whatever more it asks the API for is forbidden to it, until you add it to the Role {_NAME}",
            f"The script runs in {image}: what it calls has to be in that image",
            *project_notes(snapshot, place),
        ),
    )


def _staging(snapshot: Snapshot, policy: Policy) -> Place:
    """Where versions are tried first."""
    places = places_of(snapshot)
    found = [one for one in places if is_first(one.directory, policy.argocd_overlay)]
    if not found:
        lines = f"argocd:\n  overlay: {places[0].directory}\n"
        raise NotPossible("no kustomization below a directory `staging` renders Argo CD", lines)
    for one in found:
        if one.aside is not None and one.aside.file:
            return one.aside
    if found[0].chart is not None and not found[0].file:
        raise NotPossible(
            f"Argo CD of staging is {found[0].chart}, whose values would hold a copy of the script; give the "
            "Application a source more that is a kustomization of this repository, or inflate the chart by one "
            "(`helmCharts`): that reads the script where it is"
        )
    if not found[0].file:
        what = f"{found[0].path} is a directory of manifests, which reads no script"
        raise NotPossible(f"{what}; make it a kustomization")
    return found[0]


def _script(snapshot: Snapshot, place: Place, test: SmokeTest) -> str:
    """The script, where it may run."""
    tree, path = snapshot.tree, test.script
    if path not in tree:
        raise NotPossible(f"{path}, which `argocd.smokeTest` names, is not there")
    if not _inside(tree, path, place.directory):
        where = place.directory or "the root"
        raise NotPossible(f"{path} lies outside of {where}, from where kustomize reads no file; move it there")
    if tree.size(path) > _LONGEST:
        raise NotPossible(f"{path} is larger than a ConfigMap can hold")
    try:
        text = tree.read(path).decode()
    except UnicodeDecodeError:
        raise NotPossible(f"{path} is no text") from None
    installed = {one.namespace for one in snapshot.once(installations_of) if one.namespace}
    given = {"ARGOCD_NAMESPACE": place.installation.namespace, "NAMESPACE": _NAME}
    for one in deletions_in(text, installed | {"argocd"}, _NAME, given):
        raise NotPossible(f"{path}:{one.line} (`{one.command}`) deletes {one.what}")
    return text


def _inside(tree: Tree, path: str, directory: str) -> bool:
    return tree.resolve(path) == path and (not directory or path.startswith(f"{directory}/"))


def _members(snapshot: Snapshot, place: Place) -> Iterator[Resource]:
    for owner in place.installation.owners:
        yield from (copy.resource for copy in snapshot.copies(snapshot.by_key[owner]))


def _image(place: Place) -> str:
    servers = place.installation.of("argocd-server")
    if not servers:
        raise NotPossible("no argocd-server is rendered here whose image could run the script", _EXAMPLE)
    containers = [one.manifest.get("image") for one in servers]
    return str(containers[0])


def _moves(snapshot: Snapshot, place: Place) -> bool:
    """Whether the kustomization puts everything into one namespace. Raises `NotPossible` where that would make two
    Namespaces one."""
    documents = read_documents(place.file, snapshot.tree.read(place.file))
    value = documents[0].value() if len(documents) == 1 else None
    if not isinstance(value, dict):
        raise GitopsError(f"{place.file} is written in a way that argofix does not edit")
    moved = bool(value.get("namespace"))
    if moved and any(one.id.kind == "Namespace" for one in _members(snapshot, place)):
        raise NotPossible(
            f"{place.file} sets `namespace` and brings a Namespace: kustomize would give the one of the test the "
            "same name; bring that Namespace with another Application, or with `CreateNamespace=true`"
        )
    return moved


def _command(script: str, path: str) -> list[str]:
    at = f"/test/{posixpath.basename(path)}"
    return [at] if script.startswith("#!") else ["/bin/sh", at]


def _annotations(wave: int) -> Mapping[str, str]:
    return {
        "argocd.argoproj.io/hook": "PostSync",
        "argocd.argoproj.io/hook-delete-policy": "BeforeHookCreation,HookSucceeded",
        "argocd.argoproj.io/sync-wave": str(wave),
    }


def _metadata(wave: int, namespace: str = "") -> dict[str, Any]:
    where = {"namespace": namespace} if namespace else {}
    return {"name": _NAME, **where, "labels": dict(_LABELS), "annotations": dict(_annotations(wave))}


def _manifests(namespace: str, image: str, command: list[str]) -> list[dict[str, Any]]:
    account = {"kind": "ServiceAccount", "name": _NAME, "namespace": _NAME}
    read = ["get", "list", "watch"]
    return [
        {"apiVersion": "v1", "kind": "Namespace", "metadata": _metadata(-2)},
        {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": _metadata(-1, _NAME)},
        {
            "apiVersion": f"{_RBAC}/v1",
            "kind": "Role",
            "metadata": _metadata(-1, namespace),
            "rules": [
                {"apiGroups": [""], "resources": ["pods"], "verbs": read},
                {"apiGroups": ["apps"], "resources": ["deployments", "statefulsets"], "verbs": read},
                {"apiGroups": ["argoproj.io"], "resources": ["applications"], "verbs": read},
            ],
        },
        {
            "apiVersion": f"{_RBAC}/v1",
            "kind": "RoleBinding",
            "metadata": _metadata(-1, namespace),
            "roleRef": {"apiGroup": _RBAC, "kind": "Role", "name": _NAME},
            "subjects": [account],
        },
        {
            "apiVersion": "batch/v1",
            "kind": "Job",
            "metadata": _metadata(0, _NAME),
            "spec": {
                "backoffLimit": 0,
                "activeDeadlineSeconds": _SECONDS,
                "template": {"metadata": {"labels": dict(_LABELS)}, "spec": _pod(namespace, image, command)},
            },
        },
    ]


def _pod(namespace: str, image: str, command: list[str]) -> dict[str, Any]:
    return {
        "serviceAccountName": _NAME,
        "restartPolicy": "Never",
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": 999,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "containers": [
            {
                "name": "test",
                "image": image,
                "command": command,
                "env": [
                    {"name": "ARGOCD_NAMESPACE", "value": namespace},
                    {"name": "NAMESPACE", "value": _NAME},
                    {"name": "HOME", "value": _SCRATCH},
                ],
                "resources": {
                    "requests": {"cpu": "50m", "memory": "64Mi"},
                    "limits": {"memory": "256Mi"},
                },
                "securityContext": {
                    "allowPrivilegeEscalation": False,
                    "readOnlyRootFilesystem": True,
                    "capabilities": {"drop": ["ALL"]},
                },
                "volumeMounts": [{"name": "test", "mountPath": "/test"}, {"name": "scratch", "mountPath": _SCRATCH}],
            }
        ],
        "volumes": [
            {"name": "test", "configMap": {"name": _NAME, "defaultMode": 0o555}},
            {"name": "scratch", "emptyDir": {}},
        ],
    }


def _generator(script: str, place: Place) -> dict[str, Any]:
    return {
        "name": _NAME,
        "namespace": _NAME,
        "files": [posixpath.relpath(script, place.directory or ".")],
        "options": {
            # A hook is made anew each time, so nothing has to tell that the script is another one.
            "disableNameSuffixHash": True,
            "labels": dict(_LABELS),
            "annotations": dict(_annotations(-1)),
        },
    }


def _transformers() -> list[dict[str, Any]]:
    """Back into the namespace of the test, out of the one into which the kustomization puts everything."""
    return [
        _transformer("", "ServiceAccount|ConfigMap|Job", "/metadata/namespace"),
        _transformer("-name", "Namespace", "/metadata/name"),
        _transformer("-subject", "RoleBinding", "/subjects/0/namespace"),
    ]


def _transformer(suffix: str, kinds: str, path: str) -> dict[str, Any]:
    selector = ",".join(f"{key}={value}" for key, value in _LABELS.items())
    return {
        "apiVersion": "builtin",
        "kind": "PatchTransformer",
        "metadata": {"name": f"{_NAME}{suffix}"},
        "target": {"kind": kinds, "labelSelector": selector},
        "patch": as_yaml([{"op": "replace", "path": path, "value": _NAME}]),
        **({"options": {"allowNameChange": True}} if kinds == "Namespace" else {}),
    }
