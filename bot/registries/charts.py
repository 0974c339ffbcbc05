"""Which version of the component each version of a Helm chart installs.

Source: Helm's "Chart repositories" (`version` and `appVersion` in `index.yaml`).
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from bot.registries.host import Host, Reply
from bot.registries.index import BadIndex, versions_of

LARGEST = 32 * 2**20  # bytes of an index
_MOST = 5_000  # versions of one chart


async def app_versions(host: Host, chart: str) -> Mapping[str, str]:
    """By the chart's version. Raises `bot.registries.faults.SourceFault`."""
    found: dict[str, str] = await host.read(
        "/index.yaml", "*/*", partial(_parsed, host, chart), partial(_checked, host, chart)
    )
    return found


def _parsed(host: Host, chart: str, reply: Reply) -> dict[str, str]:
    try:
        listed = versions_of(reply.body, chart, "the chart repository's index")
    except BadIndex as error:
        raise host.fault("malformed", str(error)) from None
    return {each.version: each.installs for each in listed[:_MOST] if each.installs and not each.deprecated}


def _checked(host: Host, chart: str, kept: Any) -> dict[str, str]:
    if not isinstance(kept, dict) or not all(isinstance(value, str) for value in kept.values()):
        raise host.fault("malformed", f"what is kept of the chart {chart} makes no sense")
    return kept
