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

from checks.model import Finding, Related, Severity, Topic
from checks.policy.file import PATH, Policy
from checks.wording import listed, plural
from gitops.discovery.snapshot import Change

RULE = "repository-guessed"


def check(change: Change, policy: Policy) -> Iterator[Finding]:
    """One finding, whatever the number of names."""
    guessed = change.head.guessed
    if not guessed:
        return
    urls = tuple(sorted(one.url for one in guessed))
    names = listed([f"`{url}`" for url in urls])
    sources = sum(one.sources for one in guessed)
    paths = sum(one.paths for one in guessed)
    message = f"{names} {'was' if len(urls) == 1 else 'were'} taken for this repository"
    topic = Topic(
        f"{RULE}|{'|'.join(urls)}",
        f"{names} {'is' if len(urls) == 1 else 'are'} taken for this repository",
        f"No remote has {'this name' if len(urls) == 1 else 'these names'}. "
        f"{plural('source', sources)} of Applications {'names' if sources == 1 else 'name'} it, and "
        f"{plural('path', paths)} that they read {'exists' if paths == 1 else 'exist'} here.",
        f"Say so in `{PATH}`. If it is another repository, write `aliases: []` there.",
        "repositories:\n  aliases:\n" + "".join(f"    - {_quoted(url)}\n" for url in urls),
    )
    related = tuple(Related(one.span, f"names `{one.url}`") for one in guessed[1:])
    first = guessed[0].span
    yield Finding(RULE, Severity.NOTICE, first, message, topic, (RULE, *urls), related=related)


def _quoted(url: str) -> str:
    plain = url[:1].isalnum() and ": " not in url and " #" not in url and not url.endswith(":")
    return url if plain else "'" + url.replace("'", "''") + "'"
