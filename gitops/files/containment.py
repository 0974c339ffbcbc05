"""Where a mistake of ours stays.

No content of a repository may make the reader raise; property tests look for what does. Should something be found
all the same, it costs the Application (or the rule) that it was met in and nothing else: a pull request must not be
able to switch off what judges it by one file. It is told as a failure, never passed over.
"""

from __future__ import annotations

import yaml

from gitops.files.errors import GitopsError

# What content can cause. Not among them: `Exhausted` and `Abandoned`, which end the whole evaluation, memory, and
# whatever the driver raises for its machine's or its network's sake.
CONTENT: tuple[type[Exception], ...] = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    GitopsError,
    LookupError,
    RecursionError,
    TypeError,
    ValueError,
    yaml.YAMLError,
)


def told(error: Exception) -> str:
    """One sentence for people, without a full stop. The error's own text may hold anything, so only its kind is
    named."""
    return f"argofix fails on this ({type(error).__name__}); that is a mistake of argofix, please report it"
