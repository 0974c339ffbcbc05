"""Repositories of any size, in the ways in which people lay out their Applications."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from tests.scenarios import MATCHER as MATCHER
from tests.scenarios import application, config_map, documents, kustomization


def _one_file(count: int) -> dict[str, str]:
    return {"apps/all.yaml": documents(*(_application(number) for number in range(count)))}


def _one_directory(count: int) -> dict[str, str]:
    return {f"apps/app-{number:05}.yaml": _application(number) for number in range(count)}


def _beside(count: int) -> dict[str, str]:
    return {f"apps/app-{number:05}/application.yaml": _application(number) for number in range(count)}


def _listed(count: int) -> dict[str, str]:
    files = _one_directory(count)
    names = (path.rpartition("/")[2] for path in files)
    return files | {"apps/kustomization.yaml": kustomization(*names)}


def _listed_in_one_file(count: int) -> dict[str, str]:
    return _one_file(count) | {"apps/kustomization.yaml": kustomization("all.yaml")}


def _alternatives(count: int) -> dict[str, str]:
    """Applications of one name, as for many clusters, beside each other."""
    return {
        f"apps/app-{number:05}.yaml": application("web", f"deploy/app-{number:05}", namespace=f"team-{number:05}")
        for number in range(count)
    }


LAYOUTS: Mapping[str, Callable[[int], dict[str, str]]] = {
    "in one file": _one_file,
    "in one directory": _one_directory,
    "a directory each": _beside,
    "in one file that a kustomization lists": _listed_in_one_file,
    "in one directory that a kustomization lists": _listed,
    "in one directory, all of one name": _alternatives,
}


def many(count: int, layout: str) -> dict[str, bytes]:
    """The files of so many Applications, each with a kustomization of one ConfigMap."""
    files = LAYOUTS[layout](count)
    for number in range(count):
        files |= _deployed(number)
    return {path: text.encode() for path, text in files.items()}


def pairs(count: int) -> dict[str, bytes]:
    """So many pairs of Applications that each bring one ConfigMap twice, and one of their own."""
    files: dict[str, str] = {}
    for number in range(count):
        shared = f"shared/s-{number:05}"
        files[f"{shared}/map.yaml"] = config_map(f"shared-{number:05}", "shop")
        files[f"{shared}/kustomization.yaml"] = kustomization("map.yaml")
        for side in ("a", "b"):
            name = f"{side}-{number:05}"
            files[f"apps/{name}.yaml"] = application(name, f"deploy/{name}")
            files[f"deploy/{name}/own.yaml"] = config_map(name, "shop")
            files[f"deploy/{name}/kustomization.yaml"] = kustomization("own.yaml", f"../../{shared}")
    return {path: text.encode() for path, text in files.items()}


def _application(number: int) -> str:
    return application(f"app-{number:05}", f"deploy/app-{number:05}", namespace=f"team-{number:05}")


def _deployed(number: int) -> dict[str, str]:
    root = f"deploy/app-{number:05}"
    return {
        f"{root}/kustomization.yaml": kustomization("map.yaml"),
        f"{root}/map.yaml": config_map("settings", f"team-{number:05}"),
    }
