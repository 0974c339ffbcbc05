"""A bare repository on disk and the few git commands that the simulated GitHub is made of."""

import os
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

ZERO = "0" * 40


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


class Bare:
    def __init__(self, path: Path) -> None:
        self.path = path

    @classmethod
    def create(cls, path: Path, *, fork_of: "Bare | None" = None) -> "Bare":
        path.mkdir(parents=True)
        bare = cls(path)
        bare.run("init", "--quiet", "--bare", "--initial-branch=main")
        if fork_of:
            # GitHub keeps the objects of a fork and of its parent in one store; so does this.
            (path / "objects/info/alternates").write_text(f"{fork_of.path / 'objects'}\n")
            for ref, sha in fork_of.refs("refs/heads").items():
                bare.update_ref(ref, sha)
        for key, value in (
            ("uploadpack.allowFilter", "true"),
            ("uploadpack.allowAnySHA1InWant", "true"),
            ("uploadpack.allowReachableSHA1InWant", "true"),
            ("http.receivepack", "true"),
            ("gc.auto", "0"),
            ("receive.denyDeleteCurrent", "ignore"),
        ):
            bare.run("config", key, value)
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

    def resolve(self, revision: str, kind: str = "commit") -> str | None:
        """The object of that kind that a revision means; `commit:path` is taken as it is, since nothing peels it."""
        peeled = revision if ":" in revision else f"{revision}^{{{kind}}}"
        try:
            sha = self.text("rev-parse", "--verify", "--quiet", "--end-of-options", peeled)
        except GitError:
            return None
        return sha if ":" not in revision or self.kind(sha) == kind else None

    def kind(self, sha: str) -> str | None:
        try:
            return self.text("cat-file", "-t", sha)
        except GitError:
            return None

    def refs(self, prefix: str) -> dict[str, str]:
        lines = self.text("for-each-ref", "--format=%(refname) %(objectname)", prefix).splitlines()
        return {name: sha for name, _, sha in (line.partition(" ") for line in lines)}

    def update_ref(self, ref: str, sha: str | None) -> None:
        if sha is None:
            self.run("update-ref", "-d", ref)
        else:
            self.run("update-ref", ref, sha)

    def is_ancestor(self, ancestor: str, descendant: str) -> bool:
        try:
            self.run("merge-base", "--is-ancestor", ancestor, descendant)
        except GitError:
            return False
        return True

    def merge_base(self, left: str, right: str) -> str | None:
        try:
            return self.text("merge-base", left, right)
        except GitError:
            return None

    def merge_tree(self, left: str, right: str) -> str | None:
        """The tree of a clean merge, or None on conflict or without common history."""
        try:
            return self.text("merge-tree", "--write-tree", left, right).splitlines()[0]
        except GitError:
            return None

    def blob(self, content: bytes) -> str:
        return self.text("hash-object", "-w", "--stdin", stdin=content)

    def read(self, sha: str) -> bytes:
        return self.run("cat-file", "blob", sha)

    def entries(self, tree: str, *, recursive: bool, with_trees: bool = False) -> list[Entry]:
        flags = ["-r"] * recursive + ["-t"] * with_trees
        raw = self.run("ls-tree", "-z", "-l", *flags, tree)
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
        raw = self.run("log", f"--format=format:{form}", *arguments).decode(errors="replace")
        result = []
        for item in raw.split("\x00\x01")[:-1]:
            sha, tree, parents, an, ae, ad, cn, ce, cd, message = item.lstrip("\n").split("\x00")
            author, committer = Signature(an, ae, utc(ad)), Signature(cn, ce, utc(cd))
            result.append(CommitData(sha, tree, tuple(parents.split()), author, committer, message.rstrip("\n")))
        return result

    def commit_data(self, sha: str) -> CommitData:
        return self.log("-1", sha)[0]


def utc(date: str) -> str:
    """git's ISO date as GitHub writes it. Commits made here carry UTC; others keep their offset."""
    return date.removesuffix("+00:00") + "Z" if date.endswith("+00:00") else date
