"""Settings of Argo CD that a version on the way no longer knows or reads in another way, found where the overlay uses
them.

The flags come from comparing the command reference of every minor version from 2.8 to 3.5 (its last patch, or the
latest one in mid-2026): what a process no longer lists is deprecated or gone. Of the roughly 330 flags these few ever
went. All else is what Argo CD's upgrade guides name (docs/operator-manual/upgrading/).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from packaging.version import Version

from gitops.files.errors import GitopsError
from gitops.files.tree import Tree
from gitops.kustomize.closure import ParseMemo
from gitops.versions.components import ARGO_CD, Component
from gitops.versions.find import closure_of
from gitops.versions.pins.model import Pins, Style

SERVER_SIDE_SINCE: Final = (3, 3)  # docs/operator-manual/upgrading/3.2-3.3.md
_COMMENT: Final = re.compile(rb"(?:^|\s)#.*")
# How each process is called in environment variables and in argocd-cmd-params-cm.
_PROCESSES: Final = {
    "argocd-application-controller": ("APPLICATION_CONTROLLER", "controller"),
    "argocd-applicationset-controller": ("APPLICATIONSET_CONTROLLER", "applicationsetcontroller"),
    "argocd-server": ("SERVER", "server"),
    "argocd-repo-server": ("REPO_SERVER", "reposerver"),
}


@dataclass(frozen=True, slots=True)
class Changed:
    """`minor` is the first version that treats it otherwise; `pattern` finds it in a line without its comment, its
    group is what is shown; `advice` completes "`WORD` ...". Where `unless` is found in the overlay it does not
    matter."""

    minor: tuple[int, int]
    pattern: re.Pattern[bytes]
    advice: str
    unless: re.Pattern[bytes] | None = None


def _words(minor: tuple[int, int], advice: str, *words: str) -> Changed:
    """Whole words: `--flag`, a variable, a key; also at the end of a JSON pointer."""
    listed = b"|".join(re.escape(word.encode()) for word in words)
    return Changed(minor, re.compile(rb"(?<![\w.-])(" + listed + rb")(?![\w.-])"), advice)


def _flag(minor: tuple[int, int], name: str, processes: tuple[str, ...], advice: str) -> Changed:
    words = {f"--{name}"}
    for process in processes:
        variable, key = _PROCESSES[process]
        words.add(f"ARGOCD_{variable}_{name.upper().replace('-', '_')}")
        words.add(f"{key}.{name.replace('-', '.')}")
    return _words(minor, advice, *sorted(words))


CHANGED: Final = (
    _words((2, 8), "is no longer in the image: containers start with `tini`", "entrypoint.sh"),
    _words((2, 8), "is no longer read: plugins run as sidecars", "configManagementPlugins"),
    _words(
        (3, 0),
        "is no longer read: whoever may see logs needs `logs, get` in the RBAC policy",
        "server.rbac.log.enforce.enable",
    ),
    Changed(
        (3, 0),
        # Only the bare action: `*`, `delete/*` and `delete/*/Pod/*` go on to mean what they say.
        re.compile(rb"\bp\s*,\s*[^,]+,\s*(applications\s*,\s*(?:update|delete))\s*,"),
        "no longer reaches the sub-resources of an Application: add `update/*` or `delete/*` where it should",
        re.compile(rb"disableApplicationFineGrainedRBACInheritance[\"']?\s*[:=]\s*[\"']?false"),
    ),
    Changed(
        (3, 0),
        re.compile(rb"\b[pg]\s*,\s*(C[g-i][A-Za-z0-9_-]{16,}={0,2})\s*,"),
        "looks like the `sub` claim of Dex, which is no longer the subject of policies: "
        "`federated_claims.user_id` is",
    ),
    Changed(
        (3, 0),
        re.compile(rb"(?<![\w.-])(application\.instanceLabelKey)(?![\w.-])"),
        "no longer decides what is tracked: without `application.resourceTrackingMethod` the annotation does",
        re.compile(rb"application\.resourceTrackingMethod"),
    ),
    _words(
        (3, 0),
        "is no longer read: repositories are declared as Secrets",
        "repository.credentials",
        "helm.repositories",
    ),
    _words((3, 0), "brings no metrics back: they have been removed", "ARGOCD_LEGACY_CONTROLLER_METRICS"),
    _words((3, 0), "takes the place of the exclusions that the manifests bring", "resource.exclusions"),
    _words((3, 0), "is ignored: nested selectors always apply", "applyNestedSelectors"),
    Changed(
        (3, 0),
        re.compile(rb"(cluster\.inClusterEnabled)[\"']?\s*[:=]\s*[\"']?false"),
        "leaves Applications of `in-cluster` in the state Unknown, and they no longer sync",
    ),
    Changed(
        (3, 1),
        re.compile(rb"(enablePKCEAuthentication)[\"']?\s*:\s*true"),
        "is handled by the server: `/auth/callback` of Argo CD has to be among the client's redirect URIs",
    ),
    _flag(
        (3, 3),
        "self-heal-backoff-cooldown-seconds",
        ("argocd-application-controller",),
        "is deprecated and will be removed: take it out",
    ),
    _words(
        (3, 3),
        "no longer sets the timeout on the Kubernetes API's side: `ARGOCD_K8S_SERVER_SIDE_TIMEOUT` does",
        "ARGOCD_K8S_TCP_TIMEOUT",
    ),
    _words(
        (3, 4),
        "has the form `vMAJOR.MINOR.PATCH`, no longer `MAJOR.MINOR`",
        "argocd.argoproj.io/kubernetes-version",
    ),
    _flag(
        (3, 5),
        "repo-server-strict-tls",
        ("argocd-application-controller", "argocd-applicationset-controller", "argocd-server"),
        "is deprecated: `--repo-server-ca-cert-path` takes its place",
    ),
    _words((3, 5), "of an AppProject is deprecated: `sourceIntegrity` takes its place", "signatureKeys"),
    Changed(
        (3, 5),
        re.compile(rb"(application\.sync\.impersonation\.enabled)[\"']?\s*[:=]\s*[\"']?true"),
        "holds for all that the API server does: the service accounts need the rights for logs, events and actions",
    ),
    # The guide has it under 3.6; the code of v3.5.0 does it.
    _words((3, 5), "is no longer read: it is `ARGOCD_REPO_SERVER_OTLP_HEADERS`", "ARGOCD_REPO_OTLP_HEADERS"),
)


def settings_lost(tree: Tree, pins: Pins, component: Component, target: Version, memo: ParseMemo) -> Iterator[str]:
    """A sentence, with file and line, for every use of a setting that a version above the current one and up to
    `target` treats otherwise. Copies of upstream's own manifests are left out: they are renewed as a whole."""
    if component.name != ARGO_CD.name:
        return
    # Behind a chart the current version may not be known: then it was at least the first one of its major.
    current = (pins.current.major, pins.current.minor) if pins.current is not None else (target.major, 0)
    passed = [one for one in CHANGED if current < one.minor <= (target.major, target.minor)]
    if not passed:
        return
    vendored = {pin.span.path for pin in pins.pins if pin.style is Style.VENDORED}
    texts: dict[str, list[bytes]] = {}
    for path in sorted({*closure_of(tree, pins.overlay, memo).files, *pins.values} - vendored):
        try:
            texts[path] = [_COMMENT.sub(b"", line) for line in tree.read(tree.resolve(path)).splitlines()]
        except GitopsError:
            continue
    everything = b"\n".join(line for lines in texts.values() for line in lines)
    passed = [one for one in passed if one.unless is None or not one.unless.search(everything)]
    for path, lines in texts.items():
        yield from _uses(path, lines, passed)


def _uses(path: str, lines: list[bytes], passed: list[Changed]) -> Iterator[str]:
    """One sentence for each setting that a file uses, at the first line of it.

    Lines are searched, not values: a setting may stand in a block of text, in a script, or in a file that is no YAML.
    """
    found: dict[tuple[str, str], list[int]] = {}
    for number, line in enumerate(lines, start=1):
        for one in passed:
            for match in one.pattern.finditer(line):
                word = re.sub(r"\s*,\s*", ", ", match[1].decode("utf-8", "replace"))
                since = f"{one.minor[0]}.{one.minor[1]}"
                places = found.setdefault((word, f"as of {since} `{word}` {one.advice}"), [])
                places += [number] if number not in places else []
    for (_, what), numbers in sorted(found.items(), key=lambda item: item[1][0]):
        more = f" (also on line {', '.join(map(str, numbers[1:4]))}" if len(numbers) > 1 else ""
        more += f" and {len(numbers) - 4} more" if len(numbers) > 4 else ""
        yield f"{path}:{numbers[0]}: {what}{more})" if more else f"{path}:{numbers[0]}: {what}"


def needs_server_side_apply(component: Component, current: Version | None, target: Version) -> bool:
    """Whether a step brings in the ApplicationSet CRD that is too large for client-side apply; one from an unknown
    version may."""
    if component.name != ARGO_CD.name or (target.major, target.minor) < SERVER_SIDE_SINCE:
        return False
    return current is None or (current.major, current.minor) < SERVER_SIDE_SINCE
