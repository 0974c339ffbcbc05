"""Settings with which a program of Argo CD ends at its start, or works for nobody: one entry each.

Each entry was read in Argo CD's sources at the tags that it names; none of the programs was started.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from packaging.version import Version

from gitops.facts.secrets.pods import POD_SPECS, at, mapping, sequence
from gitops.installation.arguments import is_filled_in
from gitops.installation.model import Installation, Member, Process
from gitops.installation.releases import releases
from gitops.installation.settings import Setting, Where, setting, variable
from gitops.resources.manifests import text_of

CONTROLLER: Final = "argocd-application-controller"
REPO_SERVER: Final = "argocd-repo-server"
_CRASHES: Final = "The program prints that and ends: the container goes into CrashLoopBackOff."


@dataclass(frozen=True, slots=True)
class Told:
    """What is wrong, a clause; `words` find its line, in `member` where it is not the process's own. `lines` are to
    be pasted; `argument` is one that settles it by itself, in every version that has the conflict."""

    message: str
    words: tuple[str, ...]
    advice: str = ""
    lines: str = ""
    member: Member | None = None
    argument: str = ""


@dataclass(frozen=True, slots=True)
class Conflict:
    """`since` is the first version with it and `before` the first one without; `refuses` tells that the program ends.
    `look` gives what is wrong with a process, None where nothing is or nobody can tell. `issues` are argo-cd's."""

    id: str
    components: frozenset[str]
    look: Callable[[Installation, Process, Version], Told | None]
    since: Version | None = None
    before: Version | None = None
    effect: str = _CRASHES
    refuses: bool = True
    issues: tuple[int, ...] = ()

    def concerns(self, process: Process, version: Version) -> bool:
        return (
            process.component in self.components
            and not process.initial
            and (self.since is None or self.since <= version)
            and (self.before is None or version < self.before)
        )

    def title(self, process: Process) -> str:
        return f"`{process.component}` {'does not start' if self.refuses else 'starts and does not do its work'}"


def _from(installation: Installation, told: Setting, flag: str) -> tuple[tuple[str, ...], Member | None]:
    """The words by which a setting's line is found, and the ConfigMap that holds it."""
    if told.where is Where.CONFIG_MAP:
        maps = installation.named("ConfigMap", told.config_map)
        return (told.key,), maps[0] if maps else None
    return (f"--{flag}",), None


def _disable_tls(installation: Installation, process: Process, version: Version) -> Told | None:
    told = setting(installation, process, "disable-tls")
    path = setting(installation, process, "client-ca-path")
    if told.on is not True or not path.known or (path.where is Where.ARGUMENT and path.value == ""):
        return None
    words, member = _from(installation, told, "disable-tls")
    return Told(
        "TLS is switched off, and `--client-ca-path`, whose default is no empty path, may not be set then",
        (*words, "ARGOCD_REPO_SERVER_DISABLE_TLS"),
        "Give the repo-server the empty path as an argument; an empty variable is passed over.",
        "- --client-ca-path=",
        member,
        "--client-ca-path=",
    )


def _sharded_deployment(installation: Installation, process: Process, version: Version) -> Told | None:
    if process.member.id.kind != "Deployment":
        return None
    replicas = variable(installation, process, "ARGOCD_CONTROLLER_REPLICAS")
    shard = variable(installation, process, "ARGOCD_CONTROLLER_SHARD")
    dynamic = setting(installation, process, "dynamic-cluster-distribution-enabled")
    if not replicas.value or not replicas.value.isdigit() or int(replicas.value) < 2:
        return None
    if shard.where is not Where.DEFAULT or dynamic.on is not False:
        return None
    return Told(
        "`ARGOCD_CONTROLLER_REPLICAS` is more than 1, and the pods of a Deployment have no numbers for their shards",
        ("ARGOCD_CONTROLLER_REPLICAS",),
        "Run it as a StatefulSet, or switch dynamic distribution on (from 2.9 on).",
    )


def _dynamic_without_deployment(installation: Installation, process: Process, version: Version) -> Told | None:
    told = setting(installation, process, "dynamic-cluster-distribution-enabled")
    name = variable(installation, process, "ARGOCD_APPLICATION_CONTROLLER_NAME")
    if told.on is not True or not name.known:
        return None
    wanted = name.value or CONTROLLER
    if installation.named("Deployment", wanted):
        return None
    words, member = _from(installation, told, "dynamic-cluster-distribution-enabled")
    return Told(
        f"dynamic distribution asks for the Deployment `{wanted}`, and there is none in {installation.namespace}",
        (*words, "ARGOCD_ENABLE_DYNAMIC_CLUSTER_DISTRIBUTION"),
        "Run the controller as a Deployment of that name, or switch dynamic distribution off.",
        member=member,
    )


def _one_of(flag: str, allowed: frozenset[str], what: str, folded: bool) -> Callable[..., Told | None]:
    def look(installation: Installation, process: Process, version: Version) -> Told | None:
        if flag not in releases().flags(process.component, version):
            return None
        told = setting(installation, process, flag)
        value = told.value.lower() if told.value is not None and folded else told.value
        if not told.known or not value or value in allowed or is_filled_in(value):
            return None
        words, member = _from(installation, told, flag)
        names = ", ".join(f"`{each}`" for each in sorted(allowed))
        return Told(f"{what} of `--{flag}` is none that exists", words, f"Write one of {names}.", member=member)

    return look


_QUANTITY: Final = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[KMGTPE]i|[numkMGTPE]|[eE][+-]?\d+)?")
_SIZES: Final = (
    "max-combined-directory-manifests-size",
    "streamed-manifest-max-tar-size",
    "streamed-manifest-max-extracted-size",
    "helm-manifest-max-extracted-size",
    "helm-registry-max-index-size",
    "oci-manifest-max-extracted-size",
)


def _quantities(installation: Installation, process: Process, version: Version) -> Told | None:
    known = releases().flags(process.component, version)
    for flag in _SIZES:
        told = setting(installation, process, flag) if flag in known else None
        # An empty variable is passed over; an empty argument is no quantity.
        if told is None or told.value is None or (not told.value and told.where is not Where.ARGUMENT):
            continue
        if _QUANTITY.fullmatch(told.value) is None:
            words, member = _from(installation, told, flag)
            return Told(
                f"the size of `--{flag}` is no quantity", words, "Write it as in `300M` or `1Gi`.", member=member
            )
    return None


_TLS: Final = ("1.0", "1.1", "1.2", "1.3")


def _tls_versions(installation: Installation, process: Process, version: Version) -> Told | None:
    if process.component == "argocd-server" and setting(installation, process, "insecure").on is not False:
        return None
    found: dict[str, Setting] = {}
    for flag, default in (("tlsminversion", "1.2"), ("tlsmaxversion", "1.3")):
        told = setting(installation, process, flag)
        if not told.known:
            return None
        value = told.value or default
        if value not in _TLS:
            words, member = _from(installation, told, flag)
            return Told(
                f"the TLS version of `--{flag}` is none that exists",
                words,
                f"Write one of {', '.join(_TLS)}.",
                member=member,
            )
        found[flag] = Setting(value, told.where, told.config_map, told.key)
    lowest, highest = found["tlsminversion"], found["tlsmaxversion"]
    if _TLS.index(lowest.value or "") <= _TLS.index(highest.value or ""):
        return None
    words, member = _from(installation, lowest, "tlsminversion")
    return Told(
        f"the lowest TLS version, {lowest.value}, is higher than the highest, {highest.value}",
        (*words, "--tlsmaxversion"),
        "Raise `--tlsmaxversion` or lower `--tlsminversion`.",
        member=member,
    )


def _half_a_pair(installation: Installation, process: Process, version: Version) -> Told | None:
    """Only arguments count: an empty variable is passed over."""
    pair = ("repo-server-client-cert-path", "repo-server-client-cert-key-path")
    if any(flag not in releases().flags(process.component, version) for flag in pair):
        return None
    told = [setting(installation, process, flag) for flag in pair]
    if not all(one.known for one in told):
        return None
    empty = [one.where is Where.ARGUMENT and one.value == "" for one in told]
    if empty[0] == empty[1]:
        return None
    which, other = (pair[0], pair[1]) if empty[0] else (pair[1], pair[0])
    return Told(
        f"`--{which}` is empty and `--{other}` is not: it takes both or neither",
        (f"--{which}",),
        f"Give `--{other}` the empty path too, or `--{which}` a path.",
    )


def _no_such_file(installation: Installation, process: Process, version: Version) -> Told | None:
    """A path by argument that no volume of the container brings."""
    flag = "repo-server-ca-cert-path"
    if flag not in releases().flags(process.component, version):
        return None
    told = setting(installation, process, flag)
    mounts = [text_of(mapping(one).get("mountPath")) for one in sequence(process.manifest.get("volumeMounts"))]
    set_ = told.where in (Where.ARGUMENT, Where.VARIABLE, Where.CONFIG_MAP)
    if not set_ or not told.value or not mounts or told.value.startswith(_IN_THE_IMAGE):
        return None
    if any(told.value == mount or told.value.startswith(f"{mount.rstrip('/')}/") for mount in mounts):
        return None
    words, member = _from(installation, told, flag)
    return Told(
        f"`--{flag}` names a file that no volume brings", words, "Mount the certificate there.", member=member
    )


_LINK: Final = re.compile(r"\bln\s+-s\s+(?!-f)\S*argocd\S*\s+\S*argocd-cmp-server")


def _link_once(installation: Installation, process: Process, version: Version) -> Told | None:
    route = POD_SPECS[process.member.id.group, process.member.id.kind]
    for container in sequence(mapping(at(process.member.manifest, route)).get("initContainers")):
        one: Mapping[str, object] = mapping(container)
        name = text_of(one.get("name"))
        for word in (*sequence(one.get("command")), *sequence(one.get("args"))):
            if _LINK.search(text_of(word)):
                return Told(
                    f"init container `{name}` makes a link that is there already when it runs again",
                    ("argocd-cmp-server",),
                    "Write `ln -sf`, as upstream does from 3.3.7 on.",
                )
    return None


def _never_published(installation: Installation, process: Process, version: Version) -> Told | None:
    if process.image.tag != "v2.14.0-rc7":
        return None
    return Told(
        "the manifests of the tag v2.14.0 name the image `v2.14.0-rc7`, which was never published",
        (process.image.tag,),
        "Take v2.14.1 or a later patch.",
    )


_IN_THE_IMAGE: Final = ("/etc/ssl/", "/etc/pki/", "/usr/")
_CLIENTS: Final = frozenset({"argocd-server", CONTROLLER, "argocd-applicationset-controller", "argocd-notifications"})
_ALL: Final = releases().components - {"argocd-cmp-server"}
_LEVELS: Final = frozenset({"panic", "fatal", "error", "warn", "warning", "info", "debug", "trace"})

CONFLICTS: Final = (
    # v3.5.0, v3.5.1 and the head of release-3.5 of 2026-08: not mended yet, so the range has no end.
    Conflict(
        "repo-server-disable-tls-client-ca",
        frozenset({REPO_SERVER}),
        _disable_tls,
        since=Version("3.5.0"),
        issues=(29661,),
    ),
    Conflict("sharding-hostname", frozenset({CONTROLLER}), _sharded_deployment, before=Version("2.10.0")),
    Conflict(
        "sharding-all-shard-0",
        frozenset({CONTROLLER}),
        _sharded_deployment,
        since=Version("2.10.0"),
        effect="Each replica then takes shard 0: clusters of the other shards are reconciled by nobody.",
        refuses=False,
    ),
    Conflict(
        "dynamic-distribution-without-deployment",
        frozenset({CONTROLLER}),
        _dynamic_without_deployment,
        since=Version("2.10.0"),
    ),
    Conflict(
        "redis-compression",
        frozenset({"argocd-server", REPO_SERVER, CONTROLLER}),
        _one_of("redis-compress", frozenset({"gzip", "none"}), "the compression", folded=False),
    ),
    Conflict("log-format", _ALL, _one_of("logformat", frozenset({"json", "text"}), "the format", folded=True)),
    Conflict("log-level", _ALL, _one_of("loglevel", _LEVELS, "the level", folded=True)),
    Conflict("repo-server-quantities", frozenset({REPO_SERVER}), _quantities),
    Conflict("tls-versions", frozenset({"argocd-server", REPO_SERVER}), _tls_versions),
    Conflict(
        "copyutil-symlink",
        frozenset({REPO_SERVER}),
        _link_once,
        effect="When the node restarts the init containers run once more in the same pod: `ln` fails with `File "
        "exists`, and the pod stays in Init:CrashLoopBackOff until somebody deletes it.",
        refuses=False,
        issues=(26595, 26613),
    ),
    Conflict("client-cert-pair", _CLIENTS, _half_a_pair, since=Version("3.5.0")),
    Conflict("repo-server-ca-missing", _CLIENTS, _no_such_file, since=Version("3.5.0")),
    Conflict(
        "image-does-not-exist",
        _ALL,
        _never_published,
        since=Version("2.14.0rc7"),
        before=Version("2.14.0"),
        effect="Its pods stay in ImagePullBackOff.",
    ),
)
