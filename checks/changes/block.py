"""What a change asks of people before it is merged."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum


class Block(StrEnum):
    """`yes`: it is not to be merged until a person has said so; `ask`: a person should have seen it; `no`."""

    YES = "yes"
    ASK = "ask"
    NO = "no"


_ORDER = list(Block)


def worst(blocks: Iterable[Block]) -> Block:
    return min(blocks, key=_ORDER.index, default=Block.NO)


def gravity(block: Block) -> int:
    """The worse, the lower."""
    return _ORDER.index(block)
