"""A bare repository on disk and the few git commands that the simulated GitHub is made of.

Most of what is asked has one answer for ever, since it names objects by their SHA: it is asked of git once. What is
simple (`tests.github.git_objects`) takes no process at all: a test of the whole server asks hundreds of times.
"""

import atexit
import functools
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from tests.github.git_objects import CommitData, Item, Objects, Signature, Unknown, utc

ZERO = "0" * 40
_SHA = re.compile(r"[0-9a-f]{40}")
_FIXED = re.compile(r"(-.*|[0-9a-f]{40}(:.*|\.\.[0-9a-f]{40})?)", re.DOTALL)
# A ref that git takes whatever its rules are (git-check-ref-format).
_PLAIN_REF = re.compile(r"refs(/(?!\.)((?!\.\.)[\w.+=,-])+(?<!\.)(?<!\.lock))+", re.ASCII)
__all__ = ["ZERO", "Bare", "CommitData", "Content", "Entry", "File", "GitError", "Signature", "environment"]


class GitError(Exception):
    """git refused; the message is its standard error."""


@dataclass(frozen=True, slots=True)
class File:
    """A file with a mode other than the plain 100644: 100755, 120000 (symlink, content is the target), 160000."""

    content: bytes
    mode: str = "100644"


@dataclass(frozen=True, slots=True)
class Entry:
    mode: str
    type: str
    sha: str
    size: int | None
    path: str


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
        self.objects = Objects(path)
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
        if revision.startswith(("refs/heads/", "refs/tags/")) and not (self.path / "packed-refs").exists():
            # git's own reading takes a process.
            revision = self.refs(revision).get(revision, "")
        if _SHA.fullmatch(revision) and self.kind(revision) == kind:
            return revision
        if not revision:
            return None
        try:
            commit, colon, path = revision.partition(":")
            if colon:
                item = self.objects.at(self._tip(commit), path)
                return item.sha if item and item.kind == kind else None
            if kind == "tree":
                return self.objects.tree_of(revision)
        except Unknown:
            pass
        peeled = revision if ":" in revision else f"{revision}^{{{kind}}}"
        try:
            sha = self.ask("rev-parse", "--verify", "--quiet", "--end-of-options", peeled).decode().strip()
        except GitError:
            return None
        return sha if ":" not in revision or self.kind(sha) == kind else None

    def _tip(self, name: str) -> str:
        """The commit that a branch or a SHA means."""
        return name if _SHA.fullmatch(name) else self.refs(f"refs/heads/{name}").get(f"refs/heads/{name}", "")

    def kind(self, sha: str) -> str | None:
        try:
            return self.objects.kind(sha)
        except Unknown:
            pass
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

    def valid_ref(self, ref: str) -> bool:
        if _PLAIN_REF.fullmatch(ref):
            return True
        try:
            self.run("check-ref-format", ref)
        except GitError:
            return False
        return True

    def point_head(self, branch: str) -> None:
        """At a branch that need not be there."""
        (self.path / "HEAD").write_text(f"ref: refs/heads/{branch}\n")

    def update_ref(self, ref: str, sha: str | None) -> None:
        if self._ref_written(ref, sha):
            return
        if sha is None:
            self.run("update-ref", "-d", ref)
        else:
            self.run("update-ref", ref, sha)

    def _ref_written(self, ref: str, sha: str | None) -> bool:
        """Whether a ref could be written as a file, as git does it: under a lock, and in one step."""
        file = self.path / ref
        lock = file.with_name(f"{file.name}.lock")
        now = _ref(file)
        plain = _PLAIN_REF.fullmatch(ref) and (now is None or _SHA.fullmatch(now)) and not file.is_dir()
        if not plain or (self.path / "packed-refs").exists() or (sha is None and now is None):
            return False
        if sha is not None and self.kind(sha) != "commit":
            return False
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            with lock.open("x") as writing:
                writing.write(f"{sha}\n")
        except (FileExistsError, NotADirectoryError):
            return False  # somebody else is writing, or a ref is in the way
        if sha is None:
            file.unlink(missing_ok=True)
            lock.unlink()
        else:
            lock.replace(file)
        return True

    def is_ancestor(self, ancestor: str, descendant: str) -> bool:
        try:
            return ancestor in self.objects.history(descendant)
        except Unknown:
            pass
        try:
            self.ask("merge-base", "--is-ancestor", ancestor, descendant)
        except GitError:
            return False
        return True

    def merge_base(self, left: str, right: str) -> str | None:
        try:
            return self.objects.merge_base(left, right)
        except Unknown:
            pass
        try:
            return self.ask("merge-base", left, right).decode().strip()
        except GitError:
            return None

    def merge_tree(self, left: str, right: str) -> str | None:
        """The tree of a clean merge, or None on conflict or without common history."""
        try:
            return self.objects.merged(left, right)
        except Unknown:
            pass
        try:
            return self.ask("merge-tree", "--write-tree", left, right).decode().splitlines()[0]
        except GitError:
            return None

    def blob(self, content: bytes) -> str:
        return self.objects.write("blob", content)

    def read(self, sha: str) -> bytes:
        try:
            kind, data = self.objects.get(sha)
        except Unknown:
            return self.ask("cat-file", "blob", sha)
        assert kind == "blob"
        return data

    def entries(self, tree: str, *, recursive: bool, with_trees: bool = False) -> list[Entry]:
        try:
            if not recursive and not with_trees:
                items = self.objects.items(self.objects.tree_of(tree))
                return [Entry(item.mode, item.kind, item.sha, self._size(item), name) for name, item in items.items()]
            if recursive and not with_trees:
                files = self.objects.changes(None, self.objects.tree_of(tree))
                return [Entry(i.mode, i.kind, i.sha, self._size(i), path) for path, (_, i) in files.items() if i]
        except Unknown:
            pass
        flags = ["-r"] * recursive + ["-t"] * with_trees
        raw = self.ask("ls-tree", "-z", "-l", *flags, tree)
        result = []
        for item in raw.split(b"\0")[:-1]:
            meta, _, path = item.partition(b"\t")
            mode, kind, sha, size = meta.decode().split()
            result.append(Entry(mode, kind, sha, None if size == "-" else int(size), os.fsdecode(path)))
        return result

    def _size(self, item: Item) -> int | None:
        return len(self.objects.get(item.sha)[1]) if item.kind == "blob" else None

    def tree(self, base: str | None, changes: Iterable[tuple[str, str, str | None]]) -> str:
        """A tree made from `base` by changes of (path, mode, blob or tree sha; None removes)."""
        changes = list(changes)
        try:
            items = {path: None if sha is None else Item(mode, sha) for path, mode, sha in changes}
            if len(items) == len(changes) and all(item is None or self._is_file(item) for item in items.values()):
                return self.objects.edited(self.objects.tree_of(base) if base else None, items)
        except Unknown:
            pass
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

    def _is_file(self, item: Item) -> bool:
        return item.mode == "160000" or (item.mode != "040000" and self.kind(item.sha) == "blob")

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
        parents = list(parents)
        try:
            return self.objects.commit(tree, parents, message, author, committer)
        except Unknown:
            pass
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
        try:
            return self._simple_log(*arguments)
        except Unknown:
            pass
        form = "%H%x00%T%x00%P%x00%an%x00%ae%x00%aI%x00%cn%x00%ce%x00%cI%x00%B%x00%x01"
        raw = self.ask("log", f"--format=format:{form}", *arguments).decode(errors="replace")
        result = []
        for item in raw.split("\x00\x01")[:-1]:
            sha, tree, parents, an, ae, ad, cn, ce, cd, message = item.lstrip("\n").split("\x00")
            author, committer = Signature(an, ae, utc(ad)), Signature(cn, ce, utc(cd))
            result.append(CommitData(sha, tree, tuple(parents.split()), author, committer, message.rstrip("\n")))
        return result

    def _simple_log(self, *arguments: str) -> list[CommitData]:
        *options, revision = arguments
        counts = [int(option[1:]) for option in options if option[1:].isdigit()]
        if len(counts) + ("--reverse" in options) < len(options):
            raise Unknown
        until, _, commit = revision.rpartition("..")
        found = self.objects.line(commit, self._tip(until) if until else None, min(counts, default=10_000))
        return found[::-1] if "--reverse" in options else found

    def changed(self, commit: str) -> dict[str, str]:
        """Path -> `A`, `M`, `D` or `T`, of what a commit changed in its first parent."""
        try:
            data = self.objects.commit_data(commit)
            before = self.objects.tree_of(data.parents[0]) if data.parents else None
            pairs = self.objects.changes(before, data.tree)
            return {path: "A" if old is None else "D" if new is None else "M" for path, (old, new) in pairs.items()}
        except Unknown:
            pass
        words = ("-r", "-z", "--root", "--no-commit-id", "--name-status", "-m", "--first-parent", commit)
        fields = self.ask("diff-tree", *words).decode(errors="surrogateescape").split("\0")
        return dict(zip(fields[1::2], fields[:-1:2], strict=True))

    def commit_data(self, sha: str) -> CommitData:
        return self.log("-1", sha)[0]


def _ref(file: Path) -> str | None:
    """What a file of `refs/` holds: a SHA, or words about another ref; None for a directory and what has gone."""
    try:
        return file.read_text().strip()
    except (FileNotFoundError, IsADirectoryError, NotADirectoryError):
        return None
