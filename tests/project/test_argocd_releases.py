"""The data about Argo CD's releases is made anew from a checkout, as its page says."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from docs.argocd_releases import PATH, refreshed, written

_PAGE = """
### Options

```
      --disable-tls                Disable TLS
  -h, --help                       help for argocd-repo-server
      --parallelismlimit int       Limit
{more}```
"""
_GO = """
package commands
import "github.com/argoproj/argo-cd/v3/util/shared"
func f() {{
	command.Flags().BoolVar(&hidden, "hidden-flag", env.ParseBoolFromEnv("ARGOCD_HIDDEN", false), "Old.")
	{more}
}}
"""
_MANIFESTS = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: argocd-repo-server}
spec:
  template:
    spec:
      containers:
      - name: main
        env:
        - {name: ARGOCD_READ, valueFrom: {configMapKeyRef: {name: argocd-cmd-params-cm, key: new.key}}}
        - {name: ARGOCD_DEAD, valueFrom: {configMapKeyRef: {name: argocd-cmd-params-cm, key: dead.key}}}
"""


def files(*fields: str, flag: str = "", variable: str = "") -> Mapping[str, str]:
    page = f"      --{flag} string   Text\n" if flag else ""
    return {
        "docs/operator-manual/server-commands/argocd-repo-server.md": _PAGE.format(more=page),
        "cmd/argocd-repo-server/commands/a.go": _GO.format(more=variable),
        "util/shared/b.go": 'package shared\nvar a = "ARGOCD_READ"\nvar m = "argocd_new_metric"\n',
        "util/shared/b_test.go": 'package shared\nvar a = "ARGOCD_DEAD"\n',
        "docs/operator-manual/argocd-cmd-params-cm.yaml": "data: {documented.key: ''}\n",
        "manifests/namespace-install.yaml": _MANIFESTS,
        "manifests/crds/application-crd.yaml": crd(*fields),
    }


def crd(*fields: str) -> str:
    """A CRD with fields of `spec.list`."""
    inner: dict[str, Any] = {name: {"properties": {"below": {}}} for name in ("always", *fields)}
    listed = {"type": "array", "items": {"properties": inner}}
    schema = {"openAPIV3Schema": {"properties": {"spec": {"properties": {"list": listed}}}}}
    return json.dumps({"kind": "CustomResourceDefinition", "spec": {"versions": [{"schema": schema}]}})


def checkout(directory: Path, tags: Mapping[str, Mapping[str, str]]) -> str:
    def git(*arguments: str) -> None:
        identity = ("-c", "user.name=a", "-c", "user.email=a@example.com", "-c", "commit.gpgsign=false")
        at = os.environ | {"GIT_COMMITTER_DATE": "2027-01-02T12:00:00Z"}
        subprocess.run(["git", "-C", str(directory), *identity, *arguments], check=True, capture_output=True, env=at)

    git("init", "-q")
    for tag, content in tags.items():
        for path, text in content.items():
            (directory / path).parent.mkdir(parents=True, exist_ok=True)
            (directory / path).write_text(text, encoding="utf-8")
        git("add", "-A")
        git("commit", "-q", "--allow-empty", "-m", tag)
        git("tag", tag)
    return str(directory)


def data() -> dict[str, Any]:
    made: dict[str, Any] = json.loads(PATH.read_text(encoding="utf-8"))
    return made


def test_the_file_is_written_as_it_is_read() -> None:
    assert written(data()) + "\n" == PATH.read_text(encoding="utf-8")


def test_a_new_minor_and_a_new_patch_become_columns(tmp_path: Path) -> None:
    known = data()
    newest = known["generated_from"]["newest_release"]
    minor = next(one for one in known["minors"] if one.endswith("-dev")).removesuffix("-dev")
    tags = {
        newest: files(),
        f"v{minor}.0": files("fresh"),
        f"v{minor}.1": files("fresh", "late", flag="new-flag", variable='x := "ARGOCD_LATE"'),
    }
    new = refreshed(known, checkout(tmp_path, tags))
    assert new["newest_patch"][minor] == f"v{minor}.1" and f"{minor}-dev" not in new["minors"]
    told = new["generated_from"]
    assert (told["newest_release"], told["date"]) == (f"v{minor}.1", "2027-01-02")
    server = new["components"]["argocd-repo-server"]
    assert server["flags"]["new-flag"] == {
        "since": minor,
        "first_patch": {minor: f"v{minor}.1"},
        "type": "string",
    }
    assert server["flags"]["hidden-flag"] == {"since": minor, "type": "bool", "env": "ARGOCD_HIDDEN"}
    assert server["flags"]["help"]["since"] == "<=2.8" and "last" not in server["flags"]["help"]
    assert server["flags"]["repo-cache-expiration"]["last"] == new["minors"][-2]
    assert server["env"]["ARGOCD_LATE"]["since"] == server["env"]["ARGOCD_READ"]["since"] == minor
    assert "ARGOCD_DEAD" not in server["env"]
    assert new["params"]["documented.key"] == {"since": minor, "read_by": []}
    assert [one["env"] for one in new["params"]["new.key"]["read_by"]] == ["ARGOCD_READ"]
    assert new["dead_wires"]["dead.key"][0]["versions"] == [minor] and "new.key" not in new["dead_wires"]
    assert new["metrics"]["argocd_new_metric"] == {"since": minor}
    # Of fields only those tell a minor that each of its patches has, and not what is below them.
    fresh = {name for name, told in new["crd_fields"]["applications.argoproj.io"].items() if told["since"] == minor}
    assert fresh == {"spec.list.fresh"}
