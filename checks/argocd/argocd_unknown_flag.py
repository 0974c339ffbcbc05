"""A process of Argo CD is given an argument that it does not start with.

What it finds: a flag that this version of the program does not have, a value that is not of the flag's type, a word
too many for the two programs that refuse one (`argocd-server`, `argocd-dex`), and a program that the image does not
have.

Why it matters: the program prints `Error: unknown flag` and ends. Its pods go into CrashLoopBackOff, and after the
rollout nobody can log in, or nothing is synced any more.

Example: `--timeout` on an `argocd-repo-server` of 2.8, which never had it.

How the fix is safe: a flag that has another name in this version is written by that name, and `command` goes where
`args` name the program again. Taking a flag or a container out is offered as unsafe: the setting was meant, and only
its author knows for what. Nothing else may be rendered otherwise, and nothing else may be found then.

How sure it is: an error; one step lower for a file that no Application deploys, and for a patch release that is newer
than what argofix knows. Silent where the image is a build of one's own, its tag tells no version, or a shell or a
template makes the arguments. Flags that are deprecated are taken.

Sources: docs/operator-manual/server-commands of each release and the flags that its sources register;
spf13/pflag, spf13/cobra (legacyArgs); argo-cd issues 13489, 7044.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from packaging.version import Version

from checks.argocd.repairing import container_route, places_of, wanted_of
from checks.argocd.view import (
    applications,
    installations,
    judged_version,
    lower,
    owners,
    severity_in,
    stands,
    written,
)
from checks.declaration import FixAvailability, declare
from checks.model import Finding, Repair, Severity, Topic
from checks.policy.file import Policy
from checks.wording import listed
from gitops.discovery.snapshot import Change
from gitops.facts.secrets.pods import at, sequence
from gitops.files.editing import Route, append, put, remove
from gitops.files.spans import Applicability, Span
from gitops.installation.arguments import parse
from gitops.installation.model import Installation, Process
from gitops.installation.places import place_of
from gitops.installation.ports import containers_of
from gitops.installation.processes import COMPONENTS
from gitops.installation.releases import releases
from gitops.resources.manifests import text_of

RULE = declare(
    "argocd-unknown-flag", Severity.ERROR, Severity.WARNING, Severity.NOTICE, fix=FixAvailability.SOMETIMES
)

# What the same setting is called; only where the version has it (argo-cd docs/operator-manual/server-commands).
_RENAMED: Final[Mapping[str, str]] = {
    "repo-server-timeout": "repo-server-timeout-seconds",
    "sync-timeout-seconds": "sync-timeout",
    "repo-server-metrics-port": "metrics-port",
    "cache-expiration": "app-state-cache-expiration",
}
# Programs with commands of their own, which refuse any other word; the first word may be one of them.
_COMMANDS: Final[Mapping[str, frozenset[str]]] = {
    "argocd-server": frozenset({"version", "completion", "help"}),
    "argocd-dex": frozenset({"rundex", "gendexcfg", "completion", "help"}),
}


def check(change: Change, policy: Policy) -> Iterator[Finding]:
    """One finding for each argument, one topic for each container."""
    for installation in installations(change):
        for process in installation.processes:
            version = judged_version(process)
            if version is not None and process.certain:
                yield from _judged(change, installation, process, version)


def _judged(change: Change, installation: Installation, process: Process, version: Version) -> Iterator[Finding]:
    if process.component not in COMPONENTS or not releases().has_component(process.component, version):
        if "/" not in process.program.removeprefix("/usr/local/bin/"):  # else it may come from a volume
            yield _no_program(change, installation, process, version)
        return
    told = parse(process.words, releases().flags(process.component, version))
    wrong: dict[str, str] = {flag: _about_unknown(process, flag, version) for flag in told.unknown}
    for refused in told.refused:
        wrong.setdefault(refused.flag, f"`{refused.flag}` takes {refused.wanted}, and its value is none")
    stray = _stray(process, told.positional)
    if stray:
        wrong.setdefault(stray, f"`{stray}` is no command of `{process.component}`")
    topic = _topic(installation, process, version, tuple(wrong), told.unknown)
    for word, message in wrong.items():
        span = place_of(change.head, process.member, word)
        if word == stray:
            repair = _without_command(process, stray)
        else:
            repair = _without_flag(process, word, version) if word in told.unknown else None
        yield _finding(installation, process, version, span, word, message, topic, repair)


def _without_flag(process: Process, flag: str, version: Version) -> Repair | None:
    """The flag by the name that it has now, else out with its value."""
    places = places_of(process, flag)
    if not places:
        return None
    renamed = _RENAMED.get(flag.lstrip("-"), "")
    which = f"{process.component} in {process.workload}"
    if renamed in releases().flags(process.component, version):
        new = [put(route, f"--{renamed}{_text(process, route)[len(flag) :]}") for route, _ in places]
        return Repair(
            f"Call flags of {which} as this version does",
            (wanted_of(process.member, *new),),
            Applicability.SAFE,
            f"{RULE}|renamed|{process.member.written}|{process.container}",
        )
    gone = [remove((*route[:-1], int(route[-1]) + more)) for route, words in places for more in range(words)]
    return Repair(
        f"Take flags out of {which} that this version does not have",
        (wanted_of(process.member, *gone),),
        Applicability.UNSAFE,
        f"{RULE}|removed|{process.member.written}|{process.container}",
        "What they were meant to set stays at its default.",
    )


def _text(process: Process, route: Route) -> str:
    return text_of(at(process.member.manifest, route))


def _without_command(process: Process, stray: str) -> Repair | None:
    """`args` name the program, and `command` does once more: its flags go behind those of `args`."""
    route = container_route(process)
    command = [text_of(word) for word in sequence(process.manifest.get("command"))]
    args = [text_of(word) for word in sequence(process.manifest.get("args"))]
    twice = args[:1] == [stray] and stray.rpartition("/")[2] == process.component
    if route is None or not twice or not process.through_command or process.program not in command:
        return None
    flags = command[command.index(process.program) + 1 :]
    return Repair(
        f"Let `args` alone name the program of {process.workload}",
        (wanted_of(process.member, *(append((*route, "args"), one) for one in flags), remove((*route, "command"))),),
        Applicability.SAFE,
        f"{RULE}|command|{process.member.written}|{process.container}",
    )


def _about_unknown(process: Process, flag: str, version: Version) -> str:
    name = flag.lstrip("-")
    said = f"`{process.component}` {written(version)} has no flag `{flag}`"
    others = [one for one in releases().components_with_flag(name, version) if one != process.component]
    renamed = _RENAMED.get(name)
    if renamed is not None and renamed in releases().flags(process.component, version):
        return f"{said}; it is `--{renamed}`"
    if others:
        return f"{said}; {listed([f'`{one}`' for one in others], 3)} {'has' if len(others) == 1 else 'have'}"
    return said


def _stray(process: Process, positional: tuple[str, ...]) -> str:
    """The word that the program refuses, '' when there is none."""
    commands = _COMMANDS.get(process.component)
    if commands is None or not positional:
        return ""
    return positional[0] if positional[0] not in commands else ""


def _topic(
    installation: Installation, process: Process, version: Version, wrong: tuple[str, ...], unknown: tuple[str, ...]
) -> Topic:
    which = f"container `{process.container}` of {process.workload}"
    words = listed([f"`{word}`" for word in wrong], 12)
    message = stands(
        installation,
        f"`{process.component}` {written(version)} refuses {words} and ends: the {which} goes into CrashLoopBackOff.",
    )
    advice = (
        "Take them out with their values, or write what this version calls the setting."
        if unknown
        else ("Write a value of that type." if not any("/" in word for word in wrong) else "Take the word out.")
    )
    stray = [word for word in wrong if word not in unknown and not word.startswith("-")]
    if stray and process.through_command:
        advice = (
            f"`command` names the program already: take it out, so that `args` begins with `{stray[0]}`, and put the "
            "flags of `command` behind that."
        )
    return Topic(
        f"{RULE}|{'|'.join(process.route)}|{process.member.written.path}",
        f"`{process.component}` does not start: container `{process.container}` of {process.workload}",
        message,
        advice,
    )


def _no_program(change: Change, installation: Installation, process: Process, version: Version) -> Finding:
    name = process.program
    message = f"the image of Argo CD {written(version)} has no program `{name}`"
    text = stands(
        installation,
        f"Container `{process.container}` of {process.workload} starts `{name}`, which the image of Argo CD "
        f"{written(version)} does not have. It stays in `RunContainerError` (executable file not found), and the pod "
        "never becomes ready.",
    )
    topic = Topic(
        f"{RULE}|{'|'.join(process.route)}|{process.member.written.path}",
        f"`{name}` does not exist: container `{process.container}` of {process.workload}",
        text,
        "Take the container out: each program serves its own metrics.",
    )
    span = place_of(change.head, process.member, name)
    route = container_route(process)
    repair = None
    if route is not None and len(containers_of(process)) > 1:
        repair = Repair(
            f"Take the container `{process.container}` out of {process.workload}",
            (wanted_of(process.member, remove(route)),),
            Applicability.UNSAFE,
            f"{RULE}|container|{process.member.written}|{process.container}",
        )
    return _finding(installation, process, version, span, name, message, topic, repair)


def _finding(
    installation: Installation,
    process: Process,
    version: Version,
    span: Span,
    word: str,
    message: str,
    topic: Topic,
    repair: Repair | None = None,
) -> Finding:
    severity = Severity.ERROR if releases().covers(version) else lower(Severity.ERROR)
    return RULE.finding(
        span,
        message,
        topic=topic,
        severity=severity_in(installation, severity),
        about=(*installation.key, *process.route, word),
        resource=process.member.id,
        applications=applications([process.member]),
        owners=owners([process.member]),
        repair=repair,
    )
