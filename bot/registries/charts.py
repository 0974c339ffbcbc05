"""Which version of the component each version of a Helm chart installs.

Source: Helm's "Chart repositories" (`version` and `appVersion` in `index.yaml`).
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from bot.registries.host import Host, Reply
from gitops.files.documents import read_documents
from gitops.files.errors import GitopsError

LARGEST = 32 * 2**20  # bytes of an index
_MOST = 5_000  # versions of one chart


async def app_versions(host: Host, chart: str) -> Mapping[str, str]:
    """By the chart's version. Raises `bot.registries.faults.SourceFault`."""
    found: dict[str, str] = await host.read(
        "/index.yaml", "*/*", partial(_parsed, host, chart), partial(_checked, host, chart)
    )
    return found


def _parsed(host: Host, chart: str, reply: Reply) -> dict[str, str]:
    if reply.content_type == "text/html":
        raise host.fault("malformed", "the chart repository answers with a page, not with its index")
    try:
        documents = read_documents("index.yaml", reply.body)
        index = documents[0].value() if documents else None
    except GitopsError as error:
        raise host.fault("malformed", f"the chart repository's index cannot be read: {error}") from None
    entries = index.get("entries") if isinstance(index, dict) else None
    versions = entries.get(chart) if isinstance(entries, dict) else None
    if not isinstance(versions, list):
        raise host.fault("malformed", f"the chart repository's index has no chart {chart}")
    return {
        entry["version"]: entry["appVersion"]
        for entry in versions[:_MOST]
        if isinstance(entry, dict)
        and isinstance(entry.get("version"), str)
        and isinstance(entry.get("appVersion"), str)
        and entry.get("deprecated") is not True
    }


def _checked(host: Host, chart: str, kept: Any) -> dict[str, str]:
    if not isinstance(kept, dict) or not all(isinstance(value, str) for value in kept.values()):
        raise host.fault("malformed", f"what is kept of the chart {chart} makes no sense")
    return kept
