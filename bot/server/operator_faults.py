"""What an operator must mend and no retry will: told on /readyz, where it does not take the server out of service."""

from __future__ import annotations

from collections.abc import Callable, Mapping


class OperatorFaults:
    """Sentences by what they are about, kept by this process for as long as they hold."""

    def __init__(self) -> None:
        self._known: dict[str, Mapping[str, str]] = {}
        self._watched: list[tuple[str, str, Callable[[], str | None]]] = []

    def replace(self, kind: str, found: Mapping[str, str]) -> None:
        """All there is to say about things of a kind (`installation`): name -> sentence."""
        self._known[kind] = dict(found)

    def watch(self, kind: str, name: str, look: Callable[[], str | None]) -> None:
        """What `look` says whenever somebody asks; None when there is nothing to say."""
        self._watched.append((kind, name, look))

    def told(self) -> Mapping[str, str]:
        seen = {f"{kind} {name}": text for kind, name, look in self._watched if (text := look()) is not None}
        return {f"{kind} {name}": text for kind, found in self._known.items() for name, text in found.items()} | seen
