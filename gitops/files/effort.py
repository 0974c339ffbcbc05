"""What one evaluation may cost: reading, rendering, memory.

A repository decides how much there is to do, and nobody can end a thread from outside. So whatever is read of a tree
is charged here, and where nothing is left the work ends by itself; also when nobody waits for it any more.
"""

from __future__ import annotations

from dataclasses import dataclass, field

BYTES_A_STEP = 16  # of what is read and parsed


class Exhausted(Exception):
    """An evaluation has cost what it may. Nothing in the model catches this, as one part that is left out would only
    be followed by the next."""


class Abandoned(Exception):
    """Nobody waits for this evaluation any more."""


@dataclass(slots=True)
class Effort:
    """What is left. `steps` are paths looked at, links followed and `BYTES_A_STEP` bytes read; `bytes` are those of
    manifests that are kept until the evaluation ends; `seconds` are those of the renderer, which uses one processor.

    Objects beside the text of manifests count with `gitops.resources.resource.OVERHEAD` bytes: Python's collector
    looks at all of them at once, and nothing else happens meanwhile.
    """

    steps: int = 60_000_000
    bytes: int = 256 * 2**20
    seconds: float = 900.0
    abandoned: bool = False
    kept: set[str] = field(default_factory=set, repr=False)
    left_out: list[str] = field(default_factory=list)  # why, for each rendering that was
    granted: float = field(init=False)
    granted_bytes: int = field(init=False)

    def __post_init__(self) -> None:
        self.granted, self.granted_bytes = self.seconds, self.bytes

    def step(self, count: int = 1) -> None:
        """Charge for looking at something. Raises `Exhausted`, `Abandoned`."""
        if self.abandoned:
            raise Abandoned
        self.steps -= count
        if self.steps < 0:
            raise Exhausted("there is more to read in this commit than argofix reads for one evaluation")

    def read(self, size: int) -> None:
        """Charge for so many bytes that are read and looked through. Raises `Exhausted`, `Abandoned`."""
        self.step(1 + size // BYTES_A_STEP)

    def keep(self, size: int, name: str = "") -> bool:
        """Charge for so many bytes of manifests; False, and nothing charged, when that is more than may be kept. What
        has a name is charged once."""
        if name in self.kept:
            return True
        if size > self.bytes:
            return False
        self.bytes -= size
        if name:
            self.kept.add(name)
        return True

    def must_keep(self, size: int, name: str = "") -> None:
        """As `keep`. Raises `Exhausted` in place of giving False."""
        if not self.keep(size, name):
            raise Exhausted("the manifests of this commit are larger than argofix keeps for one evaluation")
