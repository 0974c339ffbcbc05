"""What one template may cost. A pull request can hold any template; it must end quickly whatever it does."""

from __future__ import annotations

from typing import Any, Final

from gitops.gotemplate.errors import TooCostly
from gitops.gotemplate.values import MAX_TEXT

MAX_STEPS: Final = 200_000
MAX_CALLS: Final = 20  # templates that call templates


class Allowance:
    """Steps that all templates of one ApplicationSet may take together."""

    __slots__ = ("_left",)

    def __init__(self, steps: int) -> None:
        self._left = steps

    def take(self, steps: int) -> None:
        """Raises `TooCostly` when nothing is left."""
        self._left -= steps
        if self._left < 0:
            raise TooCostly("expanding needs more steps than argofix grants one ApplicationSet")


class Budget:
    """Counts steps and output of one execution; raises `TooCostly` when either runs out."""

    __slots__ = ("_allowance", "_output", "_steps", "calls")

    def __init__(self, allowance: Allowance | None) -> None:
        self._allowance = allowance
        self._steps = 0
        self._output = 0
        self.calls = 0

    def step(self, count: int = 1) -> None:
        self._steps += count
        if self._allowance:
            self._allowance.take(count)
        if self._steps > MAX_STEPS:
            raise TooCostly(f"the template needs more than {MAX_STEPS:,} steps")

    def wrote(self, text: str) -> None:
        self._output += len(text)
        if self._output > MAX_TEXT:
            raise TooCostly(f"the template writes more than {MAX_TEXT:,} characters")

    def values(self, values: list[Any]) -> None:
        """Charge for a function's arguments: what it does takes time in proportion to their size."""
        self.step(1 + sum(len(v) for v in values if isinstance(v, (str, list, dict))) // 32)

    def result(self, value: Any) -> None:
        if isinstance(value, (str, list, dict)) and len(value) > MAX_TEXT:
            raise TooCostly(f"a value of the template has more than {MAX_TEXT:,} characters or elements")
        if isinstance(value, (str, list, dict)):
            self.step(len(value) // 256)
