"""An addition that was proven."""

from __future__ import annotations

from dataclasses import dataclass

from checks.planning.additions.plan import AdditionPlan
from checks.planning.proof import Proof
from checks.planning.proposal import Proposal


@dataclass(frozen=True, slots=True, kw_only=True)
class AdditionProposal(Proposal):
    plan: AdditionPlan

    @classmethod
    def of(cls, plan: AdditionPlan, proof: Proof) -> AdditionProposal:
        return cls(edits=plan.edits, proof=proof, plan=plan)

    @property
    def title(self) -> str:
        return self.plan.title
