"""Values inside a text that should not be printed: a password in a chart's `values`, in a configuration file of a
ConfigMap, in an argument or a header.

A text is looked at line by line, so that the rest of it can be read and compared.
"""

from __future__ import annotations

import re

HIDDEN = "(hidden)"

_MOST = 256 * 1024  # characters that are looked through; more of them with a telling word are hidden as a whole
# What stands in each line that holds something to hide, in small letters.
_WORDS = (
    "pass",
    "secret",
    "token",
    "credential",
    "key",
    "connection",
    "htpasswd",
    "dsn",
    "pwd",
    "bearer",
    "basic",
    "://",
)

_TELLING = re.compile(
    r"passw(or)?d|passphrase|secret[-_.]key|secret|token|credential|api[-_.]?key|private[-_.]?key|access[-_.]?key"
    r"|auth[-_.]?key|(encryption|signing|master|session|cookie)[-_.]?key|connection[-_.]?string|htpasswd"
    r"|(dsn|pwd|[-_.]pass|^pass)$",
    re.IGNORECASE,
)
# Names of things, not the things: `secretName: web`, `tokenSecretRef`, `automountServiceAccountToken: false`.
_NAMING = re.compile(
    r"(name|names|ref|refs|namespace|key|keys|path|file|mount|volume|class|type|seconds|policy|store|provider)$",
    re.IGNORECASE,
)
_HOLDER = re.compile(r"(passwords|passphrases|secrets|tokens|credentials|api_?keys)$", re.IGNORECASE)
_ADDRESS = re.compile(r"(?<=://)[^/\s:@]*:[^/\s@]+(?=@)")
_PEM = re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY")
_SECRET_INSIDE = re.compile(
    r"^\s*[\"']?kind[\"']?: *[\"']?Secret\b|\\?[\"']kind\\?[\"']\s*:\s*\\?[\"']Secret\\?[\"']", re.MULTILINE
)
_HEADER = re.compile(r"(?<=\b(?:Bearer|bearer) )[\w.~+/=-]{8,}|(?<=\b(?:Basic|basic) )[\w+/=-]{8,}")
# A word, and `:` or `=` with what it is set to: quoted, or up to the end of the word.
_VALUES = r"(?P<value>\\\"[^\"]*?\\\"|\"[^\"]*\"|'[^']*'|[^\s,;&\"'{}()\[\]][^\s,;&\"'})\]]*)"
_SETTING = re.compile(rf"(?<![\w.-])(?P<key>[\w.-]{{1,100}}+)(?P<to>\\?[\"']? {{0,8}}(?::=?|=) {{0,8}}){_VALUES}")
_OPTION = re.compile(rf"(?<![\w.-])(?P<key>--?[\w.-]{{1,100}}+)(?P<to> +)(?!-){_VALUES}")
# The same up to the end of the line: YAML, and files of variables.
_REST = re.compile(
    r"^\s*(?:- )?(?:export )?[\"']?(?P<key>[\w.-]{1,100}+)[\"']?(?:: +| {0,8}= {0,8})(?P<value>\S.*?),?$"
)
_BLOCK = re.compile(r"[|>][+-]?\d?$")
# What stands for a value that is elsewhere, and what is none: `${PASSWORD}`, `{{ .Values.token }}`, `true`.
_REFERENCE = re.compile(
    r"[\"']?(?:\$[({]|\{\{|%\(|ENC\[)|[\"']?(?:\$[A-Za-z_]\w*|<[\w -]+>|\*\w+)[\"']?$"
    r"|(?:true|false|null|none|~|\{\}?|\[\]?|[\"']{2})$",
    re.IGNORECASE,
)
_NUMBER = re.compile(r"-?\d[\d_.]*(?:ms|[smhdkKMG]i?)?$")
_GRAVE = re.compile(r"passw|passphrase|secret", re.IGNORECASE)
_NAME = re.compile(r"^\s*(?:- )?[\"']?(?:name|key)[\"']?: +[\"']?(?P<name>[\w.-]{1,100}+)[\"']?\s*$")
_VALUE = re.compile(r"^\s*(?:- )?[\"']?value[\"']?: +(?P<value>\S.*)$")


def is_telling(name: str) -> bool:
    """Whether what goes by this name is a password, a token or a key."""
    if name.lower().startswith("existing"):
        return False  # the name of a Secret, by the habit of charts
    return any(not _NAMING.search(name[found.end() :]) for found in _TELLING.finditer(name))


def is_naming(name: str) -> bool:
    """Whether what goes by this name is itself a name: of a Secret, of a key in it."""
    return _NAMING.search(name) is not None


def is_holder(name: str) -> bool:
    """Whether what stands below this name is passwords, tokens or keys by their owners (`passwords: {bob: ...}`)."""
    return _HOLDER.search(name) is not None


def without_secrets(text: str) -> str:
    """The text with `HIDDEN` in place of what should not be printed. As many lines as before, or `HIDDEN` alone."""
    if ("PRIVATE KEY" in text and _PEM.search(text)) or ("Secret" in text and _SECRET_INSIDE.search(text)):
        return HIDDEN
    if not _may_tell(text):
        return text
    if len(text) > _MOST:
        return HIDDEN
    return "\n".join(_lines(text.split("\n")))


def _may_tell(text: str) -> bool:
    lower = text.lower()
    return any(word in lower for word in _WORDS)


def _lines(lines: list[str]) -> list[str]:
    result: list[str] = []
    below: int | None = None  # how far what belongs to a telling name is indented at least
    named = False  # whether the line before says `name: PASSWORD`
    for line in lines:
        indent = len(line) - len(line.lstrip())
        if below is not None and (indent >= below or not line.strip()):
            result.append(f"{line[:indent]}{HIDDEN}" if line.strip() else line)
            continue
        below = None
        if not (named or _may_tell(line)):
            result.append(line)
            continue
        line = _HEADER.sub(HIDDEN, _ADDRESS.sub(HIDDEN, line))
        found = _VALUE.match(line) if named else _REST.match(line)
        if found is not None and (named or is_telling(found["key"])):
            value = found["value"].strip()
            if _BLOCK.match(value):
                below = indent + 1
            is_shown = below is not None or _is_harmless("password" if named else found["key"], value)
            line = line if is_shown else f"{line[: found.start('value')]}{HIDDEN}"
        elif _TELLING.search(line) is not None:
            line = _OPTION.sub(_setting, _SETTING.sub(_setting, line))
        name = _NAME.match(line)
        named = name is not None and is_telling(name["name"])
        result.append(line)
    return result


def _setting(found: re.Match[str]) -> str:
    key, value = found["key"], found["value"]
    if not is_telling(key) or _is_harmless(key, value):
        return found[0]
    return f"{key}{found['to']}{HIDDEN}"


def _is_harmless(key: str, value: str) -> bool:
    """Whether what a telling name is set to is no secret: a reference to one, or a number such as a lifetime."""
    return _REFERENCE.match(value) is not None or (_NUMBER.match(value) is not None and not _GRAVE.search(key))
