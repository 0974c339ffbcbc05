"""What the simulated Argo CD reads: a repository in the terms of its own sources, and its files."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from tests.gitops.facts.deletions.stage import FINALIZER, app, appset, obj
from tests.scenarios import URL

TRACKED_NOT = "CustomResourceDefinition"
HERE = "https://kubernetes.default.svc"


@dataclass(frozen=True)
class Thing:
    """An object in a manifest; all of them live in the namespace `x`, except for Namespaces and definitions."""

    kind: str
    name: str
    options: str = ""
    keep: bool = False
    wave: int = 0
    hook: str = ""  # the phase that runs it
    hook_policy: str = ""

    @property
    def synced(self) -> bool:
        """Whether a sync compares or runs it (controller/state.go, partitionTargetObjsForSync)."""
        return self.hook not in ("PreDelete", "PostDelete")

    @property
    def policies(self) -> set[str]:
        """gitops-engine/pkg/sync/hook/delete_policy.go."""
        return set(self.hook_policy.split(",")) - {""} or {"BeforeHookCreation"}

    @property
    def passes(self) -> bool:
        """Whether it is a hook that the next sync deletes."""
        return bool(self.hook) and bool({"BeforeHookCreation", "HookSucceeded"} & self.policies)

    @property
    def key(self) -> tuple[str, str]:
        return (self.kind, self.name)

    def option(self, key: str) -> str | None:
        for word in self.options.split(","):
            if word.strip().startswith(f"{key}="):
                return word.strip().partition("=")[2]
        return None

    def manifest(self) -> str:
        annotations = {"argocd.argoproj.io/sync-wave": str(self.wave)} if self.wave else {}
        if self.hook:
            annotations["argocd.argoproj.io/hook"] = self.hook
        if self.hook_policy:
            annotations["argocd.argoproj.io/hook-delete-policy"] = self.hook_policy
        if self.keep:
            annotations["helm.sh/resource-policy"] = "keep"
        api = {"Widget": "example.com/v1", TRACKED_NOT: "apiextensions.k8s.io/v1"}.get(self.kind, "v1")
        return obj(
            self.kind, self.name, api, self.options, metadata={"annotations": annotations} if annotations else {}
        )


@dataclass(frozen=True)
class Spec:
    """An Application's spec as far as it matters here; `path` is where it reads."""

    path: str
    automated: bool = True
    prune: bool = True
    allow_empty: bool = False
    options: tuple[str, ...] = ()
    server: str = HERE
    forbids: str = ""  # a kind that its AppProject does not permit

    @property
    def policy(self) -> dict[str, object]:
        automated = {"prune": self.prune, "allowEmpty": self.allow_empty}
        return {"syncOptions": list(self.options)} | ({"automated": automated} if self.automated else {})

    @property
    def project(self) -> str:
        return f"no-{self.forbids.lower()}" if self.forbids else "default"

    @property
    def propagation(self) -> str:
        """controller/sync.go:259-266."""
        known = ("background", "foreground", "orphan")
        return next((each for each in known if f"PrunePropagationPolicy={each}" in self.options), "foreground")

    def option(self, key: str) -> str | None:
        return next((o.partition("=")[2] for o in self.options if o.startswith(f"{key}=")), None)


@dataclass(frozen=True)
class Child:
    """An Application that the root brings."""

    name: str
    spec: Spec
    cascades: bool
    options: str = ""
    approved: str = ""  # `argocd.argoproj.io/deletion-approved`


@dataclass(frozen=True)
class Set:
    """An ApplicationSet that the root brings; it makes an Application for each element."""

    name: str
    elements: tuple[str, ...]
    policy: str = ""
    preserves: bool = False
    broken: bool = False
    shape: str = "list"  # of its generators, which all give the same elements
    finalizer: bool = False  # on the set itself
    template: tuple[str, ...] = ()  # finalizers in its template
    server: str = HERE

    @property
    def cascades(self) -> bool:
        """applicationset/utils/utils.go:295-302."""
        return is_cascade(self.template) if self.template else not self.preserves

    def generators(self) -> list[dict[str, object]]:
        """An element for each Application that it makes."""
        listed: dict[str, object] = {"list": {"elements": [{"name": e} for e in self.elements]}}
        once: dict[str, object] = {"list": {"elements": [{"other": "x"}]}}
        shapes: dict[str, dict[str, object]] = {
            "list": listed,
            "git": {"git": {"repoURL": URL, "revision": "main", "files": [{"path": f"sets/{self.name}/*.json"}]}},
            "matrix": {"matrix": {"generators": [listed, once]}},
            "merge": {"merge": {"mergeKeys": ["name"], "generators": [listed, listed]}},
        }
        return [{"matrix": {"generators": [listed]}} if self.broken else shapes[self.shape]]

    def spec_of(self, element: str) -> Spec:
        return Spec(f"apps/{element}", automated=False, prune=False, server=self.server)


def is_cascade(finalizers: Iterable[str]) -> bool:
    """pkg/apis/application/v1alpha1/types.go, isPropagationPolicyFinalizer."""
    return bool({FINALIZER, f"{FINALIZER}/foreground", f"{FINALIZER}/background"} & set(finalizers))


@dataclass(frozen=True)
class Repository:
    """What git says: the things in each directory, and what the root brings."""

    things: Mapping[str, tuple[Thing, ...]]
    children: tuple[Child, ...] = ()
    sets: tuple[Set, ...] = ()
    root: Spec = Spec("argocd")
    excluded: str = ""  # a kind that Argo CD is told to leave alone

    def files(self) -> dict[str, str]:
        root = self.root
        files = {"root.yaml": app("root", "argocd", namespace="argocd", sync=root.policy)}
        files["argocd/there.yaml"] = obj("ConfigMap", "there")
        for path, things in self.things.items():
            files[f"{path}/README"] = "x"
            files |= {f"{path}/{t.kind}-{t.name}.yaml".lower(): t.manifest() for t in things}
        for child in self.children:
            spec = child.spec
            files[f"argocd/app-{child.name}.yaml"] = app(
                child.name,
                spec.path,
                sync=spec.policy,
                cascades=child.cascades,
                namespace="x",
                server=spec.server,
                options=child.options,
                approved=child.approved,
                project=spec.project,
            )
        rules = {
            "sourceRepos": ["*"],
            "destinations": [{"server": "*", "namespace": "*"}],
            "clusterResourceWhitelist": [{"group": "*", "kind": "*"}],
            "namespaceResourceBlacklist": [{"group": "*", "kind": "Secret"}],
        }
        project = obj("AppProject", "no-secret", "argoproj.io/v1alpha1", metadata={"namespace": "argocd"}, spec=rules)
        files["argocd/project.yaml"] = project
        told = f"- apiGroups: ['*']\n  kinds: [{self.excluded}]\n" if self.excluded else "[]"
        files["argocd/argocd-cm.yaml"] = obj("ConfigMap", "argocd-cm", data={"resource.exclusions": told})
        for one in self.sets:
            policy: dict[str, object] = {"applicationsSync": one.policy} if one.policy else {}
            if one.preserves:
                policy["preserveResourcesOnDeletion"] = True
            files[f"argocd/set-{one.name}.yaml"] = appset(
                name=one.name,
                policy=policy,
                generators=one.generators(),
                namespace="x",
                finalizers=list(one.template),
                server=one.server,
                kept=one.finalizer,
            )
            if one.shape == "git":
                files |= {f"sets/{one.name}/{e}.json": json.dumps({"name": e}) for e in one.elements}
        return files
