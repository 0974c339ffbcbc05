"""What a script of the repository would delete of Argo CD: the namespaces in which it runs, its definitions, all
Applications. Only what can be read is followed: assignments of plain words, and the variables that are given.

Sources: kubectl's and helm's command lines; the API's paths (/api/v1/namespaces/NAME).
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from gitops.installation.python_calls import calls_of, is_python

_ASSIGNED: Final = re.compile(
    r"^\s*(?:export\s+|local\s+|readonly\s+|declare\s+(?:-\w+\s+)?)?(?P<name>[A-Za-z_]\w*)="
    r"(?P<value>\"[^\"]*\"|'[^']*'|[^\s;&|]*)"
)
_VARIABLE: Final = re.compile(r"\$(?:\{(?P<long>[A-Za-z_]\w*)(?P<default>:?[-=][^}]*)?\}|(?P<short>[A-Za-z_]\w*))")
_COMMENT: Final = re.compile(r"(?:^|\s)#.*$")
_CLIENT: Final = re.compile(r"\b(?:kubectl|oc|k|kubecolor|xargs)\b[^\n;&|]*?\bdelete\b(?P<rest>[^\n;&|]*)")
_KIND: Final = re.compile(r"(?:ns|namespaces?|projects?)(?:\.v1\.?)?")
_DEFINITIONS: Final = re.compile(r"\b(?:applications|applicationsets|appprojects)\.argoproj\.io\b")
_ALL_APPLICATIONS: Final = re.compile(r"\b(?:applications?(?:\.argoproj\.io)?|apps?)\b.*--all\b")
_MARKS: Final = re.compile(r"[\"'\[\](),]+")
# Files in which objects of the whole cluster stand, whatever namespace a command names.
_BEYOND: Final = re.compile(r"(?i)://|argo|install|^-?$|\0")
_FILE: Final = re.compile(r"--(?:filename|kustomize)=|-[fk]=?(?=.)")
_UNKNOWN: Final = "\0"


@dataclass(frozen=True, slots=True)
class Deletion:
    """`what` a command in `line` (from 1) deletes, as a noun; `command` is it as written."""

    line: int
    command: str
    what: str


def deletions_in(
    script: str, namespaces: Collection[str], own: str, variables: Mapping[str, str]
) -> Iterator[Deletion]:
    """What a script deletes of the Argo CD that runs in `namespaces`. `own` is the namespace that it may delete;
    `variables` are those of its environment. A name that only the run tells may be any."""
    known = dict(variables)
    if is_python(script):
        for number, said in calls_of(script, variables):
            what = _deleted(said, frozenset(namespaces), own)
            if what:
                yield Deletion(number, " ".join(script.split("\n")[number - 1].split()), what)
        return
    for number, line in _lines(script):
        assigned = _ASSIGNED.match(line)
        if assigned is not None:
            value = _filled(assigned["value"].strip("\"'"), known)
            known[assigned["name"]] = value
        filled = _filled(line, known)
        # A program that another language starts is words in quotes, brackets and commas.
        bare = _MARKS.sub(" ", filled)
        what = _deleted(filled, frozenset(namespaces), own) or _deleted(bare, frozenset(namespaces), own)
        if what:
            yield Deletion(number, " ".join(line.split()), what)


def _lines(script: str) -> Iterator[tuple[int, str]]:
    """Lines as a shell reads them: those that end with a backslash go on, comments are none."""
    begun, held = 0, ""
    for number, line in enumerate(script.split("\n"), 1):
        begun = begun or number
        if line.rstrip("\r").endswith("\\"):
            held += line.rstrip("\r")[:-1] + " "
            continue
        yield begun, _COMMENT.sub("", held + line.rstrip("\r"))
        begun, held = 0, ""
    if held:
        yield begun, held


def _filled(text: str, known: Mapping[str, str]) -> str:
    def value(match: re.Match[str]) -> str:
        name = match["long"] or match["short"]
        if name in known:
            return known[name]
        default = (match["default"] or "").lstrip(":").lstrip("-=")
        return default.strip("\"'") if default else _UNKNOWN

    return re.sub(r"\$\([^)]*\)|`[^`]*`", _UNKNOWN, _VARIABLE.sub(value, text))


def _deleted(line: str, namespaces: frozenset[str], own: str) -> str:
    for command in _CLIENT.finditer(line):
        found = _by_client(line, command, namespaces, own)
        if found:
            return found
    named = sorted(name for name in namespaces if re.search(rf"(?<![\w.-]){re.escape(name)}(?![\w.-])", line))
    if named and re.search(r"\bhelm3?\b[^\n;&|]*\b(?:uninstall|delete|del|un)\b", line):
        return f"a release of Helm in the namespace `{named[0]}`, in which Argo CD runs"
    if named and re.search(r"(?i)delete", line) and re.search(r"(?i)namespace", line) and not _CLIENT.search(line):
        return f"the namespace `{named[0]}`, in which Argo CD runs"
    return ""


def _by_client(line: str, command: re.Match[str], namespaces: frozenset[str], own: str) -> str:
    rest = command["rest"]
    words = [word.strip("\"'") for word in rest.split()]
    plain = _plain(words)
    kinds = [word.partition("/")[0] for word in (*plain[:1], *(word for word in plain if "/" in word))]
    several = kinds[0].split(",") if kinds else []
    inside = _inside(words, line[: command.start("rest")])
    files = _files(words)
    if files is not None and (inside != {own} or _BEYOND.search(files)):
        named = files.strip("-") and _UNKNOWN not in files
        what = f"what `{files}` holds" if named else "what only the run tells"
        return f"{what}, which may be the namespace of Argo CD"
    if any(_KIND.fullmatch(kind) for kind in (*kinds, *several)):
        names = {part for word in plain for part in word.split("/")[-1:] if not _KIND.fullmatch(word)}
        gone = sorted(names & namespaces)
        if gone:
            return f"the namespace `{gone[0]}`, in which Argo CD runs"
        if "--all" in words or any(word.startswith(("-l", "--selector", "--field-selector")) for word in words):
            return "namespaces that it does not name, among which may be that of Argo CD"
        if not names or any(_UNKNOWN in name for name in names):
            return "a namespace whose name only the run tells, which may be that of Argo CD"
        return ""
    if _UNKNOWN in "".join(plain[:1]) or (not plain and re.search(r"\b(?:ns|namespaces?)\b", line)):
        return "what only the run tells, which may be the namespace of Argo CD"
    if any(kind in ("crd", "crds", "customresourcedefinition", "customresourcedefinitions") for kind in kinds):
        return "a CRD of Argo CD's, and every object of its kind" if _DEFINITIONS.search(rest) else ""
    if _ALL_APPLICATIONS.search(rest):
        return "every Application of a namespace"
    if "--all" in words and inside & namespaces:
        return f"all of a kind in the namespace `{sorted(inside & namespaces)[0]}`, in which Argo CD runs"
    return ""


def _inside(words: list[str], before: str) -> set[str]:
    """The namespaces that a command is told to work in."""
    inside = {words[at + 1] for at, word in enumerate(words[:-1]) if word in ("-n", "--namespace")}
    inside |= {word.partition("=")[2] for word in words if word.startswith("--namespace=")}
    return inside | {match[1] for match in re.finditer(r"(?:-n|--namespace)[ =]?([\w.-]+)", before)}


def _files(words: list[str]) -> str | None:
    """The file or directory whose objects are deleted; None where they are named."""
    for at, word in enumerate(words):
        if word in ("-f", "--filename", "-k", "--kustomize"):
            return words[at + 1] if at + 1 < len(words) else ""
        told = _FILE.match(word)
        if told is not None:
            return word[told.end() :]
    return None


def _plain(words: list[str]) -> list[str]:
    """The arguments that are no flags, nor values of such."""
    found: list[str] = []
    skip = False
    for word in words:
        if skip:
            skip = False
        elif word in (
            "-n",
            "--namespace",
            "--context",
            "--kubeconfig",
            "--timeout",
            "--grace-period",
            "-o",
            "--output",
        ):
            skip = True
        elif not word.startswith("-"):
            found.append(word)
    return found
