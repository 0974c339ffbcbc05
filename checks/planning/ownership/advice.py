"""Steps in words. Only what was proven is said, so that following it to the letter does no harm."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from checks.wording import listed
from gitops.applications.application import FINALIZER
from gitops.kustomize.steps import DeleteDocument, DeleteFile, DropByPatch, Exclude, Line, Retire, Step, TakeOut


def sentence(way: Sequence[Step], loser: str, it: str = "it") -> str:
    """What to do so that `loser` no longer brings `it`: one sentence, or two where a second one warns."""
    first = way[0]
    if isinstance(first, Retire):
        return _retire(first, loser)
    parts = [part for group in _groups(way) for part in _imperatives(group, loser)]
    return f"{parts[0][0].upper()}{parts[0][1:]}" + "".join(f", and {part}" for part in parts[1:]) + "."


def without_way(cause: str, refusal: str) -> str:
    """Why nothing can be told, without a full stop: what is the case, and what became of the trials."""
    return "; ".join(dict.fromkeys(filter(None, (cause, refusal)))) or "no edit could be proven"


def title(steps: Sequence[Step]) -> str:
    """The steps as the title of a fix, without a full stop."""
    entries = [step.reference for step in steps if isinstance(step, TakeOut) and step.reference.field != "items"]
    if entries and len(entries) == len(steps):
        what = " and ".join(f"`{reference.value}`" for reference in dict.fromkeys(entries))
        return f"Remove {what} from {entries[0].kustomization}"
    done = [part for group in _groups(steps) for part in _done(group)]
    return listed(list(dict.fromkeys(done)), most=3)


def entry(step: Step) -> str:
    """What a step takes away, in a few words for a table."""
    if isinstance(step, TakeOut):
        return step.reference.value
    if isinstance(step, DeleteFile):
        return "the symbolic link" if step.link else "the file"
    if isinstance(step, Exclude):
        return f"{listed(step.files, most=3)} (by `directory.exclude`)"
    if isinstance(step, DropByPatch):
        return f"{step.resource}"
    return str(step.resource) if isinstance(step, DeleteDocument) else step.name


def _groups(steps: Sequence[Step]) -> list[list[Line]]:
    """Steps of one sort in one file are told together."""
    groups: dict[tuple[object, ...], list[Line]] = {}
    for step in steps:
        if not isinstance(step, Retire):
            together = isinstance(step, DeleteDocument | DropByPatch) or _is_item(step)
            groups.setdefault((type(step), step.span.path, None if together else step), []).append(step)
    return list(groups.values())


def _is_item(step: Step) -> bool:
    return isinstance(step, TakeOut) and step.reference.field == "items"


def _imperatives(group: Sequence[Line], loser: str) -> Iterator[str]:
    first, path = group[0], group[0].span.path
    what = listed([entry(step) for step in group], most=3)
    if len(group) == 1:
        yield _imperative(first, loser)
    elif isinstance(first, DeleteDocument):
        lines = listed([f"{step.span.line} to {step.span.end_line}" for step in group], most=3)
        yield f"delete lines {lines} of {path}, {what}"
    elif isinstance(first, DropByPatch):
        yield f"let `{loser}` leave out {what} by patches with `$patch: delete` in {path}; the manifests stay"
    else:
        yield f"remove {what} from the `items` in {path}"


def _imperative(step: Line, loser: str) -> str:
    if isinstance(step, TakeOut):
        reference = step.reference
        if reference.field == "items":
            return f"remove {reference.value} from the `items` of {reference.span}"
        if reference.field.endswith("Generator"):
            return f"remove the generator `{reference.value}` ({reference.span}) from `{loser}`"
        if reference.field.startswith("patches"):
            return f"{reference.value} ({reference.span}) with it"
        return f"remove `{reference.value}` ({reference.span}) from `{loser}`"
    if isinstance(step, DeleteDocument):
        span = step.span
        return f"delete lines {span.line} to {span.end_line} of {span.path}, {step.resource}"
    if isinstance(step, DeleteFile):
        if step.link:
            return f"delete the symbolic link {step.span.path}; the file that it leads to stays"
        return f"delete the file {step.span.path}"
    if isinstance(step, Exclude):
        files = listed([f"`{file}`" for file in step.files], most=3)
        return f"let `{loser}` pass over {files}: add it to `{step.field}` ({step.span})"
    return (
        f"let `{loser}` leave out {step.resource} by a patch with `$patch: delete` in {step.span.path}; its manifest "
        "stays"
    )


def _retire(step: Retire, loser: str) -> str:
    what = f"`{FINALIZER}`"
    before = f"take {what} out of its manifest and" if step.cascades else f"see that it has no {what}:"
    before = f"{before} see it gone from the live Application:" if step.cascades else before
    return (
        f"`{loser}` brings nothing else, so one of the two Applications is too many, or needs a `path` of its own. "
        f"Everything stays with the other one when `{loser}` ({step.span}) is taken out of git. Before that, "
        f"{before} with it Argo CD deletes what the Application still holds."
    )


def _done(group: Sequence[Line]) -> Iterator[str]:
    path = group[0].span.path
    what = listed([_short(step) for step in group], most=3)
    for step in group[:1]:
        if isinstance(step, TakeOut):
            yield f"Remove {what} from {path}"
        elif isinstance(step, DeleteDocument):
            yield f"Delete {what} from {path}"
        elif isinstance(step, DeleteFile):
            yield f"Delete {'the symbolic link ' if step.link else ''}{path}"
        elif isinstance(step, Exclude):
            yield f"Exclude {listed(step.files, most=3)} in {path}"
        else:
            yield f"Leave {what} out by a patch in {path}"


def _short(step: Line) -> str:
    return str(step.resource) if isinstance(step, DropByPatch | DeleteDocument) else entry(step)
