"""What is kept in memory between runs, bounded by what it takes and not by how much of it there is."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, MutableMapping
from typing import TypeVar

from cachetools import LRUCache

K = TypeVar("K")
V = TypeVar("V")


class Bounded(MutableMapping[K, V]):
    """A mapping that forgets what was not used for longest, as soon as all of it is larger than `most` by `size`.

    Something that is larger than `most` by itself is not kept. May be used from several threads: what one of them
    finds may be gone in the next moment, and is then made again.
    """

    def __init__(self, most: int, size: Callable[[V], int]) -> None:
        self.size = size  # asked outside the lock, since it may have much to count
        self._items: LRUCache[K, tuple[V, int]] = LRUCache(most, getsizeof=lambda item: item[1])
        self._lock = threading.Lock()

    @property
    def most(self) -> int:
        return int(self._items.maxsize)

    @property
    def held(self) -> int:
        """The size of all that is kept."""
        return int(self._items.currsize)

    def __getitem__(self, key: K) -> V:
        with self._lock:
            return self._items[key][0]

    def __setitem__(self, key: K, value: V) -> None:
        size = self.size(value)
        with self._lock:
            if size > self._items.maxsize:
                self._items.pop(key, None)
            else:
                self._items[key] = value, size

    def __delitem__(self, key: K) -> None:
        with self._lock:
            del self._items[key]

    def __iter__(self) -> Iterator[K]:
        with self._lock:
            return iter(list(self._items))

    def __len__(self) -> int:
        return len(self._items)
