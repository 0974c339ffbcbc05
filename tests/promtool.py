"""Rules of Prometheus under its own `promtool`, of Debian's package `prometheus`: `check rules` reads them, and `test
rules` tells which alerts fire on which series."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

PROMTOOL = shutil.which("promtool")

needed = pytest.mark.skipif(
    PROMTOOL is None and not os.environ.get("TESTS_NEED_PROMTOOL"), reason="there is no promtool here"
)


@dataclass(frozen=True)
class Case:
    """After `minutes` of these series (name with labels: values, one a minute, as promtool writes them) the `alert`
    fires for what has these labels, or (None) for nothing. The clock begins in 1970."""

    alert: str
    series: Mapping[str, str]
    minutes: int
    labels: Mapping[str, str] | None
    summary: str = ""


def fires(directory: Path, groups: Mapping[str, Any], cases: Sequence[Case], severity: str = "warning") -> None:
    """Have promtool check the rules and every case; fails with what it says."""
    rules, tests = directory / "rules.yaml", directory / "tests.yaml"
    rules.write_text(json.dumps(groups))
    told = [
        {
            "interval": "1m",
            "input_series": [{"series": name, "values": values} for name, values in case.series.items()],
            "alert_rule_test": [
                {
                    "eval_time": f"{case.minutes}m",
                    "alertname": case.alert,
                    "exp_alerts": []
                    if case.labels is None
                    else [
                        {
                            "exp_labels": {"severity": severity, **case.labels},
                            "exp_annotations": {"summary": case.summary},
                        }
                    ],
                }
            ],
        }
        for case in cases
    ]
    tests.write_text(json.dumps({"rule_files": [rules.name], "evaluation_interval": "1m", "tests": told}))
    assert PROMTOOL is not None, "TESTS_NEED_PROMTOOL is set, and there is no promtool"
    for command in (["check", "rules", str(rules)], ["test", "rules", str(tests)]):
        done = subprocess.run([PROMTOOL, *command], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr


def reads_configuration(directory: Path, files: Mapping[str, str], mounted: str) -> None:
    """Have promtool read `prometheus.yml` and the files of rules that it names, which a pod has at `mounted`."""
    for name, text in files.items():
        (directory / name).write_text(text.replace(mounted, str(directory)))
    assert PROMTOOL is not None, "TESTS_NEED_PROMTOOL is set, and there is no promtool"
    command = [PROMTOOL, "check", "config", str(directory / "prometheus.yml")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
