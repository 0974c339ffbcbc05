"""Pull requests that mean harm, made up at random: for property tests and `benchmarks.fuzz`.

Each is a commit in a real git repository: shapes of trees, names, YAML and kustomize fields in any case, links,
Applications and ApplicationSets, one to four of them at a time.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from random import Random

from bot.repositories.git import environment
from tests.mangled import NASTY
from tests.scenarios import URL, application, config_map, documents, kustomization

MODES = {"file": b"100644", "link": b"120000", "tree": b"40000"}
FIELDS = (
    "resources", "Resources", "bases", "components", "configMapGenerator", "configmapgenerator", "secretGenerator",
    "patches", "PATCHES", "patchesStrategicMerge", "replacements", "generators", "transformers", "validators", "crds",
    "configurations", "openapi", "helmCharts", "images", "replicas", "namePrefix", "labels", "vars", "namespace",
)  # fmt: skip
PLACES = (
    "m.yaml", "../a", "../b/m.yaml", ".", "..", "../../..", "/etc/passwd", "/proc/self/environ", "-",
    "https://127.0.0.1:1/x", "git@127.0.0.1:a/b", "file:///etc", "a" * 300, "x/" * 3_000, "l",
    "l/l/l", "\u202e", "--output", "*", "{", "&a",
)  # fmt: skip
NAMES = ("n" * 255, "\udcff", "a b", "-x", "x\ny.yaml", "\u202e.yaml")
Files = dict[str, tuple[str, bytes]]  # path -> ("file" or "link", content)


def _yaml(random: Random) -> bytes:
    """Something that is, or looks like, a manifest."""
    size = random.choice((10, 100, 1_000, 20_000))
    shape = random.randrange(9)
    head = f"apiVersion: v1\nkind: {random.choice(('ConfigMap', 'Secret', 'Deployment'))}\nmetadata: {{name: x}}\n"
    if shape == 0:
        names = "abcdefghij"
        body = f"a: &a [{','.join('x' * 10)}]\n" + "".join(
            f"{b}: &{b} [{','.join([f'*{a}'] * random.randint(2, 10))}]\n" for a, b in pairwise(names)
        )
    elif shape == 1:
        body = "data: " + "[" * size + "\n"
    elif shape == 2:
        body = f'data: {{a: &a "{"x" * size}"}}\nlist: [{", ".join(["*a"] * random.choice((10, 300, 3_000)))}]\n'
    elif shape == 3:
        body = "".join(f"k{i}: {random.choice(NASTY)}\n" for i in range(min(size, 300)))
    elif shape == 4:
        return (head + "---\n").encode() * min(size, 2_000)
    elif shape == 5:
        body = "- " * min(size, 3_000) + "x\n"
    elif shape == 6:
        body = "data:\n" + "\n" * size * 5 + "  a: b\n"
    elif shape == 7:
        return b"#" * size * 50
    else:
        body = "data: {a: " + random.choice(("<", "&", "{{", "eyJ", "://a:", "*a", "E1126 ")) * size + "}\n"
    return (head + body).encode("utf-8", "replace")


def _kustomization(random: Random) -> bytes:
    lines = []
    for _ in range(random.randint(1, 5)):
        field = random.choice(FIELDS)
        places = [json.dumps(random.choice(PLACES)) for _ in range(random.choice((1, 2, 50)))]
        value = random.choice(
            (
                f"[{', '.join(places)}]",
                f"[{{name: x, files: [{places[0]}], literals: [a=b]}}]",
                f"[{{path: {places[0]}, target: {{kind: ConfigMap}}}}]",
                f"{{path: {places[0]}}}",
                json.dumps(random.choice(NASTY)),
                "&a [*a]",
            )
        )
        lines.append(f"{field}: {value}")
    return ("\n".join(lines) + "\n").encode("utf-8", "replace")


def _applications(random: Random) -> bytes:
    glob = "*a" * random.choice((1, 30, 400)) + "{b,c}" * random.choice((0, 5, 200))
    sources = (None, {"directory": {"recurse": True, "include": glob}}, {"kustomize": {"images": ["x:" * 99]}})
    paths = ("a", "b", "c", "l", "../x", "a/a/", "a/" * 5_000, "deep", "many")
    made = [
        application(f"app-{i}", random.choice(paths), source=random.choice(sources))
        for i in range(random.choice((1, 3, 40)))
    ]
    return documents(*made).encode()


def _set(random: Random) -> bytes:
    elements = [{"n": str(i)} for i in range(random.choice((2, 300)))]
    text = random.choice(("{{n}}", "{{", "}}")) * random.choice((1, 5_000))
    source = {"path": random.choice(("a", "{{n}}")), "repoURL": URL}
    metadata = {"name": "s{{n}}", "annotations": {"x": text}}
    template = {"metadata": metadata, "spec": {"project": "x", "source": source}}
    go = random.random() < 0.5
    spec = {"generators": [{"list": {"elements": elements}}], "template": template, "goTemplate": go}
    body = {"apiVersion": "argoproj.io/v1alpha1", "kind": "ApplicationSet", "metadata": {"name": "s"}, "spec": spec}
    return json.dumps(body).encode()


def _links(random: Random, files: Files) -> None:
    for name in ("l", "a/l", "l2"):
        target = random.choice(
            ("l2", "l", "../l", ".", "a", "/etc/passwd", "../../etc", "./" * 2_000 + "l2", "x" * 5_000)
        )
        files[name] = ("link", target.encode())


def pull_request(random: Random) -> tuple[Files, list[tuple[str, int]]]:
    """Files of the head, and trees to hang beside them: (name, how many times ten times the tree before)."""
    files: Files = {
        "apps.yaml": ("file", _applications(random)),
        **{f"{name}/kustomization.yaml": ("file", kustomization("m.yaml").encode()) for name in "abc"},
        **{f"{name}/m.yaml": ("file", config_map(name).encode()) for name in "abc"},
    }
    bombs: list[tuple[str, int]] = []

    def many() -> None:
        data = _yaml(random)
        files.update({f"many/{i}.yaml": ("file", data) for i in range(random.choice((20, 500)))})

    def bomb() -> None:
        bombs.append((random.choice(("deep", "many", "a")), random.choice((2, 3, 4, 7))))

    acts: list[Callable[[], None]] = [
        lambda: files.update({f"{random.choice('abc')}/m.yaml": ("file", _yaml(random))}),
        lambda: files.update({f"{random.choice('abc')}/kustomization.yaml": ("file", _kustomization(random))}),
        lambda: files.update({"set.yaml": ("file", _set(random))}),
        lambda: _links(random, files),
        lambda: files.update(
            {random.choice(("n" * 255, "\udcff", "a b", "-x", "x\ny.yaml", "é.yaml")): ("file", b"x")}
        ),
        lambda: files.update({".github/argofix.yaml": ("file", _yaml(random))}),
        many,
        bomb,
    ]
    for act in random.sample(acts, random.randint(1, 4)):
        act()
    return files, bombs


def commit(where: Path, files: Files, bombs: list[tuple[str, int]]) -> str:
    """Write a commit into the bare repository `where`; gives its id."""
    trees: dict[str, dict[bytes, tuple[bytes, str]]] = {"": {}}
    blobs: dict[bytes, str] = {}
    for path, (kind, data) in files.items():
        oid = blobs.get(data)
        if oid is None:
            oid = blobs[data] = _git(where, data, "hash-object", "-w", "--stdin")
        directory, _, name = path.rpartition("/")
        trees.setdefault(directory, {})[name.encode("utf-8", "surrogateescape")] = (MODES[kind], oid)
    for name, levels in bombs:
        inner = _tree(where, {b"f%d.yaml" % i: (MODES["file"], next(iter(blobs.values()))) for i in range(10)})
        for _ in range(levels - 1):
            inner = _tree(where, {b"d%d" % i: (MODES["tree"], inner) for i in range(10)})
        trees[""][f"{name}-bomb".encode()] = (MODES["tree"], inner)
    for directory in sorted(trees, key=lambda path: -path.count("/")):
        if directory:
            parent, _, name = directory.rpartition("/")
            trees.setdefault(parent, {})[name.encode()] = (MODES["tree"], _tree(where, trees[directory]))
    return _git(where, b"", "commit-tree", "-m", "x", _tree(where, trees[""]))


def _tree(where: Path, entries: dict[bytes, tuple[bytes, str]]) -> str:
    """As git orders them: a directory as if its name ended with a slash."""
    ordered = sorted(entries.items(), key=lambda item: item[0] + (b"/" if item[1][0] == MODES["tree"] else b""))
    data = b"".join(mode + b" " + name + b"\0" + bytes.fromhex(oid) for name, (mode, oid) in ordered)
    return _git(where, data, "hash-object", "-t", "tree", "-w", "--literally", "--stdin")


def _git(where: Path, data: bytes, *args: str) -> str:
    who = {f"GIT_{who}_{what}": "x" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    env = environment(local=True) | who
    done = subprocess.run(["git", *args], cwd=where, env=env, input=data, capture_output=True, check=True)
    return done.stdout.decode().strip()
