"""What one search has been told of what is outside, what it still has to ask for, and who asked for what."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace

from gitops.outside.found import ChartFound, FileFound, Found, Missing, RepositoryFound
from gitops.outside.wanted import Wanted

MOST = 2_000  # things that one search asks for
TOO_MANY = Missing(f"more than {MOST:,} repositories, charts and files are named, and argofix asks for no more")


def identity(found: Found) -> str:
    """What tells that an answer is the same as before."""
    match found:
        case RepositoryFound():
            return found.commit
        case ChartFound() | FileFound():
            return found.digest
    return f"missing: {found.reason}"


@dataclass(frozen=True, slots=True)
class Asked:
    """One thing that was asked for, who asked, and the answer without its files: what `identity` says of it, and the
    exact `version` that a branch, a tag or a range stood for ('' where it is missing)."""

    wanted: Wanted
    readers: frozenset[str]
    identity: str
    version: str = ""
    missing: Missing | None = None

    def also(self, other: Asked | None) -> Asked:
        """With those who asked for the same before."""
        return self if other is None else replace(self, readers=self.readers | other.readers)


class Answers:
    """Answers by `Wanted.fingerprint`. What is looked up and not known yet is `pending`, until somebody asks for all
    of it at once; `lacking` tells that since `begin` there was something like that. `reader` is who looks things up
    (`gitops.files.reads`)."""

    def __init__(self, known: Mapping[str, Found] | None = None) -> None:
        self._known: dict[str, Found] = dict(known or {})
        self._pending: dict[str, Wanted] = {}
        self._readers: dict[str, set[str]] = {}
        self._wanted: dict[str, Wanted] = {}
        self.reader = ""
        self.lacking = False

    def begin(self, reader: str) -> None:
        """What is looked up from now on is for `reader`."""
        self.reader, self.lacking = reader, False

    def of(self, wanted: Wanted) -> Found | None:
        """What is known of it; None when it has to be asked for first."""
        key = wanted.fingerprint
        if key not in self._wanted:
            if len(self._wanted) >= MOST:
                return TOO_MANY
            self._wanted[key] = wanted
        self._readers.setdefault(key, set()).add(self.reader)
        found = self._known.get(key)
        if found is None:
            self.lacking = True
            self._pending.setdefault(key, wanted)
        return found

    def pending(self) -> list[Wanted]:
        """What has to be asked for."""
        return list(self._pending.values())

    def take(self, answers: Mapping[str, Found], wanted: Iterable[Wanted]) -> None:
        """Learn the answers to what was wanted."""
        for each in wanted:
            self._known[each.fingerprint] = answers[each.fingerprint]
            self._pending.pop(each.fingerprint, None)

    def anew(self) -> Answers:
        """With the same answers, and nothing looked up yet."""
        return Answers(self._known)

    def asked(self) -> dict[str, Asked]:
        """Everything that was looked up and answered, by fingerprint."""
        return {
            key: _asked(wanted, self._readers[key], self._known[key])
            for key, wanted in self._wanted.items()
            if key in self._known
        }


def asked_now(before: Mapping[str, Asked], again: Collection[str], answers: Answers) -> dict[str, Asked]:
    """What is asked for by those who were looked at `again`, and by all others as before."""
    kept = ((key, one.readers.difference(again), one) for key, one in before.items())
    asked = {key: replace(one, readers=readers) for key, readers, one in kept if readers}
    asked.update((key, one.also(asked.get(key))) for key, one in answers.asked().items())
    return asked


def _asked(wanted: Wanted, readers: Iterable[str], found: Found) -> Asked:
    version, missing = "", None
    match found:
        case RepositoryFound():
            version = found.commit
        case ChartFound():
            version = found.version
        case FileFound():
            version = found.digest
        case Missing():
            missing = found
    return Asked(wanted, frozenset(readers), identity(found), version, missing)
