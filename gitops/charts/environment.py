"""The build environment: variables that Argo CD puts into some texts of a source.

The names are those of argo-cd's newEnv (reposerver/repository/repository.go), the syntax is that of Go's os.Expand,
which `Env.Envsubst` calls.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from gitops.applications.application import Application, Source
from gitops.files.tree import Tree
from gitops.resources.requests import Texts

_VARIABLE = re.compile(r"\$(?:\{([^}]*)\}|([*#$@!?0-9-])|([A-Za-z0-9_]+))")
_UNKNOWN = "0" * 40


def environment_of(tree: Tree, application: Application, source: Source) -> Mapping[str, str]:
    """Every variable. The revision of files that are in no commit yet is made up of zeros."""
    revision = tree.sha or _UNKNOWN
    return {
        "ARGOCD_APP_NAME": application.name,
        "ARGOCD_APP_NAMESPACE": application.destination.namespace,
        "ARGOCD_APP_PROJECT_NAME": application.project,
        "ARGOCD_APP_REVISION": revision,
        "ARGOCD_APP_REVISION_SHORT": revision[:7],
        "ARGOCD_APP_REVISION_SHORT_8": revision[:8],
        "ARGOCD_APP_SOURCE_REPO_URL": source.repo_url,
        "ARGOCD_APP_SOURCE_PATH": source.written,
        "ARGOCD_APP_SOURCE_TARGET_REVISION": source.target_revision,
    }


def named_in(texts: Iterable[str], environment: Mapping[str, str]) -> Texts:
    """The variables that any of these texts names: the result depends on no others."""
    names = {a or b for text in texts if "$" in text for a, _, b in _VARIABLE.findall(text)}
    return tuple(sorted((name, value) for name, value in environment.items() if name in names))


def substitute(text: str, environment: Mapping[str, str]) -> str:
    """A text with its variables put in; unknown ones are empty, `$$` is `$`."""

    def value(match: re.Match[str]) -> str:
        name = match[1] if match[1] is not None else match[2] or match[3]
        return "$" if name == "$" else environment.get(name, "")

    return _VARIABLE.sub(value, text)
