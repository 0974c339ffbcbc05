"""What a script of the repository would delete of Argo CD: the namespaces in which it runs, its definitions, all
Applications. Only what can be read is followed: assignments of plain words, and the variables that are given. What is
certain is told apart from what may be: a script that is taken over has to be harmless, one that is there already is
accused of what it does for certain.

Sources: kubectl's and helm's command lines; the API's paths (/api/v1/namespaces/NAME).
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from gitops.installation.python_calls import calls_of, is_python

_ASSIGNED: Final = re.compile(
    r"^\s*(?:export\s+|local\s+|readonly\s+|declare\s+(?:-\w+\s+)?)?(?P<name>[A-Za-z_]\w*)="
    r"(?P<value>\"[^\"]*\"|'[^']*'|[^\s;&|]*)"
)
_VARIABLE: Final = re.compile(
    r"\$(?:\{(?P<long>[A-Za-z_]\w*|\d+|[@*])(?P<default>:?[-=][^}]*)?\}|(?P<short>[A-Za-z_]\w*|[\d@*]))"
)
_LOOP: Final = re.compile(r"\bfor\s+(?P<name>[A-Za-z_]\w*)\s+in\s+(?P<words>[^;]*)")
_RUN: Final = re.compile(r"\$\(([^()]*)\)|`([^`]*)`")
_HEREDOC: Final = re.compile(r"<<-?\s*[\"'\\]?(?P<end>\w+)")
_SAYS: Final = re.compile(
    r"\s*[\"']?(?:(?:then|do|else)\s+)?(?:echo|printf|log|info|warn|note|die|fail|err|error)\b[^;&|(\n]*"
)
_HELM: Final = re.compile(r"\bhelm3?\b(?P<before>[^\n;&|]*?)\b(?:uninstall|delete|del|un)\b(?P<rest>[^\n;&|]*)")
_COMMENT: Final = re.compile(r"(?:^|\s)#.*$")
_CLIENT: Final = re.compile(r"\b(?:kubectl|oc|k|kubecolor|xargs)\b[^\n;&|]*?\bdelete\b(?P<rest>[^\n;&|]*)")
_KIND: Final = re.compile(r"(?i)(?:ns|namespaces?|projects?)(?:\.v1\.?)?")
_DEFINITIONS: Final = re.compile(r"\b(?:applications|applicationsets|appprojects)\.argoproj\.io\b")
_OURS: Final = re.compile(r"\bpart-of=argocd\b")  # the label that upstream's CRDs have
_APPLICATIONS: Final = re.compile(r"(?i)(?:applications?(?:\.(?:v1alpha1\.)?argoproj\.io)?|apps?)")
_SETS: Final = re.compile(r"(?i)(?:applicationsets?(?:\.(?:v1alpha1\.)?argoproj\.io)?|appsets?)")
# Kinds without which Argo CD does not run; Pods and Jobs come again.
_PARTS: Final = re.compile(
    r"(?i)(?:all|deploy|deployments?(?:\.apps)?|sts|statefulsets?(?:\.apps)?|cm|configmaps?|secrets?|svc|services?)"
)
_UPSTREAM: Final = re.compile(r"\bargoproj/argo-cd/(?!.*namespace-install).*\bmanifests\b")
_RELEASES: Final = frozenset({"argocd", "argo-cd", "argo"})
_MARKS: Final = re.compile(r"[\"'\[\](),]+")
# Files in which objects of the whole cluster stand, whatever namespace a command names.
_BEYOND: Final = re.compile(r"(?i)://|argo|install|^-?$|\0")
_FILE: Final = re.compile(r"--(?:filename|kustomize)=|-[fk]=?(?=.)")
_UNKNOWN: Final = "\0"


@dataclass(frozen=True, slots=True)
class Deletion:
    """`what` a command in `line` (from 1) deletes, as a noun; `command` is it as written. `certain` tells that the
    script says so, and not only that it may."""

    line: int
    command: str
    what: str
    certain: bool


@dataclass(frozen=True, slots=True)
class _Gone:
    what: str
    certain: bool = False


def deletions_in(
    script: str, namespaces: Collection[str], own: str, variables: Mapping[str, str], python: bool = False
) -> Iterator[Deletion]:
    """What a script deletes of the Argo CD that runs in `namespaces`. `own` is the namespace in which it runs;
    `variables` are those of its environment, `python` that it is Python whatever it begins with. A name that only the
    run tells may be any."""
    running = frozenset(namespaces)
    if python or is_python(script):
        written = script.split("\n")
        for number, said in calls_of(script, variables):
            gone = _deleted(said, running, own)
            if gone is not None:
                yield Deletion(number, " ".join(written[number - 1].split()), gone.what, gone.certain)
        return
    known = dict(variables)
    lines = list(_lines(script))
    for at, (number, line) in enumerate(lines):
        assigned = _ASSIGNED.match(line)
        if assigned is not None:
            known[assigned["name"]] = _filled(assigned["value"].strip("\"'"), known)
        for loop in _LOOP.finditer(line):
            known[loop["name"]] = _filled(loop["words"], known)
        inner = [one or other for one, other in _RUN.findall(line)]
        filled = [_filled(one, known) for one in (line, *inner)]
        # A program that another language starts is words in quotes, brackets and commas.
        readings = [*filled, *(_MARKS.sub(" ", one) for one in filled)]
        found = [gone for one in readings if (gone := _deleted(one, running, own)) is not None]
        found += _given(line, (text for _, text in lines[at + 1 :]), running) if found else []
        if found:
            gone = next((one for one in found if one.certain), found[0])
            yield Deletion(number, " ".join(line.split()), gone.what, gone.certain)


def _given(line: str, following: Iterable[str], namespaces: frozenset[str]) -> list[_Gone]:
    """The namespaces among the objects that a command reads from the lines below it."""
    begun = _HEREDOC.search(line)
    if begun is None or _files(line.split()) != "-":
        return []
    text = "\n".join(itertools.takewhile(lambda one: one.strip() != begun["end"], following))
    documents = [one for one in re.split(r"(?m)^---", text) if re.search(r"(?m)^kind:\s*[\"']?Namespace\b", one)]
    names = {match[1] for one in documents for match in re.finditer(r"(?m)^\s+name:\s*[\"']?([\w.-]+)", one)}
    return [_namespace(name) for name in sorted(names & namespaces)]


def _namespace(name: str, certain: bool = True) -> _Gone:
    return _Gone(f"the namespace `{name}`, in which Argo CD runs", certain)


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


def _deleted(line: str, namespaces: frozenset[str], own: str) -> _Gone | None:
    found = [gone for one in _CLIENT.finditer(line) if (gone := _by_client(line, one, namespaces, own)) is not None]
    if found:
        return next((one for one in found if one.certain), found[0])
    named = sorted(name for name in namespaces if re.search(rf"(?<![\w.-]){re.escape(name)}(?![\w.-])", line))
    helm = _HELM.search(line)
    gone = _by_helm(line, helm, named, namespaces, own) if helm is not None else None
    if gone is not None:
        return gone
    if named and re.search(r"(?i)delete", line) and re.search(r"(?i)namespace", line) and not _CLIENT.search(line):
        return next((_namespace(name) for name in named if _by_api(line, name)), _namespace(named[0], certain=False))
    return None


def _by_api(line: str, name: str) -> bool:
    """Whether a request deletes this namespace, and not something in it."""
    called = rf"\bdelete_namespace\b[\s(\"']+(?:name=)?[\"']?{re.escape(name)}(?![\w.-])"
    asked = r"(?:-X|--request)[ =]?\s*[\"']?DELETE\b|^delete\s"
    return re.search(called, line) is not None or (
        re.search(asked, line) is not None
        and re.search(rf"/api/v1/namespaces/{re.escape(name)}(?![\w./-])", line) is not None
    )


def _by_helm(
    line: str, command: re.Match[str], named: list[str], namespaces: frozenset[str], own: str
) -> _Gone | None:
    words = [word.strip("\"'") for word in command["rest"].split()]
    inside = sorted((_inside(words, line[: command.start("rest")]) or {own}) & namespaces)
    if not (named or inside) or _tries(words):
        return None
    certain = bool(inside) and any(word in _RELEASES for word in _plain(words)) and not _said(line, command)
    return _Gone(f"a release of Helm in the namespace `{(inside or named)[0]}`, in which Argo CD runs", certain)


def _said(line: str, command: re.Match[str]) -> bool:
    """Whether a command is only printed, and not handed on."""
    before = re.split(r"[;&|(\n]", line[: command.start()])[-1]
    handed = "|" in line[command.end() :] or ">" in command["rest"]
    return _SAYS.match(before) is not None and not handed


def _tries(words: list[str]) -> bool:
    return any(word.startswith("--dry-run") and word not in ("--dry-run=none", "--dry-run=false") for word in words)


def _by_client(line: str, command: re.Match[str], namespaces: frozenset[str], own: str) -> _Gone | None:
    words = [word.strip("\"'") for word in command["rest"].split()]
    if _tries(words):
        return None
    gone = _by_words(line, command, words, namespaces, own)
    return _Gone(gone.what) if gone is not None and _said(line, command) else gone


def _by_words(
    line: str, command: re.Match[str], words: list[str], namespaces: frozenset[str], own: str
) -> _Gone | None:
    rest = command["rest"]
    plain = _plain(words)
    kinds = [word.partition("/")[0] for word in (*plain[:1], *(word for word in plain if "/" in word))]
    several = kinds[0].split(",") if kinds else []
    inside = _inside(words, line[: command.start("rest")])
    files = _files(words)
    if files is not None and (inside != {own} or _BEYOND.search(files)):
        if _UPSTREAM.search(files):
            return _Gone("what Argo CD's own manifests hold", certain=True)
        named = files.strip("-") and _UNKNOWN not in files
        what = f"what `{files}` holds" if named else "what only the run tells"
        return _Gone(f"{what}, which may be the namespace of Argo CD")
    if any(_KIND.fullmatch(kind) for kind in (*kinds, *several)):
        return _namespaces(words, plain, namespaces)
    if _UNKNOWN in "".join(plain[:1]) or (not plain and re.search(r"\b(?:ns|namespaces?)\b", line)):
        return _Gone("what only the run tells, which may be the namespace of Argo CD")
    if any(kind in ("crd", "crds", "customresourcedefinition", "customresourcedefinitions") for kind in kinds):
        ours = _DEFINITIONS.search(rest) or _OURS.search(rest)
        return _Gone("a CRD of Argo CD's, and every object of its kind", certain=True) if ours else None
    return _all(words, several, inside, namespaces, own)


def _namespaces(words: list[str], plain: list[str], namespaces: frozenset[str]) -> _Gone | None:
    names = {part for word in plain for part in word.split("/")[-1:] if not _KIND.fullmatch(word)}
    gone = sorted(names & namespaces)
    if gone:
        return _namespace(gone[0])
    if "--all" in words:
        return _Gone("every namespace, and that of Argo CD with them", certain=True)
    if any(word.startswith(("-l", "--selector", "--field-selector")) for word in words):
        return _Gone("namespaces that it does not name, among which may be that of Argo CD")
    if not names or any(_UNKNOWN in name for name in names):
        return _Gone("a namespace whose name only the run tells, which may be that of Argo CD")
    return None


def _all(words: list[str], kinds: list[str], inside: set[str], namespaces: frozenset[str], own: str) -> _Gone | None:
    """All of some kinds."""
    if "--all" not in words:
        return None
    there = sorted((inside or {own}) & namespaces)
    certain = not inside or bool(there)
    if any(_APPLICATIONS.fullmatch(kind) for kind in kinds):
        return _Gone("every Application of a namespace", certain)
    if any(_SETS.fullmatch(kind) for kind in kinds):
        return _Gone("every ApplicationSet of a namespace, and the Applications that they made", certain)
    if not there:
        return None
    parts = any(_PARTS.fullmatch(kind) for kind in kinds)
    return _Gone(f"all of a kind in the namespace `{there[0]}`, in which Argo CD runs", parts)


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
