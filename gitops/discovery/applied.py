"""What scripts of a repository apply by themselves, beside Argo CD: kustomizations, manifests, Argo CD's own chart.

A script is read as text, command by command, and never run or followed. What it fills in (`$ENV`) stands for one name
of a path, whatever it is; where a script says at one place alone what that is, for that.

Sources: kubernetes.io/docs/reference/kubectl (apply -k, -f, -R); kubectl.docs.kubernetes.io/references/kustomize
(build); helm.sh/docs/helm (upgrade, install, template, repo add).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from gitops.files.spans import Span

SCRIPTS: Final = re.compile(
    r"(?:^|/)(?:Makefile|makefile|GNUmakefile|[Jj]ustfile|\.justfile|Taskfile\.ya?ml|Jenkinsfile|Tiltfile|mise\.toml|"
    r"azure-pipelines\.ya?ml|\.gitlab-ci\.ya?ml)$"
    r"|(?:^|/)\.github/(?:workflows|actions)/.*\.ya?ml$|\.(?:sh|bash|zsh|fish|mk|ps1|tf|tftpl|py|nu|just|hcl)$"
)
READMES: Final = re.compile(r"(?:^|/)README(?:\.[a-z]+)?$", re.IGNORECASE)
APPLIES: Final = re.compile(
    rb"(?i)(?:kubectl|\boc)\b[^\n]*\b(?:apply|create|replace)\b|kustomize build|helm\b[^\n]*argo-?cd"
)
OPEN: Final = "\0"  # stands for what a script fills in
ARGO_HELM: Final = "https://argoproj.github.io/argo-helm"

_PROGRAM: Final = re.compile(r"\$[({](\w*?(kubectl|kustomize|helm)\w*)[)}]", re.IGNORECASE)
_NAMED: Final = re.compile(r"\$(?:\{(\w+)(?::?[-=?][^{}]*)?\}|\((\w+)\)|(\w+))|\{\{-?\s*\.?(\w+)\s*-?\}\}")
_OPEN: Final = re.compile(
    r"\$\{\{.*?\}\}|\$\((?:[^()]|\([^()]*\))*\)|\$\{[^{}]*\}|\$[@*#?0-9]|\{\{.*?\}\}|<[A-Za-z][\w -]*>|`[^`]*`"
)
_ASSIGNED: Final = re.compile(
    r"^\s*(?:export\s+|local\s+|readonly\s+)?(\w+)\s*(?:[:?]?=|:(?=\s))\s*[\"']?([\w./-]+)[\"']?\s*$"
)
_WORD: Final = re.compile(r"(?:[^\s\"']|\"[^\"]*\"|'[^']*')+")
_ENDS: Final = re.compile(r"&&|\|\||;|\s&\s")
_PROGRAMS: Final = {"kubectl": "kubectl", "oc": "kubectl", "kustomize": "kustomize", "helm": "helm"}
_VERBS: Final = frozenset({"apply", "create", "replace"})
_VALUED: Final = frozenset(
    """
    --api-versions --as --ca-file --cert-file --cluster --context --description --env --field-manager --helm-command
    --history-max --key-file --kube-context --kube-version --kubeconfig --load-restrictor --name-template --namespace
    --output --password --post-renderer --prune-allowlist --repo --selector --server --set --set-file --set-json
    --set-string --timeout --token --user --username --values --version --wait-for -a -e -f -l -n -o
    """.split()  # noqa: SIM905 - it reads as the commands do
)


@dataclass(frozen=True, slots=True)
class Applied:
    """One thing that a script applies. `path` is as the script has it, with OPEN for what is filled in; it is a
    kustomization's directory, or (`plain`) a file or a directory of manifests, or (`chart`) that of a chart, '' for
    Argo CD's own from `repository`. `keeps` tells that it is applied in the way that keeps all of it in an
    annotation. `bases` are the directories from which it may be meant."""

    span: Span
    path: str
    bases: tuple[str, ...]
    namespace: str
    plain: bool = False
    recurses: bool = False
    inflates: bool = False
    chart: bool = False
    keeps: bool = False
    release: str = ""
    repository: str = ""
    version: str = ""
    values: tuple[str, ...] = ()
    settings: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class _Command:
    """A program with its words: options by name, the rest in order."""

    program: str
    options: tuple[tuple[str, str], ...]
    words: tuple[str, ...]

    def of(self, *names: str) -> tuple[str, ...]:
        return tuple(value for name, value in self.options if name in names)


def applied_by(path: str, text: str) -> tuple[Applied, ...]:
    """What a script or a README applies, in its order."""
    return tuple(_applied(path, text))


def _applied(path: str, text: str) -> Iterator[Applied]:
    assigned = _assigned(text)
    repositories = dict(re.findall(r"helm\s+repo\s+add\s+(?:--\S+\s+)*(\S+)\s+[\"']?(https?://[^\s\"']+)", text))
    own = "" if path.startswith(".github/") else path.rpartition("/")[0]
    bases = list(dict.fromkeys((own, "")))
    elsewhere = "argocd" if re.search(r"--namespace[= ]argocd\b|-n argocd\b", text) else "default"
    for number, line in _lines(text):
        directory = re.match(r"\s*working-directory:\s*[\"']?([^\s\"'#]+)", line)
        if directory is not None:
            bases.append(directory[1].strip("./"))
        for piped in _ENDS.split(_settled(line, assigned)):
            commands = [each for each in map(_command, piped.split("|")) if each is not None]
            moved = re.search(r"(?:^|\s|@)cd\s+(\S+)", piped)
            if moved is not None:
                bases.append(moved[1].strip("\"'"))
            found = tuple(dict.fromkeys(bases))
            yield from _of(commands, Span(path, number, number), found, elsewhere, repositories)


def _lines(text: str) -> Iterator[tuple[int, str]]:
    """(number, line): what goes on behind a backslash is one, and comments are none."""
    begun, held = 0, ""
    for number, line in enumerate(text.splitlines(), start=1):
        bare = line.rstrip()
        if not held and bare.lstrip().startswith(("#", "//")):
            continue
        begun = begun if held else number
        if bare.endswith("\\"):
            held += bare[:-1] + " "
            continue
        yield begun, held + bare
        held = ""
    if held:
        yield begun, held


def _assigned(text: str) -> Mapping[str, str]:
    """The names to which a script gives one value alone."""
    values: dict[str, set[str]] = {}
    for line in text.splitlines():
        found = _ASSIGNED.match(line)
        if found is not None:
            values.setdefault(found[1], set()).add(found[2])
    return {name: next(iter(each)) for name, each in values.items() if len(each) == 1}


def _settled(line: str, assigned: Mapping[str, str]) -> str:
    """The line with OPEN for what is not told."""
    line = _PROGRAM.sub(lambda found: found[2].lower(), line)
    line = re.sub(r"`((?:kubectl|kustomize|helm|oc)\s[^`]*)`", r" ; \1 ; ", line)

    def told(found: re.Match[str]) -> str:
        name = next(group for group in found.groups() if group)
        return assigned.get(name, OPEN)

    return _OPEN.sub(OPEN, _NAMED.sub(told, line))


def _command(text: str) -> _Command | None:
    words = [_bare(word) for word in _WORD.findall(text)]
    inside = next((word for word in words if re.search(r"(?:kubectl|helm|kustomize)\s", word)), None)
    if inside is not None:  # in quotes, for another shell
        words = [_bare(word) for word in _WORD.findall(inside)]
    start = next((i for i, word in enumerate(words) if word.rpartition("/")[2].lstrip("@-$") in _PROGRAMS), None)
    if start is None:
        return None
    options: list[tuple[str, str]] = []
    rest: list[str] = []
    left = iter(words[start + 1 :])
    for word in left:
        if word.startswith("-") and len(word) > 1:
            name, equals, value = word.partition("=")
            takes = name in _VALUED or name in ("-k", "--kustomize", "--filename")
            options.append((name, value if equals else next(left, "") if takes else ""))
        elif word.startswith((">", "2>", "<", "#")):
            break
        else:
            rest.append(word)
    return _Command(_PROGRAMS[words[start].rpartition("/")[2].lstrip("@-$")], tuple(options), tuple(rest))


def _bare(word: str) -> str:
    return word.replace('"', "").replace("'", "").strip("`,[]")


def _of(
    commands: Sequence[_Command], span: Span, bases: tuple[str, ...], elsewhere: str, repositories: Mapping[str, str]
) -> Iterator[Applied]:
    """What the commands of one pipe apply."""
    if not commands:
        return
    first, last = commands[0], commands[-1]
    applying = last.program == "kubectl" and _VERBS & set(last.words[:1]) and not _tries(last)
    namespace = next(iter((*last.of("-n", "--namespace"), *first.of("-n", "--namespace"))), "") or elsewhere
    # `create` and `replace` keep nothing of what they are given.
    keeps = last.words[:1] == ("apply",) and not any(
        name == "--server-side" and value != "false" for name, value in last.options
    )
    if first is last and applying:
        for path in last.of("-k", "--kustomize"):
            yield Applied(span, path, bases, namespace, keeps=keeps)
        recurses = bool(last.of("-R", "--recursive"))
        for path in (each for given in last.of("-f", "--filename") for each in given.split(",")):
            if path != "-" and "://" not in path:
                yield Applied(span, path, bases, namespace, plain=True, recurses=recurses, keeps=keeps)
    elif applying and first.program in ("kustomize", "kubectl") and first.words[:1] in (("build",), ("kustomize",)):
        inflates = any(name == "--enable-helm" for name, _ in first.options)
        path = first.words[1] if len(first.words) > 1 else "."
        yield Applied(span, path, bases, namespace, inflates=inflates, keeps=keeps)
    elif first.program == "helm" and (applying if first.words[:1] == ("template",) else _installs(first)):
        yield from _chart(first, span, bases, namespace, repositories)


def _tries(command: _Command) -> bool:
    """Whether it only looks what would happen."""
    return any(name == "--dry-run" and value != "none" for name, value in command.options)


def _installs(command: _Command) -> bool:
    known = {name for name, _ in command.options}
    return not _tries(command) and (
        command.words[:1] == ("install",) or (command.words[:1] == ("upgrade",) and bool(known & {"--install", "-i"}))
    )


def _chart(
    command: _Command, span: Span, bases: tuple[str, ...], namespace: str, repositories: Mapping[str, str]
) -> Iterator[Applied]:
    if len(command.words) < 3:
        return
    release, chart = command.words[1], command.words[2]
    local = chart.startswith((".", "/", OPEN)) or "/" not in chart
    repository = next(iter(command.of("--repo")), "")
    if chart.startswith("oci://"):
        repository, local = chart[len("oci://") :].rpartition("/")[0], False
    elif not local:
        repository = repositories.get(chart.partition("/")[0], ARGO_HELM)
    if repository and chart.rpartition("/")[2] != "argo-cd":
        return
    yield Applied(
        span,
        "" if repository else chart,
        bases,
        namespace,
        chart=True,
        release=release,
        repository=repository,
        version=next(iter(command.of("--version")), ""),
        values=tuple(each for given in command.of("-f", "--values") for each in given.split(",")),
        settings=tuple(
            (name, value)
            for given in command.of("--set", "--set-string")
            for name, _, value in (one.partition("=") for one in given.split(",") if "=" in one)
        ),
    )
