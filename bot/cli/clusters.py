"""Clusters as the command line reads them."""

from __future__ import annotations

import logging
import os
from typing import TYPE_CHECKING

from bot.cli.checkout import CannotRun

if TYPE_CHECKING:
    from bot.cluster.reader import ClusterReader


def clusters_of_environment() -> ClusterReader | None:
    """What KUBECONFIG or the Pod's ServiceAccount lets us see, unless ARGOFIX_CLUSTER is `off`. Raises `CannotRun`
    for a setting that is neither `on` nor `off`."""
    if not (os.environ.get("KUBECONFIG") or os.environ.get("KUBERNETES_SERVICE_HOST")):
        return None  # the imports below take as long as all else of a small check
    from bot.cluster.reader import cluster_reader
    from bot.process.clock import SystemClock
    from bot.server.settings import SettingsError, cluster_wanted

    try:
        if not cluster_wanted(os.environ):
            return None
    except SettingsError as error:
        raise CannotRun(str(error).removesuffix(".")) from None
    # What could not be seen stands in the report; in the log it would be said twice.
    logging.getLogger().addHandler(logging.NullHandler())
    return cluster_reader(SystemClock())
