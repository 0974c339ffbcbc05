"""The sync policy of ApplicationSets that Argo CD's applicationset-controller is started with.

Sources: argo-cd v3.5.1, cmd/argocd-applicationset-controller/commands/applicationset_controller.go:302-303 (a policy
in the environment switches `applicationsSync` off unless that is switched on again; one among the arguments does
not), util/env/env.go; argo-helm charts/argo-cd/README.md, "9.0.0" (charts before that set `sync` by default).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final

from gitops.applications.application import IN_CLUSTER
from gitops.applicationsets.declared import ApplicationSet
from gitops.applicationsets.followed import Followed, Following, as_written, possible
from gitops.discovery.snapshot import Snapshot
from gitops.installation.arguments import FALSE, TRUE
from gitops.installation.find import installations_of
from gitops.installation.model import Installation, Process, data_of
from gitops.installation.settings import Setting, Where, setting, variable

_CONTROLLER: Final = "argocd-applicationset-controller"
_POLICY: Final = "applicationsetcontroller.policy"
_OVERRIDE: Final = "applicationsetcontroller.enable.policy.override"
_VARIABLE: Final = "ARGOCD_APPLICATIONSET_CONTROLLER_POLICY"
_FIRST_EMPTY: Final = 9  # the first chart that leaves the policy to Argo CD
_MAJOR: Final = re.compile(r"[v^~=\s]*(\d+)\.[\w.*+-]*")

# (`--policy`, `--enable-policy-override`); None where git does not tell.
_Told = tuple[str | None, bool | None]


def followed(base: Snapshot, head: Snapshot) -> Following:
    """What the controllers go by while a change is merged: what either side starts them with, since the change may
    or may not have reached them."""

    def of(declared: ApplicationSet) -> Followed:
        sides = (base.once(installations_of), head.once(installations_of))  # most changes take nothing from a set
        found = frozenset[str]().union(*(_possible(side, declared) for side in sides))
        return Followed(declared.policy, found)

    return of


def _possible(installations: Iterable[Installation], declared: ApplicationSet) -> frozenset[str]:
    """A set is run by the Argo CD that its own root brings into the same cluster. Where git does not show that one,
    each that it shows may be it, or another one."""
    its_own = as_written(declared).policies
    near = [one for one in installations if one.root == declared.root and one.cluster == IN_CLUSTER]
    told = [each for one in near if not one.directory and one.processes for each in _of_processes(one)]
    if told:
        return frozenset[str]().union(*(possible(declared.policy, *each) for each in told))
    others = [each for one in installations for each in _guessed(one)]
    return its_own.union(*(possible(declared.policy, *each) for each in others))


def _of_processes(installation: Installation) -> Iterator[_Told]:
    for process in installation.of(_CONTROLLER):
        policy = setting(installation, process, "policy")
        yield (policy.value or "") if policy.known else None, _override(installation, process)


def _guessed(installation: Installation) -> Iterator[_Told]:
    """What is known of one that may be another Argo CD: of files that nobody deploys only what they say."""
    told = list(_of_processes(installation))
    if told and not installation.directory:
        yield from told
        return
    if certain := [one for one in told if one[0] is not None]:
        yield from certain
        return
    data = data_of(installation.params[-1]) if installation.params else {}
    policy = data.get(_POLICY, _of_chart(installation.chart) if installation.chart else "")
    if policy is None or (isinstance(policy, str) and policy):
        yield policy, _truth(data.get(_OVERRIDE), otherwise=False if policy else None)


def _override(installation: Installation, process: Process) -> bool | None:
    told = setting(installation, process, "enable-policy-override")
    if told.where is Where.ARGUMENT:
        return True if told.value in TRUE else False if told.value in FALSE else None
    if not told.known:
        return None
    by_environment: Setting = variable(installation, process, _VARIABLE)
    default = not by_environment.value if by_environment.known else None
    return _truth(told.value, otherwise=default)


def _truth(value: object, *, otherwise: bool | None) -> bool | None:
    """As Argo CD reads a variable: what is neither counts as the default."""
    word = value.lower() if isinstance(value, str) else ""
    return word == "true" if word in ("true", "false") else otherwise


def _of_chart(version: str) -> str | None:
    """The default of a chart, whose version may be a range."""
    major = _MAJOR.fullmatch(version.strip())
    return None if major is None else "sync" if int(major[1]) < _FIRST_EMPTY else ""
