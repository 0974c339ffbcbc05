"""A small Argo CD, written from its sources and not from what is tested: it makes, prunes and deletes.

Only the rules that decide about deletions: tracking, automated prune and its guard, sync options of live objects, the
cascade by finalizer, ApplicationSets with their policies and owner references, Namespaces. One run is one order in
which the controllers come to act; a change is judged over several.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from tests.gitops.facts.deletions.stage import app, appset, obj
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

    @property
    def policy(self) -> dict[str, object]:
        automated = {"prune": self.prune, "allowEmpty": self.allow_empty}
        return {"syncOptions": list(self.options)} | ({"automated": automated} if self.automated else {})

    def option(self, key: str) -> str | None:
        return next((o.partition("=")[2] for o in self.options if o.startswith(f"{key}=")), None)


@dataclass(frozen=True)
class Child:
    """An Application that the root brings."""

    name: str
    spec: Spec
    cascades: bool
    options: str = ""


@dataclass(frozen=True)
class Set:
    """An ApplicationSet that the root brings; it makes an Application for each element."""

    name: str
    elements: tuple[str, ...]
    policy: str = ""
    preserves: bool = False
    broken: bool = False
    shape: str = "list"  # of its generators, which all give the same elements

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
        return Spec(f"apps/{element}", automated=False, prune=False)


@dataclass(frozen=True)
class Repository:
    """What git says: the things in each directory, and what the root brings."""

    things: Mapping[str, tuple[Thing, ...]]
    children: tuple[Child, ...] = ()
    sets: tuple[Set, ...] = ()
    root: Spec = Spec("argocd")

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
            )
        for one in self.sets:
            policy: dict[str, object] = {"applicationsSync": one.policy} if one.policy else {}
            if one.preserves:
                policy["preserveResourcesOnDeletion"] = True
            files[f"argocd/set-{one.name}.yaml"] = appset(
                name=one.name, policy=policy, generators=one.generators(), namespace="x"
            )
            if one.shape == "git":
                files |= {f"sets/{one.name}/{e}.json": json.dumps({"name": e}) for e in one.elements}
        return files


@dataclass
class Live:
    """A live object: `holder` is the Application of its tracking id, `serial` tells one from its successor."""

    thing: Thing
    holder: str
    serial: int


@dataclass
class LiveApplication:
    spec: Spec
    cascades: bool
    holder: str = ""  # the Application that tracks it as an object
    owner: str = ""  # the ApplicationSet that controls it
    options: str = ""
    going: bool = False


@dataclass
class Cluster:
    """Argo CD and the clusters it deploys to."""

    git: Repository
    objects: dict[tuple[str, str, str], Live] = field(default_factory=dict)  # server, kind, name
    applications: dict[str, LiveApplication] = field(default_factory=dict)
    sets: dict[str, tuple[Set, str]] = field(default_factory=dict)  # with who tracks them
    removed: set[tuple[str, str, str]] = field(default_factory=set)
    serial: int = 0
    by_hand: bool = False  # whether people sync (without prune) what does not sync by itself

    # The steps of controllers.

    def settle(self, order: random.Random, rounds: int = 4) -> None:
        for _ in range(rounds):
            acts = [("sync", name) for name in self.applications] + [("set", name) for name in self.sets]
            order.shuffle(acts)
            for what, name in acts:
                if what == "sync" and name in self.applications:
                    self.finalize(name) if self.applications[name].going else self.sync(name)
                elif what == "set" and name in self.sets:
                    self.reconcile(name)
            for name in [name for name, one in self.applications.items() if one.going]:
                self.finalize(name)

    def sync(self, name: str) -> None:
        application = self.applications[name]
        spec = application.spec
        if not spec.automated and not self.by_hand:
            return
        wanted = {t.key: t for t in self.git.things.get(spec.path, ())}
        children = {c.name: c for c in self.git.children} if spec.path == "argocd" else {}
        sets = {s.name: s for s in self.git.sets} if spec.path == "argocd" else {}
        held = {k for k, live in self.objects.items() if live.holder == name and k[0] == spec.server}
        extra = [k for k in held if (k[1], k[2]) not in wanted]
        extra_children = [
            n
            for n, one in self.applications.items()
            if one.holder == name and not one.owner and n not in children and not one.going
        ]
        extra_sets = [n for n, (_, holder) in self.sets.items() if holder == name and n not in sets]
        if spec.automated and spec.prune and not spec.allow_empty and not (wanted or spec.path == "argocd"):
            return  # it would wipe out everything
        if spec.automated and spec.prune:
            if not self._pruned(extra, spec):
                return  # it waits for a confirmation
            waits = False
            for child in extra_children:
                own = Thing("Application", child, self.applications[child].options)
                option = own.option("Prune") or spec.option("Prune")
                waits = waits or option == "confirm"
            if waits:
                return
            for child in extra_children:
                own = Thing("Application", child, self.applications[child].options)
                if (own.option("Prune") or spec.option("Prune")) != "false":
                    self.delete_application(child)
            for one in extra_sets:
                self.delete_set(one)
        for key, thing in wanted.items():
            where = (spec.server, *key)
            live = self.objects.get(where)
            holder = "" if thing.kind == TRACKED_NOT else name
            if live is None:
                self.serial += 1
                self.objects[where] = Live(thing, holder, self.serial)
            else:
                live.thing, live.holder = thing, holder
        for child, declared in children.items():
            there = self.applications.get(child)
            if there is None:
                self.applications[child] = LiveApplication(
                    declared.spec, declared.cascades, name, "", declared.options
                )
            elif not there.going:
                # `kubectl apply` takes out only what it has put in: a controller's finalizer stays.
                kept = there.cascades and bool(there.owner)
                there.spec, there.cascades = declared.spec, declared.cascades or kept
                there.options, there.holder = declared.options, name
        for one, made in sets.items():
            self.sets[one] = (made, name)

    def _pruned(self, extra: Iterable[tuple[str, str, str]], spec: Spec) -> bool:
        """Prunes wave by wave, the highest first; False when one waits."""
        waves: dict[int, list[tuple[str, str, str]]] = {}
        for key in extra:
            waves.setdefault(self.objects[key].thing.wave, []).append(key)
        for wave in sorted(waves, reverse=True):
            left = [k for k in waves[wave] if k in self.objects]
            options = {k: self.objects[k].thing.option("Prune") or spec.option("Prune") for k in left}
            if "confirm" in options.values():
                return False
            for key, option in options.items():
                if option != "false" and key in self.objects:
                    self.delete(key)
        return True

    def delete(self, key: tuple[str, str, str]) -> None:
        live = self.objects.pop(key, None)
        if live is None:
            return
        self.removed.add(key)
        if key[1] == "Namespace" and key[2] == "x":
            for other in [k for k in self.objects if k[0] == key[0] and k[1] not in ("Namespace", TRACKED_NOT)]:
                self.delete(other)

    def delete_application(self, name: str) -> None:
        """Marked with a deletion timestamp, which nobody can take back."""
        self.applications[name].going = True
        self.removed.add(("", "Application", name))

    def finalize(self, name: str) -> None:
        application = self.applications[name]
        spec = application.spec
        if application.cascades:
            reach = []
            for key, live in self.objects.items():
                own = live.thing.option("Delete") or spec.option("Delete")
                if live.holder == name and key[0] == spec.server and own != "false" and not live.thing.keep:
                    reach.append((key, "confirm" in (own, live.thing.option("Prune") or spec.option("Prune"))))
            if any(waits for _, waits in reach):
                return
            for key, _ in reach:
                self.delete(key)
        del self.applications[name]

    def delete_set(self, name: str) -> None:
        del self.sets[name]
        for child, application in list(self.applications.items()):
            if application.owner == name:
                self.delete_application(child)

    def reconcile(self, name: str) -> None:
        one, _ = self.sets[name]
        if one.broken:
            return
        error = False
        for element in one.elements:
            cascades = not one.preserves
            there = self.applications.get(element)
            if there is None:
                self.applications[element] = LiveApplication(one.spec_of(element), cascades, "", name)
            elif there.owner == name:
                if one.policy in ("", "sync", "create-update"):
                    there.spec, there.cascades = one.spec_of(element), cascades
            elif there.owner:
                error = True
            else:
                there.spec, there.cascades, there.owner = one.spec_of(element), cascades, name
        if error or one.policy in ("create-only", "create-update"):
            return
        for child, application in list(self.applications.items()):
            if application.owner == name and child not in one.elements and not application.going:
                self.delete_application(child)


def installed(base: Repository) -> Cluster:
    """The clusters once everything of a repository was synced."""
    cluster = Cluster(base)
    cluster.applications["root"] = LiveApplication(base.root, False)
    cluster.by_hand = True
    cluster.settle(random.Random(0), 6)
    assert not cluster.removed, cluster.removed
    cluster.by_hand = False
    return cluster


def merged(base: Repository, head: Repository, seed: int) -> set[tuple[str, str, str]]:
    """What of the things that are there is removed once `head` is merged, in one order of events: (server, kind,
    name), without a server for Applications."""
    cluster = installed(base)
    cluster.git = replace(head)
    there = {*cluster.objects} | {("", "Application", name) for name in cluster.applications}
    order = random.Random(seed)
    cluster.settle(order)
    return cluster.removed & there
