"""A kubeconfig file for simulated clusters."""

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import yaml


@dataclass(frozen=True, slots=True)
class Access:
    """How to reach one cluster. `name` is the cluster's own in the file (the context's when empty)."""

    server: str
    authority: str
    token: str
    name: str = ""


def write_kubeconfig(path: Path, contexts: Mapping[str, Access], current: str | None = None) -> Path:
    """Write `contexts`; the first is the current one, none with `current=''`."""
    chosen = next(iter(contexts), "") if current is None else current
    clusters = {
        access.name or name: {
            "server": access.server,
            "certificate-authority-data": base64.b64encode(access.authority.encode()).decode(),
        }
        for name, access in contexts.items()
    }
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": name, "cluster": cluster} for name, cluster in clusters.items()],
        "users": [{"name": f"{name}-user", "user": {"token": access.token}} for name, access in contexts.items()],
        "contexts": [
            {"name": name, "context": {"cluster": access.name or name, "user": f"{name}-user"}}
            for name, access in contexts.items()
        ],
    }
    if chosen:
        config["current-context"] = chosen
    path.write_text(yaml.safe_dump(config))
    path.chmod(0o600)
    return path
