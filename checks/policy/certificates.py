"""Reading `certificates`: by which DNS provider a host can be proven to be ours, for issuers that argofix adds.

The names are those of cert-manager's `spec.acme.solvers[].dns01`. Whatever is wrong is told with its line, and its
entry counts as not said.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import yaml

from gitops.files.documents import first_line, items, to_python

Problems = list[tuple[int, str]]
CLOUDFLARE: Final = "cloudflare"
AZURE: Final = "azureDNS"
_AZURE_NEEDS: Final = ("subscriptionID", "resourceGroupName")
_AZURE_KNOWS: Final = (*_AZURE_NEEDS, "tenantID", "clientID", "environment", "managedIdentity")
_SHAPE: Final = "each entry of `certificates.dns01` must have `zones`, and `cloudflare` or `azureDNS`"


@dataclass(frozen=True, slots=True)
class Solver:
    """`provider` (`CLOUDFLARE` or `AZURE`) serves these DNS `zones`; `settings` are cert-manager's fields for it."""

    zones: tuple[str, ...]
    provider: str
    settings: Mapping[str, Any] = field(default_factory=dict, hash=False)

    def zone_of(self, host: str) -> str | None:
        """The closest zone that has a host, None where none has."""
        bare = host.removeprefix("*.")
        fitting = [zone for zone in self.zones if bare == zone or bare.endswith(f".{zone}")]
        return max(fitting, key=len, default=None)


@dataclass(frozen=True, slots=True)
class Certificates:
    """`email` is that of the ACME account ('' for none), `server` the ACME server ('' for Let's Encrypt's)."""

    email: str = ""
    server: str = ""
    dns01: tuple[Solver, ...] = ()


def read_certificates(node: yaml.Node) -> tuple[Certificates, Problems]:
    """What the configuration says; (line, message) of every mistake."""
    if not isinstance(node, yaml.MappingNode):
        return Certificates(), [
            (first_line(node), "`certificates` must be a mapping with `email`, `server`, `dns01`")
        ]
    problems: Problems = []
    texts = {"email": "", "server": ""}
    solvers: list[Solver] = []
    for key, key_node, value in items(node):
        told = to_python(value)
        if key in texts and isinstance(told, str):
            texts[key] = told
        elif key == "dns01" and isinstance(value, yaml.SequenceNode):
            for entry in value.value:
                solver = _solver(to_python(entry))
                if isinstance(solver, Solver):
                    solvers.append(solver)
                else:
                    problems.append((first_line(entry), solver))
        elif key in (*texts, "dns01"):
            shape = "list" if key == "dns01" else "text"
            problems.append((first_line(key_node), f"`certificates.{key}` must be a {shape}"))
        else:
            problems.append((first_line(key_node), f"unknown key `{key}` in certificates"))
    return Certificates(texts["email"], texts["server"], tuple(solvers)), problems


def _solver(told: object) -> Solver | str:
    """The solver, or why there is none."""
    if not isinstance(told, dict):
        return _SHAPE
    zones = told.get("zones")
    provider = next((one for one in (CLOUDFLARE, AZURE) if one in told), None)
    if provider is None or set(told) != {"zones", provider}:
        return _SHAPE
    if not isinstance(zones, list) or not zones or not all(isinstance(one, str) and one for one in zones):
        return "`zones` must be a list of DNS zones such as example.com"
    settings = told[provider] or {}
    if not isinstance(settings, dict):
        return f"`{provider}` must be a mapping"
    if provider == CLOUDFLARE and settings:
        return "`cloudflare` has no settings: write `cloudflare: {}`"
    if provider == AZURE:
        lacking = [key for key in _AZURE_NEEDS if not isinstance(settings.get(key), str)]
        unknown = [str(key) for key in settings if key not in _AZURE_KNOWS]
        alone = ("tenantID" in settings) != ("clientID" in settings)
        if lacking or unknown:
            return f"`azureDNS` {'lacks' if lacking else 'has an unknown'} `{(lacking or unknown)[0]}`"
        if alone or ("managedIdentity" in settings and "clientID" in settings):
            return "`azureDNS` takes `tenantID` and `clientID`, or `managedIdentity`, or neither"
    return Solver(tuple(zone.rstrip(".").lower() for zone in zones), provider, settings)


NOTHING_SAID: Final = Certificates()
