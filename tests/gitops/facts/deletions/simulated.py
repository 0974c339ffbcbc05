"""A small Argo CD, written from its sources and not from what is tested: it makes, prunes and deletes.

Only the rules that decide about deletions: tracking, automated prune and its guard, sync options of live objects,
hooks and their delete policies, the cascade by finalizer, the propagation policy of a prune, ApplicationSets with
their policies, finalizers and owner references, AppProjects, excluded kinds, Namespaces. One run is one order in
which the controllers come to act; a change is judged over several.
"""

from __future__ import annotations

import random
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace

from tests.gitops.facts.deletions.declared import TRACKED_NOT, Repository, Set, Spec, Thing


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
    approved: str = ""


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
    excluded: str = ""
    order: random.Random = field(default_factory=lambda: random.Random(0))

    # The steps of controllers.

    def settle(self, order: random.Random, rounds: int = 4) -> None:
        self.order = order
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
        things = self.git.things.get(spec.path, ())
        found = {t.key: t for t in things if t.synced and t.kind != self.excluded}  # hooks are among them
        if any(thing.kind == spec.forbids for thing in found.values()):
            return  # one task that the project does not permit fails the sync before it does anything
        hooks = [thing for thing in found.values() if thing.hook]
        wanted = {key: thing for key, thing in found.items() if not thing.hook}
        is_root = spec.path == "argocd"
        children = {c.name: c for c in self.git.children} if is_root else {}
        sets = {s.name: s for s in self.git.sets} if is_root else {}
        extra = {
            key: live.thing
            for key, live in self.objects.items()
            if self._is_seen(name, key, spec) and not live.thing.hook and key[1:] not in wanted
        }
        prunes = spec.automated and spec.prune
        if prunes and not (spec.allow_empty or wanted or is_root or self.by_hand):
            return  # it would wipe out everything
        for hook in hooks:
            self._run(hook, name, spec)
        if prunes:
            if not self._pruned(extra, application):
                return  # it waits for a confirmation
            if not self._pruned_below(name, spec, children.keys(), sets.keys()):
                return
        for key, thing in wanted.items():
            self._apply((spec.server, *key), thing, "" if thing.kind == TRACKED_NOT else name)
        for child, declared in children.items():
            there = self.applications.get(child)
            if there is None:
                there = self.applications[child] = LiveApplication(declared.spec, declared.cascades)
            elif there.going:
                continue
            # `kubectl apply` takes out only what it has put in: a controller's finalizer stays.
            kept = there.cascades and bool(there.owner)
            there.spec, there.cascades = declared.spec, declared.cascades or kept
            there.options, there.holder, there.approved = declared.options, name, declared.approved
        for one, made in sets.items():
            self.sets[one] = (made, name)
        # argocd-cm is one of the things that the root brings, and its controller reads it sooner or later.
        if is_root and (self.by_hand or self.order.random() < 0.5):
            self.excluded = self.git.excluded

    def _is_seen(self, name: str, key: tuple[str, str, str], spec: Spec) -> bool:
        """Whether a live object is managed by an Application, where Argo CD looks (controller/state.go:777-785)."""
        mine = self.objects[key].holder == name and key[0] == spec.server
        return mine and key[1] not in (self.excluded, spec.forbids)

    def _apply(self, where: tuple[str, str, str], thing: Thing, holder: str) -> None:
        live = self.objects.get(where)
        if live is None:
            self.serial += 1
            self.objects[where] = Live(thing, holder, self.serial)
        else:
            live.thing, live.holder = thing, holder

    def _run(self, hook: Thing, name: str, spec: Spec) -> None:
        """gitops-engine/pkg/sync/sync_context.go:1702 (before it is created), :671 (once the phase has succeeded)."""
        where = (spec.server, *hook.key)
        live = self.objects.get(where)
        passing = live is None or live.thing.passes  # each sync deletes it, with this change and without it
        if "BeforeHookCreation" in hook.policies:
            self.delete(where, told=not passing)
        self._apply(where, hook, "" if hook.kind == TRACKED_NOT else name)
        if "HookSucceeded" in hook.policies:
            self.delete(where, told=not passing)

    def _pruned_below(self, name: str, spec: Spec, children: Collection[str], sets: Collection[str]) -> bool:
        """Prunes Applications and ApplicationSets; False when it waits for a confirmation."""
        mine = [n for n, one in self.applications.items() if one.holder == name and not one.owner and not one.going]
        extra = {n: Thing("Application", n, self.applications[n].options) for n in mine if n not in children}
        option = {n: thing.option("Prune") or spec.option("Prune") for n, thing in extra.items()}
        if "confirm" in option.values():
            return False
        for child in extra:
            if option[child] != "false":
                self.delete_application(child)
        if spec.option("Prune") is None:
            for one in [n for n, (_, holder) in self.sets.items() if holder == name and n not in sets]:
                self.delete_set(one, spec.propagation)
        return True

    def _pruned(self, extra: Mapping[tuple[str, str, str], Thing], application: LiveApplication) -> bool:
        """Prunes wave by wave, the highest first and what is to be pruned last last; False when one waits. `extra`
        are live objects as they were when the sync began."""
        spec = application.spec
        waves: dict[tuple[bool, int], list[tuple[str, str, str]]] = {}
        for key, thing in extra.items():
            last = "PruneLast=true" in (*spec.options, *thing.options.split(","))
            waves.setdefault((last, 0 if last else -thing.wave), []).append(key)
        for wave in sorted(waves):
            left = [k for k in waves[wave] if k in self.objects]
            options = {k: extra[k].option("Prune") or spec.option("Prune") for k in left}
            if "confirm" in options.values() and not application.approved:
                return False
            for key, option in options.items():
                if option != "false" and key in self.objects:
                    self.delete(key)
        return True

    def delete(self, key: tuple[str, str, str], *, told: bool = True) -> None:
        live = self.objects.pop(key, None)
        if live is None:
            return
        if told:
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
                if self._is_seen(name, key, spec) and own != "false" and not live.thing.keep:
                    reach.append((key, "confirm" in (own, live.thing.option("Prune") or spec.option("Prune"))))
            if any(waits for _, waits in reach) and not application.approved:
                return
            for key, _ in reach:
                self.delete(key)
        del self.applications[name]

    def delete_set(self, name: str, propagation: str) -> None:
        """Its Applications go as its dependents, unless they are orphaned. A set that may not delete lets them go
        free first, if its own finalizer holds it for so long; with the foreground policy the garbage collector does
        not wait for that (applicationset_controller.go:134-160)."""
        one, _ = self.sets.pop(name)
        frees = one.finalizer and one.policy in ("create-only", "create-update")
        spared = propagation == "orphan" or (frees and (propagation == "background" or self.order.random() < 0.5))
        for child, application in list(self.applications.items()):
            if application.owner == name:
                application.owner = ""
                if not spared:
                    self.delete_application(child)

    def reconcile(self, name: str) -> None:
        one, _ = self.sets[name]
        if one.broken:
            return
        error = False
        for element in one.elements:
            cascades = one.cascades
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
    cluster.removed.clear()  # what hooks were for a moment
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
