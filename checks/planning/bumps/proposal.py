"""A bump that was proven."""

from __future__ import annotations

from dataclasses import dataclass

from checks.planning.bumps.plan import BumpPlan
from checks.planning.bumps.proof import BumpProof
from checks.planning.proposal import Proposal


@dataclass(frozen=True, slots=True, kw_only=True)
class BumpProposal(Proposal):
    proof: BumpProof
    plan: BumpPlan

    @classmethod
    def of(cls, plan: BumpPlan, proof: BumpProof) -> BumpProposal:
        return cls(edits=plan.edits, proof=proof, plan=plan)

    @property
    def old(self) -> str:
        """The version as the pins write it today, '' when they do not tell one."""
        current, pins = self.plan.current, self.plan.pins.pins
        written = {pin.version for pin in pins if pin.parsed is not None and pin.parsed == current}
        return min((str(version) for version in written), default="")

    @property
    def title(self) -> str:
        old = f" from {self.old}" if self.old else ""
        return f"Bump {self.plan.component.name}{old} to {self.plan.tag} in {self.plan.overlay or 'the root'}"
