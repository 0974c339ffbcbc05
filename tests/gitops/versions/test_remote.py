"""The URLs by which kustomize loads Argo CD's manifests, and where the version stands in them."""

from __future__ import annotations

import pytest

from gitops.versions.components import ARGO_CD
from gitops.versions.pins.model import Style
from gitops.versions.pins.remote import remote_versions, without_credentials


@pytest.mark.parametrize(
    "url",
    [
        "https://github.com/argoproj/argo-cd//manifests/cluster-install?ref=v3.2.2",
        "https://github.com/argoproj/argo-cd/manifests/cluster-install?version=v3.2.2",
        "github.com/argoproj/argo-cd/manifests/ha/cluster-install?timeout=90s&ref=v3.2.2",
        "https://www.github.com/argoproj/argo-cd.git//manifests?ref=v3.2.2&submodules=false",
        "git::https://github.com/argoproj/argo-cd.git//manifests?ref=refs/tags/v3.2.2",
        "git@github.com:argoproj/argo-cd.git//manifests?ref=v3.2.2",
        "ssh://git@github.com/argoproj/argo-cd//manifests?ref=v3.2.2",
        "git::ssh://git@github.com:22/argoproj/argo-cd//manifests?ref=v3.2.2",
        "org-1234@github.com:argoproj/argo-cd//manifests?ref=v3.2.2",
        "gh:argoproj/argo-cd//manifests?ref=v3.2.2",
        "https://GitHub.com/ArgoProj/Argo-CD?ref=v3.2.2",
    ],
)
def test_git_urls(url: str) -> None:
    (found,) = remote_versions(url, ARGO_CD)
    assert (found.style, found.text, url[found.start : found.end]) == (Style.REMOTE_BASE, "v3.2.2", "v3.2.2")


@pytest.mark.parametrize(
    "url",
    [
        "https://raw.githubusercontent.com/argoproj/argo-cd/v3.2.2/manifests/install.yaml",
        "https://raw.githubusercontent.com/argoproj/argo-cd/refs/tags/v3.2.2/manifests/ha/install.yaml",
        "https://github.com/argoproj/argo-cd/releases/download/v3.2.2/install.yaml",
        "https://github.com/argoproj/argo-cd/raw/v3.2.2/manifests/install.yaml",
        "https://github.com/argoproj/argo-cd/blob/v3.2.2/manifests/install.yaml?raw=true",
        "https://cdn.jsdelivr.net/gh/argoproj/argo-cd@v3.2.2/manifests/install.yaml",
    ],
)
def test_urls_of_files(url: str) -> None:
    (found,) = remote_versions(url, ARGO_CD)
    assert (found.style, found.text, url[found.start : found.end]) == (Style.REMOTE_FILE, "v3.2.2", "v3.2.2")


def test_a_url_with_both_parameters_has_two_places() -> None:
    found = list(remote_versions("github.com/argoproj/argo-cd?version=v3.2.1&ref=v3.2.2", ARGO_CD))
    assert [f.text for f in found] == ["v3.2.1", "v3.2.2"]


@pytest.mark.parametrize(
    "url",
    [
        "https://github.com/argoproj/argo-cd-extensions//manifests?ref=v3.2.2",
        "https://github.com/acme/argo-cd//manifests?ref=v3.2.2",
        "https://github.com/acme/argoproj/argo-cd?ref=v3.2.2",
        "https://github.com.evil.example/argoproj/argo-cd?ref=v3.2.2",
        "https://raw.githubusercontent.com/argoproj/argo-cdx/v3.2.2/manifests/install.yaml",
        "../base",
        "argoproj/argo-cd?ref=v3.2.2",
    ],
)
def test_what_is_something_else(url: str) -> None:
    assert list(remote_versions(url, ARGO_CD)) == []


def test_a_url_without_a_version_follows_a_branch() -> None:
    (found,) = remote_versions("https://github.com/argoproj/argo-cd//manifests/cluster-install", ARGO_CD)
    assert (found.text, found.end) == ("", 0)


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        (
            "https://x:ghp_secret@github.com/argoproj/argo-cd?ref=v1.0.0",
            "https://...@github.com/argoproj/argo-cd?ref=v1.0.0",
        ),
        ("https://ghp_0123456789abcdef@github.com/argoproj/argo-cd", "https://...@github.com/argoproj/argo-cd"),
        ("ssh://git@github.com/argoproj/argo-cd", "ssh://git@github.com/argoproj/argo-cd"),
    ],
)
def test_credentials_are_not_shown(url: str, shown: str) -> None:
    assert without_credentials(url) == shown
