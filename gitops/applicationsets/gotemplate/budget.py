"""What one template may cost. A pull request can hold any template; it must end quickly whatever it does."""

from __future__ import annotations

from typing import Any, Final

from gitops.applicationsets.gotemplate.errors import TooCostly
from gitops.applicationsets.gotemplate.values import MAX_TEXT

MAX_STEPS: Final = 200_000
MAX_CALLS: Final = 20  # templates that call templates


class Budget:
    """Counts steps and output of one execution; raises `TooCostly` when either runs out."""

    __slots__ = ("_output", "_steps", "calls")

    def __init__(self) -> None:
        self._steps = 0
        self._output = 0
        self.calls = 0

    def step(self, count: int = 1) -> None:
        self._steps += count
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
        if isinstance(value, (list, dict)):
            self.step(len(value) // 32)
