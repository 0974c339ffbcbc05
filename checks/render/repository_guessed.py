"""A `repoURL` was taken for this repository without anybody saying so.

What it finds: Applications that name a repository which is most likely this one (a mirror, an ssh alias, a former
name, a placeholder), since the paths that they read from it exist here.

Why it matters: they are judged by the files of this repository. If it is another one, what is said of them is about
the wrong files.

Example: the checkout's remote is github.com/acme/gitops, and all Applications name
https://git.example.com/acme/gitops.

How the fix is safe: none is offered; the lines for `.github/argofix.yaml` that settle it are given.
"""

from __future__ import annotations

from collections.abc import Iterator

from checks.declaration import declare
from checks.model import Finding, Related, Severity
from checks.policy.file import PATH, Policy
from checks.wording import listed, plural
from gitops.discovery.snapshot import Change

RULE = declare("repository-guessed", Severity.NOTICE)


def check(change: Change, policy: Policy) -> Iterator[Finding]:
    """One finding, whatever the number of names."""
    guessed = change.head.guessed
    if not guessed:
        return
    urls = tuple(sorted(one.url for one in guessed))
    names = listed([f"`{url}`" for url in urls])
    sources = sum(one.sources for one in guessed)
    paths = sum(one.paths for one in guessed)
    one = len(urls) == 1
    yield RULE.finding(
        guessed[0].span,
        f"{names} {'was' if one else 'were'} taken for this repository",
        f"{names} {'is' if one else 'are'} taken for this repository",
        text=f"No remote has {'this name' if one else 'these names'}. "
        f"{plural('source', sources)} of Applications {'names' if sources == 1 else 'name'} it, and "
        f"{plural('path', paths)} that they read {'exists' if paths == 1 else 'exist'} here.",
        advice=f"Say so in `{PATH}`. If it is another repository, write `aliases: []` there.",
        commands="repositories:\n  aliases:\n" + "".join(f"    - {_quoted(url)}\n" for url in urls),
        about=urls,
        related=[Related(other.span, f"names `{other.url}`") for other in guessed[1:]],
    )


def _quoted(url: str) -> str:
    plain = url[:1].isalnum() and ": " not in url and " #" not in url and not url.endswith(":")
    return url if plain else "'" + url.replace("'", "''") + "'"
