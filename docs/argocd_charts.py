"""Brings `gitops/installation/data/charts.json` up to the chart repository of Argo.

    python -m docs.argocd_charts INDEX

INDEX is the file https://argoproj.github.io/argo-helm/index.yaml, downloaded. What it tells of the chart `argo-cd`
is written: the version of Argo CD that each version of the chart installs. Versions that are no longer in the index
stay.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml
from packaging.version import InvalidVersion, Version

PATH = Path(__file__).parents[1] / "gitops" / "installation" / "data" / "charts.json"
CHART = "argo-cd"


def refreshed(known: Mapping[str, list[str]], index: Mapping[str, Any]) -> dict[str, list[str]]:
    """The versions of the chart by that of Argo CD, both in their order."""
    found = {chart: app for app, charts in known.items() for chart in charts}
    for entry in index["entries"][CHART]:
        app, chart = str(entry.get("appVersion", "")).removeprefix("v"), str(entry["version"])
        if _is_version(app) and _is_version(chart):
            found[chart] = app
    grouped: dict[str, list[str]] = {}
    for chart in sorted(found, key=Version):
        grouped.setdefault(found[chart], []).append(chart)
    return dict(sorted(grouped.items(), key=lambda item: Version(item[0])))


def _is_version(text: str) -> bool:
    try:
        return bool(Version(text).release)
    except InvalidVersion:
        return False


def written(data: Mapping[str, list[str]]) -> str:
    """JSON with one line for each version of Argo CD."""
    rows = (f" {json.dumps(app)}: {json.dumps(charts)}" for app, charts in data.items())
    return "{\n" + ",\n".join(rows) + "\n}\n"


def main() -> None:
    if len(sys.argv) != 2:
        raise SystemExit(__doc__)
    index = yaml.load(Path(sys.argv[1]).read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
    known = json.loads(PATH.read_text(encoding="utf-8")) if PATH.is_file() else {}
    PATH.write_text(written(refreshed(known, index)), encoding="utf-8")


if __name__ == "__main__":
    main()
