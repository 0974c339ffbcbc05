"""Work that needs answers from outside: it is done, and done again with the answers, until it lacks none."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from gitops.files.reads import WatchedTree
from gitops.outside.answers import Answers
from gitops.resources.rendering import Asking, fetched

T = TypeVar("T")

MOST_TIMES = 24  # a base in another repository names a base in a third one, and so on
TOO_FAR = "what it is made of leads on from one repository to the next, further than argofix follows"


@dataclass(slots=True)
class Job(Generic[T]):
    """`work` is done for `reader`. `result` is what the last time gave; `waits` tells that it lacked an answer."""

    reader: str
    work: Callable[[], T]
    result: T = field(init=False)
    waits: bool = field(default=True, init=False)


def done(jobs: Sequence[Job[T]], answers: Answers, watched: WatchedTree | None = None) -> Asking[None]:
    """Do all jobs, asking for all that they lack at once. What still `waits` then leads on without an end."""
    for _ in range(MOST_TIMES):
        for job in jobs:
            if not job.waits:
                continue
            answers.begin(job.reader)
            if watched is not None:
                watched.reader = job.reader
            job.result = job.work()
            job.waits = answers.lacking
        answers.begin("")
        if watched is not None:
            watched.reader = ""
        wanted = answers.pending()
        if not wanted:
            return
        answers.take((yield from fetched(wanted)), wanted)
