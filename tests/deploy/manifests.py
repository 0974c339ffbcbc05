"""What `deploy/` renders to, by the real kustomize."""

from __future__ import annotations

import copy
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from bot.rendering.kustomize import find_binary
from tests.project.repository import ROOT, tracked

Json = dict[str, Any]

VARIANTS = ("deploy/sqlite", "deploy/postgresql")
FIRST_RUN = "deploy/components/first-run"
COMPONENTS = tuple(
    sorted(
        name.parent.as_posix()
        for name in tracked()
        if name.parts[0] == "deploy"
        and name.name == "kustomization.yaml"
        and name.parent.as_posix() != "deploy/components/first-run"
        and re.search(r"^kind: Component$", (ROOT / name).read_text(), re.MULTILINE)
    )
)
CLUSTER_SCOPED = ("ClusterRole", "ClusterRoleBinding")


def kustomize(directory: Path) -> list[Json]:
    binary = find_binary(None)
    words = ["kustomize" if binary.name.startswith("kubectl") else "build", str(directory)]
    done = subprocess.run([str(binary), *words], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return [document for document in yaml.safe_load_all(done.stdout) if document is not None]


def with_components(
    directory: Path, variant: str, components: Sequence[str] = COMPONENTS, namespace: str = "argofix"
) -> Path:
    """A copy of `deploy/` in `directory` with a kustomization as an operator would write it; gives its directory."""
    shutil.copytree(ROOT / "deploy", directory / "deploy")
    own = directory / "own"
    own.mkdir()
    text = {
        "namespace": namespace,
        "resources": [f"../{variant}"],
        "components": [f"../{name}" for name in components],
    }
    (own / "kustomization.yaml").write_text(yaml.safe_dump(text))
    return own


@pytest.fixture(params=VARIANTS)
def variant(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@cache
def _everything(variant: str) -> list[Json]:
    with tempfile.TemporaryDirectory() as directory:
        return kustomize(with_components(Path(directory), variant))


@pytest.fixture
def everything(variant: str) -> list[Json]:
    """One variant with every component."""
    return copy.deepcopy(_everything(variant))


def of_kind(documents: Sequence[Json], kind: str) -> list[Json]:
    return [document for document in documents if document["kind"] == kind]


def the(documents: Sequence[Json], kind: str, name: str = "argofix") -> Json:
    (found,) = [document for document in of_kind(documents, kind) if document["metadata"]["name"] == name]
    return found


def pod(documents: Sequence[Json]) -> Json:
    spec: Json = the(documents, "Deployment")["spec"]["template"]["spec"]
    return spec


def container(documents: Sequence[Json]) -> Json:
    (only,) = pod(documents)["containers"]
    found: Json = only
    return found


def settings(documents: Sequence[Json]) -> dict[str, str]:
    """What the ConfigMap that the container names puts into its environment."""
    (source,) = container(documents)["envFrom"]
    found: dict[str, str] = the(documents, "ConfigMap", source["configMapRef"]["name"])["data"]
    return found


def secret_keys(documents: Sequence[Json]) -> Iterator[tuple[str, str, str]]:
    """(variable, Secret, key)"""
    for variable in container(documents).get("env", ()):
        reference = variable["valueFrom"]["secretKeyRef"]
        yield variable["name"], reference["name"], reference["key"]
