"""Sentences that both rules about Secrets and ConfigMaps need."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence

from checks.model import Related
from checks.secret_keys.cases import Case, Group, spread
from checks.wording import listed
from gitops.facts.secrets.references import Effect
from gitops.facts.secrets.survey import ObjectId

_SHOWN_PLACES = 12


def quoted(names: Iterable[str], most: int = 5) -> str:
    return listed([f"`{name}`" for name in names], most)


def label(group: Group) -> str:
    """``Secret `shop/db` ``, or ``Secret `db` in 3 namespaces``."""
    ids = group.ids
    first = ids[0]
    if len(ids) == 1:
        return f"{first.kind} `{place_of(first)}`"
    clusters = {wanted.cluster for wanted in ids}
    where = f"{len(ids)} namespaces" if len(clusters) == 1 else f"{len(ids)} places"
    return f"{first.kind} `{first.name}` in {where}"


def place_of(wanted: ObjectId) -> str:
    return f"{wanted.namespace}/{wanted.name}" if wanted.namespace else wanted.name


def who(group: Group) -> str:
    """Who needs it: ``init container `db-migrate` of `Deployment api-backend` needs``."""
    holders = tuple(dict.fromkeys((c.needed.use.holder, f"{c.workload.kind} {c.workload.name}") for c in group.cases))
    if len(holders) == 1:
        holder, workload = holders[0]
        return f"{_upper(holder)} of `{workload}` needs"
    workloads = spread(group.cases)
    places = len(group.cases)
    return f"{places} references in {quoted(workloads)} need"


def consequence(cases: Sequence[Case]) -> str:
    """What happens in the cluster, by the gravest of the references."""
    uses = [case.needed.use for case in cases]
    stops = [use for use in uses if use.effect is Effect.STOPS]
    if stops and all(use.holder.startswith("init ") for use in stops):
        return "Until then the init container waits in CreateContainerConfigError, and every container behind it."
    if any(use.container for use in stops):
        return "Until then the container waits in CreateContainerConfigError."
    if stops:
        return "Until then its pods wait in ContainerCreating with FailedMount."
    if any(use.effect is Effect.TLS for use in uses):
        return "Until then HTTPS is served with another certificate."
    if any(use.effect is Effect.PULL for use in uses):
        return "Images are pulled without these credentials, which fails where the registry asks for them."
    if any(use.effect is Effect.DEFAULTS for use in uses):
        return "Until then its controller goes on with a default configuration."
    if any(use.effect is Effect.CONTROLLER for use in uses):
        return "Until then its controller cannot do what the manifest asks for."
    return "Nothing stops without it, but nothing can use it either."


def plain(text: str) -> str:
    """A name without its case and its separators."""
    return "".join(char for char in text.casefold() if char.isalnum())


def near(wanted: str, candidates: Iterable[str]) -> str | None:
    """The candidate that was most likely meant: another case or other separators first, then a near miss."""
    names = sorted(set(candidates))
    same = [name for name in names if plain(name) == plain(wanted)]
    if same:
        return same[0]
    close = difflib.get_close_matches(wanted, names, 1, 0.87)
    return close[0] if close else None


def others(group: Group, case: Case) -> tuple[Related, ...]:
    """The other references of a group, each with what it asks for."""
    found: dict[tuple[object, str], Related] = {}
    for other in group.cases:
        if other is case or other.span == case.span:
            continue
        key = f" key `{other.needed.use.key}`" if other.needed.use.key is not None else " it"
        text = f"{other.needed.use.holder} of `{other.workload.kind} {other.workload.name}` needs{key} here"
        found.setdefault((other.span, text), Related(other.span, text))
    return tuple(found.values())[:_SHOWN_PLACES]


def _upper(text: str) -> str:
    return text[:1].upper() + text[1:]
