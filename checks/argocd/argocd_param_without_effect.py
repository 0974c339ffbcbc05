"""A setting of Argo CD that nobody reads.

What it finds: keys of argocd-cmd-params-cm that no version knows, that this version does not know yet or no longer,
or that no workload is handed, the former also in `configs.params` of values files that nobody renders with here;
values there that are no text; environment variables `ARGOCD_...` that the program does not read.

Why it matters: the setting is believed to be on, and the default is. Nothing says so: a process takes whatever it is
given and reads what it knows.

Example: `applicationsetcontroller.tokenref.strict.mode: "true"`; the key is
`applicationsetcontroller.enable.tokenref.strict.mode`, and the strict mode is off.

How the fix is safe: a value that is no text is put into quotes. Writing the one key that can have been meant, and
taking a variable out, are offered as unsafe: a setting that takes effect changes how Argo CD behaves, and what was
meant by a variable stays at its default. Nothing else may be rendered otherwise, and nothing else may be found
then.

How sure it is: a warning; an error where the key guards something (strict modes, TLS, what may be asked), and for a
value that is no text, with which the API server takes none of the ConfigMap. One step lower in a file that no
Application deploys. A notice for what upstream's own manifests hand on and no process reads. Where the version is not
known, only keys that no version knows count. Silent about `ARGOCD_ENV_...` (plugins), about builds of one's own, and
about variables that something else takes up.

Sources: docs/operator-manual/argocd-cmd-params-cm.yaml and manifests/install.yaml of each release, and the names
that the sources of each program read.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Final

from packaging.version import Version

from checks.argocd.chart_params import loose_params
from checks.argocd.repairing import variable_route, wanted_of
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
from gitops.files.editing import put, remove
from gitops.files.spans import Applicability
from gitops.installation.model import PARAMS, Installation, Member, Process, data_of
from gitops.installation.params import COMPONENT_OF, home_of, near, unread_variables, wires_of
from gitops.installation.places import place_of
from gitops.installation.processes import COMPONENTS
from gitops.installation.releases import releases
from gitops.installation.settings import arguments_of

RULE = declare(
    "argocd-param-without-effect", Severity.ERROR, Severity.WARNING, Severity.NOTICE, fix=FixAvailability.SOMETIMES
)

# Words of keys that keep somebody out, or something from being read on its way.
_GUARDS: Final = ("strict", "tls", "allowed", "enable.scm.providers", "security.policy", "x.frame", "enforce")
_UPSTREAM: Final = "Argo CD's own manifests hand on a setting that no process reads"


def check(change: Change, policy: Policy) -> Iterator[Finding]:
    """One finding for each key and each variable."""
    for installation in installations(change):
        for member in installation.params:
            yield from _keys(change, installation, member)
        yield from _not_text(change, installation)
        for process in installation.processes:
            yield from _variables(change, installation, process)
        yield from _upstream(change, installation)
    yield from _in_values(change)


def _in_values(change: Change) -> Iterator[Finding]:
    """Of values files that nobody renders with here: what somebody hands to Helm by hand, or another repository."""
    for span, key in change.head.once(loose_params):
        message, advice, severity = _words(key, None)
        yield RULE.finding(
            span,
            message,
            message.partition(":")[0],
            "No Application of this repository renders with this file.",
            advice,
            severity=lower(severity),
            about=("values", span.path, key),
        )


def _keys(change: Change, installation: Installation, member: Member) -> Iterator[Finding]:
    version = installation.told_version if _told(installation) else None
    wires = wires_of(installation)
    for key in data_of(member):
        if key.startswith("_"):
            continue  # upstream's example
        if key not in releases().params(None):
            yield _unknown(change, installation, member, key, version)
        elif version is not None and key not in releases().params(version):
            yield _out_of_time(change, installation, member, key, version)
        elif version is not None and key not in wires and _should_be_handed(installation, key, version):
            yield _not_handed(change, installation, member, key, version)


def _told(installation: Installation) -> bool:
    """Whether the data tells what every process of the installation reads."""
    if not installation.processes:
        return releases().knows(installation.charted)
    return bool(installation.processes) and all(
        judged_version(one) is not None for one in installation.processes if not one.initial
    )


def _should_be_handed(installation: Installation, key: str, version: Version) -> bool:
    """Whether somebody who would read a key is there, and is not told the same in another way."""
    for reader in releases().readers(key, version):
        component = COMPONENT_OF.get(reader.workload, "")
        flags = [flag.name for flag in releases().flags(component, version).values() if flag.env == reader.env]
        for process in installation.of(component):
            told = arguments_of(process).values
            if not any(flag in told for flag in flags) and reader.env not in process.variables:
                return True
    return False


def _unknown(
    change: Change, installation: Installation, member: Member, key: str, version: Version | None
) -> Finding:
    message, advice, severity = _words(key, version)
    meant = near(key, releases().params(version))
    # What several programs were to be told apart comes under one name: which value it gets, a person decides.
    mends = len(meant) == 1 and home_of(key) is None and not key.endswith(f".{meant[0]}")
    repair = _renamed(member, key, meant[0]) if mends else None
    return _finding(change, installation, member, key, message, advice, severity, repair)


def _words(key: str, version: Version | None) -> tuple[str, str, Severity]:
    """(what is wrong with a key that no version reads, what to do, how grave that is)."""
    home = home_of(key)
    if home is not None:
        where, spelt = home
        read = "reads it" if spelt == key else f"reads `{spelt}`"
        message = f"`{key}` has no effect: Argo CD {read} from {where}, not from {PARAMS}"
        what = "Move it to" if spelt == key else f"Write `{spelt}` into"
        advice = f"{what} {where} (`configs.{'cm' if where == 'argocd-cm' else 'rbac'}` of the chart)."
        return message, advice, Severity.WARNING
    meant = near(key, releases().params(version))
    of = f"Argo CD {written(version)}" if version is not None else "Argo CD"
    advice = f"Write `{meant[0]}` and restart what reads it; it then takes effect." if len(meant) == 1 else ""
    if len(meant) == 1:
        message = f"`{key}` has no effect: {of} reads `{meant[0]}`"
    elif meant:
        message = f"`{key}` has no effect: {of} reads {listed([f'`{each}`' for each in meant], 3)}"
        advice = "Write the one that is meant, and restart what reads it."
    else:
        message = f"`{key}` has no effect: no version of Argo CD from {releases().oldest} on reads it from {PARAMS}"
        advice = "Take it out, or set what was meant by an argument or a variable of the process."
    return message, advice, Severity.ERROR if len(meant) == 1 and _guards(meant[0]) else Severity.WARNING


def _renamed(member: Member, key: str, meant: str) -> Repair | None:
    value = data_of(member).get(key)
    if not isinstance(value, str) or meant in data_of(member) or member.brought is not None:
        return None  # nothing of it is rendered, so nothing could be proven
    values = (put(("configs", "params", meant), value), remove(("configs", "params", key)))
    return Repair(
        f"Write `{meant}` for `{key}`",
        (wanted_of(member, put(("data", meant), value), remove(("data", key)), values=values),),
        Applicability.UNSAFE,
        f"{RULE}|{member.written}|{key}",
        f"`{meant}` takes effect then, once what reads it was restarted.",
    )


def _out_of_time(change: Change, installation: Installation, member: Member, key: str, version: Version) -> Finding:
    since, last = releases().lifetime(key)
    gone = bool(last) and key not in releases().params(version)
    when = f"the last version that does is {last}" if gone else f"the first version that does is {since}"
    message = f"`{key}` has no effect: Argo CD {written(version)} does not read it, {when}"
    advice = "Take it out." if gone else "It takes effect with that version."
    severity = Severity.ERROR if _guards(key) else Severity.WARNING
    return _finding(change, installation, member, key, message, advice, severity)


def _not_handed(change: Change, installation: Installation, member: Member, key: str, version: Version) -> Finding:
    readers = releases().readers(key, version)
    names = listed([f"`{one.workload}` (`{one.env}`)" for one in readers], 3)
    message = f"`{key}` has no effect: no workload here takes it from {PARAMS}"
    advice = (
        f"Upstream's manifests hand it to {names} by `valueFrom.configMapKeyRef`; add that, or set it by an argument."
    )
    severity = Severity.ERROR if _guards(key) else Severity.WARNING
    return _finding(change, installation, member, key, message, advice, severity)


def _guards(key: str) -> bool:
    return any(word in key for word in _GUARDS)


def _not_text(change: Change, installation: Installation) -> Iterator[Finding]:
    for member in installation.of_kind("ConfigMap"):
        if member.id.group or not member.id.name.startswith("argocd-"):
            continue
        for key, value in data_of(member).items():
            if value is None or isinstance(value, str):
                continue
            message = f"`{key}` of {member.id} is no text: the API server refuses the whole ConfigMap"
            advice, text = "Put it into quotes.", value if isinstance(value, str) else json.dumps(value)
            repair = None
            if isinstance(value, bool | int | float):
                wanted = wanted_of(member, put(("data", key), text))
                title = f"Put the value of `{key}` into quotes"
                repair = Repair(title, (wanted,), Applicability.SAFE, f"{RULE}|text|{member.written}")
            yield _finding(change, installation, member, key, message, advice, Severity.ERROR, repair)


def _finding(
    change: Change,
    installation: Installation,
    member: Member,
    key: str,
    message: str,
    advice: str,
    severity: Severity,
    repair: Repair | None = None,
) -> Finding:
    return RULE.finding(
        place_of(change.head, member, key),
        message,
        message.partition(":")[0],
        stands(installation),
        advice,
        severity=severity_in(installation, severity),
        about=(*installation.key, member.written.path if not member.application else "", str(member.id), key),
        resource=member.id,
        applications=applications([member]),
        owners=owners([member]),
        repair=repair,
    )


def _variables(change: Change, installation: Installation, process: Process) -> Iterator[Finding]:
    version = judged_version(process)
    if version is None or process.initial or process.component not in COMPONENTS:
        return
    if not releases().has_component(process.component, version):
        return
    names = tuple(unread_variables(process, releases().env(process.component, version)))
    which = f"container `{process.container}` of {process.workload}"
    listed_names = listed([f"`{name}`" for name in names], 12)
    topic = Topic(
        f"{RULE}|{'|'.join(process.route)}|{process.member.written.path}",
        f"{len(names)} variable{'s' if len(names) != 1 else ''} of {which} {'have' if len(names) != 1 else 'has'} "
        "no effect",
        stands(
            installation,
            f"`{process.component}` {written(version)} reads none of {listed_names}: what they are meant to set is "
            "left at its default.",
        )
        if len(names) > 1
        else stands(
            installation,
            f"`{process.component}` {written(version)} does not read {listed_names}: what it is meant to set is left "
            "at its default.",
        ),
        "Take them out, or set what was meant by an argument of this version.",
    )
    for name in names:
        others = [one for one in releases().components_with_env(name, version) if one != process.component]
        message = f"`{process.component}` {written(version)} does not read `{name}`"
        if others:
            verb = "does" if len(others) == 1 else "do"
            message += f"; {listed([f'`{one}`' for one in others], 3)} {verb}"
        severity = Severity.WARNING if releases().covers(version) else lower(Severity.WARNING)
        route = variable_route(process, name)
        repair = None
        if route is not None:
            repair = Repair(
                f"Take variables out of {process.workload} that `{process.component}` does not read",
                (wanted_of(process.member, remove(route)),),
                Applicability.UNSAFE,
                f"{RULE}|variables|{process.member.written}|{process.container}",
                "What they are meant to set is at its default, before and after.",
            )
        yield RULE.finding(
            place_of(change.head, process.member, name),
            message,
            topic=topic,
            severity=severity_in(installation, severity),
            about=(*installation.key, *process.route, name),
            resource=process.member.id,
            applications=applications([process.member]),
            owners=owners([process.member]),
            repair=repair,
        )


def _upstream(change: Change, installation: Installation) -> Iterator[Finding]:
    """What upstream's manifests hand on for nothing: nobody here can mend it, so it is told once."""
    wires = wires_of(installation).keys
    for process in installation.processes:
        version = judged_version(process)
        if version is None or process.initial:
            continue
        for key, reader in releases().dead_wires(version):
            variable = process.variables.get(reader.env)
            if COMPONENT_OF.get(reader.workload) != process.component or variable is None or key not in wires:
                continue
            if variable.key != key:
                continue
            message = (
                f"`{key}` has no effect on `{process.component}`: {written(version)} does not read `{reader.env}`"
            )
            yield RULE.finding(
                place_of(change.head, process.member, key, reader.env),
                message,
                topic=Topic(
                    f"{RULE}|upstream",
                    _UPSTREAM,
                    "Upstream's manifests hand these keys of argocd-cmd-params-cm to a process that does not read "
                    "them. Nothing is wrong here as long as nobody sets them.",
                ),
                severity=Severity.NOTICE,
                about=(*installation.key, *process.route, key),
                resource=process.member.id,
                applications=applications([process.member]),
                owners=owners([process.member]),
            )
