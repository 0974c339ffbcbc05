"""The engine beside `kustomize build` and `helm template`, on generated charts and checkouts of real repositories.

    make conformance                                    this, after what engine/build.py --conformance does
    make conformance CORPUS="CHECKOUT CHECKOUT"         and all kustomizations and charts of these directories
    python -m benchmarks.conformance --count 5000 --seed 7
    python -m benchmarks.conformance --count 0 --corpus CHECKOUT --helm HELM --kustomize KUSTOMIZE
    python -m benchmarks.conformance --keep             writes what the engine's tests hold: charts, Helm's answers

Charts come from hypothesis, which makes those of `tests.gitops.charts.generated`; with a seed they are the same each
time. kustomize and helm are built from what engine/conformance pins unless they are given, and kept in build/. Exit
status 1 where anything differs that docs/conformance.md does not list.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path
from random import Random

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from tests.gitops.charts.generated import Files, chart, text_of

ROOT = Path(__file__).resolve().parent.parent
SUITE = ROOT / "engine" / "conformance"
BUILT = ROOT / "build" / "conformance"
KEPT = ROOT / "engine" / "internal" / "helm" / "testdata" / "charts.jsonl"
KEPT_SEED, KEPT_COUNT = 14, 100
_PROGRAMS = {
    "kustomize": ["-modfile=kustomize.mod", "sigs.k8s.io/kustomize/kustomize/v5"],
    "helm": ["helm.sh/helm/v4/cmd/helm"],
    "charts": ["./charts"],
    "kustomizations": ["."],
}


def built(name: str, given_path: str | None = None) -> str:
    """The path of a program, built where it is not given. What the suite itself is made of is built each time."""
    if given_path:
        return str(Path(given_path).absolute())
    path = BUILT / name
    go = subprocess.check_output([sys.executable, ROOT / "engine" / "build.py", "--where"], text=True).strip()
    if not path.exists() or name not in ("kustomize", "helm"):
        BUILT.mkdir(parents=True, exist_ok=True)
        environment = {**os.environ, "CGO_ENABLED": "0", "GOFLAGS": "-trimpath -buildvcs=false"}
        command = [go, "build", "-o", str(path), *_PROGRAMS[name]]
        subprocess.run(command, cwd=SUITE, env=environment, check=True)
    return str(path)


def by_hypothesis(count: int, number: int) -> list[Files]:
    made: list[Files] = []

    @seed(number)
    @settings(
        max_examples=count,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(st.randoms(use_true_random=True))
    def one(random: Random) -> None:
        made.append(chart(random))

    one()
    return made


def compare(charts: Iterable[Files], helm: str, answers: str = "") -> int:
    """The exit status of engine/conformance/charts, which prints what differs."""
    with tempfile.TemporaryDirectory(prefix="argofix-charts-") as directory:
        for number, files in enumerate(charts):
            Path(directory, f"{number:05d}.txt").write_text(text_of(files))
        command = [built("charts"), "--cases", directory, "--helm", helm]
        command += ["--answers", answers] if answers else []
        # Helm warns of values that do not fit together.
        return subprocess.run(command, stderr=subprocess.DEVNULL, check=False).returncode


def corpus(directories: list[str], kustomize: str, helm: str) -> int:
    """Every kustomization below the directories, without helm and with it, and every chart with its values files."""
    engine = shutil.which("argofix-engine", path=str(Path(sys.executable).parent))
    if engine is None:
        raise SystemExit("the engine is not built (`make engine`)")
    command = [built("kustomizations"), "--engine", engine, "--kustomize", kustomize]
    commands = [[*command, *more, *directories] for more in ([], ["--helm", helm])]
    commands.append([built("charts"), "--checkouts", "--helm", helm, *directories])
    # kustomize and helm warn of what is deprecated.
    return max(subprocess.run(words, stderr=subprocess.DEVNULL, check=False).returncode for words in commands)


def keep(helm: str) -> int:
    charts = [chart(Random(f"{KEPT_SEED} {number}")) for number in range(KEPT_COUNT)]
    with tempfile.NamedTemporaryFile("r") as answers:
        status = compare(charts, helm, answers.name)
        digests = [line.split()[1] for line in answers.read().splitlines()]
    lines = ({"files": files, "digest": digest} for files, digest in zip(charts, digests, strict=True))
    KEPT.parent.mkdir(exist_ok=True)
    KEPT.write_text("".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines))
    return status


def main() -> int:
    parser = argparse.ArgumentParser(description="Compare the engine with kustomize and helm.")
    parser.add_argument("--count", type=int, default=500, help="generated charts")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--corpus", nargs="*", default=[], metavar="CHECKOUT")
    parser.add_argument("--helm")
    parser.add_argument("--kustomize")
    parser.add_argument("--keep", action="store_true")
    asked = parser.parse_args()
    helm = built("helm", asked.helm)
    if asked.keep:
        return keep(helm)
    status = compare(by_hypothesis(asked.count, asked.seed), helm) if asked.count else 0
    if asked.corpus:
        status = max(status, corpus(asked.corpus, built("kustomize", asked.kustomize), helm))
    return status


if __name__ == "__main__":
    sys.exit(main())
