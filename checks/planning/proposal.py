"""What is offered to people: a change that is written down as edits, with the proof that it keeps its promises."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass

from checks.planning.proof import Proof
from gitops.files.spans import Edit


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal(ABC):
    """A change that was proven: there is none without edits, or whose proof does not hold (`ValueError`).

    What people read is made of its facts by `bot.formats.github`, and a pull request by `handlers.proposals`.
    """

    edits: tuple[Edit, ...]
    proof: Proof

    def __post_init__(self) -> None:
        if not self.edits:
            raise ValueError("a proposal without edits changes nothing")
        if not self.proof.holds:
            raise ValueError(f"a proposal that is not proven: {self.proof.failure}")

    @property
    @abstractmethod
    def title(self) -> str:
        """What it does, in one line of plain text without a full stop."""
