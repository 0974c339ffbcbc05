"""A bare repository on disk and the few git commands that the simulated GitHub is made of.

Most of what is asked has one answer for ever, since it names objects by their SHA: it is asked of git once.
"""

import atexit
import functools
import hashlib
import os
import re
import shutil
import subprocess
import tempfile
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

ZERO = "0" * 40
_SHA = re.compile(r"[0-9a-f]{40}")
_FIXED = re.compile(r"(-.*|[0-9a-f]{40}(:.*|\.\.[0-9a-f]{40})?)", re.DOTALL)


class GitError(Exception):
    """git refused; the message is its standard error."""


@dataclass(frozen=True, slots=True)
class File:
    """A file with a mode other than the plain 100644: 100755, 120000 (symlink, content is the target), 160000."""

    content: bytes
    mode: str = "100644"


@dataclass(frozen=True, slots=True)
class Signature:
    name: str
    email: str
    date: str


@dataclass(frozen=True, slots=True)
class Entry:
    mode: str
    type: str
    sha: str
    size: int | None
    path: str


@dataclass(frozen=True, slots=True)
class CommitData:
    sha: str
    tree: str
    parents: tuple[str, ...]
    author: Signature
    committer: Signature
    message: str


Content = bytes | str | File | None


def environment(home: Path) -> dict[str, str]:
    return {
        "PATH": os.environ.get("PATH", os.defpath),
        "HOME": str(home),
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "LC_ALL": "C.UTF-8",
    }


@functools.cache
def _pattern() -> Path:
    """An empty repository as git makes it, with what GitHub allows; copied, since making one takes many processes."""
    directory = Path(tempfile.mkdtemp(prefix="simulated-github-"))
    atexit.register(shutil.rmtree, directory, ignore_errors=True)
    bare = Bare(directory)
    bare.run("-c", "init.defaultRefFormat=files", "init", "--quiet", "--bare", "--initial-branch=main", "--template=")
    for key, value in (
        ("uploadpack.allowFilter", "true"),
        ("uploadpack.allowAnySHA1InWant", "true"),
        ("uploadpack.allowReachableSHA1InWant", "true"),
        ("http.receivepack", "true"),
        ("gc.auto", "0"),
        ("core.fsync", "none"),
        ("receive.denyDeleteCurrent", "ignore"),
    ):
        bare.run("config", key, value)
    (directory / "objects/info").mkdir(exist_ok=True)
    return directory


class Bare:
    def __init__(self, path: Path) -> None:
        self.path = path
        self._answers: dict[tuple[str, ...], bytes] = {}

    @classmethod
    def create(cls, path: Path, *, fork_of: "Bare | None" = None) -> "Bare":
        shutil.copytree(_pattern(), path)
        bare = cls(path)
        if fork_of:
            # GitHub keeps the objects of a fork and of its parent in one store; so does this.
            (path / "objects/info/alternates").write_text(f"{fork_of.path / 'objects'}\n")
            for ref, sha in fork_of.refs("refs/heads").items():
                bare.update_ref(ref, sha)
        return bare

    def run(self, *arguments: str, stdin: bytes = b"", env: dict[str, str] | None = None) -> bytes:
        done = subprocess.run(
            ["git", "-C", str(self.path), *arguments],
            input=stdin,
            capture_output=True,
            env=environment(self.path) | (env or {}),
        )
        if done.returncode:
            raise GitError(done.stderr.decode(errors="replace").strip() or f"git {arguments[0]}: {done.returncode}")
        return done.stdout

    def text(self, *arguments: str, stdin: bytes = b"", env: dict[str, str] | None = None) -> str:
        return self.run(*arguments, stdin=stdin, env=env).decode(errors="replace").strip()

    def ask(self, command: str, *arguments: str) -> bytes:
        """`run`, once for all where the arguments are options and full SHAs (`SHA..SHA`, `SHA:path`): no push changes
        such an answer, and nothing is ever thrown away. A refusal is asked again: what it lacked may come."""
        key = (command, *arguments)
        known = self._answers.get(key)
        if known is None:
            known = self.run(*key)
            if all(_FIXED.fullmatch(argument) for argument in arguments):
                self._answers[key] = known
        return known

    def resolve(self, revision: str, kind: str = "commit") -> str | None:
        """The object of that kind that a revision means; `commit:path` is taken as it is, since nothing peels it."""
        if revision.startswith("refs/heads/") and not (self.path / "packed-refs").exists():
            # Only a commit can be at a branch; git's own reading takes a process.
            revision = self.refs(revision).get(revision, "")
        if _SHA.fullmatch(revision) and self.kind(revision) == kind:
            return revision
        if not revision:
            return None
        peeled = revision if ":" in revision else f"{revision}^{{{kind}}}"
        try:
            sha = self.ask("rev-parse", "--verify", "--quiet", "--end-of-options", peeled).decode().strip()
        except GitError:
            return None
        return sha if ":" not in revision or self.kind(sha) == kind else None

    def kind(self, sha: str) -> str | None:
        try:
            return self.ask("cat-file", "-t", sha).decode().strip()
        except GitError:
            return None

    def refs(self, prefix: str) -> dict[str, str]:
        """By name; read from the files where each is a file of its own, as they are until git packs them."""
        start = self.path / prefix.rstrip("/")
        if not (self.path / "packed-refs").exists() and start.resolve().is_relative_to(self.path.resolve() / "refs"):
            files = [start, *start.rglob("*")] if start.is_dir() else [start]
            found = {file.relative_to(self.path).as_posix(): _ref(file) for file in files if file.suffix != ".lock"}
            if all(sha is None or _SHA.fullmatch(sha) for sha in found.values()):
                return {name: sha for name, sha in sorted(found.items()) if sha is not None}
        lines = self.text("for-each-ref", "--format=%(refname) %(objectname)", prefix).splitlines()
        return {name: sha for name, _, sha in (line.partition(" ") for line in lines)}

    def update_ref(self, ref: str, sha: str | None) -> None:
        if sha is None:
            self.run("update-ref", "-d", ref)
        else:
            self.run("update-ref", ref, sha)

    def is_ancestor(self, ancestor: str, descendant: str) -> bool:
        try:
            self.ask("merge-base", "--is-ancestor", ancestor, descendant)
        except GitError:
            return False
        return True

    def merge_base(self, left: str, right: str) -> str | None:
        try:
            return self.ask("merge-base", left, right).decode().strip()
        except GitError:
            return None

    def merge_tree(self, left: str, right: str) -> str | None:
        """The tree of a clean merge, or None on conflict or without common history."""
        try:
            return self.ask("merge-tree", "--write-tree", left, right).decode().splitlines()[0]
        except GitError:
            return None

    def blob(self, content: bytes) -> str:
        """Written as git writes it (gitformat-loose-object): one process for each file of each commit is too many."""
        whole = b"blob %d\0" % len(content) + content
        sha = hashlib.sha1(whole, usedforsecurity=False).hexdigest()
        target = self.path / "objects" / sha[:2] / sha[2:]
        if not target.exists():
            target.parent.mkdir(exist_ok=True)
            part = target.with_suffix(".part")
            part.write_bytes(zlib.compress(whole, 1))
            part.replace(target)
        return sha

    def read(self, sha: str) -> bytes:
        return self.ask("cat-file", "blob", sha)

    def entries(self, tree: str, *, recursive: bool, with_trees: bool = False) -> list[Entry]:
        flags = ["-r"] * recursive + ["-t"] * with_trees
        raw = self.ask("ls-tree", "-z", "-l", *flags, tree)
        result = []
        for item in raw.split(b"\0")[:-1]:
            meta, _, path = item.partition(b"\t")
            mode, kind, sha, size = meta.decode().split()
            result.append(Entry(mode, kind, sha, None if size == "-" else int(size), os.fsdecode(path)))
        return result

    def tree(self, base: str | None, changes: Iterable[tuple[str, str, str | None]]) -> str:
        """A tree made from `base` by changes of (path, mode, blob or tree sha; None removes)."""
        index = self.path / "simulation-index"
        env = {"GIT_INDEX_FILE": str(index)}
        self.run("read-tree", base or "--empty", env=env)
        lines = []
        for path, mode, sha in changes:
            if sha is None:
                lines.append(f"0 {ZERO}\t{path}")
            elif mode == "040000":
                lines += [f"{item.mode} {item.sha}\t{path}/{item.path}" for item in self.entries(sha, recursive=True)]
            else:
                lines.append(f"{mode} {sha}\t{path}")
        self.run(
            "update-index", "-z", "--index-info", stdin=b"".join(os.fsencode(line) + b"\0" for line in lines), env=env
        )
        result = self.text("write-tree", env=env)
        index.unlink()
        return result

    def tree_with(self, base: str | None, files: dict[str, Content]) -> str:
        changes: list[tuple[str, str, str | None]] = []
        for path, content in files.items():
            if content is None:
                changes.append((path, "0", None))
                continue
            file = (
                content
                if isinstance(content, File)
                else File(content.encode() if isinstance(content, str) else content)
            )
            changes.append((path, file.mode, self.blob(file.content)))
        return self.tree(base, changes)

    def commit(self, tree: str, parents: Iterable[str], message: str, author: Signature, committer: Signature) -> str:
        env = {
            "GIT_AUTHOR_NAME": author.name,
            "GIT_AUTHOR_EMAIL": author.email,
            "GIT_AUTHOR_DATE": author.date,
            "GIT_COMMITTER_NAME": committer.name,
            "GIT_COMMITTER_EMAIL": committer.email,
            "GIT_COMMITTER_DATE": committer.date,
        }
        flags = [flag for parent in parents for flag in ("-p", parent)]
        return self.text("commit-tree", tree, *flags, stdin=message.encode(), env=env)

    def log(self, *arguments: str) -> list[CommitData]:
        form = "%H%x00%T%x00%P%x00%an%x00%ae%x00%aI%x00%cn%x00%ce%x00%cI%x00%B%x00%x01"
        raw = self.ask("log", f"--format=format:{form}", *arguments).decode(errors="replace")
        result = []
        for item in raw.split("\x00\x01")[:-1]:
            sha, tree, parents, an, ae, ad, cn, ce, cd, message = item.lstrip("\n").split("\x00")
            author, committer = Signature(an, ae, utc(ad)), Signature(cn, ce, utc(cd))
            result.append(CommitData(sha, tree, tuple(parents.split()), author, committer, message.rstrip("\n")))
        return result

    def commit_data(self, sha: str) -> CommitData:
        return self.log("-1", sha)[0]


def _ref(file: Path) -> str | None:
    """What a file of `refs/` holds: a SHA, or words about another ref; None for a directory and what has gone."""
    try:
        return file.read_text().strip()
    except (FileNotFoundError, IsADirectoryError, NotADirectoryError):
        return None


def utc(date: str) -> str:
    """git's ISO date as GitHub writes it. Commits made here carry UTC; others keep their offset."""
    return date.removesuffix("+00:00") + "Z" if date.endswith("+00:00") else date
