"""The smallest payloads that say what GitHub's say."""

import json
from typing import Any

Json = dict[str, Any]


def encoded(payload: Json) -> bytes:
    return json.dumps(payload).encode()


def repository(number: int = 42) -> Json:
    return {
        "id": number,
        "full_name": "octo/deploy" if number == 42 else f"octo/deploy-{number}",
        "clone_url": "https://github.com/octo/deploy.git",
        "default_branch": "main",
        "private": True,
    }


def _common(number: int) -> Json:
    return {"installation": {"id": 11}, "repository": repository(number), "sender": {"login": "alice"}}


def pull_request(action: str, *, repo: int = 42, number: int = 1, head: str = "a" * 40) -> Json:
    pull = {
        "number": number,
        "state": "open",
        "draft": False,
        "merged": False,
        "title": "Change",
        "body": None,
        "html_url": "https://github.com/octo/deploy/pull/1",
        "user": {"login": "alice", "type": "User"},
        "head": {"ref": "feature", "sha": head, "repo": repository(repo)},
        "base": {"ref": "main", "sha": "b" * 40, "repo": repository(repo)},
        "mergeable": None,
        "merge_commit_sha": None,
    }
    return {"action": action, "number": number, "pull_request": pull, **_common(repo)}


def push(ref: str, *, repo: int = 42, before: str = "b" * 40, after: str = "c" * 40) -> Json:
    return {"ref": ref, "before": before, "after": after, "forced": False, **_common(repo)}
