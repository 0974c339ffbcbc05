"""What is asked of the engine beside kustomizations: a chart, a Jsonnet file.

The fields are those of an Application's block as written; what they mean is decided where they are rendered
(engine/internal/protocol, request.go). Nothing here reads anything.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

Texts = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Parameter:
    """One `--set`, or `--set-string` where it is `forced` to be a text."""

    name: str
    value: str = field(repr=False)  # may be a password
    forced: bool = False

    def document(self) -> Mapping[str, Any]:
        return {"name": self.name, "value": self.value, "forceString": self.forced}


@dataclass(frozen=True, slots=True)
class Variable:
    """A top-level argument or an external variable of Jsonnet; `code` tells that it is Jsonnet and no text."""

    name: str
    value: str = field(repr=False)
    code: bool = False

    def document(self) -> Mapping[str, Any]:
        return {"name": self.name, "value": self.value, "code": self.code}


@dataclass(frozen=True, slots=True)
class HelmRequest:
    """One chart as Argo CD has it rendered. `chart` is its directory; `refs` are the other sources that `$name/...`
    may name, with the directory that holds them, `remote` the values files that are named by URL, with the files;
    `values_object` is JSON, '' for none; `environment` holds only what something here may name; `several` tells
    that the Application has `sources`; `explain` are the fields of resources (place in the answer, JSON pointer) of
    which is asked which values decide about them."""

    chart: str
    release_name: str
    namespace: str
    version: str = ""
    value_files: tuple[str, ...] = ()
    ignore_missing: bool = False
    values: str = field(default="", repr=False)
    values_object: str = field(default="", repr=False)
    parameters: tuple[Parameter, ...] = ()
    file_parameters: Texts = ()
    kube_version: str = ""
    api_versions: tuple[str, ...] = ()
    skip_crds: bool = False
    skip_tests: bool = False
    skip_schema: bool = False
    refs: Texts = ()
    remote: Texts = ()
    several: bool = False
    environment: Texts = ()
    explain: tuple[tuple[int, str], ...] = ()

    @property
    def kind(self) -> str:
        return "helm"

    def document(self) -> Mapping[str, Any]:
        """The request as the engine reads it."""
        questions = [{"resource": resource, "field": field} for resource, field in self.explain]
        return {
            **({"explain": questions} if questions else {}),
            "chart": self.chart,
            "refs": dict(self.refs),
            "remote": dict(self.remote),
            "severalSources": self.several,
            "environment": dict(self.environment),
            "releaseName": self.release_name,
            "namespace": self.namespace,
            "version": self.version,
            "valueFiles": list(self.value_files),
            "ignoreMissingValueFiles": self.ignore_missing,
            "values": self.values,
            "valuesObject": json.loads(self.values_object) if self.values_object else None,
            "parameters": [each.document() for each in self.parameters],
            "fileParameters": [{"name": name, "path": path} for name, path in self.file_parameters],
            "kubeVersion": self.kube_version,
            "apiVersions": list(self.api_versions),
            "skipCrds": self.skip_crds,
            "skipTests": self.skip_tests,
            "skipSchemaValidation": self.skip_schema,
        }


@dataclass(frozen=True, slots=True)
class JsonnetRequest:
    """One Jsonnet file of a directory source. `libs` are directories, as written, from the root of the repository."""

    file: str
    directory: str
    tlas: tuple[Variable, ...] = ()
    ext_vars: tuple[Variable, ...] = ()
    libs: tuple[str, ...] = ()
    environment: Texts = ()

    @property
    def kind(self) -> str:
        return "jsonnet"

    def document(self) -> Mapping[str, Any]:
        """The request as the engine reads it."""
        return {
            "file": self.file,
            "directory": self.directory,
            "environment": dict(self.environment),
            "tlas": [each.document() for each in self.tlas],
            "extVars": [each.document() for each in self.ext_vars],
            "libs": list(self.libs),
        }
