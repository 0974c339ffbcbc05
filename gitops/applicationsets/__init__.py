"""What an Argo CD ApplicationSet makes, as far as git alone tells.

`expand` gives the Applications and, for every part that needs something other than this repository's files, the
reason. Written after Argo CD 3.x's applicationset/ sources and docs/operator-manual/applicationset/.
"""

from __future__ import annotations

from gitops.applicationsets.expansion import Expansion, Generated, expand
from gitops.applicationsets.git_generator import Settings
from gitops.applicationsets.problems import Refusal

__all__ = ["Expansion", "Generated", "Refusal", "Settings", "expand"]
