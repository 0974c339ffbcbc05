"""What rendering an Application gives: resources, a failure, or a reason why it was not analysed.

Failure is data: nothing here raises because of what a repository holds.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from gitops.files.spans import Span
from gitops.files.tree import Tree
from gitops.outside.found import Found
from gitops.outside.wanted import Wanted
from gitops.resources.requests import HelmRequest, JsonnetRequest
from gitops.resources.resource import Resource, ResourceId

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Call:
    """A function that a template calls, and where (line 0 when not known)."""

    function: str
    path: str
    line: int = 0


@dataclass(frozen=True, slots=True)
class Decides:
    """An entry of values with which a field of a resource is another one. `resource` is the place in the output,
    `field` a JSON pointer; `source` is `parameters`, `fileParameters`, `values`, `valuesObject`, `releaseName`,
    `valueFiles` or `chart` (its values.yaml), `key` a JSON pointer or the name of the parameter. `path` is the file
    of the latter two, `line` counts in it, in the text `values`, or in a text of several lines in `valuesObject` (0
    when not known). With `presence` it decides whether the resource (or the field) is there, and not what it says."""

    resource: int
    field: str
    source: str
    key: str
    path: str = ""
    line: int = 0
    presence: bool = False


@dataclass(frozen=True, slots=True)
class Unstable:
    """A field that is something else at each rendering. `resource` is None where a template makes more or fewer
    resources from one time to the next, `field` a JSON pointer ('' for all of the resource), `path` and `line` where
    it is written (line 0 when not known), `calls` the random functions that it comes from, where they are known."""

    resource: ResourceId | None
    field: str
    path: str
    line: int = 0
    calls: tuple[Call, ...] = ()


@dataclass(frozen=True, slots=True)
class Fault:
    """A failure as the engine tells it, without values. `code` is one of engine/internal/protocol, Code; `path` and
    `line` are where it is written ('' and 0 when not known), `entry` the entry of the Application's block that it is
    about (`valueFiles[1]`), `wanted` what would have to be fetched."""

    code: str
    message: str
    path: str = ""
    line: int = 0
    entry: str = ""
    wanted: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Rendered:
    """The Application renders. `gaps` are reasons why some of its sources were left out; `notes` are things that a
    person should know although rendering went on (a load restriction that had to be lifted); `unstable` is what two
    renderings do not agree on."""

    resources: tuple[Resource, ...]
    gaps: tuple[str, ...] = ()
    notes: tuple[Note, ...] = ()
    unstable: tuple[Unstable, ...] = ()


@dataclass(frozen=True, slots=True)
class Note:
    """One sentence about a rendering, and the entry it is about. `title` is the line above it, and `advice` what to
    do; without them it is about a load restriction that was lifted."""

    message: str
    span: Span
    title: str = ""
    advice: str = ""
    is_notice: bool = False


@dataclass(frozen=True, slots=True)
class RenderFailed:
    """The engine (or the reader before it) refuses: `message` is one sentence for people, `span` the entry that
    causes it, `detail` what the engine said. `registered_twice` is kustomize's id of a resource that two entries
    bring (`Kind.version.group/name.namespace`). `transient`: the next attempt may go otherwise (time-outs, kills)."""

    message: str
    span: Span
    detail: str = ""
    registered_twice: str | None = None
    transient: bool = False


@dataclass(frozen=True, slots=True)
class NotAnalysed:
    """Left out, with the reason: it needs something that git alone does not have, or more than argofix grants.
    `notes` as in `Rendered`.

    `follows` is the branch, tag or commit that it is rendered from when that is not the one looked at: then nothing
    that happens here changes it. `seen` is what is built of it without the entries that git alone cannot build, None
    where that is not known: what those add or change is not in it.
    """

    reason: str
    notes: tuple[Note, ...] = ()
    follows: str = ""
    seen: tuple[Resource, ...] | None = None


Rendering = Rendered | RenderFailed | NotAnalysed


@dataclass(frozen=True, slots=True)
class BuildOptions:
    """Flags of `kustomize build` that Argo CD would use (`kustomize.buildOptions`); the last two are those that it
    adds for charts."""

    load_restrictor_none: bool = False
    enable_helm: bool = False
    enable_plugins: bool = False
    kube_version: str = ""
    api_versions: tuple[str, ...] = ()

    @classmethod
    def parse(cls, text: str) -> BuildOptions:
        """Read the flags of an argocd-cm `kustomize.buildOptions` string; others do not change what is rendered."""
        words = text.replace("=", " ").split()
        return cls(
            load_restrictor_none="LoadRestrictionsNone" in words,
            enable_helm="--enable-helm" in words,
            enable_plugins="--enable-alpha-plugins" in words or "--enable-exec" in words,
        )


@dataclass(frozen=True, slots=True)
class RenderRequest:
    """One run of the renderer.

    `tree` holds the files; `root` is the kustomization directory; `files` every repository path that it may read, in
    order; `patched` holds files whose content differs from the tree (the root kustomization with the Application's
    own options applied); `opaque` those of `files` that kustomize only copies, and never reads as YAML. `asks` is
    what is rendered where it is no kustomization; `root` is the source's directory then. `fingerprint` identifies the
    result: equal fingerprints render alike.
    """

    fingerprint: str
    tree: Tree
    root: str
    files: tuple[str, ...]
    patched: tuple[tuple[str, bytes], ...] = field(default=(), repr=False)  # may hold Secret values
    options: BuildOptions = BuildOptions()
    opaque: frozenset[str] = frozenset()
    asks: HelmRequest | JsonnetRequest | None = None


@dataclass(frozen=True, slots=True)
class Output:
    """What came of a `RenderRequest`: the resources, or what the engine wrote to stderr.

    `lifted` tells that it only went through with the load restriction lifted, and carries what the engine said
    before. `transient` results (time-outs, kills) say nothing about the files and are not kept; `timed_out` ones
    are remembered for a while, since they cost most. `refused` is the reason when it costs more than argofix
    grants. `fault` is a failure as the engine tells it (`error` is its message then), `unstable` what two
    renderings do not agree on, `said` what the engine noted although it renders, `decides` which values decide about
    what was asked. `size` is about how many bytes it
    takes, counted where it is made and not by everybody who asks.
    """

    resources: tuple[Resource, ...] = ()
    error: str | None = None
    lifted: str | None = None
    transient: bool = False
    timed_out: bool = False
    refused: str | None = None
    fault: Fault | None = None
    unstable: tuple[Unstable, ...] = ()
    said: tuple[str, ...] = ()
    decides: tuple[Decides, ...] = ()
    size: int = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        size = (
            500 + len(self.error or "") + 300 * len(self.unstable) + sum(resource.size for resource in self.resources)
        )
        object.__setattr__(self, "size", size)


# Work that asks for renderings and for what is outside, gets answers by fingerprint, and comes to a result. What it
# asks for at once may come from several hosts and renderers at the same time. `rendered` and `fetched` ask for one
# kind.
Asking = Generator[Sequence[RenderRequest | Wanted], Mapping[str, Output | Found], T]


def rendered(requests: Sequence[RenderRequest]) -> Asking[Mapping[str, Output]]:
    """Ask for renderings: their outputs by fingerprint."""
    if not requests:
        return {}
    answers = yield requests
    return {key: answer for key, answer in answers.items() if isinstance(answer, Output)}


def fetched(wanted: Sequence[Wanted]) -> Asking[Mapping[str, Found]]:
    """Ask for what is outside: the answers by fingerprint."""
    if not wanted:
        return {}
    answers = yield wanted
    return {key: answer for key, answer in answers.items() if not isinstance(answer, Output)}
