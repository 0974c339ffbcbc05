"""A real OCI registry (Debian's `docker-registry`), empty, on loopback."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

CONFIG = "application/vnd.cncf.helm.config.v1+json"
CHART = "application/vnd.cncf.helm.chart.content.v1.tar+gzip"
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
INDEX = "application/vnd.oci.image.index.v1+json"


def installed() -> bool:
    return shutil.which("docker-registry") is not None


class Registry:
    """Use as a context manager. `url` is where it is."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def __enter__(self) -> Self:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{port}"
        settings = {
            "version": 0.1,
            "log": {"level": "error", "accesslog": {"disabled": True}},
            "storage": {"filesystem": {"rootdirectory": str(self._directory / "registry")}},
            "http": {"addr": f"127.0.0.1:{port}"},
        }
        file = self._directory / "registry.yml"
        file.write_text(json.dumps(settings))
        environ = {"PATH": os.environ.get("PATH", os.defpath), "OTEL_TRACES_EXPORTER": "none"}
        self._process = subprocess.Popen(
            ["docker-registry", "serve", str(file)], env=environ, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        for _ in range(500):
            try:
                self._send("GET", "/v2/")
            except urllib.error.URLError:
                time.sleep(0.02)  # until it listens; it tells nobody when
            else:
                return self
        raise AssertionError("docker-registry does not start")

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait()

    def push(self, name: str, tag: str, archive: bytes, config_type: str = CONFIG, chart_type: str = CHART) -> str:
        """A chart as `helm push` makes it. Gives the digest of its manifest."""
        config = json.dumps({"name": name.rpartition("/")[2]}).encode()
        manifest = {
            "schemaVersion": 2,
            "mediaType": MANIFEST,
            "config": {**self.blob(name, config), "mediaType": config_type},
            "layers": [{**self.blob(name, archive), "mediaType": chart_type}],
        }
        return self.manifest(name, tag, manifest, MANIFEST)

    def blob(self, name: str, content: bytes) -> Mapping[str, Any]:
        digest = _digest(content)
        where = self._send("POST", f"/v2/{name}/blobs/uploads/")["Location"]
        path = where.removeprefix(self.url)
        self._send("PUT", f"{path}{'&' if '?' in path else '?'}digest={digest}", content, "application/octet-stream")
        return {"digest": digest, "size": len(content)}

    def manifest(self, name: str, reference: str, manifest: Mapping[str, Any], kind: str) -> str:
        content = json.dumps(manifest).encode()
        self._send("PUT", f"/v2/{name}/manifests/{reference}", content, kind)
        return _digest(content)

    def _send(self, method: str, path: str, body: bytes | None = None, kind: str = "") -> Mapping[str, str]:
        headers = {"Content-Type": kind} if kind else {}
        request = urllib.request.Request(self.url + path, body, headers, method=method)
        with urllib.request.urlopen(request, timeout=10) as answer:
            return dict(answer.headers)


def _digest(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"
