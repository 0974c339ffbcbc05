"""Hosts that a repository may name, on loopback: git over HTTP, chart repositories, a registry, files, and a metadata
service that must never hear anything."""

from tests.outside.charts import archive, index
from tests.outside.git import GitRepository
from tests.outside.hosts import Hosts, Metadata

__all__ = ["GitRepository", "Hosts", "Metadata", "archive", "index"]
