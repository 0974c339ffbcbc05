"""The cluster generator over the clusters that somebody told (applicationset/generators/cluster.go).

Argo CD reads the Secrets in its namespace. What git shows of them may be all or not: `argocd cluster add` leaves
nothing in git. So each choice says what it stands on.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from gitops.applications.application import IN_CLUSTER, IN_CLUSTER_SERVER
from gitops.applications.clusters import KnownCluster
from gitops.applicationsets import selectors
from gitops.applicationsets.parameters import Params
from gitops.gotemplate.names import sanitized
from gitops.gotemplate.values import StringMap

SETTING: Final = "`clusters:` of .github/argofix.yaml"

# Without a Secret of its own: no labels, and no selector takes it.
BARE: Final = KnownCluster(IN_CLUSTER, IN_CLUSTER_SERVER)


@dataclass(frozen=True, slots=True)
class Chosen:
    """What a selector takes. `gaps` are clauses that say which clusters it may take beside `clusters`; `certain`
    tells that the repository's configuration lists the clusters, so that there are no others."""

    clusters: tuple[KnownCluster, ...]
    gaps: tuple[str, ...] = ()
    certain: bool = False


@dataclass(frozen=True, slots=True)
class Clusters:
    """`declared` are those of the repository's configuration, `shown` and `hidden` those of files (see
    `KnownCluster`). A declared cluster goes before one that is shown under its name."""

    declared: tuple[KnownCluster, ...] = ()
    shown: tuple[KnownCluster, ...] = ()
    hidden: tuple[KnownCluster, ...] = ()

    def near(self, path: str) -> Clusters:
        """Those of the Argo CD that a set in this file belongs to. Where files show the clusters of several Argo CDs,
        they are those whose files stand nearest."""
        if not _of_several(self.shown):
            return self

        def depth(cluster: KnownCluster) -> int:
            there = cluster.place.path.split("/")[:-1] if cluster.place is not None else []
            pairs = zip(path.split("/")[:-1], there, strict=False)
            return next((n for n, (one, other) in enumerate(pairs) if one != other), min(path.count("/"), len(there)))

        nearest = max(map(depth, (*self.shown, *self.hidden)))
        shown, hidden = (tuple(each for each in told if depth(each) == nearest) for told in (self.shown, self.hidden))
        return Clusters(self.declared, shown, hidden)

    def chosen(self, selector: Mapping[str, Any]) -> Chosen:
        """Raises `Refused` for a selector that Argo CD refuses."""
        selectors.matches(selector, {})  # one that is refused is refused whatever clusters there are
        narrow = bool(selector.get("matchLabels")) or bool(selector.get("matchExpressions"))
        taken: list[KnownCluster] = []
        gaps: list[str] = []
        for variants in _by_name((*self.declared, *self._others(self.shown))):
            matching = [each for each in variants if _takes(selector, each, narrow)]
            if matching and len({each.content for each in variants}) > 1:
                places = " and ".join(sorted({str(each.place) for each in variants}))
                gaps.append(f"takes the cluster {matching[0].name}, of which {places} say different things")
            elif matching:
                taken.append(matching[0])
        if not narrow and not any(each.server == IN_CLUSTER_SERVER for each in taken):
            taken.append(BARE)
        gaps += [
            f"takes a cluster too whose Secret {each.place} makes and whose name and server git does not show"
            for each in self._others(self.hidden)
            if _takes(selector, each, narrow)
        ]
        if self.declared:
            return Chosen(tuple(taken), tuple(gaps), certain=True)
        return Chosen(tuple(taken), (*gaps, *self._unseen(taken, narrow, bool(gaps))))

    def _unseen(self, taken: Sequence[KnownCluster], narrow: bool, told: bool) -> Iterable[str]:
        if not self.shown and not self.hidden:
            more = "" if narrow else ", of which git shows no other than in-cluster"
            yield f"needs the clusters that Argo CD knows{more}; {SETTING} can name them"
        elif narrow and not taken and not told:
            count = len({each.name for each in self.shown})
            yield f"takes none of the {count} clusters that git shows; {SETTING} can name others"

    def _others(self, told: Iterable[KnownCluster]) -> Iterable[KnownCluster]:
        """Without those that the configuration declares: by their name, or by that of their Secret."""
        names = {each.name for each in self.declared}
        known = names | {each.secret for each in self.shown}
        return [each for each in told if each.name not in names and not (each.hidden and each.secret in known - {""})]


def _of_several(clusters: Sequence[KnownCluster]) -> bool:
    """Whether one Argo CD cannot know all of them: two that it runs in, or two of one name that differ."""
    own = {each.content for each in clusters if each.server == IN_CLUSTER_SERVER}
    return len(own) > 1 or any(len({each.content for each in same}) > 1 for same in _by_name(clusters))


def _by_name(clusters: Iterable[KnownCluster]) -> Iterable[Sequence[KnownCluster]]:
    """By name: of two Secrets of one name Argo CD takes one."""
    found: dict[str, list[KnownCluster]] = {}
    for each in clusters:
        found.setdefault(each.name, []).append(each)
    return found.values()


def _takes(selector: Mapping[str, Any], cluster: KnownCluster, narrow: bool) -> bool:
    return bool(cluster.labels or not narrow) and selectors.matches(selector, dict(cluster.labels))


def parameters(cluster: KnownCluster, go: bool) -> Params:
    """What a template is filled in with."""
    params: Params = {
        "name": cluster.name,
        "nameNormalized": sanitized(cluster.name),
        "server": cluster.server,
        "project": cluster.project,
    }
    told = {"annotations": dict(cluster.annotations), "labels": dict(cluster.labels)}
    if not go:
        return params | {
            f"metadata.{kind}.{key}": text for kind, texts in told.items() for key, text in texts.items()
        }
    if cluster.labels:  # else it has no Secret
        params["metadata"] = {kind: StringMap(texts) for kind, texts in told.items() if texts}
    return params
