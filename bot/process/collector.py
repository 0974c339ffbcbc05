"""How often Python's collector looks for garbage that refers to itself.

It looks at every object that is kept, and all threads wait meanwhile. With Python's own thresholds the largest
discovery (5,000 Applications, some million objects that stay, none of them garbage) is looked through nine times, for
a third of its processor time. What nothing refers to any more is freed without it, at once.
"""

from __future__ import annotations

import gc

# New objects before the youngest are looked at, and how often those are before older ones are: everything is looked
# at when two million more are kept, of some 100 bytes each.
THRESHOLDS = (20_000, 10, 10)


def collect_rarely() -> None:
    """For the whole process, from here on."""
    gc.set_threshold(*THRESHOLDS)
