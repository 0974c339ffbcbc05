"""Texts whose length and shape a contributor chooses: reading them takes as long as they are, not its square.

Each of these inputs made the expression that is searched in it begin anew at every character.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Iterator

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from gitops.applications.directory import alternatives, glob_matches, piece_of
from gitops.applications.repositories import parse_repo_url
from gitops.applicationsets.parameters import Dialect
from gitops.applicationsets.problems import CannotExpand
from gitops.discovery.scan import scan
from gitops.facts.secrets.references import is_placeholder
from gitops.files.documents import read_documents
from gitops.files.errors import GitopsError, PathTooLong
from gitops.files.scalars import plain_scalar
from gitops.files.tree import MAX_PATH_STEPS, MODE_SYMLINK, Entry, Tree, blob_oid
from gitops.gotemplate import render
from gitops.gotemplate.errors import TemplateError
from gitops.kustomize.failures.explain import parse_kustomize_id, unwrap
from gitops.kustomize.kustomization import read_kustomization
from gitops.kustomize.options import edited_kustomization
from gitops.kustomize.remote import looks_remote
from gitops.kustomize.removal import CannotRemove, remove_entries
from gitops.resources.definitions import definition_of
from gitops.resources.manifests import read_rendered
from gitops.resources.redaction import MAX_SAID
from gitops.resources.resource import Resource, ResourceId
from gitops.versions.pins.remote import without_credentials
from tests.growth import assert_ends

N = 1_000_000


def dig(tree: Tree) -> object:
    return scan(tree, {}, {})


def try_(work: Callable[[], object]) -> None:
    try:
        work()
    except (GitopsError, TemplateError, CannotExpand):
        return


def field_line(data: bytes) -> object:
    from gitops.kustomize.failures.places import line_of_field

    return line_of_field(Tree.of({"kustomization.yaml": data}), "kustomization.yaml", "resource")


def removed(data: bytes) -> object:
    kustomization = read_kustomization("kustomization.yaml", data)
    return remove_entries("kustomization.yaml", data, kustomization.references[:1])


WORK: dict[str, Callable[[], object]] = {
    "blank lines before a field": lambda: field_line(b"resources: []\n" + b"\n" * N),
    "spaces behind a field": lambda: field_line(b"resource" + b" \n" * N),
    "substitutions that do not end": lambda: is_placeholder("<" * N),
    "tags that do not end": lambda: Dialect(False).fill("{{a}}" + "{{" * N, {}),
    "tags that do not end, then one that does": lambda: Dialect(False).fill("{{" * N + "\n}}", {}),
    "one tag after the other": lambda: Dialect(False).fill("{{a}}" * (N // 5), {"a": "b"}),
    "a user of colons": lambda: without_credentials("https://" + ":" * N),
    "users": lambda: without_credentials("https://" + "a:b//" * (N // 5)),
    "an anchor of ampersands": lambda: removed(b"resources: [ # " + b"&" * N + b", x\n  a, b]\n"),
    "aliases in front of the entry": lambda: removed(b"resources: [a, b]\nx: '" + b"*" * N + b"'\n"),
    "stars": lambda: glob_matches("*a" * 900, "a" * 4_000 + "b"),
    "stars and letters": lambda: [glob_matches("*a*b" * 400 + "c", "ab" * 2_000) for _ in range(100)],
    "braces": lambda: glob_matches("{a,b}" * 300, "a" * 300),
    "braces in braces": lambda: glob_matches("{" * 900 + "a", "a"),
    "classes": lambda: glob_matches("*[ab]?" * 300, "ab" * 2_000),
    "words of the engine": lambda: unwrap("E1126 \n" * (MAX_SAID // 7)),
    "words of the engine, quoted": lambda: unwrap('E1126 ] "' * (MAX_SAID // 9)),
    "an id of the engine": lambda: parse_kustomize_id("a.b." + "/.x" * (MAX_SAID // 3)),
    "a scheme": lambda: looks_remote("a" * N),
    "a scheme with a user": lambda: looks_remote("a.b@" * (N // 4)),
    "a repository": lambda: parse_repo_url("a@" * (N // 2)),
    "an image": lambda: edited_kustomization({}, {"images": [":a" * (N // 2), "a:" * (N // 2)]}),
    "digits": lambda: [plain_scalar(text) for text in ("1" * N, "1." * N, "0" * N + "x", "." * N, "-" * N)],
    "kinds": lambda: dig(Tree.of({"a.yaml": b"argoproj.io Application\n" + b"kind:\n" * N})),
    "health": lambda: dig(Tree.of({"a.yaml": b"argoproj.io resourceHealthChecks\n" + b"- \t" * N})),
    "argocd-cm": lambda: dig(Tree.of({"a.yaml": b"argocd-cm\n" + b"name: \t" * (N // 7)})),
    "metadata": lambda: read_rendered(b"kind: A\napiVersion: v1\nmetadata:\n" + b" a\n" * 100 + b"\n" * N, "", str),
    "origins": lambda: read_rendered(
        b"kind: A\napiVersion: v1\nmetadata:\n  annotations:\n    config.kubernetes.io/origin: |\n"
        + b"      a\n" * (N // 8),
        "",
        str,
    ),
    "versions of a definition": lambda: definition_of(
        Resource(
            ResourceId("apiextensions.k8s.io", "CustomResourceDefinition", "", "a"),
            b"spec:\n  names:\n    kind: A\n  versions:\n" + b"  - name: a\n" * (N // 12),
        )
    ),
    "constraints": lambda: render('{{ semverCompare .a "1.2.3" }}', {"a": ">1 " * (N // 30)}, "default", None),
    "a range of versions": lambda: render('{{ semverCompare .a "1.2.3" }}', {"a": "1" * N}, "default", None),
    "alternatives of a regular expression": lambda: render(
        '{{ regexMatch .p .t }}', {"p": "(a|aa)" * 40 + "x", "t": "a" * 70}, "default", None
    ),
    "keys": lambda: read_documents("a.yaml", b"a:\n" * (N // 10)),
}  # fmt: skip


@pytest.mark.parametrize("work", WORK.values(), ids=WORK.keys())
def test_reading_grows_with_the_text(work: Callable[[], object]) -> None:
    assert_ends(lambda: try_(work))


class Counting(dict[str, Entry]):
    """Entries that count how often they are asked."""

    asked = 0

    def get(self, path: str, default: Entry | None = None) -> Entry | None:  # type: ignore[override]
        self.asked += 1
        return super().get(path, default)


def linked(links: dict[str, str]) -> tuple[Counting, Tree]:
    entries = Counting({name: Entry(MODE_SYMLINK, blob_oid(to.encode()), len(to)) for name, to in links.items()})
    return entries, Tree(entries, lambda path, _entry: links[path].encode())


@pytest.mark.parametrize("path", ["a/" * 400_000, "a" * 800_000, "é" * 3_000, "../" * 10_000, "/" * 5_000])
def test_a_path_that_no_file_system_takes_is_not_followed(path: str) -> None:
    entries, tree = linked({})
    with pytest.raises(GitopsError):
        tree.resolve(path)
    assert entries.asked == 0


@pytest.mark.parametrize(
    "links",
    [
        {f"l{i}": "./" * 2_000 + f"l{i + 1}" for i in range(39)},
        {f"l{i}": "a/" * 2_000 + f"../l{i + 1}" for i in range(39)},
        {"l0": "x" * 5_000},
        {f"l{i}": f"l{i + 1}/l{i + 1}" for i in range(39)},
    ],
    ids=["dots", "deep", "long", "twice"],
)
def test_links_are_followed_in_bounded_steps(links: dict[str, str]) -> None:
    entries, tree = linked(links)
    with contextlib.suppress(GitopsError):
        tree.resolve("l0")
    assert entries.asked <= 2 * MAX_PATH_STEPS  # a link is asked for once more, to be read


@pytest.mark.parametrize(
    ("target", "path"),
    [("a/" * 3_000, "l"), ("x" * 3_000, "l/" + "y" * 3_000)],
    ids=["its target", "what it leads to"],
)
def test_no_link_makes_a_path_that_no_file_system_takes(target: str, path: str) -> None:
    _, tree = linked({"l": target})
    with pytest.raises(PathTooLong, match="longer than 4,096 bytes"):
        tree.resolve(path)


GLOBS = st.lists(
    st.sampled_from(["a", "b", "*", "**", "?", "[ab]", "[!a]", "{a,b}", "{a*,{b,?}}", "{", "}", ",", "/", ".", "\\"]),
    max_size=8,
).map("".join)


def backtracking(pattern: str) -> list[re.Pattern[str]]:
    """Every way to read the braces, each written down in the simplest way, which tries everything."""
    try:
        ways = alternatives(pattern)
    except ValueError:
        return []
    # What gobwas reads in a way of its own is held against its own answers (tests/gitops/facts/as_go_does.json).
    assume(not any(way == "?" or way.endswith("\\") or re.sub(r"\*+", "*", way).count("*") == 1 for way in ways))
    return [re.compile("".join(map(_simple, _pieces(way))), re.DOTALL) for way in ways]


def _pieces(way: str) -> Iterator[str]:
    at = 0
    while at < len(way):
        piece, at = piece_of(way, at)
        yield piece


def _simple(piece: str) -> str:
    if piece.startswith("[") and len(piece) > 1:
        return piece.replace("[!", "[^", 1)
    return {"*": ".*", "?": "."}.get(piece, re.escape(piece.removeprefix("\\") if len(piece) > 1 else piece))


@given(pattern=GLOBS, path=st.text("ab/.", max_size=7))
@settings(max_examples=300)
def test_a_glob_with_atomic_groups_matches_as_one_that_tries_everything(pattern: str, path: str) -> None:
    assert glob_matches(pattern, path) is any(one.fullmatch(path) is not None for one in backtracking(pattern))


@pytest.mark.parametrize(
    ("text", "leaves"),
    [
        (b"resources: [&x a, b]\nother: *x\n", None),
        (b"resources: [&x a, b]\nother: [*x]\n", None),
        (b"resources: [&x a, b]\nother: '*xy'\n", b"resources: [b]\n"),
        (b"resources: [a, &y b]\n", b"resources: [&y b]\n"),
    ],
)
def test_an_anchor_that_is_used_elsewhere_keeps_its_entry(text: bytes, leaves: bytes | None) -> None:
    references = read_kustomization("k.yaml", text).references
    if leaves is None:
        with pytest.raises(CannotRemove, match="used elsewhere"):
            remove_entries("k.yaml", text, references[:1])
    else:
        (edit,) = remove_entries("k.yaml", text, references[:1])
        assert edit.replacement.encode() == leaves
