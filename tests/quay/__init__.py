"""A simulated quay.io: tags and manifests over real HTTP, in the shapes that Quay documents.

    async with SimulatedQuay() as quay:
        argocd = quay.repository("argoproj/argocd")
        argocd.push("v3.2.2", at=1_700_000_000)
        ...  # QUAY_URL=quay.url

Shapes: Red Hat Quay API reference ("listRepoTags"), and what Quay's own `endpoints/api/tag.py` and `endpoints/v2`
answer with. Every request and every answer is held to `description.py`; what departs lands in `violations`. `faults`
is what goes wrong, on demand.
"""

from tests.quay.faults import Fault
from tests.quay.server import SimulatedQuay
from tests.quay.store import Repository, Tag, digest_of

__all__ = ["Fault", "Repository", "SimulatedQuay", "Tag", "digest_of"]
