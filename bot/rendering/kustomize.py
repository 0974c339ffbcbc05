"""The real engine: `kustomize build`, or `kubectl kustomize` where that is what there is.

One run gets exactly the files of its request, written to a scratch directory, and a wrapper kustomization beside them
that asks for origin annotations. The wrapper stands outside the repository's tree so that nothing of it is touched.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import re
import shutil
import struct
import sysconfig
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self

from bot.rendering import sandbox
from bot.rendering.files import contents, write_files
from bot.rendering.turns import Turns
from gitops.files.effort import Effort
from gitops.files.errors import GitopsError, MalformedYaml
from gitops.files.tree import MODE_SYMLINK
from gitops.resources.manifests import Redact, read_rendered
from gitops.resources.redaction import hide_secrets
from gitops.resources.rendering import Output, RenderRequest
from gitops.resources.resource import Resource

_PREFIX = "../repo/"
_INTERPRETER = 3  # PT_INTERP
SPENT = (
    "rendering this commit has taken the {:,.0f} s that argofix grants one evaluation; what is rendered is kept, so "
    "the next run of the check goes on from there"
)
# What Go's runtime says when the kernel gives it no more (runtime/malloc.go, runtime/mem_linux.go).
OUT_OF_MEMORY = (
    "fatal error: runtime: out of memory",
    "runtime: cannot allocate memory",
    "fatal error: out of memory",
)
_SECURITY = re.compile(r"security; file '")
_VERSION = re.compile(r"v\d+\.\d+\.\d+[^\s)}]*")


class RendererMissing(Exception):
    """Neither `kustomize` nor `kubectl` can be run."""


@dataclass(frozen=True, slots=True)
class RendererBinary:
    """A renderer binary that answered: its path, its kustomize version, and how far it can be shut in. `helm` is the
    version of a helm that renders charts beside it, '' for none."""

    binary: Path
    version: str
    chroot: bool
    cut_off: bool
    helm: str = ""

    @property
    def is_kubectl(self) -> bool:
        return self.binary.name.startswith("kubectl")

    @property
    def identity(self) -> str:
        return self.fingerprint + (f" helm {self.helm}" if self.helm else "")

    @property
    def fingerprint(self) -> str:
        """Changes where what it renders may."""
        return f"{'kubectl' if self.is_kubectl else 'kustomize'} {self.version}"

    @property
    def charts(self) -> str:
        """What renders charts and Jsonnet (`gitops.charts.helm.is_whole`); '' for nothing."""
        return f"helm {self.helm}" if self.helm else ""

    @property
    def exposed(self) -> tuple[str, ...]:
        """What of this machine a renderer could reach if it were taken over; nothing when it is shut in."""
        reach = (("the server's file system", self.chroot), ("the network", self.cut_off))
        return tuple(what for what, shut in reach if not shut)

    @property
    def confinement(self) -> str:
        """What there is to say of a renderer that is not shut in, as one clause; '' for one that is."""
        if self.shut_in:
            return ""
        reach = f"it is not shut in and could reach {' and '.join(self.exposed)}"
        if not self.chroot and is_dynamic(self.binary):
            return f"{reach}: {self.binary} is linked dynamically, so it does not start in a directory of its own"
        return reach

    @property
    def shut_in(self) -> bool:
        """Whether it can reach nothing but the files that it is given."""
        return not self.exposed

    def words(self) -> list[str]:
        return ["kustomize"] if self.is_kubectl else ["build"]


def find_binary(setting: str | None) -> Path:
    """The renderer's path. Raises `RendererMissing` with what to do."""
    if setting:
        found = shutil.which(setting)
        if found is None:
            raise RendererMissing(f"ARGOFIX_RENDERER names {setting}, which cannot be run")
        return Path(found).resolve()
    # What argofix was installed with comes last: somebody chose what is on PATH.
    for name, path in (("kustomize", None), ("kubectl", None), ("kubectl", beside_python())):
        found = shutil.which(name, path=path)
        if found is not None:
            return Path(found).resolve()
    raise RendererMissing("neither kustomize nor kubectl is on PATH; install one, or set ARGOFIX_RENDERER")


def is_dynamic(binary: Path) -> bool:
    """Whether a program needs a loader and libraries of the machine (ELF, a program header PT_INTERP). False for what
    is no ELF."""
    try:
        with binary.open("rb") as file:
            head = file.read(64)
            if len(head) < 64 or head[:6] != b"\x7fELF\x02\x01":  # 64 bits, little-endian
                return False
            (at,), (size, count) = struct.unpack_from("<Q", head, 32), struct.unpack_from("<HH", head, 54)
            file.seek(at)
            table = file.read(size * count)
    except OSError:
        return False
    kinds = (struct.unpack_from("<I", table, start)[0] for start in range(0, len(table) - 3, size or 1))
    return any(kind == _INTERPRETER for kind in kinds)


def beside_python() -> str:
    """The directory that the programs of installed packages are in."""
    return sysconfig.get_path("scripts")


def available_cpus(quota: Path = Path("/sys/fs/cgroup/cpu.max")) -> int:
    """CPUs that this process may use: a container's limit counts (cgroup v2), where a node has many more."""
    cpus = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    try:
        limit, period = quota.read_text().split()
        return max(1, min(cpus, -(-int(limit) // int(period))))
    except (OSError, ValueError):  # none, or "max"
        return cpus


class Renderer:
    """Renders requests, at most `jobs` at a time. `home` holds the scratch directories and a link to the binary;
    `observe(seconds, result)` hears of each rendering, whose result is `rendered` or `failed`."""

    def __init__(
        self, engine: RendererBinary, home: Path, jobs: int | None = None, limits: sandbox.Limits | None = None
    ) -> None:
        self.engine = engine
        self.observe: Callable[[float, str], None] = lambda _seconds, _result: None
        self.now: Callable[[], float] = time.perf_counter
        self.home = home
        jobs = jobs or available_cpus()
        self._turns = Turns(jobs)
        self.most = most = jobs + self._turns.spare  # requests at a time
        # Of one user there are as many renderers as turns, and beside them the server's own threads.
        self.limits = limits or sandbox.Limits(memory=sandbox.memory_of_one(most), processes=max(1024, 64 * most))
        self.linked: Path | None = None  # its copy in `home`

    @classmethod
    async def start(cls, setting: str | None, home: Path, jobs: int | None = None) -> Self:
        """Find the engine, learn its version and what the kernel lets us shut it into (remembered per binary)."""
        binary = find_binary(setting)
        key, notes = prepare(home, binary)
        try:
            known = json.loads(notes.read_text())
            if known["key"] == key:
                return cls(RendererBinary(binary, known["version"], known["chroot"], known["cut_off"]), home, jobs)
        except (OSError, ValueError, KeyError, TypeError):
            pass
        renderer = cls(RendererBinary(binary, "", False, False), home, jobs)
        renderer.engine = await renderer._probe()
        engine = renderer.engine
        remember(notes, key=key, version=engine.version, chroot=engine.chroot, cut_off=engine.cut_off)
        return renderer

    async def _probe(self) -> RendererBinary:
        engine = self.engine
        words = ["version", "--client"] if engine.is_kubectl else ["version"]
        try:
            done = await sandbox.run([str(engine.binary), *words], self.home, str(self.home), self.limits)
        except OSError as error:
            raise RendererMissing(f"{engine.binary} cannot be run: {error.strerror}") from None
        lines = [line for line in done.stdout.decode("utf-8", "replace").splitlines() if "ustomize" in line]
        versions = _VERSION.findall("\n".join(lines) or done.stdout.decode("utf-8", "replace"))
        if done.status != 0 or not versions:
            raise RendererMissing(f"{engine.binary} does not tell its kustomize version: {done.stderr.strip()[:200]}")
        engine = replace(engine, version=versions[-1])
        for chroot in (True, False):
            with tempfile.TemporaryDirectory(dir=self.home) as scratch:
                root = Path(scratch)
                program = place(self, root) if chroot else str(engine.binary)
                open_to_all(root)
                probe = await sandbox.run(
                    [program, *words], root, "/", self.limits, root=root if chroot else None, alone=True
                )
                if probe.status == 0:
                    return replace(engine, chroot=chroot, cut_off=True)
        return engine

    async def render(self, request: RenderRequest, redact: Redact, effort: Effort | None = None) -> Output:
        """Run one request when it is its repository's turn; a failure is an `Output` with `error`. Its seconds are
        charged to `effort`, and it is not run when none are left. Raises `RendererMissing` when nothing runs."""
        effort = effort or Effort()
        async with self._turns.turn():
            if effort.seconds <= 0:
                return Output(refused=SPENT.format(effort.granted), transient=True)
            started = self.now()
            try:
                output = await self._lifted(request, redact)
            finally:
                seconds = self.now() - started
                effort.seconds -= seconds
            self.observe(seconds, "rendered" if output.error is None and output.refused is None else "failed")
            return output

    async def _lifted(self, request: RenderRequest, redact: Redact) -> Output:
        """As Argo CD would, and where only the load restriction stands in the way, once more without it.

        The restriction is one of the walls, so it stays where there is no other, whatever the policy asks for.
        """
        if not self.engine.shut_in:
            request = replace(request, options=replace(request.options, load_restrictor_none=False))
        output = await self._run(request, redact)
        restricted = output.error is not None and _SECURITY.search(output.error)
        if not restricted or request.options.load_restrictor_none or not self.engine.shut_in:
            return output
        freer = replace(request, options=replace(request.options, load_restrictor_none=True))
        second = await self._run(freer, redact)
        return (
            output
            if second.error is not None and _SECURITY.search(second.error)
            else replace(second, lifted=output.error)
        )

    async def _run(self, request: RenderRequest, redact: Redact) -> Output:
        scratch = Path(tempfile.mkdtemp(dir=self.home, prefix="render-"))
        try:
            try:
                await asyncio.to_thread(_write, request, scratch)
            except GitopsError as error:
                return Output(error=str(error))
            engine = self.engine
            try:
                program = place(self, scratch) if engine.chroot else str(engine.binary)
                await asyncio.to_thread(open_to_all, scratch)
            except OSError as error:
                raise RendererMissing(f"{engine.binary} cannot be run: {error.strerror}") from None
            where = "/build" if engine.chroot else str(scratch / "build")
            flags = ["--load-restrictor=LoadRestrictionsNone"] if request.options.load_restrictor_none else []
            argv = [program, *engine.words(), *flags, where]
            home = "/" if engine.chroot else str(scratch)
            root = scratch if engine.chroot else None
            try:
                done = await sandbox.run(argv, scratch, home, self.limits, root=root, alone=engine.cut_off)
            except OSError as error:
                raise RendererMissing(f"{engine.binary} cannot be run: {error.strerror}") from None
            except sandbox.RenderTimeout as error:
                return Output(error=str(error), transient=True, timed_out=True)
            except sandbox.RenderTooLarge as error:
                return Output(refused=f"{error}, and argofix reads no more")
            if (reason := sandbox.could_not_begin(done)) is not None:
                raise RendererMissing(f"{engine.binary} cannot be run: {reason}")
            if done.status != 0 and any(words in done.stderr for words in OUT_OF_MEMORY):
                return self._out_of_memory()
            if done.status != 0:
                return await asyncio.to_thread(_failed, request, scratch, done)
            return await asyncio.to_thread(_read, request, done.stdout, redact)
        finally:
            await asyncio.shield(asyncio.to_thread(shutil.rmtree, scratch, ignore_errors=True))

    def _out_of_memory(self) -> Output:
        most = self.limits.memory // 2**20
        return Output(refused=f"rendering it takes more than the {most:,} MB of memory that argofix grants")

    async def close(self) -> None:
        """Nothing lives longer than its request."""


def place(renderer: Renderer, scratch: Path) -> str:
    """The binary inside the scratch file system: a hard link to a copy that lies on the same file system."""
    binary = renderer.engine.binary
    if renderer.linked is None or not renderer.linked.exists():
        stat = binary.stat()
        copy = renderer.home / f"engine-{stat.st_size}-{stat.st_mtime_ns}"
        if not copy.exists():
            part = copy.with_suffix(f".{os.getpid()}")
            shutil.copy2(binary, part)
            part.replace(copy)
        renderer.linked = copy
    os.link(renderer.linked, scratch / binary.name)
    return f"/{binary.name}"


def prepare(home: Path, binary: Path, notes: str = "engine.json") -> tuple[str, Path]:
    """What the remembered answers of a binary are kept under, and in which file."""
    for directory in (home.parent, home):  # a mode is that of the last one only
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    stat = binary.stat()
    # A volume may come back in another Pod, on another kernel, under another seccomp profile.
    machine = os.uname()
    where = f"{machine.nodename} {machine.release} {os.geteuid()} {_confinement()}"
    return f"{binary} {stat.st_size} {stat.st_mtime_ns} {where} {sandbox.method()}", home / notes


def remember(notes: Path, **answers: object) -> None:
    """Write what a binary answered, for who starts next; whole, also where two write at once."""
    scratch = notes.with_suffix(f".{os.getpid()}")
    scratch.write_text(json.dumps(answers))
    scratch.replace(notes)


def _confinement(status: Path = Path("/proc/self/status")) -> str:
    with contextlib.suppress(OSError):
        lines = dict(line.partition(":")[::2] for line in status.read_text().splitlines())
        return " ".join(lines.get(name, "").strip() for name in ("CapEff", "CapBnd", "NoNewPrivs", "Seccomp"))
    return ""


def _write(request: RenderRequest, scratch: Path) -> None:
    build = scratch / "build"
    build.mkdir()
    write_files(request, scratch / "repo")
    resource = "../repo/" + request.root if request.root else "../repo"
    text = f"resources: [{json.dumps(resource)}]\nbuildMetadata: [originAnnotations]\n"
    (build / "kustomization.yaml").write_text(text)


def _read(request: RenderRequest, stdout: bytes, redact: Redact) -> Output:
    try:
        return Output(_really_from(request, read_rendered(stdout, _PREFIX, redact)))
    except MalformedYaml as error:
        return Output(error=str(error))


def _failed(request: RenderRequest, scratch: Path, done: sandbox.Finished) -> Output:
    said = hide_secrets(_repository_paths(done.stderr, scratch), contents(request))
    return Output(error=said, transient=done.status < 0)


def open_to_all(scratch: Path) -> None:
    """Let the user read it that root becomes before a renderer begins; anybody else is what it is already."""
    if os.geteuid() != 0:
        return
    for directory, _, files in os.walk(scratch):
        Path(directory).chmod(0o755)
        for name in files:
            path = Path(directory, name)
            if not path.is_symlink():
                path.chmod(0o755 if path.stat().st_nlink > 1 else 0o644)  # the renderer itself is a hard link


def _really_from(request: RenderRequest, resources: tuple[Resource, ...]) -> tuple[Resource, ...]:
    """Origins name paths as kustomizations write them; behind symlinks the file is another one."""
    tree = request.tree
    if not any(entry.mode == MODE_SYMLINK for path in request.files if (entry := tree.entry(path)) is not None):
        return resources

    def real(path: str | None) -> str | None:
        try:
            return None if path is None else tree.resolve(path)
        except GitopsError:
            return path

    return tuple(replace(one, path=real(one.path), generator=real(one.generator)) for one in resources)


def _repository_paths(stderr: str, scratch: Path) -> str:
    """What the engine said, with paths as the repository's people know them."""
    for base in (str(scratch / "repo"), str(scratch.resolve() / "repo"), "../repo", "/repo"):
        stderr = stderr.replace(base + "/", "").replace(base, ".")
    return stderr.replace(str(scratch), "")
