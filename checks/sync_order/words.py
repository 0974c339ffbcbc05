"""Why one Application goes before another, in words for people: names in backticks, no full stop."""

from __future__ import annotations

from gitops.applications.application import Application
from gitops.facts.order.model import Edge, Evidence, Reason


def why(reason: Reason) -> str:
    """One line: what the first Application brings and who needs it."""
    brings, what = f"`{reason.provider.application.label}` brings", f"`{reason.provided}`"
    needs = _needs(reason)
    match reason.evidence:
        case Evidence.HANDOVER:
            keeper, loser = reason.provider.application.label, reason.application.label
            if reason.consumer is not None:  # nothing has been taken out yet
                return f"`{keeper}` is to keep {what}, which `{loser}` also brings"
            does = "brings" if reason.already else "takes over"
            as_before = " as before" if reason.already else ""
            return f"`{keeper}` {does} {what}{as_before}, which `{loser}` no longer brings"
        case Evidence.PARENT:
            return f"{brings} {what}" + (", which makes it" if reason.application.generated else "")
        case Evidence.PROJECT:
            return f"{brings} {what}, in which it is"
        case Evidence.NAMESPACE:
            return f"{brings} {what}, in which it has {needs}"
        case Evidence.DEFINITION | Evidence.API_SERVICE:
            return f"{brings} {what}, without which there is no {needs}"
        case Evidence.WEBHOOK:
            return f"{brings} {what}, whose webhook is asked about {needs}"
        case Evidence.REFERENCE:
            kind = reason.provider.resource.id.kind
            if kind != reason.provided.kind:
                what = f"`{reason.provider.resource.id}`, which makes {what}"
            return f"{brings} {what}, which {needs} names"


def _needs(reason: Reason) -> str:
    if reason.consumer is None:
        return ""
    shown = f"`{reason.consumer.resource.id}`"
    return f"{shown} and {reason.others} more" if reason.others else shown


def main(edge: Edge) -> Reason:
    """The reason to tell when there is room for one."""
    return edge.reasons[0]


def label(application: Application) -> str:
    return f"`{application.label}`"
