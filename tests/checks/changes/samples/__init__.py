"""For each row of the table of dangers: changes in which it finds something, and changes that it leaves alone."""

from __future__ import annotations

from collections.abc import Mapping

from tests.checks.changes.sample import Sample
from tests.checks.changes.samples import access, data, objects, pods

SAMPLES: Mapping[str, Sample] = {**pods.SAMPLES, **access.SAMPLES, **objects.SAMPLES, **data.SAMPLES}
