"""What a sample of a row of the table of dangers is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tests.scenarios import Files


@dataclass(frozen=True)
class Sample:
    """`found` are (what it is, before, after), and so are `fine`; `name` is the object that they are about."""

    name: str
    found: Sequence[tuple[str, Files, Files]]
    fine: Sequence[tuple[str, Files, Files]]
    policy: str = ""
    asks: str = ""
