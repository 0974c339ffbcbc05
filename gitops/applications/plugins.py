"""Config management plugins: what they render with, and what they may change.

Who tells it: the repository's configuration, a definition of the plugin in git, else its name, where that is the
customary one of a plugin that everybody knows.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from gitops.applications.application import UNNAMED, Application, Source
from gitops.applications.plugin_commands import ANGLES, VARIABLES, NotPlain, Renders, helm_block, understood
from gitops.resources.manifests import text_of
from gitops.resources.rendering import BuildOptions

# As argocd-vault-plugin's documentation has it, with the names that its users give the variable.
_HELM: Final = ("$ARGOCD_APP_NAME", "-n", "$ARGOCD_APP_NAMESPACE", "--include-crds", "${ARGOCD_ENV_HELM_ARGS}",
                "${ARGOCD_ENV_helm_args}", "-f", "${ARGOCD_ENV_HELM_VALUES}@text", ".")  # fmt: skip
_WITH_EXEC: Final = ("--enable-alpha-plugins", "--enable-exec")

# It reads files as they are; where it finds what kustomize or helm make of them, whoever named it so had it do that.
_VAULT: Final = Renders("files", fills=ANGLES, recurse=True)
_VAULT_KUSTOMIZE: Final = Renders("kustomize", fills=ANGLES)
_VAULT_HELM: Final = Renders("helm", _HELM, ANGLES)
_INFLATING: Final = Renders("kustomize", ("--enable-helm",))
_DECRYPTING: Final = Renders("kustomize", _WITH_EXEC)

# By name, without the version that Argo CD appends to it.
WELL_KNOWN: Final[Mapping[str, Renders]] = {
    "argocd-vault-plugin": _VAULT,
    "avp": _VAULT,
    "avp-directory": Renders("directory", fills=ANGLES, recurse=True),
    "argocd-vault-plugin-kustomize": _VAULT_KUSTOMIZE,
    "avp-kustomize": _VAULT_KUSTOMIZE,
    "argocd-vault-plugin-kustomize-helm": replace(_VAULT_KUSTOMIZE, arguments=("--enable-helm",)),
    "argocd-vault-plugin-helm": _VAULT_HELM,
    "argocd-vault-plugin-helm-with-args": _VAULT_HELM,
    "avp-helm": _VAULT_HELM,
    "kustomize-build-with-helm": _INFLATING,
    "kustomize-with-helm": _INFLATING,
    "kustomize-helm": _INFLATING,
    "kustomize-build-with-helm-and-envsubst": replace(_INFLATING, fills=VARIABLES),
    "kustomize-envsubst": Renders("kustomize", fills=VARIABLES),
    "kustomize-build-envsubst": Renders("kustomize", fills=VARIABLES),
    "envsubst-kustomize": Renders("kustomize", fills=VARIABLES),
    "envsubst": Renders("files", fills=VARIABLES),
    "ksops": _DECRYPTING,
    "kustomize-sops": _DECRYPTING,
    "kustomize-ksops": _DECRYPTING,
    "kustomize-with-ksops": _DECRYPTING,
    "kustomize-alpha-plugins": _DECRYPTING,
    "argocd-lovely-plugin": Renders("files"),
    "lovely": Renders("files"),
}
# Plugins that everybody knows and that render with something else.
ELSEWHERE: Final[Mapping[str, str]] = {
    "kustomized-helm": "which hands a chart's manifests to a kustomization",
    "helmfile": "with helmfile",
    "helm-secrets": "with values that it decrypts",
    "tanka": "with Tanka",
    "grafana-tanka": "with Tanka",
    "cdk8s": "by a program that makes the manifests",
    "pulumi": "by a program that makes the manifests",
    "jsonnet-bundler": "once it has fetched Jsonnet libraries",
    "kasane": "with Kasane",
    "kcl": "with KCL",
    "cue": "with CUE",
    "dhall": "with Dhall",
    "ytt": "with ytt",
    "qbec": "with qbec",
    "kapitan": "with Kapitan",
    "timoni": "with Timoni",
    "nix": "with Nix",
    "kluctl": "with kluctl",
}
_VERSION: Final = re.compile(r"-v?\d+(\.\d+)*$")
TOOLS: Final = ("kustomize", "helm", "directory")


@dataclass(frozen=True, slots=True)
class DefinedPlugin:
    """A plugin as a file defines it; `renders` is None where its command is not plain."""

    name: str
    renders: Renders | None


@dataclass(frozen=True, slots=True)
class Plugins:
    """`declared` is what the repository's configuration says: (name, tool). `defined` are definitions in git."""

    declared: tuple[tuple[str, str], ...] = ()
    defined: tuple[DefinedPlugin, ...] = ()

    def of(self, name: str) -> Renders | str:
        """What the plugin renders with, or what is to be said behind "the plugin renders it"."""
        plain = _VERSION.sub("", name)
        tool = dict(self.declared).get(name) or dict(self.declared).get(plain)
        known = WELL_KNOWN.get(plain)
        if tool is not None:
            # Of a plugin that everybody knows, it is known what it fills in.
            fills = known.fills if known is not None else ""
            return Renders(tool, _HELM if tool == "helm" else (), fills, recurse=tool == "directory")
        found = {each.renders for each in self.defined if name == UNNAMED or each.name in (name, plain)}
        if len(found) == 1 and (renders := next(iter(found))) is not None:
            return renders
        if name == UNNAMED:
            return " that Argo CD chooses by the files; `plugin.name` of the source tells argofix which"
        advice = f"`plugins: {{{plain}: kustomize}}` (or helm, or directory) in .github/argofix.yaml tells with what"
        if found:
            what = "a script of its own" if found == {None} else "different commands, as files of git define it"
            return f", by {what}; {advice}"
        if known is not None:
            return replace(known, guessed=True)
        return f", {ELSEWHERE[plain]}" if plain in ELSEWHERE else f"; {advice}"


@dataclass(frozen=True, slots=True)
class Unplugged:
    """A source as it is without its plugin: `options` are kustomize's flags where the plugin has its own."""

    source: Source
    renders: Renders
    options: BuildOptions | None = None


def unplugged(application: Application, source: Source, known: Plugins, directory: Sequence[str]) -> Unplugged | str:
    """The source that its plugin renders, or what is to be said behind "the plugin renders it".
    `directory` are the names of the files in its path."""
    name = source.plugin or ""
    renders = known.of(name)
    if isinstance(renders, str):
        return renders
    bare = replace(source, plugin=None, tools=())
    tool = renders.tool if renders.tool != "files" else _told_by(directory)
    if tool is None:
        return ", which puts a chart and a kustomization together"
    if tool == "directory":
        return Unplugged(replace(bare, directory={"recurse": renders.recurse}), renders)
    if tool == "kustomize":
        if not any(each in directory for each in ("kustomization.yaml", "kustomization.yml", "Kustomization")):
            return ", as a kustomization, which its path does not hold"
        # Flags that nobody tells may well be those of `kustomize.buildOptions`.
        options = BuildOptions.parse(" ".join(renders.arguments)) if renders.arguments else None
        return Unplugged(bare, renders, options)
    if "Chart.yaml" not in directory:
        return ", as a chart, which its path does not hold"
    environment = {
        "ARGOCD_APP_NAME": application.name,
        "ARGOCD_APP_NAMESPACE": application.destination.namespace,
        **{f"ARGOCD_ENV_{key}": value for key, value in source.plugin_env},
    }
    # Before Argo CD 2.4 there was no prefix.
    environment = {**dict(source.plugin_env), **environment}
    try:
        block = helm_block(renders.arguments or _HELM, environment)
    except NotPlain as problem:
        return f", which {problem}"
    return Unplugged(replace(bare, helm=block), renders)


def _told_by(directory: Sequence[str]) -> str | None:
    kustomization = any(each.lower().startswith("kustomization") for each in directory)
    chart = "Chart.yaml" in directory
    if kustomization and chart:
        return None
    return "kustomize" if kustomization else "helm" if chart else "directory"


def plugins_in(manifest: Mapping[str, Any]) -> Iterator[DefinedPlugin]:
    """What one mapping of a file defines: a ConfigManagementPlugin, an entry of argocd-cm's `configManagementPlugins`
    (up to Argo CD 2.7), or the `configs.cmp.plugins` of Argo CD's chart."""
    spec = _mapping(manifest.get("spec"))
    if manifest.get("kind") == "ConfigManagementPlugin":
        name, version = text_of(_mapping(manifest.get("metadata")).get("name")), text_of(spec.get("version"))
        yield _defined(f"{name}-{version}" if version else name, spec)
        return
    if isinstance(manifest.get("name"), str) and "command" in _mapping(manifest.get("generate")):
        yield _defined(manifest["name"], manifest)
    for name, entry in _mapping(_mapping(manifest.get("cmp")).get("plugins")).items():
        version = text_of(_mapping(entry).get("version"))
        yield _defined(f"{name}-{version}" if version else text_of(name), _mapping(entry))


def _defined(name: str, spec: Mapping[str, Any]) -> DefinedPlugin:
    generate = _mapping(spec.get("generate"))
    words = [text_of(word) for key in ("command", "args") for word in _listed(generate.get(key))]
    initial = _mapping(spec.get("init"))
    first = [text_of(word) for key in ("command", "args") for word in _listed(initial.get(key))]
    # What runs before may write files that the manifests are made from; fetching a chart's dependencies is told
    # later.
    quiet = not first or re.search(r"\bhelm\b.*\b(dep|dependency|repo)\b", " ".join(first)) is not None
    return DefinedPlugin(name, understood(words) if quiet else None)


def _listed(value: object) -> Sequence[Any]:
    return value if isinstance(value, list) else ()


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
