"""GitHub's releases of a repository, the newest first. Source: GitHub REST "Releases", "Conditional requests"."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from bot.github.client import GitHub
from bot.github.errors import Answer, GitHubError, RateLimited, ServerFault, Unreachable
from bot.http.fields import Fields, Malformed
from bot.registries.cache import AnswerCache
from bot.registries.faults import SourceFault
from bot.registries.model import GitHubRelease

PAGE = 30  # a page of a hundred of Argo CD's, with notes and assets, has several megabytes
PAGES = 10
NOTES = 10_000  # characters that are kept of a release's notes
SOURCE = "releases"


async def published(github: GitHub, repository: str, cache: AnswerCache) -> tuple[GitHubRelease, ...]:
    """The newest 300 releases of `owner/name` without drafts and pre-releases.

    A page that has not changed costs a 304, which GitHub does not count. Raises `bot.registries.faults.SourceFault`.
    """
    found: dict[str, GitHubRelease] = {}
    path: str | None = f"/repos/{repository}/releases?per_page={PAGE}"
    for _ in range(PAGES):
        if path is None:
            break
        page = await _page(github, path, cache, repository)
        for entry in page["releases"]:
            if not entry["draft"] and not entry["prerelease"]:
                release = GitHubRelease(
                    entry["tag_name"], _seconds(entry["published_at"]), entry["body"], entry["html_url"]
                )
                found.setdefault(release.tag, release)
        path = page["next"]
    return tuple(found.values())


async def _page(github: GitHub, path: str, cache: AnswerCache, repository: str) -> dict[str, Any]:
    key = f"{github.base_url} {path}"
    kept = cache.get(key)
    try:
        answer = await github.request("GET", path, etag=kept.etag if kept else None)
    except GitHubError as error:
        raise SourceFault(SOURCE, _kind(error), f"the releases of {repository} cannot be read: {error}") from error
    if answer.status == 304 and kept is not None:
        return _checked(kept.data, repository)
    page = _checked(_reduced(answer, repository), repository)
    etag = answer.headers.get("etag")
    if etag:
        cache.put(key, etag, page)
    return page


def _kind(error: GitHubError) -> str:
    if isinstance(error, RateLimited):
        return "limited"
    if isinstance(error, Unreachable) and error.status == 200:
        return "not-json"
    return "unreachable" if isinstance(error, ServerFault) else "refused"


def _reduced(answer: Answer, repository: str) -> dict[str, Any]:
    if isinstance(answer.data, str):
        raise SourceFault(SOURCE, "not-json", f"the releases of {repository} are answered with a page, not with JSON")
    if not isinstance(answer.data, list):
        raise SourceFault(SOURCE, "malformed", f"the releases of {repository} are not a list")
    return {"releases": answer.data, "next": answer.next_url}


def _checked(page: Any, repository: str) -> dict[str, Any]:
    """What is kept of a page, in its own shape."""
    try:
        fields = Fields(page)
        entries = [_entry(entry) for entry in fields.each("releases")]
        return {"releases": entries, "next": fields.text_or_none("next")}
    except Malformed as error:
        raise SourceFault(SOURCE, "malformed", f"the releases of {repository} make no sense: {error}") from None


def _entry(fields: Fields) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "tag_name": fields.text("tag_name"),
        "draft": fields.flag("draft"),
        "prerelease": fields.flag("prerelease"),
        "body": (fields.text_or_none("body") or "")[:NOTES],
        "html_url": fields.text("html_url"),
        "published_at": fields.text_or_none("published_at"),
    }
    if not entry["draft"]:
        try:
            _seconds(entry["published_at"])
        except (TypeError, ValueError):
            raise Malformed("published_at is not a date") from None
    return entry


def _seconds(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()
