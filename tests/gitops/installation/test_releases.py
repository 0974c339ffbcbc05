"""What is known of releases is worked out once, and not kept for whatever versions manifests may say."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from packaging.version import Version

from gitops.installation.releases import Releases, releases


def test_what_a_version_knows_is_worked_out_once(monkeypatch: pytest.MonkeyPatch) -> None:
    known = Releases(releases().data)
    asked: list[object] = []
    has = Releases._has

    def counted(self: Releases, told: Mapping[str, Any], version: Version) -> bool:
        asked.append(told)
        return has(self, told, version)

    monkeypatch.setattr(Releases, "_has", counted)
    first = known.flags("argocd-server", Version("3.2.2")), known.env("argocd-server", Version("3.2.2"))
    steps = len(asked)
    assert first == (known.flags("argocd-server", Version("3.2.2")), known.env("argocd-server", Version("3.2.2")))
    assert len(asked) == steps > 0
    # Another version is another answer.
    assert known.flags("argocd-server", Version("2.8.0")) != first[0] and len(asked) > steps


def test_it_is_kept_for_few_versions() -> None:
    known = Releases(releases().data)
    for patch in range(600):
        known.flags("none", Version(f"3.2.{patch}"))
    assert len(known._flags) <= 256
    assert known.flags("argocd-dex", Version("3.2.1")) == releases().flags("argocd-dex", Version("3.2.1"))
