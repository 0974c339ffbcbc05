"""What is outside, as dictionaries: repositories, charts and files that a test puts there."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field

from gitops.files.tree import Tree
from gitops.outside.found import ChartFound, FileFound, Found, Missing, RepositoryFound
from gitops.outside.wanted import ChartWanted, FileWanted, RepositoryWanted, Wanted

Files = Mapping[str, str]


@dataclass(slots=True)
class Outside:
    """Answers requests: `repositories` by (URL, revision), `charts` by (repository, name, version), `files` by URL.
    `asked` is everything that was asked for, in order."""

    repositories: dict[tuple[str, str], Files] = field(default_factory=dict)
    charts: dict[tuple[str, str, str], Files] = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)
    asked: list[Wanted] = field(default_factory=list)

    def fetch(self, wanted: Wanted) -> Found:
        self.asked.append(wanted)
        match wanted:
            case RepositoryWanted():
                found = self.repositories.get((wanted.url, wanted.revision))
                if found is not None:
                    return RepositoryFound(tree_of(found), commit_of(found))
                return Missing(f"{wanted.url} has no `{wanted.revision}`")
            case ChartWanted():
                key = (wanted.repository, wanted.name, wanted.version)
                if (chart := self.charts.get(key)) is not None:
                    digest = f"sha256:{commit_of(chart)}"
                    return ChartFound(tree_of(chart), wanted.name, version_of(chart), digest)
                return Missing(f"{wanted.repository} has no chart {wanted.name} {wanted.version}")
            case FileWanted():
                if (text := self.files.get(wanted.url)) is not None:
                    return FileFound(text.encode(), f"sha256:{hashlib.sha256(text.encode()).hexdigest()}")
                return Missing(f"{wanted.url} answers 404")

    @property
    def urls(self) -> list[str]:
        return [one.repository if isinstance(one, ChartWanted) else one.url for one in self.asked]


def tree_of(files: Files) -> Tree:
    return Tree.of({path: text.encode() for path, text in files.items()})


def commit_of(files: Files) -> str:
    """A commit that is another one whenever the files are."""
    return hashlib.sha1(repr(sorted(files.items())).encode(), usedforsecurity=False).hexdigest()


def version_of(chart: Files) -> str:
    lines = chart["Chart.yaml"].splitlines()
    return next(line.partition(":")[2].strip() for line in lines if line.startswith("version:"))


def chart(name: str, version: str, templates: Files, **more: str) -> Files:
    """A chart; `more` are further files, by names without `.yaml`."""
    return {
        "Chart.yaml": f"apiVersion: v2\nname: {name}\nversion: {version}\n{more.pop('dependencies', '')}",
        **{f"templates/{path}": text for path, text in templates.items()},
        **{f"{file}.yaml": text for file, text in more.items()},
    }


def config_map(name: str, **data: str) -> str:
    rows = "".join(f"  {key}: {value}\n" for key, value in data.items()) or "  a: b\n"
    return f"apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {name}\ndata:\n{rows}"
