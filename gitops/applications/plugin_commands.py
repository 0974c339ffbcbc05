"""Commands of config management plugins: which of them plainly run kustomize or helm, and hand on what those print.

Nothing is run. A script that does anything beyond that is not understood, and its plugin is told as that.
Source: argo-cd, docs/operator-manual/config-management-plugins.md; argocd-vault-plugin, docs/installation.md and
docs/usage.md; the commands of `helm template` (helm 4) and `kustomize build` (kustomize 5).
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

# What a filter behind the renderer fills in, by its program: texts in `<...>`, variables, `ref+...` of vals.
ANGLES: Final = r"<[^<>\s]+>"
VARIABLES: Final = r"\$\{?[A-Za-z_]"
VALS: Final = r"ref\+"
FILTERS: Final = {
    "argocd-vault-plugin": ANGLES,
    "avp": ANGLES,
    "argocd-terraform-plugin": ANGLES,
    "envsubst": VARIABLES,
    "vals": VALS,
    "cat": "",
}
_SHELLS: Final = frozenset({"sh", "bash", "ash", "dash", "zsh"})
# These print nothing that becomes a manifest; `helm dependency` is told by what is missing then.
_QUIET: Final = frozenset({"set", "export", "mkdir", "trap", "umask"})
_QUIET_HELM: Final = frozenset({"dependency", "dep", "repo", "registry"})
_BUILD_FLAGS: Final = frozenset(
    {
        "--enable-helm",
        "--enable-alpha-plugins",
        "--enable_alpha_plugins",
        "--enable-exec",
        "--network",
        "--stack-trace",
    }
)
_HERE: Final = frozenset({".", "./", '"."'})
_ECHOED: Final = re.compile(r"<\(\s*(?:echo|printf|printf\s+'?%s'?)\s+\"?\$\{?(\w+)\}?\"?\s*\)")
_VARIABLE: Final = re.compile(r"\$(?:\{(\w+)(?::?-([^}]*))?\}|(\w+))")
_VALUED: Final = {
    "-n": "namespace",
    "--namespace": "namespace",
    "-f": "file",
    "--values": "file",
    "--set": "set",
    "--set-string": "set-string",
    "--name-template": "name",
    "--kube-version": "kube-version",
    "-a": "api-versions",
    "--api-versions": "api-versions",
}
_PASSED_OVER: Final = frozenset({"--release-name", "--debug", "--dependency-update", "--include-crds", "--skip-crds"})


@dataclass(frozen=True, slots=True)
class Renders:
    """What a plugin prints: `tool` is `kustomize`, `helm`, `directory` or `files` (whatever the files tell), with
    these arguments as they stand in its command. `fills` is a pattern of what it fills in ('' for nothing);
    `recurse` tells that directories are read at any depth, `guessed` that only the plugin's name says all this."""

    tool: str
    arguments: tuple[str, ...] = ()
    fills: str = ""
    recurse: bool = False
    guessed: bool = field(default=False, compare=False)


def understood(words: Sequence[str]) -> Renders | None:
    """What a `generate` command, with its arguments, renders; None where that is not plain."""
    script = _script(words)
    if script is None:
        return None
    try:
        statements = list(_statements(script))
    except ValueError:
        return None
    if not statements or not all(_is_quiet(each) for each in statements[:-1]):
        return None
    first, *filters = _split(statements[-1], "|")
    fills: list[str] = []
    for each in filters:
        program = _program(each)
        if program not in FILTERS or ">" in each:
            return None
        fills.append(FILTERS[program])
    found = _renderer(first)
    if found is None:
        return None
    marks = "|".join(dict.fromkeys(filter(None, [found.fills, *fills])))
    return Renders(found.tool, found.arguments, marks, found.recurse)


def _script(words: Sequence[str]) -> str | None:
    if not words:
        return None
    if words[0].rpartition("/")[2] not in _SHELLS:
        # Nobody expands anything there.
        return None if re.search(r"[|&;<>()$`\n]", "".join(words)) else shlex.join(words)
    flags, script = words[1:-1], words[-1]
    return script if any(re.fullmatch(r"-[a-z]*c[a-z]*", flag) for flag in flags) else None


def _statements(script: str) -> Iterator[list[str]]:
    """The words of each statement. Raises `ValueError` for what is no list of plain statements."""
    text = _ECHOED.sub(lambda found: f"${{{found[1]}}}@text", script.replace("\\\n", " "))
    if re.search(r"\$\(|`|<<|<\(|\b(?:if|for|while|case|function)\b\s", text):
        raise ValueError("more than a list of commands")
    lines = [line.strip() for line in text.splitlines()]
    joined = ""
    for line in lines:
        if line and not line.startswith("#"):
            joined += line + (" " if line.endswith(("|", "&&")) else " ; ")
    lexer = shlex.shlex(joined, posix=True, punctuation_chars=True)
    lexer.whitespace_split = True
    words: list[str] = []
    for word in lexer:
        if word in (";", "&&", ";;"):
            if words:
                yield words
            words = []
        elif word in ("||", "&", "(", ")"):
            raise ValueError(word)
        else:
            words.append(word)
    if words:
        yield words


def _split(words: Sequence[str], separator: str) -> list[list[str]]:
    parts: list[list[str]] = [[]]
    for word in words:
        if word == separator:
            parts.append([])
        else:
            parts[-1].append(word)
    return parts


def _program(words: Sequence[str]) -> str:
    return words[0].rpartition("/")[2] if words else ""


def _is_quiet(words: Sequence[str]) -> bool:
    program = _program(words)
    if program in _QUIET or re.fullmatch(r"\w+=\S*", words[0]):
        return "|" not in words
    if program == "helm":
        return len(words) > 1 and words[1] in _QUIET_HELM
    return program == "echo" and ">&" in words and words[-1] == "2"


def _renderer(words: Sequence[str]) -> Renders | None:
    words = _without_errors(words)
    if ">" in words or "<" in words:
        return None
    match (_program(words), *words[1:2]):
        case ("kustomize", "build") | ("kubectl", "kustomize"):
            return _kustomize(words[2:])
        case ("helm", "template"):
            return Renders("helm", tuple(words[2:]))
        case ("argocd-vault-plugin" | "avp" | "argocd-terraform-plugin", "generate"):
            places = list(_positional(words[2:], {"-s", "-c", "--secret-name", "--config-path"}))
            return Renders("directory", fills=ANGLES, recurse=True) if places in (["."], ["./"]) else None
        case ("cat", *_) if len(words) > 1 and all(re.fullmatch(r"(\./)?\*\.(yaml|yml|json)", w) for w in words[1:]):
            return Renders("directory")
    return None


def _without_errors(words: Sequence[str]) -> list[str]:
    """Without a redirection of what is printed as an error."""
    kept = list(words)
    for end in (["2", ">", "/dev/null"], ["2", ">>", "/dev/null"]):
        if kept[-3:] == end:
            kept = kept[:-3]
    return kept


def _positional(words: Sequence[str], valued: set[str]) -> Iterator[str]:
    skip = False
    for word in words:
        if not skip and not word.startswith("-"):
            yield word
        skip = word in valued


def _kustomize(words: Sequence[str]) -> Renders | None:
    flags: list[str] = []
    rest = iter(words)
    for word in rest:
        if word in _HERE:
            continue
        name, equals, _ = word.partition("=")
        if name in ("--load-restrictor", "--load_restrictor", "--helm-command"):
            flags.append(word if equals else f"{name}={next(rest, '')}")
        elif name in _BUILD_FLAGS:
            flags.append(word)
        else:
            return None
    return Renders("kustomize", tuple(flags))


class NotPlain(Exception):
    """An argument that argofix does not give on; the message is a clause about it."""


def expanded(words: Sequence[str], environment: Mapping[str, str]) -> list[str]:
    """The words with the shell's variables filled in; a word that is nothing but one falls into words of its own."""
    found: list[str] = []
    for word in words:
        filled = _VARIABLE.sub(lambda one: environment.get(one[1] or one[3], one[2] or ""), word)
        if filled != word and _VARIABLE.fullmatch(word):
            try:
                found += shlex.split(filled)
            except ValueError:
                raise NotPlain("is given arguments with a quote that is not closed") from None
        else:
            found.append(filled)
    return found


def helm_block(arguments: Sequence[str], environment: Mapping[str, str]) -> dict[str, Any]:
    """The `helm` block of an Application that renders as `helm template` with these arguments. Raises `NotPlain`."""
    block: dict[str, Any] = {"valueFiles": [], "parameters": [], "skipCrds": True, "releaseName": "release-name"}
    places: list[str] = []
    plain: list[str] = []
    # A text that a shell hands over as a file is taken out before anything is split into words.
    for word in arguments:
        if word.endswith("@text"):
            if not plain or plain.pop() not in ("-f", "--values"):
                raise NotPlain("is given a text that is no values file")
            text = "".join(expanded([f'"{word.removesuffix("@text")}"'], environment)).strip('"')
            block["values"] = text or block.get("values", "")
        else:
            plain.append(word)
    rest = iter(expanded(plain, environment))
    for word in rest:
        name, equals, value = word.partition("=")
        if name in _VALUED and word.startswith("-"):
            _take(block, _VALUED[name], value if equals else next(rest, ""))
        elif word == "--skip-tests":
            block["skipTests"] = True
        elif word == "--skip-schema-validation":
            block["skipSchemaValidation"] = True
        elif word in _PASSED_OVER:
            block["skipCrds"] = False if word == "--include-crds" else block["skipCrds"]
        elif word.startswith("-"):
            raise NotPlain(f"calls helm with `{name[:60]}`")
        elif word:
            places.append(word)
    if places[-1:] not in ([each] for each in _HERE) or len(places) > 2:
        raise NotPlain("renders a chart that is not the source itself")
    if len(places) == 2:
        block["releaseName"] = places[0]
    return {key: value for key, value in block.items() if value}


def _take(block: dict[str, Any], what: str, value: str) -> None:
    match what:
        case "file":
            block["valueFiles"] += value.split(",")
        case "set" | "set-string":
            for each in re.split(r"(?<!\\),(?![^{]*\})", value):
                name, _, text = each.partition("=")
                block["parameters"].append(
                    {"name": name, "value": text.replace("\\,", ","), "forceString": what == "set-string"}
                )
        case "namespace":
            if value:
                block["namespace"] = value
        case "name":
            block["releaseName"] = value
        case "kube-version":
            block["kubeVersion"] = value
        case "api-versions":
            block.setdefault("apiVersions", []).extend(value.split(","))
