"""What the rules about the way to argocd-server share."""

from __future__ import annotations

from checks.argocd.repairing import argument_of, wanted_of
from checks.model import Repair, Wanted
from gitops.discovery.snapshot import Snapshot
from gitops.files.editing import append, put
from gitops.files.spans import Applicability
from gitops.installation.model import PARAMS, Installation, Process, data_of
from gitops.installation.places import place_of
from gitops.installation.routes.find import routes_to_server
from gitops.installation.routes.model import Protocol, Route, Tls
from gitops.installation.settings import Where, setting

_KEY = "server.insecure"
_ONCE = "argocd-server reads this only when it starts: restart it after the sync."
_RESTART = "Then restart argocd-server: it reads this only when it starts."


def ways_of(snapshot: Snapshot, installation: Installation) -> tuple[tuple[Route, Process], ...]:
    """The routes to the server, each once: several Applications may bring the same one from the same file."""
    found: dict[tuple[object, ...], tuple[Route, Process]] = {}
    for route, process in routes_to_server(snapshot, installation):
        place = (route.member.written.path, route.member.written.line, route.member.id.kind, route.member.id.name)
        found.setdefault(
            (place, route.backend, route.protocol, route.tls, route.hosts, route.paths), (route, process)
        )
    return tuple(found.values())


def insecure_repair(
    installation: Installation, process: Process, ways: tuple[tuple[Route, Process], ...]
) -> Repair | None:
    """What makes the server speak plain HTTP: the setting where it is told such things, else its argument. None where
    another route would break by it, and where the member is no document of its own."""
    if any(one.tls is not Tls.EDGE or one.protocol is not Protocol.HTTP for one, _ in ways):
        return None
    maps = installation.named("ConfigMap", PARAMS)
    told = setting(installation, process, "insecure")
    variable = process.variables.get("ARGOCD_SERVER_INSECURE")
    values = (put(("configs", "params", _KEY), True),)
    if variable is not None and variable.config_map == PARAMS and variable.key == _KEY and len(maps) == 1:
        wanted: Wanted | None = wanted_of(maps[0], put(("data", _KEY), "true"), values=values)
    elif told.where is Where.DEFAULT and variable is None:
        wanted = argument_of(process, "--insecure", values=(append(("server", "extraArgs"), "--insecure"),))
    else:
        return None
    if wanted is None:
        return None
    title = f"Have argocd-server in {installation.namespace} speak plain HTTP behind what ends TLS"
    # Another argument makes new pods, another key of a ConfigMap does not.
    once = "" if wanted.resource.kind != "ConfigMap" else _ONCE
    return Repair(title, (wanted,), Applicability.SAFE, f"insecure|{wanted.written}|{wanted.resource}", once)


def label_of(route: Route) -> str:
    """For people: the address, or what serves it."""
    path = route.paths[0] if len(route.paths) == 1 and route.paths[0] != "/" else ""
    if route.hosts:
        return f"`https://{route.hosts[0]}{path}`"
    return f"what {route.member.id} serves"


def insecure_advice(snapshot: Snapshot, installation: Installation, process: Process) -> tuple[str, str]:
    """(what to do, lines to paste) so that the server speaks plain HTTP, where it is told such things."""
    owned = process.member.owned
    variable = process.variables.get("ARGOCD_SERVER_INSECURE")
    maps = installation.named("ConfigMap", PARAMS)
    if "ARGOCD_SERVER_INSECURE" in process.variables and variable is not None and variable.value is not None:
        place = place_of(snapshot, process.member, "ARGOCD_SERVER_INSECURE")
        return f'Set `ARGOCD_SERVER_INSECURE` to `"true"` at {place}. {_RESTART}', ""
    if owned is not None and owned.resource.template:
        lines = f"configs:\n  params:\n    {_KEY}: true"
        return f"Set it in the chart's values. {_RESTART}", lines
    if variable is not None and variable.config_map == PARAMS and variable.key == _KEY and len(maps) == 1:
        place = place_of(snapshot, maps[0], _KEY) if _KEY in data_of(maps[0]) else maps[0].written
        verb = "Set" if _KEY in data_of(maps[0]) else "Add"
        return f'{verb} `{_KEY}: "true"` in {PARAMS} ({place}). {_RESTART}', f'data:\n  {_KEY}: "true"'
    place = place_of(snapshot, process.member, process.program)
    return f"Add the argument to container `{process.container}` ({place}). {_RESTART}", "- --insecure"
