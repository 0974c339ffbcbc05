"""A bare repository for other repositories to name, written by `git fast-import`."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.github.git_backend import environment


@dataclass(frozen=True, slots=True)
class GitRepository:
    path: Path

    @classmethod
    def create(cls, path: Path) -> GitRepository:
        path.mkdir(parents=True)
        made = cls(path)
        made.run("init", "--quiet", "--bare", "--initial-branch=main", ".")
        for setting in ("uploadpack.allowFilter", "uploadpack.allowAnySHA1InWant"):
            made.run("config", setting, "true")
        return made

    def run(self, *args: str, input: bytes | None = None) -> bytes:
        return subprocess.run(
            ["git", *args], cwd=self.path, env=environment(self.path), input=input, check=True, capture_output=True
        ).stdout

    def commit(
        self,
        files: Mapping[str, str],
        branch: str = "main",
        tags: tuple[str, ...] = (),
        modules: Mapping[str, str] | None = None,
    ) -> str:
        """A commit with exactly these files and submodules (path -> commit). Gives its id."""
        lines = [f"commit refs/heads/{branch}", "committer a <a@example.com> 1700000000 +0000", "data 1", "x"]
        if self.run("for-each-ref", f"refs/heads/{branch}"):
            lines.append(f"from refs/heads/{branch}^0")
        lines.append("deleteall")
        for path, text in files.items():
            lines += [f"M 100644 inline {path}", f"data {len(text.encode())}", text]
        lines += [f"M 160000 {commit} {path}" for path, commit in (modules or {}).items()]
        self.run("fast-import", "--quiet", "--force", input=("\n".join(lines) + "\n").encode())
        for tag in tags:
            self.run(
                "-c",
                "user.name=a",
                "-c",
                "user.email=a@example.com",
                "tag",
                "-a",
                "-m",
                "x",
                tag,
                f"refs/heads/{branch}",
            )
        return self.run("rev-parse", f"refs/heads/{branch}").decode().strip()
