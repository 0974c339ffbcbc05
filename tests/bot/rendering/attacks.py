"""Repositories that try to read the machine on which they are rendered.

Each carries what it read into the `key` of a `secretKeyRef` by a replacement, where `secret-key-missing` prints it.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from textwrap import indent
from typing import Any

LOOT = "loot-of-"  # what everything begins with that no report may show

# Carries the stolen value to where it is printed.
HEAD = """\
resources: [base.yaml]
replacements:
- source: {kind: ConfigMap, name: loot, fieldPath: data.f}
  targets: [{select: {kind: Pod}, fieldPaths: [spec.containers.0.env.0.valueFrom.secretKeyRef.key]}]
generatorOptions: {disableNameSuffixHash: true}
"""
PLUGIN = "apiVersion: builtin\nkind: ConfigMapGenerator\nmetadata: {name: loot}\n"
PATCH_THE_PLUGIN = """\
resources: [g.yaml]
patches:
- target: {kind: ConfigMapGenerator}
  patch: "- {op: replace, path: /files/0, value: 'f=%s'}"
"""
UP = "../" * 20


def pod(key: str) -> dict[str, Any]:
    variable = {"name": "E", "valueFrom": {"secretKeyRef": {"name": "s", "key": key}}}
    spec = {"containers": [{"name": "c", "image": "i", "env": [variable]}]}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, "spec": spec}


def config_map(value: str) -> str:
    return json.dumps({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "loot"}, "data": {"f": value}})


_SECRET = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}, "stringData": {"other": "x"}}
BASE = json.dumps({"apiVersion": "v1", "kind": "List", "items": [pod("k"), _SECRET]})


def _generator(rest: str) -> dict[str, str]:
    return {"kustomization.yaml": f"{HEAD}configMapGenerator: [{{name: loot, {rest}}}]\n", "data.txt": "harmless"}


def _plugin(rest: str) -> dict[str, str]:
    return {"kustomization.yaml": f"{HEAD}generators: [g.yaml]\n", "g.yaml": PLUGIN + rest, "data.txt": "harmless"}


def builtin_generator(file: str) -> dict[str, str]:
    return _plugin(f"files: ['f={file}']\n")


def attacks(secret: str, url: str) -> Mapping[str, Mapping[str, str]]:
    """Files of each attack, below a directory of its own; `application` holds the Application's kustomize options.

    `secret` is a file of this machine (`SECRET.patch` one that is a patch), `url` a server on it.
    """
    encoded = base64.b64encode(f"f={secret}".encode()).decode()
    host = url.removeprefix("http://")
    config = f"{PLUGIN}files: ['f={secret}']\n"
    in_a_directory = f"{HEAD}generators: [plugins]\n"
    plain = "resources: [base.yaml]\n"
    return {
        "plugin": builtin_generator(secret),
        "plugin-inline": {"kustomization.yaml": f"{HEAD}generators:\n- |\n{indent(config, '  ')}"},
        "plugin-field-in-other-case": _plugin(f"Files: ['f={secret}']\n"),
        "plugin-in-a-directory": {
            "kustomization.yaml": in_a_directory,
            "plugins/kustomization.yaml": "resources: [g.yaml]\n",
            "plugins/g.yaml": config,
        },
        "plugin-patched-by-its-kustomization": {
            "kustomization.yaml": in_a_directory,
            "plugins/kustomization.yaml": PATCH_THE_PLUGIN % secret,
            "plugins/g.yaml": f"{PLUGIN}files: [f=data.txt]\n",
            "data.txt": "harmless",
        },
        "generator-in-other-case": {
            "kustomization.yaml": f"{HEAD}configmapgenerator: [{{name: loot, files: ['f={secret}']}}]\n"
        },
        "files-in-other-case": _generator(f"Files: ['f={secret}']"),
        "files-with-a-long-s": _generator(f"file\u017f: ['f={secret}']"),
        "files-in-both-cases": _generator(f"files: [f=data.txt], file\u017f: ['f={secret}']"),
        "files-as-binary": _generator(f"files: [!!binary {encoded}]"),
        "files-by-a-merge-key": _generator(f"<<: {{files: ['f={secret}']}}"),
        "all-by-a-merge-key": {
            "kustomization.yaml": f"{HEAD}<<: {{configMapGenerator: [{{name: loot, files: ['f={secret}']}}]}}\n"
        },
        "path-that-looks-like-text": _generator(f"files: ['f=x: /{UP}{secret[1:]}']"),
        "path-of-an-application": {
            "kustomization.yaml": plain,
            "application": json.dumps({"patches": [{"path": f"{secret}.patch"}]}),
        },
        "path-of-an-application-in-other-case": {
            "kustomization.yaml": plain,
            "application": json.dumps({"patches": [{"Path": f"{secret}.patch"}]}),
        },
        "url-like-a-directory": {
            **_generator(f"files: ['f={url}/directory']"),
            f"http:/{host}/directory": "harmless",
        },
        "url-in-capitals": {
            **_generator(f"files: ['f=HTTP://{host}/capitals']"),
            f"HTTP:/{host}/capitals": "harmless",
        },
        "url-as-resource": {
            "kustomization.yaml": HEAD.replace("base.yaml", f"base.yaml, '{url}/resource'"),
            f"http:/{host}/resource": config_map("harmless"),
        },
    }
