"""Where a resource comes from: from the Application, through every kustomization entry, to the document."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from bot.formats.writing.markdown import code
from checks.wording import listed
from gitops.applications.application import Application, Origin
from gitops.discovery.snapshot import Owned, OwnedId
from gitops.facts.lookup import routes
from gitops.files.spans import Span

Link = Callable[[Span], str]

_RESOURCES = 5
_COPIES = 4
_ROUTES = 3
_ENTRIES = 12  # of one chain


def chains(found: Mapping[OwnedId, Sequence[Owned]], link: Link) -> str:
    """Every resource with the chain of each copy; cut, with the number of what was left out."""
    shown = list(found.items())[:_RESOURCES]
    parts = [_resource(owned_id, copies, link) for owned_id, copies in shown]
    left = len(found) - len(shown)
    if left:
        names = listed([code(str(owned_id.id)) for owned_id in list(found)[_RESOURCES:]], most=10)
        parts.append(f"{left} more {'matches' if left == 1 else 'match'}: {names}.")
    return "\n\n".join(parts)


def _resource(owned_id: OwnedId, copies: Sequence[Owned], link: Link) -> str:
    names = list(dict.fromkeys(copy.application.label for copy in copies))
    who = listed([code(name) for name in names], most=_COPIES)
    parts = [f"{code(str(owned_id.id))} in {code(owned_id.cluster)} comes from {who}:"]
    for copy in copies[:_COPIES]:
        ways = routes(copy)
        parts.extend(_way(copy, origin, link) for origin in ways[:_ROUTES])
        if len(ways) > _ROUTES:
            parts.append(f"… and by {len(ways) - _ROUTES} more ways.")
    if len(copies) > _COPIES:
        parts.append(f"… and {len(copies) - _COPIES} more copies.")
    return "\n\n".join(parts)


def _way(copy: Owned, origin: Origin, link: Link) -> str:
    application = copy.application
    # A paragraph of its own: Markdown would run two numbered lists into one.
    head = f"{_application(application)}, {_place(application.origin.span, link)}:"
    entries = [f"{code(f'{ref.field}: {ref.value}')}: {_place(ref.span, link)}" for ref in origin.chain]
    if len(entries) > _ENTRIES:
        half = _ENTRIES // 2
        entries = [*entries[:half], f"… {len(entries) - _ENTRIES} more entries …", *entries[-half:]]
    lines = entries
    hook = ", a hook that Argo CD runs and does not own" if copy.resource.hook else ""
    if copy.resource.elsewhere is not None:
        lines.append(f"It is written in {copy.resource.elsewhere}{hook}.")
    elif origin == application.origin:
        lines.append(f"argofix cannot tell the file: a transformer or a plugin made it{hook}.")
    elif not (origin.chain and origin.chain[-1].span == origin.span):  # else the generator's entry is all there is
        lines.append(f"The document{hook}: {_place(origin.span, link)}")
    return "\n".join([head, "", *(f"{number}. {line}" for number, line in enumerate(lines, 1))])


def _application(application: Application) -> str:
    above = f", below {' › '.join(code(name) for name in application.parents)}" if application.parents else ""
    made = ", made by an ApplicationSet" if application.generated else ""
    return f"Application {code(application.label)}{made}{above}"


def _place(span: Span, link: Link) -> str:
    return f"[{code(str(span))}]({link(span)})"
