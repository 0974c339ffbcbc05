"""A volume for Argo CD's redis: its Deployment becomes a StatefulSet that writes what it holds. Password, Service,
image and pod template stay what they are, and go on following the manifests that they come from.

Sources: argo-cd manifests/base/redis, docs/operator-manual/high_availability.md (a disposable cache) and
util/session/state.go (revoked tokens); redis.io, persistence; the Dockerfiles of the official image (user 999, data
in /data); kubernetes.io, StatefulSets; kustomize's `patches` (a JSON patch may change the kind).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from checks.planning.additions.place import Place, at_first, project_notes
from checks.planning.additions.plan import AdditionPlan, Becomes, NotPossible
from checks.planning.additions.redis_volume import (
    DATA,
    SIZE,
    Redis,
    containers_of,
    has_comments,
    operations,
    patched,
    paths,
    rewritten,
)
from checks.policy.file import Policy
from gitops.discovery.snapshot import Snapshot
from gitops.facts.deletions.options import options_of
from gitops.facts.secrets.pods import at, mapping
from gitops.installation.model import Installation, Member
from gitops.installation.routes.find import fits
from gitops.installation.routes.model import host_of
from gitops.installation.settings import setting
from gitops.resources.manifests import text_of
from gitops.versions.pins.images import split_image

ITEM: Final = "redis-persistence"
HELP: Final = "redis as a StatefulSet with a volume, in place of its Deployment"
_DEFAULT: Final = "argocd-redis:6379"
_ASKING: Final = ("argocd-server", "argocd-repo-server", "argocd-application-controller")
_OFFICIAL: Final = re.compile(r"(?:(?:docker\.io|index\.docker\.io|[\w.-]+/docker)/)?(?:library/)?(?:redis|valkey)")
_OURS: Final = re.compile(r"(?:^|/)(?:redis|valkey)$")


def plan(snapshot: Snapshot, policy: Policy) -> AdditionPlan:
    """A patch of the kustomization, or the Deployment rewritten in a directory of manifests. Raises `NotPossible` and
    `GitopsError`."""
    return at_first(snapshot, lambda place: _plan(snapshot, place))


def _plan(snapshot: Snapshot, place: Place) -> AdditionPlan:
    redis = _redis(place.installation)
    if place.chart is not None and not place.file:
        raise NotPossible(
            f"{place.chart} runs {redis.workload.id} and has no values that give it a volume of its own, and nothing "
            "patches what a chart of an Application renders; a kustomization that inflates it (`helmCharts`) could"
        )
    name = redis.workload.id.name
    changes = list(operations(redis))
    notes = list(project_notes(snapshot, place))
    if place.file:
        edits = patched(snapshot, place, redis, changes)
    else:
        edits = rewritten(snapshot, redis, changes)
        if has_comments(snapshot, redis):
            notes.append(f"Comments within the Deployment of {redis.workload.written.path} are lost")
    image = split_image(text_of(containers_of(redis.workload)[redis.container].get("image"))).name
    if not _OFFICIAL.fullmatch(image):
        notes.append(f"The image {image} is taken to keep its data in {DATA} as the official one does")
    notes += [
        f"The claim names no StorageClass, so the cluster needs a default one; it asks for {SIZE} on one node",
        "A redis that goes back to an older release may refuse what the newer one wrote (`Can't handle RDB format "
        "version`); empty the volume then, since what it holds may go at any time",
    ]
    return AdditionPlan(
        ITEM,
        place.path,
        f"Keep what {name} holds in a volume",
        f"The Deployment `{name}` becomes a StatefulSet of the same name, pods, password and Service, which writes "
        "an append-only file into a volume. Upstream holds redis disposable: it is a cache, and what Argo CD deploys "
        "is in Git. What a volume keeps over a restart is the cache, which is otherwise built anew, and the list of "
        "tokens that were revoked by a log-out.",
        edits,
        comes=frozenset({("apps", "StatefulSet", name)}),
        goes=frozenset({("apps", "Deployment", name)}),
        becomes=(Becomes(("apps", "Deployment", name), ("apps", "StatefulSet", name), paths(redis)),),
        notes=tuple(notes),
        unsafe="The StatefulSet begins with an empty volume, so what the running redis holds is lost once. "
        f"{_gone(redis)}",
        then=_then(redis),
    )


def _redis(installation: Installation) -> Redis:
    service = _service(installation)
    found = installation.named("Service", service)
    if not found:
        raise NotPossible(f"redis is asked for at `{service}`, and no Service of that name is rendered")
    selector = mapping(mapping(found[0].manifest.get("spec")).get("selector"))
    behind = [one for one in installation.of_kind("Deployment", "StatefulSet") if _selected(one, selector)]
    if not behind:
        raise NotPossible(f"no Deployment is rendered behind the Service `{service}`")
    if len(behind) > 1:
        raise NotPossible(f"several workloads are behind the Service `{service}`")
    workload = behind[0]
    running = [at for at, one in enumerate(containers_of(workload)) if _runs_redis(one)]
    if len(running) != 1:
        raise NotPossible(
            f"the Service `{service}` leads to {workload.id}, which is no redis by itself; redis HA keeps a copy in "
            "each of its pods"
        )
    if workload.id.kind == "StatefulSet":
        raise NotPossible(f"{workload.id} is a StatefulSet already")
    replicas = mapping(workload.manifest.get("spec")).get("replicas", 1)
    if replicas != 1:
        raise NotPossible(f"{workload.id} has {replicas} replicas, of which each would have a volume of its own")
    if workload.owned is None:
        raise NotPossible(f"{workload.id} is rendered by no Application")
    return Redis(workload, workload.owned, service, running[0])


def _service(installation: Installation) -> str:
    """The Service that Argo CD's programs are told to ask. Raises `NotPossible`."""
    asked: set[str] = set()
    for process in (one for component in _ASKING for one in installation.of(component)):
        told, sentinel = setting(installation, process, "redis"), setting(installation, process, "sentinel")
        if not told.known or sentinel.value:
            why = "asks Sentinels for redis" if sentinel.value else "is told where redis is by what git does not hold"
            raise NotPossible(f"{process.workload} {why}")
        asked.add(told.value or _DEFAULT)
    if not asked:
        raise NotPossible("no program of Argo CD that asks for redis is rendered")
    if len(asked) > 1:
        raise NotPossible("Argo CD's programs are told different places of redis")
    (address,) = asked
    place = host_of(address.rpartition(":")[0] or address, installation.namespace)
    if place is None or place[0] != installation.namespace:
        raise NotPossible(f"redis is at `{address}`, outside of Argo CD's namespace")
    return place[1]


def _runs_redis(container: Mapping[str, Any]) -> bool:
    return bool(_OURS.search(split_image(text_of(container.get("image"))).name)) and "bitnami" not in text_of(
        container.get("image")
    )


def _selected(member: Member, selector: Mapping[str, Any]) -> bool:
    labels = mapping(at(member.manifest, ("spec", "template", "metadata", "labels")))
    return fits(selector, labels)


def _prunes(redis: Redis) -> bool:
    policy = redis.owned.application.sync_policy
    options = options_of(redis.owned.resource)
    return policy.automated and policy.prune and options.prune is None and "Prune=false" not in policy.options


def _gone(redis: Redis) -> str:
    name, application = redis.workload.id.name, redis.owned.application.name
    if _prunes(redis):
        return f"Application `{application}` syncs with prune, so the same sync deletes the Deployment `{name}`."
    return (
        f"Application `{application}` does not prune by itself, so the Deployment `{name}` stays until somebody "
        "deletes it; until then the Service leads to both, and caches and revoked tokens are now in the one, now in "
        "the other."
    )


def _then(redis: Redis) -> tuple[tuple[str, str], ...]:
    if _prunes(redis):
        return ()
    rid = redis.workload.id
    return (
        (
            "once the StatefulSet is ready, delete the Deployment (or sync with prune):",
            f"kubectl --namespace {rid.namespace} delete deployment {rid.name}",
        ),
    )
