"""What was probably meant by a reference to an object that nobody provides, and what to do about it.

kustomize adds a hash to the names that its generators make and writes it into the references that it knows, in
manifests of the same build and namespace (kustomize, api/internal/accumulator/namereferencetransformer.go and
api/internal/builtins/HashTransformer.go; the alphabet of the hash is in api/hasher/hasher.go).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from checks.secret_keys.cases import Case, Group
from checks.secret_keys.knowledge import Observer
from checks.secret_keys.words import near, plain, quoted
from gitops.facts.secrets.survey import ObjectId, Provision

_HASH = re.compile(r"(?P<base>.+)-[2456789bcdfghkmt]{10}")
_SHOWN = 3


@dataclass(frozen=True, slots=True)
class Hint:
    """`said` are sentences about what is there instead, `advice` what to do then (instead of making the object). With
    `certain`, it is known why the reference finds nothing."""

    said: str = ""
    advice: str = ""
    certain: bool = False


NOTHING = Hint()


def hint_of(group: Group, observer: Observer) -> Hint:
    """The best explanation that git (and the cluster) has."""
    case = group.first
    application = case.needed.owner.application
    # Another root's provider of the very same object is none for this one.
    found = set(observer.neighbours(case.id, application)) - {case.id}
    for other in sorted(found):
        for provision in observer.survey.provisions.get(other, ()):
            generated = _generated(case, other, provision)
            if generated is not None:
                return generated
    here = {other.name: _keys(observer, other) for other in found if other.namespace == case.id.namespace}
    name = _meant(case.id.name, here, group.keys)
    if name:
        return Hint(f"Did you mean {quoted(name, _SHOWN)}?", _correct(group, name))
    elsewhere = sorted({other.namespace for other in found if other.name == case.id.name})
    if elsewhere:
        kind = case.id.kind
        return Hint(
            f"A {kind} of this name is in the namespace {quoted(elsewhere, 3)}, which pods elsewhere cannot use."
        )
    holders = sorted(name for name, keys in here.items() if keys is not None and set(group.keys) <= keys)
    if group.keys and len(holders) == 1:
        they = "this key" if len(group.keys) == 1 else "these keys"
        return Hint(
            f"The only {case.id.kind} of the namespace that is known to have {they} is `{holders[0]}`.",
            _correct(group, holders),
        )
    return NOTHING


def _generated(case: Case, other: ObjectId, provision: Provision) -> Hint | None:
    """`other` is what a generator makes of the name that the reference has."""
    wanted, owner, consumer = case.id, provision.owner, case.needed.owner
    hashed = _HASH.fullmatch(other.name)
    stale = _HASH.fullmatch(wanted.name)
    alike = wanted.name in other.name or (stale is not None and stale["base"] in other.name)
    if owner.resource.generator is None or hashed is None or not alike:
        return None
    written = owner.origin.chain[-1].value if owner.origin.chain else hashed["base"]
    if wanted.name not in (written, hashed["base"]) and not (stale and stale["base"] == hashed["base"]):
        return None
    place = f"({owner.origin.span})"
    one_build = (owner.application.key, owner.part.index) == (consumer.application.key, consumer.part.index)
    if other.namespace != wanted.namespace:
        if not one_build:
            return None  # its own, for another environment
        said = f"kustomize generates it as `{other.name}` {place}, but in the namespace `{other.namespace}`."
        advice = f"Generate it in `{wanted.namespace}`: set `namespace: {wanted.namespace}` in the generator at "
        return Hint(said, f"{advice}{owner.origin.span}.", True)
    said = f"kustomize generates it as `{other.name}` {place}, with a hash in its name"
    fixed = (
        f"let the generator at {owner.origin.span} make the plain name (`options: {{disableNameSuffixHash: true}}`)"
    )
    if hashed["base"] != wanted.name:
        fixed += f" and write `{hashed['base']}` at {case.span}"
    if stale is not None:
        said += f", and `{wanted.name}` has the hash of another content."
        return Hint(said, f"Write `{written}` at {case.span}: kustomize puts the hash in.", True)
    if not one_build:
        said += ", which it cannot write into a manifest of another build."
        return Hint(said, f"Put both into one kustomization, or {fixed}.")
    left, right = consumer.resource.id.namespace, owner.resource.id.namespace
    if left != right:
        names = [f"`{name}`" if name else "none" for name in (left, right)]
        said += ", and writes it only into references of the same namespace: "
        said += f"the manifest says {names[0]}, the generator {names[1]}."
        where = f"set `namespace: {wanted.namespace}` in the generator" if left else "give the manifest the same one"
        return Hint(said, f"Let both say the same: {where}, or {fixed}.", True)
    said += f", and does not write it into this field of `{case.workload.kind} {case.workload.name}`."
    return Hint(said, f"Name the field to kustomize (`configurations` with `nameReference`), or {fixed}.", True)


def _keys(observer: Observer, other: ObjectId) -> frozenset[str] | None:
    known = [p.provided.keys for p in observer.survey.of(other)]
    return None if not known or None in known else frozenset().union(*(keys for keys in known if keys is not None))


def _meant(wanted: str, here: dict[str, frozenset[str] | None], keys: Sequence[str]) -> list[str]:
    """Names that differ by their separators; else, of those that can have the keys, by their spelling or by a prefix
    or suffix."""
    fitting = [name for name, known in here.items() if known is None or set(keys) <= known]
    close = near(wanted, {name for name in here if plain(name) == plain(wanted)} or fitting)
    return [close] if close is not None else sorted(_extended(wanted, fitting))


def _extended(wanted: str, names: Sequence[str]) -> Iterator[str]:
    for name in names:
        short, long = sorted((wanted, name), key=len)
        if long.startswith(f"{short}-") or long.endswith(f"-{short}"):
            yield name


def _correct(group: Group, names: Sequence[str]) -> str:
    places = group.places
    where = (
        f"at {places[0]}" if len(places) == 1 else f"where it is referenced ({places[0]} and {len(places) - 1} more)"
    )
    return f"If {' or '.join(f'`{name}`' for name in names[:_SHOWN])} is meant, write that name {where}."
